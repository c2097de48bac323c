"""Control charts: p, Laney's p′, u, individuals (XmR), CUSUM and EWMA, and the run rules that read them.

Moving ranges are divided by 1.128, the textbook's d2, not by the exact 1.12838.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipelines.stats.ratings import FloatArray

D2 = 1.128


@dataclass(frozen=True, eq=False)
class Chart:
    """Points with their limits.

    Attributes:
        value: Points, in time order; nan where a period had nothing.
        center: Centre line.
        sigma: Standard deviation of each point about the centre.
        lower: Lower limit of each point.
        upper: Upper limit of each point.
        dispersion: Factor by which points vary more than chance (Laney's σ_z; 1 where none is estimated).
    """

    value: FloatArray
    center: float
    sigma: FloatArray
    lower: FloatArray
    upper: FloatArray
    dispersion: float = 1.0

    @property
    def outside(self) -> NDArray[np.bool_]:
        """Points beyond their limits."""
        return (self.value < self.lower) | (self.value > self.upper)


def p_chart(
    successes: ArrayLike,
    trials: ArrayLike,
    *,
    baseline: ArrayLike | None = None,
    laney: bool = False,
    sigmas: float = 3.0,
) -> Chart:
    """Chart of proportions with limits by each period's trials.

    Args:
        successes: Of each period.
        trials: Of each period; 0 gives a gap.
        baseline: Periods that set centre and dispersion, as booleans; all by default.
        laney: Widen the limits by the spread of standardised points between neighbours (p′): for large
            counts, where chance alone is far too narrow. It never narrows them.
        sigmas: Distance of the limits.

    Raises:
        ValueError: If the baseline holds no trial.

    Source: Montgomery, Introduction to Statistical Quality Control, 6th ed., section 7.2; Laney (2002),
    Quality Engineering 14:531-537.
    """
    y, n = np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    base = _baseline(baseline, n)
    center = float(y[base].sum() / n[base].sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(n > 0, y / n, np.nan)
        sigma = np.where(n > 0, np.sqrt(center * (1 - center) / n), np.nan)
    dispersion = 1.0
    if laney and 0 < center < 1:
        dispersion = max(1.0, _laney_sigma(value[base], sigma[base], center))
    half = sigmas * dispersion * sigma
    return Chart(
        value,
        center,
        dispersion * sigma,
        np.maximum(0, center - half),
        np.minimum(1, center + half),
        dispersion,
    )


def u_chart(
    events: ArrayLike,
    exposure: ArrayLike,
    *,
    baseline: ArrayLike | None = None,
    laney: bool = False,
    sigmas: float = 3.0,
) -> Chart:
    """Chart of events per unit of exposure.

    Args:
        events: Counts of each period.
        exposure: Of each period; 0 gives a gap.
        baseline: Periods that set centre and dispersion, as booleans; all by default.
        laney: Widen the limits as `p_chart` does (u′).
        sigmas: Distance of the limits.

    Source: Montgomery, 6th ed., section 7.3.2; Laney (2002), Quality Engineering 14:531-537.
    """
    y, n = np.asarray(events, dtype=np.float64), np.asarray(exposure, dtype=np.float64)
    base = _baseline(baseline, n)
    center = float(y[base].sum() / n[base].sum())
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(n > 0, y / n, np.nan)
        sigma = np.where(n > 0, np.sqrt(center / n), np.nan)
    dispersion = max(1.0, _laney_sigma(value[base], sigma[base], center)) if laney and center > 0 else 1.0
    half = sigmas * dispersion * sigma
    return Chart(value, center, dispersion * sigma, np.maximum(0, center - half), center + half, dispersion)


def xmr_chart(values: ArrayLike, *, baseline: ArrayLike | None = None, sigmas: float = 3.0) -> Chart:
    """Chart of individual values with limits from the mean moving range.

    Args:
        values: One a period; nan is a gap over which no range is taken.
        baseline: Periods that set centre and range, as booleans; all by default.
        sigmas: Distance of the limits.

    Raises:
        ValueError: With fewer than two neighbouring values in the baseline.

    Source: Montgomery, 6th ed., section 6.4.
    """
    x = np.asarray(values, dtype=np.float64)
    base = np.ones(x.size, dtype=bool) if baseline is None else np.asarray(baseline, dtype=bool)
    ranges = np.abs(np.diff(np.where(base, x, np.nan)))
    ranges = ranges[~np.isnan(ranges)]
    if ranges.size == 0:
        raise ValueError("an individuals chart needs two neighbouring values")
    center = float(np.nanmean(x[base]))
    sigma = np.full(x.size, float(ranges.mean()) / D2)
    return Chart(x, center, sigma, center - sigmas * sigma, center + sigmas * sigma)


@dataclass(frozen=True, eq=False)
class Cusum:
    """Tabular CUSUM, in the unit of the values.

    Attributes:
        above: C⁺ of each period.
        below: C⁻ of each period.
        signal: Position of the first period in which one passes the decision interval; None if none does.
    """

    above: FloatArray
    below: FloatArray
    signal: int | None


def cusum(values: ArrayLike, *, target: float, slack: float, decision: float) -> Cusum:
    """Tabular CUSUM.

    Args:
        values: One a period, none missing.
        target: Level to leave.
        slack: K, half the shift worth finding.
        decision: H.

    Source: Montgomery, 6th ed., section 9.1.2, Table 9.2.
    """
    x = np.asarray(values, dtype=np.float64)
    above, below = np.zeros(x.size), np.zeros(x.size)
    high = low = 0.0
    for period, value in enumerate(x):
        high = max(0.0, value - (target + slack) + high)
        low = max(0.0, (target - slack) - value + low)
        above[period], below[period] = high, low
    beyond = np.flatnonzero((above > decision) | (below > decision))
    return Cusum(above, below, int(beyond[0]) if beyond.size else None)


def ewma(values: ArrayLike, *, start: float, weight: float) -> FloatArray:
    """Exponentially weighted moving average, z_i = weight·x_i + (1 − weight)·z_{i−1} with z_0 = start.

    Source: Montgomery, 6th ed., section 9.2.
    """
    z = start
    result = []
    for value in np.asarray(values, dtype=np.float64):
        z = weight * float(value) + (1 - weight) * z
        result.append(z)
    return np.array(result)


def runs(chart: Chart, *, length: int = 8) -> NDArray[np.bool_]:
    """Points that end a run of so many on one side of the centre (Western Electric's fourth rule).

    A gap neither breaks nor lengthens a run; a point on the centre breaks it.
    """
    side = np.sign(chart.value - chart.center)
    result = np.zeros(side.size, dtype=bool)
    previous, count = 0.0, 0
    for period, one in enumerate(side):
        if np.isnan(one):
            continue
        count = count + 1 if one == previous and one != 0 else int(one != 0)
        previous = one
        result[period] = count >= length
    return result


def _baseline(baseline: ArrayLike | None, n: FloatArray) -> NDArray[np.bool_]:
    base = (n > 0) if baseline is None else (np.asarray(baseline, dtype=bool) & (n > 0))
    if not bool(base.any()):
        raise ValueError("the baseline holds nothing to set a centre by")
    return base


def _laney_sigma(value: FloatArray, sigma: FloatArray, center: float) -> float:
    z = (value - center) / sigma
    ranges = np.abs(np.diff(z))
    return float(ranges.mean()) / D2 if ranges.size else 1.0
