"""Intraclass correlations of single ratings: (1,1), (2,1) and (3,1) from a complete units × raters table."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from pipelines.stats.estimates import MIN_UNITS, Estimate, nothing
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


def complete_table(ratings: Ratings) -> tuple[np.ndarray, str]:
    """The units that every rater scored, as a table, and what was left out in words.

    Raises:
        ValueError: If the scores are text.
    """
    complete = ratings.per_unit == len(ratings.raters)
    rows = complete[ratings.unit]
    table = ratings.scores[rows].reshape(int(complete.sum()), len(ratings.raters))
    left_out = int((~complete).sum())
    note = f"from the {table.shape[0]} of {ratings.n_units} units that every rater scored" if left_out else ""
    return table, note


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
        ratings: Scores that are numbers. Where ratings are missing, the units that every rater scored are
            used and the note says how many; a mixed model is the way to use the rest.
        confidence: Coverage of the intervals.
    """
    table, note = complete_table(ratings)
    if len(ratings.raters) < 2:
        return _all(nothing("one rater only"))
    if table.shape[0] < MIN_UNITS:
        return _all(
            nothing(
                f"only {table.shape[0]} units were scored by every rater; at least {MIN_UNITS} are needed"
            )
        )
    if float(np.ptp(table)) == 0:
        return _all(nothing("all ratings are the same, so there is nothing to tell apart"))
    ms = mean_squares(table)
    forms = [icc_oneway_single, icc_agreement_single, icc_consistency_single]
    found = [form(ms, confidence=confidence) for form in forms]
    return IntraclassCorrelations(*(one.with_note(note) if note else one for one in found))


def _all(refusal: Estimate) -> IntraclassCorrelations:
    return IntraclassCorrelations(refusal, refusal, refusal)
