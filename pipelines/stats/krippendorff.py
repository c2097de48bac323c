"""Krippendorff's alpha at the nominal, ordinal and interval level, with a bootstrap interval."""

from __future__ import annotations

from typing import Literal

import numpy as np

from pipelines.stats.estimates import MIN_UNITS, Estimate, nothing
from pipelines.stats.ratings import FloatArray, Patterns, Ratings, patterns

Scale = Literal["nominal", "ordinal", "interval"]
RESAMPLES = 1000
# Cells of the largest array held at once, and of all draws together.
_BATCH_CELLS = 4_000_000
_DRAW_CELLS = 40_000_000


def krippendorff_alpha(
    ratings: Ratings, scale: Scale, *, resamples: int = RESAMPLES, seed: int = 1, confidence: float = 0.95
) -> Estimate:
    """Krippendorff's alpha over the units with at least two ratings.

    Every level is a sum of squares within units over a sum of squares in all,
    1 − (n−1)/n · Σ m/(m−1)·SS_unit / SS_total: of the scores (interval), of their mid-ranks (ordinal), of the
    indicators of the categories (nominal). So time grows with the number of ratings, not with that of values.

    Args:
        ratings: Missing ratings are simply not there; a unit with one rating is left out.
        scale: Distance between levels.
        resamples: Bootstrap draws of whole units; fewer, down to 200, when there are very many patterns.
        seed: Of the draws, so that the same data give the same interval.
        confidence: Coverage of the percentile interval.

    Returns:
        No value with fewer than 5 such units or with one category; no interval where no two units disagree
        in any draw, since a bootstrap of nothing but agreement knows no spread.

    Raises:
        ValueError: If the scale needs numbers and the scores are text.

    Source: Krippendorff (2011), Computing Krippendorff's Alpha-Reliability; (2019), Content Analysis, 4th
    ed., section 12.4. Checked against his data sets A, B and C.
    """
    if scale != "nominal" and ratings.values is None:
        raise ValueError(f"the {scale} scale needs numbers, and these scores are text")
    found = patterns(ratings, at_least=2)
    if found.n_units < MIN_UNITS:
        return nothing(
            f"only {found.n_units} units have two ratings or more; at least {MIN_UNITS} are needed"
        )
    value = float(_alpha(found, found.times[None, :].astype(np.float64), scale)[0])
    if np.isnan(value):
        return nothing("all ratings fall in one category, so there is nothing to tell apart")
    if value == 1.0:
        return Estimate(1.0, note=f"no disagreement in {found.n_units} units, so a bootstrap knows no spread")
    draws = _draws(found, scale, resamples=resamples, seed=seed)
    known = draws[~np.isnan(draws)]
    tail = (1 - confidence) / 2
    lower, upper = np.quantile(known, [tail, 1 - tail])
    lost = draws.size - known.size
    note = f"{lost} of {draws.size} resamples fell in one category and were left out" if lost else ""
    return Estimate(value, float(min(lower, value)), float(max(upper, value)), note)


def _draws(found: Patterns, scale: Scale, *, resamples: int, seed: int) -> FloatArray:
    n_patterns = found.times.size
    if resamples * n_patterns > _DRAW_CELLS:
        resamples = max(200, _DRAW_CELLS // n_patterns)
    generator = np.random.default_rng(seed)
    batch = max(1, _BATCH_CELLS // max(n_patterns, found.n_levels))
    shares = found.times / found.n_units
    parts = []
    for start in range(0, resamples, batch):
        size = min(batch, resamples - start)
        weights = generator.multinomial(found.n_units, shares, size=size)
        parts.append(_alpha(found, weights.astype(np.float64), scale))
    return np.concatenate(parts)


def _alpha(found: Patterns, weights: FloatArray, scale: Scale) -> FloatArray:
    """Alpha of each row of weights (draws × patterns); nan where it holds one category only."""
    size = found.size
    n = weights @ size
    factor = size / (size - 1)
    if scale == "interval":
        assert found.values is not None
        # Around the middle of the values in use, since squares of large scores would cancel.
        centred = found.values - found.values.mean()
        first, second = found.counts @ centred, found.counts @ centred**2
        within = weights @ (factor * (second - first**2 / size))
        reference = weights @ second
        total = reference - (weights @ first) ** 2 / n
    elif scale == "nominal":
        given = (found.counts.T @ weights.T).T
        own = np.asarray(found.counts.multiply(found.counts).sum(axis=1)).ravel()
        within = weights @ (factor * (size - own / size))
        reference = n
        total = n - (given**2).sum(axis=1) / n
    else:
        given = (found.counts.T @ weights.T).T
        rank = np.cumsum(given, axis=1) - given / 2 - n[:, None] / 2
        first, second = (found.counts @ rank.T).T, (found.counts @ (rank**2).T).T
        within = (weights * (factor * (second - first**2 / size))).sum(axis=1)
        reference = (given * rank**2).sum(axis=1)
        total = reference - (given * rank).sum(axis=1) ** 2 / n
    # What is left of a difference of equal sums in floating point is no spread.
    spread = total > 1e-12 * reference
    within = np.where(within > 1e-12 * reference, within, 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(spread, 1 - (n - 1) / n * within / total, np.nan)
