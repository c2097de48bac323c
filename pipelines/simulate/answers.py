"""How the parts of a contact fall out: the wait, the resolution, the survey's answer."""

from __future__ import annotations

import numpy as np

from pipelines.simulate import parameters as p
from pipelines.simulate.demand import Wishes
from pipelines.simulate.plan import DAY, END, HOUR

ISSUE_CODES = {issue: code for code, issue in enumerate(p.ISSUES)}
RESOLUTION = {word: code for code, word in enumerate(p.RESOLUTIONS)}
NOT_SAID = -1  # an empty cell of a code or a count


def queue(
    random: np.random.Generator, channel: np.ndarray, load: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Seconds waited on live channels (-1 elsewhere) and who gave up: patience against the queue."""
    size = len(channel)
    live = channel < p.LIVE_CHANNELS
    mean = np.where(channel == 0, 42.0, 34.0) * np.exp(p.QUEUE_GROWTH * (load - 0.86))
    queued = random.random(size) < np.clip(load**6, 0.05, 0.98)
    offered = np.where(queued, 3 + random.exponential(1.0, size) * mean, 1 + 4 * random.random(size))
    patience = random.exponential(1.0, size) * np.where(channel == 0, 620.0, 430.0) + 4
    gave_up = live & (patience < offered)
    return np.where(live, np.minimum(offered, patience).astype(np.int64), NOT_SAID), gave_up


def resolutions(
    random: np.random.Generator,
    wishes: Wishes,
    answered: np.ndarray,
    gives_refund: np.ndarray,
    can_refund: np.ndarray,
    stated: np.ndarray,
) -> np.ndarray:
    """Codes of how contacts ended; empty where abandoned or still open."""
    size = len(wishes)
    words, weights = zip(*p.SAVED_WITH.items(), strict=True)
    edges = np.cumsum(weights) / sum(weights)
    picked = np.minimum(np.searchsorted(edges, random.random(size), side="right"), len(words) - 1)
    saved = np.array([RESOLUTION[word] for word in words])[picked]
    partial = random.random(size) < p.PARTIAL_SHARE
    refund = np.where(partial, RESOLUTION["partial_refund"], RESOLUTION["refund"])
    usual = np.full(size, RESOLUTION["answered"])
    usual[(wishes.issue == ISSUE_CODES["cancellation"])] = RESOLUTION["cancelled"]
    usual[(wishes.issue == ISSUE_CODES["exchange"])] = RESOLUTION["exchange"]
    usual[random.random(size) < 0.02] = RESOLUTION["other"]
    found = np.where(gives_refund, refund, np.where(can_refund, saved, usual))
    found = np.where(stated, RESOLUTION["unresolved"], found)
    return np.where(answered, found, NOT_SAID)


def survey(
    random: np.random.Generator,
    latent: np.ndarray,
    answered: np.ndarray,
    solved: np.ndarray,
    closed: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Ratings 1 to 5 (-1 none), whether a survey went out, when it was answered; some answer days later."""
    size = len(latent)
    sent = answered & (random.random(size) < p.CSAT_SENT)
    share = np.where(solved, p.CSAT_ANSWERED, p.CSAT_ANSWERED_UNSOLVED)
    share = share * np.where(np.abs(latent - 0.6) > 1.2, 1.25, 0.9)  # strong feelings answer more often
    rates = sent & (random.random(size) < share)
    at = closed + 120 + (np.exp(random.normal(0.9, 1.6, size)) * HOUR).astype(np.int64)
    at = np.minimum(at, closed + 21 * DAY)
    rates &= at <= END
    score = 1 + np.searchsorted(p.CSAT_CUTS, latent, side="right")
    return np.where(rates, score, NOT_SAID), sent, np.where(rates, at, 0)
