"""Plain agreement: the share of units on which all raters agree, exactly or within a tolerance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipelines.stats.estimates import Estimate, nothing
from pipelines.stats.intervals import wilson
from pipelines.stats.ratings import IntArray, Ratings


def percent_exact(ratings: Ratings) -> Estimate:
    """Share of units with two ratings or more whose raters all gave the same score, with a Wilson interval.

    All raters of a unit, as R's `irr::agree`; the mean over pairs of raters is another, larger number.
    """
    first, last, several = _extremes(ratings)
    return _share(ratings.level[last] == ratings.level[first], several)


def percent_adjacent(ratings: Ratings, *, tolerance: float = 1.0) -> Estimate:
    """Share of units with two ratings or more whose highest and lowest score differ by at most the tolerance.

    Args:
        ratings: Scores that are numbers.
        tolerance: In points of the score.

    Raises:
        ValueError: If the scores are text.
    """
    first, last, several = _extremes(ratings)
    scores = ratings.scores
    # A score of 0.3 and one of 0.1 are within 0.2, whatever binary fractions say.
    slack = 1e-9 * max(1.0, tolerance)
    return _share(scores[last] - scores[first] <= tolerance + slack, several)


def _extremes(ratings: Ratings) -> tuple[IntArray, IntArray, NDArray[np.bool_]]:
    """Positions of each unit's lowest and highest rating, and which units have two or more."""
    order = np.lexsort((ratings.level, ratings.unit))
    per_unit = ratings.per_unit
    last = np.cumsum(per_unit) - 1
    return order[last - per_unit + 1], order[last], per_unit >= 2


def _share(agree: NDArray[np.bool_], several: NDArray[np.bool_]) -> Estimate:
    n = int(several.sum())
    if n == 0:
        return nothing("no unit has two ratings or more")
    count = int((agree & several).sum())
    lower, upper = wilson(count, n)
    return Estimate(count / n, float(lower), float(upper))
