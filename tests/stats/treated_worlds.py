"""Stakes with a known effect: who is treated depends on what also moves the outcome."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

ISSUE_OUTCOME = np.array([0, -0.6, 0.5, 0.3, -0.3, 0.8])
ISSUE_TREATED = np.array([0, 0.4, -0.4, 0.2, 0.6, -0.6])


@dataclass(frozen=True)
class World:
    """Outcomes, treatment and columns of some stakes, with the truth that made them.

    Attributes:
        avoided: 1 where nothing was refunded.
        retained: Share of the stake that was kept.
        at_stake: Money.
        treated: Handled by the group in question.
        columns: Issue, channel, logarithm of the stake, lateness.
        true_avoided: True effect on the share avoided, mean over the treated.
        true_retained: The same in money a stake.
    """

    avoided: np.ndarray
    retained: np.ndarray
    at_stake: np.ndarray
    treated: np.ndarray
    columns: np.ndarray
    true_avoided: float
    true_retained: float


def world(
    random: np.random.Generator, *, size: int = 2500, effect: float = 0.0, confounding: float = 1.0
) -> World:
    """Stakes of which some are treated, rather the dear and late ones."""
    issue = random.choice(6, size, p=[0.3, 0.25, 0.15, 0.15, 0.1, 0.05])
    channel = random.choice(4, size)
    value = random.normal(4.3, 0.8, size)
    late = random.random(size) < 0.25
    wants = 0.5 * (value - 4.3) + ISSUE_TREATED[issue] + 0.4 * late
    treated = random.random(size) < expit(-1.2 + confounding * wants)
    base = 0.2 - 0.45 * (value - 4.3) + ISSUE_OUTCOME[issue] + 0.1 * (channel == 1) - 0.4 * late
    without, with_it = expit(base), expit(base + effect)
    avoided = random.random(size) < np.where(treated, with_it, without)
    partly = np.where(random.random(size) < 0.2, 0.6 * random.random(size), 0.0)
    at_stake = np.exp(value)
    gain = (with_it - without)[treated]
    dummies = [issue == code for code in range(1, 6)] + [channel == code for code in range(1, 4)]
    return World(
        avoided=avoided.astype(float),
        retained=np.where(avoided, 1.0, partly),
        at_stake=at_stake,
        treated=treated,
        columns=np.column_stack([*dummies, value, late]).astype(float),
        true_avoided=float(gain.mean()),
        # a fifth of what is not avoided keeps 0.3 of the stake on average
        true_retained=float((at_stake[treated] * gain * (1 - 0.2 * 0.3)).mean()),
    )
