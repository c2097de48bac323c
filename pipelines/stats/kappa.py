"""Cohen's kappa of two raters: plain, linear and quadratic weights, with large-sample standard errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from pipelines.stats.estimates import MIN_UNITS, Estimate, nothing
from pipelines.stats.intervals import Z95
from pipelines.stats.ratings import FloatArray, IntArray, Ratings

KappaWeights = Literal["unweighted", "linear", "quadratic"]


@dataclass(frozen=True)
class PairAgreement:
    """Two raters on the units that both scored.

    Attributes:
        rater_a: The rater whose name sorts first.
        rater_b: The other.
        n: Units both scored.
        exact: Share of them with equal scores.
        cohen_kappa: Unweighted.
        linear_kappa: Weights |x − y|; no value for text.
        quadratic_kappa: Weights (x − y)²; no value for text.
        mean_difference: Mean of a's score less b's; None for text.
    """

    rater_a: object
    rater_b: object
    n: int
    exact: float
    cohen_kappa: Estimate
    linear_kappa: Estimate
    quadratic_kappa: Estimate
    mean_difference: float | None


def cohen_kappa(
    first: ArrayLike,
    second: ArrayLike,
    values: ArrayLike,
    *,
    weights: KappaWeights = "unweighted",
    disagreement: ArrayLike | None = None,
    z: float = Z95,
) -> Estimate:
    """Cohen's kappa from two raters' level codes.

    Weights rest on the scores themselves, not on their position among those that happened to be given, so a
    level that nobody used does not change them.

    Args:
        first: Level codes that the first rater gave, one a unit, 0 to len(values) - 1.
        second: Level codes that the second rater gave to the same units.
        values: The score of each code; only their differences count, and not even these when unweighted.
        weights: Disagreement weights: equal, |x − y| or (x − y)².
        disagreement: Weights of one's own instead, level × level (the first rater's in rows), 0 where the two
            agree; they need not be symmetric.
        z: Standard normal quantile of the interval.

    Returns:
        Value, standard error and normal interval clipped to −1 and 1.

    Source: Cohen (1960), Educ. Psychol. Meas. 20:37-46; (1968), Psychol. Bull. 70:213-220; standard error of
    Fleiss, Cohen and Everitt (1969), Psychol. Bull. 72:323-327, checked against SAS PROC FREQ.
    """
    a, b = np.asarray(first, dtype=np.int64), np.asarray(second, dtype=np.int64)
    x = np.asarray(values, dtype=np.float64)
    n = a.size
    if n < MIN_UNITS:
        return nothing(f"only {n} units scored by both; at least {MIN_UNITS} are needed")
    used = np.union1d(a, b)
    if used.size < 2:
        return nothing(
            "both raters gave one and the same score throughout, so there is nothing to tell apart"
        )
    own = None if disagreement is None else np.asarray(disagreement, dtype=np.float64)[np.ix_(used, used)]
    a, b = np.searchsorted(used, a), np.searchsorted(used, b)
    x = (x[used] - x[used[0]]) / (x[used[-1]] - x[used[0]])
    share_a = np.bincount(a, minlength=used.size) / n
    share_b = np.bincount(b, minlength=used.size) / n
    if own is not None:
        own = own / own.max()
        agreement = 1 - own[a, b]
        mean_a, mean_b = 1 - own @ share_b, 1 - own.T @ share_a
    elif weights == "unweighted":
        agreement = (a == b).astype(np.float64)
        mean_a, mean_b = share_b, share_a
    elif weights == "linear":
        agreement = 1 - np.abs(x[a] - x[b])
        mean_a, mean_b = 1 - _mean_distance(x, share_b), 1 - _mean_distance(x, share_a)
    else:
        agreement = 1 - (x[a] - x[b]) ** 2
        mean_a, mean_b = 1 - _mean_square(x, share_b), 1 - _mean_square(x, share_a)
    observed, chance = float(agreement.mean()), float(share_a @ mean_a)
    value = (observed - chance) / (1 - chance)
    # The sum over cells of the table is the mean over units.
    inner = agreement * (1 - chance) - (mean_a[a] + mean_b[b]) * (1 - observed)
    variance = float((inner**2).mean()) - (observed * chance - 2 * chance + observed) ** 2
    error = float(np.sqrt(max(variance, 0.0) / n)) / (1 - chance) ** 2
    if error < 1e-9:
        return Estimate(value, note="no disagreement, so its spread is not known")
    return Estimate(value, max(-1.0, value - z * error), min(1.0, value + z * error), standard_error=error)


def pair_agreements(ratings: Ratings, *, ordered: bool) -> tuple[PairAgreement, ...]:
    """Every pair of raters that share a unit, in the order of their names.

    Args:
        ratings: At most one score for each unit and rater.
        ordered: Whether scores have distances; otherwise the weighted kappas are left out.
    """
    result = []
    codes = np.arange(len(ratings.levels), dtype=np.float64) if ratings.values is None else ratings.values
    for a, b, level_a, level_b in _shared(ratings):
        unordered = nothing("a weighted kappa needs an ordinal or interval scale")
        result.append(
            PairAgreement(
                rater_a=ratings.raters[a],
                rater_b=ratings.raters[b],
                n=int(level_a.size),
                exact=float((level_a == level_b).mean()),
                cohen_kappa=cohen_kappa(level_a, level_b, codes),
                linear_kappa=cohen_kappa(level_a, level_b, codes, weights="linear") if ordered else unordered,
                quadratic_kappa=cohen_kappa(level_a, level_b, codes, weights="quadratic")
                if ordered
                else unordered,
                mean_difference=float((codes[level_a] - codes[level_b]).mean()) if ordered else None,
            )
        )
    return tuple(result)


def _shared(ratings: Ratings) -> list[tuple[int, int, IntArray, IntArray]]:
    """Codes of each two raters and the levels they gave to the units both scored."""
    n_ratings = ratings.n_ratings
    # A rating is paired with the later ones of its unit: rows are sorted by unit, then rater.
    end = np.searchsorted(ratings.unit, ratings.unit, side="right")
    later = end - np.arange(n_ratings) - 1
    left = np.repeat(np.arange(n_ratings), later)
    offset = np.arange(left.size) - np.repeat(np.cumsum(later) - later, later)
    right = left + 1 + offset
    key = ratings.rater[left] * len(ratings.raters) + ratings.rater[right]
    order = np.argsort(key, kind="stable")
    pairs, starts = np.unique(key[order], return_index=True)
    pieces = np.split(order, starts[1:]) if pairs.size else []
    return [
        (
            int(pair // len(ratings.raters)),
            int(pair % len(ratings.raters)),
            ratings.level[left[piece]],
            ratings.level[right[piece]],
        )
        for pair, piece in zip(pairs, pieces, strict=True)
    ]


def _mean_distance(x: FloatArray, share: FloatArray) -> FloatArray:
    """Mean |x_k − X| at each level k when X has these shares; x is sorted."""
    below, below_x = np.cumsum(share), np.cumsum(share * x)
    return x * (2 * below - 1) + below_x[-1] - 2 * below_x


def _mean_square(x: FloatArray, share: FloatArray) -> FloatArray:
    """Mean (x_k − X)² at each level k when X has these shares."""
    return x**2 - 2 * x * (share @ x) + share @ x**2
