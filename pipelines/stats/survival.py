"""Kaplan–Meier's estimate of staying free of an event, from rows or from a life table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from pipelines.stats.intervals import Z95, FloatArray


@dataclass(frozen=True, eq=False)
class Survival:
    """A step function, one row a time with an event.

    Attributes:
        time: When.
        at_risk: Free and under observation just before.
        events: That happened then.
        survival: Probability of being free past that time.
        standard_error: Greenwood's.
        lower: Lower limit.
        upper: Upper limit.
    """

    time: FloatArray
    at_risk: FloatArray
    events: FloatArray
    survival: FloatArray
    standard_error: FloatArray
    lower: FloatArray
    upper: FloatArray

    def at(self, time: float) -> tuple[float, float, float]:
        """Survival past a time, with its limits; 1 without width before the first event."""
        row = int(np.searchsorted(self.time, time, side="right")) - 1
        if row < 0:
            return 1.0, 1.0, 1.0
        return float(self.survival[row]), float(self.lower[row]), float(self.upper[row])

    @property
    def median(self) -> float | None:
        """First time at which survival is a half or less; None if it stays above."""
        below = np.flatnonzero(self.survival <= 0.5)
        return float(self.time[below[0]]) if below.size else None


def kaplan_meier(
    time: ArrayLike, event: ArrayLike, *, scale: Literal["loglog", "log"] = "loglog", z: float = Z95
) -> Survival:
    """Kaplan–Meier curve with Greenwood's standard error.

    Events come before censorings of the same time.

    Args:
        time: Time to the event or to the end of observation, not negative.
        event: Whether it was the event.
        scale: On which the limits are normal: log(−log S), which stays within 0 and 1, or log S, cut at 1.
        z: Standard normal quantile.

    Raises:
        ValueError: If times are missing or negative.

    Source: Kaplan and Meier (1958), JASA 53:457-481; Kalbfleisch and Prentice (2002), section 1.4. Checked
    against R's survival (aml, lung).
    """
    times, happened = np.asarray(time, dtype=np.float64), np.asarray(event, dtype=bool)
    if times.size != happened.size or not bool((times >= 0).all()):
        raise ValueError("every observation needs a time of 0 or more and whether it was the event")
    distinct, place = np.unique(times, return_inverse=True)
    leaving = np.bincount(place, minlength=distinct.size)
    events = np.bincount(place, weights=happened, minlength=distinct.size)
    at_risk = leaving[::-1].cumsum()[::-1]
    return from_life_table(distinct, at_risk, events, scale=scale, z=z)


def log_log_limits(
    survival: ArrayLike, variance: ArrayLike, *, z: float = Z95
) -> tuple[FloatArray, FloatArray]:
    """Limits of survival that are normal on log(−log S), so that they stay within 0 and 1.

    Args:
        survival: Probabilities.
        variance: Greenwood's sums of d / (n (n − d)), the variances of log S.
        z: Standard normal quantile.

    Returns:
        Lower and upper limits; nan where survival is 0 or 1, whose logarithm has no width.

    Source: Kalbfleisch and Prentice (2002), section 1.4.
    """
    share = np.asarray(survival, dtype=np.float64)
    inside = (share > 0) & (share < 1)
    known = np.where(inside, share, 0.5)
    half = z * np.sqrt(np.asarray(variance, dtype=np.float64)) / np.abs(np.log(known))
    lower = np.where(inside, known ** np.exp(half), np.nan)
    upper = np.where(inside, known ** np.exp(-half), np.nan)
    return lower, upper


def from_life_table(
    time: ArrayLike,
    at_risk: ArrayLike,
    events: ArrayLike,
    *,
    scale: Literal["loglog", "log"] = "loglog",
    z: float = Z95,
) -> Survival:
    """The same curve from counts by time, which add up over slices where rates do not.

    Args:
        time: Increasing.
        at_risk: Under observation and free just before each time.
        events: At each time; rows without any are left out of the result.
        scale: As in `kaplan_meier`.
        z: Standard normal quantile.
    """
    d = np.asarray(events, dtype=np.float64)
    rows = d > 0
    d, n = d[rows], np.asarray(at_risk, dtype=np.float64)[rows]
    survival: FloatArray = np.cumprod(1 - d / n).astype(np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = np.cumsum(d / (n * (n - d)))
        error = np.where(survival > 0, survival * np.sqrt(variance), np.nan)
        log = np.log(survival)
        if scale == "log":
            half = z * np.sqrt(variance)
            lower, upper = survival * np.exp(-half), np.minimum(1.0, survival * np.exp(half))
        else:
            half = z * np.sqrt(variance) / np.abs(log)
            lower, upper = survival ** np.exp(half), survival ** np.exp(-half)
    nobody_left = survival <= 0
    return Survival(
        time=np.asarray(time, dtype=np.float64)[rows],
        at_risk=n,
        events=d,
        survival=survival,
        standard_error=error,
        lower=np.where(nobody_left, np.nan, lower),
        upper=np.where(nobody_left, np.nan, upper),
    )
