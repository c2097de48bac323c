"""What a running period will end at, and the chance that it meets a target.

The final value is what is counted so far plus what the rest brings. The rest is predicted from recent
finished weeks: its rate from their pooled rate, with the error of that rate and the spread between weeks
beyond chance; its volume from their volumes. Nothing here knows of a trend or a season: the rest goes as
those weeks went.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

LEAST_WEEKS = 8
"""Finished weeks below which neither a rate nor the spread between weeks can be told."""


@dataclass(frozen=True)
class Recent:
    """What recent finished weeks say of weeks to come.

    Attributes:
        rate: Pooled total per unit.
        unit_variance: Variance of one unit's value within a week.
        dispersion: Factor by which weeks vary more than that alone makes them; at least 1.
        size: Units of all the weeks.
        weekly: Mean number of units in a week.
        weekly_variance: Variance of that number between weeks.
        weeks: How many weeks.
    """

    rate: float
    unit_variance: float
    dispersion: float
    size: float
    weekly: float
    weekly_variance: float
    weeks: int


@dataclass(frozen=True)
class Outlook:
    """Where a period will end.

    Attributes:
        value: Expected final value.
        lower: Lower end of its 95 % prediction interval, not clipped.
        upper: Upper end.
        chance: Probability that the final value reaches the target or stays at or below it, as asked.
        rest: Units still to come, expected.
    """

    value: float
    lower: float
    upper: float
    chance: float
    rest: float


def recent(totals: ArrayLike, sizes: ArrayLike, *, unit_variance: float | str) -> Recent:
    """Pool recent finished weeks.

    Args:
        totals: Sum of the numerator in each week.
        sizes: Units of each week, all above 0.
        unit_variance: Variance of one unit's value within a week, for means; "binomial" or "poisson" where
            the rate itself says it.

    Raises:
        ValueError: With fewer than eight weeks, or a week without units.

    Source: the dispersion is Pearson's statistic over its degrees of freedom, McCullagh and Nelder (1989),
    Generalized Linear Models, 2nd ed., section 4.5.2, never below 1, as in Laney's p′ chart.
    """
    y, n = np.asarray(totals, dtype=np.float64), np.asarray(sizes, dtype=np.float64)
    if y.size < LEAST_WEEKS or not bool((n > 0).all()):
        raise ValueError(f"an outlook needs at least {LEAST_WEEKS} weeks with units")
    rate = float(y.sum() / n.sum())
    if unit_variance == "binomial":
        # half a unit of either kind keeps a run of perfect weeks from promising a perfect rest
        held = float((y.sum() + 0.5) / (n.sum() + 1))
        variance = held * (1 - held)
    elif unit_variance == "poisson":
        variance = float((y.sum() + 0.5) / n.sum())
    else:
        variance = float(unit_variance)
    chi2 = float(((y - n * rate) ** 2 / n).sum()) / variance if variance > 0 else 0.0
    return Recent(
        rate=rate,
        unit_variance=variance,
        dispersion=max(1.0, chi2 / (y.size - 1)),
        size=float(n.sum()),
        weekly=float(n.mean()),
        weekly_variance=float(n.var(ddof=1)),
        weeks=int(y.size),
    )


def outlook(
    past: Recent,
    *,
    total: float,
    size: float,
    waiting: float,
    weeks_left: float,
    target: float,
    at_least: bool,
) -> Outlook:
    """Where a running period will end.

    The final value V = (total + rest's total) / (size + rest's units) is at least t exactly when
    total − t·size + Σ (x − t) over the rest is at least 0. Of that sum the mean is rest·(rate − t); its
    variance adds that of the units with their dispersion, of the rate's own error, and of the volume times
    (rate − t)². It is read on Student's t with weeks − 1 degrees of freedom, since the dispersion is itself
    an estimate. Stated chances come true as often as they say where a target does not know the true level
    (tests/stats/test_outlook.py); where it was set within the noise of that level, chances near 0 and 1 are
    a little too sure.

    Args:
        past: Recent finished weeks.
        total: Numerator counted so far in the period.
        size: Units counted so far.
        waiting: Units of the period that are known and whose outcome is not.
        weeks_left: Weeks of the period still to come; need not be whole.
        target: In the unit of total per unit.
        at_least: Whether the target is a least value, else a highest.

    Raises:
        ValueError: If nothing is counted and nothing is to come.

    Source: prediction of a weighted sum of new observations, Meeker, Hahn and Escobar (2017), Statistical
    Intervals, 2nd ed., section 4.6, with a quasi-likelihood variance.
    """
    rest = waiting + weeks_left * past.weekly
    end = size + rest
    if end <= 0:
        raise ValueError("a period without units has no value to come")
    value = (total + rest * past.rate) / end
    spread = past.dispersion * past.unit_variance * rest * (1 + rest / past.size)
    volume = past.weekly_variance * weeks_left * (1 + weeks_left / past.weeks)
    freedom = past.weeks - 1

    def deviation(level: float) -> float:
        return float(np.sqrt(spread + volume * (past.rate - level) ** 2))

    ahead = total - target * size + rest * (past.rate - target)
    if not at_least:
        ahead = -ahead
    error = deviation(target)
    is_ahead = ahead >= -1e-9 * end  # a value on the target meets it, whatever its last bits
    chance = float(stats.t.cdf(ahead / error, freedom)) if error > 0 else float(is_ahead)
    arm = float(stats.t.ppf(0.975, freedom)) * deviation(value) / end
    return Outlook(value=value, lower=value - arm, upper=value + arm, chance=chance, rest=rest)
