"""Intraclass correlations of single ratings: (1,1), (2,1) and (3,1).

From mean squares where every rater scored every unit, else from the variances of a mixed model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg, special

from pipelines.stats.estimates import MIN_UNITS, Estimate, nothing
from pipelines.stats.mixed_design import design
from pipelines.stats.mixed_system import System, minimum
from pipelines.stats.ratings import Ratings


@dataclass(frozen=True)
class MeanSquares:
    """The two-way analysis of variance of n units by k raters.

    Attributes:
        n: Units.
        k: Raters.
        units: Mean square between units.
        raters: Mean square between raters.
        residual: Mean square of what is left.
        within: Mean square within units, raters and residual together.
    """

    n: int
    k: int
    units: float
    raters: float
    residual: float
    within: float


def mean_squares(table: ArrayLike) -> MeanSquares:
    """Mean squares of a complete units × raters table.

    Raises:
        ValueError: If a rating is missing, or there are fewer than two units or raters.
    """
    scores = np.asarray(table, dtype=np.float64)
    if scores.ndim != 2 or min(scores.shape) < 2 or bool(np.isnan(scores).any()):
        raise ValueError("mean squares need a complete table of at least two units and two raters")
    n, k = scores.shape
    scores = scores - scores.mean()
    by_unit, by_rater = scores.mean(axis=1), scores.mean(axis=0)
    between_units = k * float((by_unit**2).sum())
    between_raters = n * float((by_rater**2).sum())
    rest = float(((scores - by_unit[:, None] - by_rater[None, :]) ** 2).sum())
    return MeanSquares(
        n=n,
        k=k,
        units=between_units / (n - 1),
        raters=between_raters / (k - 1),
        residual=rest / ((n - 1) * (k - 1)),
        within=(between_raters + rest) / (n * (k - 1)),
    )


def icc_oneway_single(ms: MeanSquares, *, confidence: float = 0.95) -> Estimate:
    """ICC(1,1): each unit is scored by its own random raters; one rating's share of true variance.

    Source: Shrout and Fleiss (1979), Psychol. Bull. 86:420-428, pp. 423-424; McGraw and Wong (1996) call it
    ICC(1). Exact F interval.
    """
    value = (ms.units - ms.within) / (ms.units + (ms.k - 1) * ms.within)
    return _f_interval(value, ms.units, ms.within, ms.k, ms.n - 1, ms.n * (ms.k - 1), confidence)


def icc_consistency_single(ms: MeanSquares, *, confidence: float = 0.95) -> Estimate:
    """ICC(3,1): the same fixed raters score every unit; their severity does not count against agreement.

    Source: Shrout and Fleiss (1979), p. 424; McGraw and Wong (1996) call it ICC(C,1). Exact F interval.
    """
    value = (ms.units - ms.residual) / (ms.units + (ms.k - 1) * ms.residual)
    degrees = ms.n - 1, (ms.n - 1) * (ms.k - 1)
    return _f_interval(value, ms.units, ms.residual, ms.k, *degrees, confidence)


def icc_agreement_single(ms: MeanSquares, *, confidence: float = 0.95) -> Estimate:
    """ICC(2,1): the same random raters score every unit; their severity counts against agreement.

    Source: Shrout and Fleiss (1979), p. 424; interval by Satterthwaite's approximation of Fleiss and Shrout
    (1978), Psychometrika 43:259-262. McGraw and Wong (1996) call it ICC(A,1).
    """
    n, k = ms.n, ms.k
    value = (ms.units - ms.residual) / (ms.units + (k - 1) * ms.residual + k * (ms.raters - ms.residual) / n)
    if ms.residual <= _nil(ms):
        return Estimate(value, note="units and raters explain every score, so the interval is not known")
    ratio = ms.raters / ms.residual
    a = k * value * ratio + n * (1 + (k - 1) * value) - k * value
    spread = (n - 1) * k**2 * value**2 * ratio**2 + (n * (1 + (k - 1) * value) - k * value) ** 2
    degrees = (k - 1) * (n - 1) * a**2 / spread
    tail = (1 - confidence) / 2
    high = float(special.fdtri(n - 1, degrees, 1 - tail))
    low = float(special.fdtri(degrees, n - 1, 1 - tail))
    common = k * ms.raters + (k * n - k - n) * ms.residual
    lower = n * (ms.units - high * ms.residual) / (high * common + n * ms.units)
    upper = n * (low * ms.units - ms.residual) / (common + n * low * ms.units)
    return Estimate(value, min(lower, value), max(upper, value))


@dataclass(frozen=True)
class IntraclassCorrelations:
    """The three single-rating forms on the same table."""

    icc_1_1: Estimate
    icc_2_1: Estimate
    icc_3_1: Estimate


def _f_interval(
    value: float, between: float, error: float, k: int, df_between: float, df_error: float, confidence: float
) -> Estimate:
    if error <= 1e-12 * between:
        return Estimate(value, note="no spread within units, so the interval is not known")
    ratio = between / error
    tail = (1 - confidence) / 2
    low = ratio / float(special.fdtri(df_between, df_error, 1 - tail))
    high = ratio * float(special.fdtri(df_error, df_between, 1 - tail))
    return Estimate(value, (low - 1) / (low + k - 1), (high - 1) / (high + k - 1))


def _nil(ms: MeanSquares) -> float:
    return 1e-12 * (ms.units + ms.raters)


def intraclass_correlations(ratings: Ratings, *, confidence: float = 0.95) -> IntraclassCorrelations:
    """ICC(1,1), (2,1) and (3,1).

    Args:
        ratings: Scores that are numbers. Where ratings are missing, variances of a mixed model (REML, units
            and raters crossed) replace the mean squares, and the note says so.
        confidence: Coverage of the intervals.
    """
    pairable = ratings.n_pairable_units
    if len(ratings.raters) < 2:
        return _all(nothing("one rater only"))
    if pairable < MIN_UNITS:
        return _all(
            nothing(f"only {pairable} units have two ratings or more; at least {MIN_UNITS} are needed")
        )
    if float(np.ptp(ratings.scores)) == 0:
        return _all(nothing("all ratings are the same, so there is nothing to tell apart"))
    if ratings.n_ratings < ratings.n_units * len(ratings.raters):
        return _from_variances(ratings, confidence)
    ms = mean_squares(ratings.scores.reshape(ratings.n_units, len(ratings.raters)))
    forms = [icc_oneway_single, icc_agreement_single, icc_consistency_single]
    return IntraclassCorrelations(*(form(ms, confidence=confidence) for form in forms))


_INCOMPLETE = "from a mixed model, since not every rater scored every unit"


def _from_variances(ratings: Ratings, confidence: float) -> IntraclassCorrelations:
    """Shares of variance: units over units and residual (3,1), and raters too (2,1); one-way for (1,1).

    Limits are normal on the logit scale, by the curvature of the restricted likelihood at its peak.
    """
    z = float(special.ndtri((1 + confidence) / 2))
    one_way = System(design(ratings.scores, {"unit": ratings.unit}), restricted=True)
    crossed = System(design(ratings.scores, {"unit": ratings.unit, "rater": ratings.rater}), restricted=True)
    unit = [crossed.found.first.name, *(factor.name for factor in crossed.found.rest)].index("unit")
    alone, theta = minimum(one_way), minimum(crossed)
    rater_ratio = float(theta[1 - unit]) ** 2
    against_unit, against_rater = np.zeros(2), np.zeros(2)
    against_unit[unit] = 2.0
    against_rater[1 - unit] = 2 * rater_ratio / (1 + rater_ratio)
    return IntraclassCorrelations(
        _share(one_way, alone, float(alone[0]) ** 2, np.array([2.0]), z),
        _share(crossed, theta, float(theta[unit]) ** 2 / (1 + rater_ratio), against_unit - against_rater, z),
        _share(crossed, theta, float(theta[unit]) ** 2, against_unit, z),
    )


def _share(system: System, theta: np.ndarray, odds: float, slope: np.ndarray, z: float) -> Estimate:
    """A share of variance from its odds, and the slopes of their logarithm by those of the ratios."""
    value = odds / (1 + odds)
    moving = np.flatnonzero((slope != 0) & (theta > 0))
    if value <= 0 or value >= 1 - 1e-9:
        return Estimate(value, note=f"{_INCOMPLETE}; a variance is 0, so the interval is not known")
    curvature = np.empty((moving.size, moving.size))
    step = 1e-3
    for row, j in enumerate(moving):
        up, down = theta.copy(), theta.copy()
        up[j], down[j] = theta[j] * np.exp(step), theta[j] * np.exp(-step)
        # The slope by a logarithm is the ratio times the slope by it.
        change = system.criterion_and_slopes(up)[1] * up - system.criterion_and_slopes(down)[1] * down
        curvature[row] = change[moving] / (2 * step)
    covariance = 2 * linalg.pinvh((curvature + curvature.T) / 2)
    variance = float(slope[moving] @ covariance @ slope[moving])
    if variance <= 0:
        return Estimate(value, note=f"{_INCOMPLETE}; its interval is not known")
    half = z * float(np.sqrt(variance))
    logit = float(np.log(odds))
    return Estimate(
        value, float(special.expit(logit - half)), float(special.expit(logit + half)), note=_INCOMPLETE
    )


def _all(refusal: Estimate) -> IntraclassCorrelations:
    return IntraclassCorrelations(refusal, refusal, refusal)
