"""Quality reviews: routine ones, calibration sessions scored blind by several graders, the expert's own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from pipelines.simulate import parameters as p
from pipelines.simulate.handling import Handled
from pipelines.simulate.plan import DAY, END, HOUR, Calendar
from pipelines.simulate.world import Agents, Graders

PURPOSES = ["routine", "calibration", "reference"]
SESSION_EVERY_DAYS, SESSION_CONTACTS, SESSION_GRADERS = 14, 5, 6
SESSIONS_SHARE = 0.36  # of all reviews at most


@dataclass(frozen=True)
class Reviews:
    """Reviews of one block, one element each, with scores review x criterion (-1: not applicable).

    Attributes:
        contact: Position of the contact among the block's contacts.
        session: Number of the calibration session, -1 outside of one.
    """

    contact: np.ndarray
    grader: np.ndarray
    purpose: np.ndarray
    session: np.ndarray
    reviewed_at: np.ndarray
    scores: np.ndarray

    def __len__(self) -> int:
        return len(self.contact)


def review(
    random: np.random.Generator,
    calendar: Calendar,
    contacts: Handled,
    agents: Agents,
    graders: Graders,
    wanted: int,
) -> Reviews:
    """About `wanted` reviews of contacts that an agent handled and closed."""
    eligible = np.flatnonzero((contacts.agent >= 0) & (contacts.closed_at > 0))
    parts = _sessions(random, calendar, contacts, graders, eligible, wanted)
    routine = max(0, wanted - sum(len(part[0]) for part in parts))
    parts.append(_routine(random, contacts, graders, eligible, routine))
    contact, grader, purpose, session, at = (np.concatenate(column) for column in zip(*parts, strict=True))
    keep = at <= END
    contact, grader, purpose, session, at = (
        column[keep] for column in (contact, grader, purpose, session, at)
    )
    program = contacts.wishes.program[contact]
    severity = graders.severity_on(grader, calendar.local_day(program, at), calendar.plan.days)
    quality = agents.quality[contacts.agent[contact]] + p.QUALITY_CONTACT_SD * contacts.quality[contact]
    scores = _scores(random, contact, quality, severity, graders.by_criterion[grader])
    return Reviews(contact, grader, purpose, session, at, scores)


def _routine(
    random: np.random.Generator, contacts: Handled, graders: Graders, eligible: np.ndarray, size: int
) -> tuple[np.ndarray, ...]:
    contact = random.permutation(eligible)[:size]
    size = len(contact)
    program = contacts.wishes.program[contact]
    grader = random.integers(0, len(graders) - 1, size)
    # Six of seven reviews stay within the program; the others keep the programs comparable.
    stays = random.random(size) < 6 / 7
    for code in range(len(p.PROGRAMS)):
        own = np.flatnonzero(graders.program[:-1] == code)
        rows = np.flatnonzero(stays & (program == code))
        grader[rows] = own[random.integers(0, len(own), len(rows))]
    at = contacts.closed_at[contact] + 2 * HOUR + (random.exponential(2.5, size) * DAY).astype(np.int64)
    return contact, grader, np.zeros(size, np.int64), np.full(size, -1), at


def _sessions(
    random: np.random.Generator,
    calendar: Calendar,
    contacts: Handled,
    graders: Graders,
    eligible: np.ndarray,
    wanted: int,
) -> list[tuple[np.ndarray, ...]]:
    """Every other week at most, a few recent contacts of a program, scored by all present and the expert."""
    parts: list[tuple[np.ndarray, ...]] = []
    present = min(SESSION_GRADERS, len(graders) - 1)
    affordable = int(wanted * SESSIONS_SHARE / (SESSION_CONTACTS * (present + 1)))
    if not affordable:
        return parts
    every = max(SESSION_EVERY_DAYS, -(-(calendar.plan.days - 22) // affordable))
    expert = len(graders) - 1
    for number, day in enumerate(range(21, calendar.plan.days - 1, every)):
        program = number % len(p.PROGRAMS)
        at = int(calendar.instants(np.array([program]), np.array([day]), np.array([10 * HOUR]))[0])
        opened = contacts.wishes.opened_at[eligible]
        recent = eligible[
            (contacts.wishes.program[eligible] == program)
            & (opened >= at - 10 * DAY)
            & (contacts.closed_at[eligible] < at - HOUR)
        ]
        chosen = random.permutation(recent)[:SESSION_CONTACTS]
        who = random.permutation(len(graders) - 1)[:present]
        blind = len(chosen) * present
        parts.append(
            (
                np.repeat(chosen, present),
                np.tile(who, len(chosen)),
                np.full(blind, 1),
                np.full(blind, number),
                at + random.integers(0, 3 * HOUR, blind),
            )
        )
        size = len(chosen)
        parts.append(
            (chosen, np.full(size, expert), np.full(size, 2), np.full(size, number), np.full(size, at - HOUR))
        )
    return parts


def _scores(
    random: np.random.Generator,
    contact: np.ndarray,
    quality: np.ndarray,
    severity: np.ndarray,
    by_criterion: np.ndarray,
) -> np.ndarray:
    """Scores review x criterion: graders of one contact share what is in it and differ in the rest."""
    contacts, position = np.unique(contact, return_inverse=True)
    shared = random.normal(0, p.CRITERION_CONTACT_SD, (len(contacts), len(p.CRITERIA)))
    skipped = random.random((len(contacts), len(p.CRITERIA)))
    scores = np.empty((len(contact), len(p.CRITERIA)), dtype=np.int64)
    for code, item in enumerate(p.CRITERIA):
        latent = (
            item.ease
            + item.loading * quality
            + shared[position, code]
            - item.strictness * (severity + by_criterion[:, code])
            + random.normal(0, item.noise, len(contact))
        )
        score = item.min + np.searchsorted(p.LEVEL_CUTS[item.max - item.min + 1], latent, side="right")
        scores[:, code] = np.where(skipped[position, code] < item.skipped, -1, score)
    return scores


def expected_score(quality: np.ndarray, severity: np.ndarray, by_criterion: np.ndarray) -> np.ndarray:
    """True mean review score (0-100) at an agent's quality and a grader's severity (arrays of one length).

    Exact but for the small correlation between failing the auto-fail criterion and the other scores.
    """
    means, fails = [], np.zeros(len(quality))
    for code, item in enumerate(p.CRITERIA):
        mean = item.ease + item.loading * quality - item.strictness * (severity + by_criterion[:, code])
        spread = np.sqrt(
            (item.loading * p.QUALITY_CONTACT_SD) ** 2 + p.CRITERION_CONTACT_SD**2 + item.noise**2
        )
        cuts = np.array(p.LEVEL_CUTS[item.max - item.min + 1])
        above = ndtr((mean[:, None] - cuts[None, :]) / spread)
        means.append(above.sum(axis=1) / (item.max - item.min))
        if item.auto_fail:
            fails = 1 - above[:, 0]
    total = np.zeros(len(quality))
    skippable = [code for code, item in enumerate(p.CRITERIA) if item.skipped]
    for pattern in range(2 ** len(skippable)):
        left_out = {code for bit, code in enumerate(skippable) if pattern >> bit & 1}
        chance, weight, points, passes = 1.0, 0.0, np.zeros(len(quality)), np.ones(len(quality))
        for code, item in enumerate(p.CRITERIA):
            chance *= (item.skipped if code in left_out else 1 - item.skipped) if item.skipped else 1.0
            if code in left_out:
                continue
            weight += item.weight
            points = points + item.weight * (1.0 if item.auto_fail else means[code])
            if item.auto_fail:
                passes = 1 - fails
        total += chance * passes * points / weight
    return 100 * total
