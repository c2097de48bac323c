"""Ratings of units by raters as compact codes, and their collapse to distinct count patterns.

A pattern is the multiset of levels a unit received. Coefficients that do not ask who gave which score depend
on a unit only through its pattern, so 5,000 units on a five-point scale are a few dozen rows to resample.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Ratings:
    """One row a rating, sorted by unit, then rater; at most one rating for each of these pairs.

    Attributes:
        unit: Codes of the units, 0 to n_units - 1.
        rater: Codes of the raters, 0 to n_raters - 1.
        level: Codes of the scores, 0 to n_levels - 1, in the order of their values.
        units: Names of the units.
        raters: Names of the raters.
        levels: The distinct scores, sorted.
        values: The scores as numbers; None for text.
    """

    unit: IntArray
    rater: IntArray
    level: IntArray
    units: tuple[object, ...]
    raters: tuple[object, ...]
    levels: tuple[object, ...]
    values: FloatArray | None

    @property
    def n_ratings(self) -> int:
        """Scores given."""
        return int(self.unit.size)

    @property
    def n_units(self) -> int:
        """Units with at least one score."""
        return len(self.units)

    @property
    def per_unit(self) -> IntArray:
        """Scores of each unit."""
        return np.bincount(self.unit, minlength=self.n_units).astype(np.int64)

    @property
    def n_pairable_units(self) -> int:
        """Units with at least two scores."""
        return int((self.per_unit >= 2).sum())

    @property
    def scores(self) -> FloatArray:
        """The scores as numbers, one for each rating.

        Raises:
            ValueError: If the scores are text.
        """
        if self.values is None:
            raise ValueError("these scores are text, which has no distances")
        return self.values[self.level]


def ratings_from_long(
    units: Sequence[object] | ArrayLike, raters: Sequence[object] | ArrayLike, scores: ArrayLike
) -> Ratings:
    """Ratings from three parallel columns.

    Args:
        units: What was rated.
        raters: Who rated it.
        scores: Numbers (nan is missing) or text (None or '' is missing).

    Returns:
        The ratings that are there; a unit or a rater without any is left out.

    Raises:
        ValueError: If the columns differ in length or a rater scored a unit twice.
    """
    score = np.asarray(scores)
    unit, rater = np.asarray(units), np.asarray(raters)
    if not score.size == unit.size == rater.size:
        raise ValueError("units, raters and scores must have the same length")
    if score.dtype.kind in "biuf":
        score = score.astype(np.float64)
        there = ~np.isnan(score)
    else:
        there = np.array([value is not None and value != "" for value in score], dtype=bool)
    levels, level = np.unique(
        score[there].astype(str) if score.dtype == object else score[there], return_inverse=True
    )
    unit_names, unit_code = np.unique(unit[there], return_inverse=True)
    rater_names, rater_code = np.unique(rater[there], return_inverse=True)
    order = np.lexsort((rater_code, unit_code))
    unit_code, rater_code, level = unit_code[order], rater_code[order], level[order]
    again = (np.diff(unit_code) == 0) & (np.diff(rater_code) == 0)
    if bool(again.any()):
        raise ValueError("a rater scored a unit twice; keep one of the two scores")
    numeric = levels.dtype.kind == "f"
    return Ratings(
        unit=unit_code.astype(np.int64),
        rater=rater_code.astype(np.int64),
        level=level.astype(np.int64),
        units=tuple(unit_names.tolist()),
        raters=tuple(rater_names.tolist()),
        levels=tuple(levels.tolist()),
        values=levels if numeric else None,
    )


def ratings_from_matrix(matrix: ArrayLike) -> Ratings:
    """Ratings from a units × raters table of numbers, nan where a rating is missing."""
    table = np.asarray(matrix, dtype=np.float64)
    unit, rater = np.indices(table.shape)
    return ratings_from_long(unit.ravel(), rater.ravel(), table.ravel())


def ratings_from_counts(counts: ArrayLike) -> Ratings:
    """Ratings from a units × categories table of how many raters chose each; raters are anonymous."""
    table = np.asarray(counts, dtype=np.int64)
    unit, level = np.nonzero(table)
    times = table[unit, level]
    unit, level = np.repeat(unit, times), np.repeat(level, times)
    rater = np.arange(unit.size) - np.searchsorted(unit, unit)
    return ratings_from_long(unit, rater, level)


@dataclass(frozen=True, eq=False)
class Patterns:
    """Distinct count patterns of units.

    Attributes:
        counts: Patterns × levels, how often a level was given.
        size: Ratings in a pattern.
        times: Units that show the pattern.
        values: The levels as numbers; None for text.
    """

    counts: sparse.csr_array
    size: FloatArray
    times: IntArray
    values: FloatArray | None

    @property
    def n_levels(self) -> int:
        """Distinct scores."""
        return int(self.counts.shape[1])

    @property
    def n_units(self) -> int:
        """Units over all patterns."""
        return int(self.times.sum())


def patterns(ratings: Ratings, *, at_least: int = 1) -> Patterns:
    """The distinct patterns of units with at least so many ratings.

    Levels that only dropped units used stay as empty columns, so that the scale is that of all ratings.
    """
    per_unit = ratings.per_unit
    kept_unit = per_unit >= at_least
    kept = kept_unit[ratings.unit]
    unit = (np.cumsum(kept_unit) - 1)[ratings.unit[kept]]
    level = ratings.level[kept]
    n_units, widest = int(kept_unit.sum()), int(per_unit.max(initial=0))
    order = np.lexsort((level, unit))
    unit, level = unit[order], level[order]
    place = np.arange(unit.size) - np.searchsorted(unit, unit)
    padded = np.full((n_units, max(widest, 1)), -1, dtype=np.int32)
    padded[unit, place] = level
    rows = padded.view(np.dtype((np.void, padded.dtype.itemsize * padded.shape[1]))).ravel()
    _, first, times = np.unique(rows, return_index=True, return_counts=True)
    distinct = padded[first]
    pattern, column = np.nonzero(distinct >= 0)
    counts = sparse.coo_array(
        (np.ones(pattern.size), (pattern, distinct[pattern, column])),
        shape=(first.size, len(ratings.levels)),
    ).tocsr()
    return Patterns(
        counts=counts,
        size=np.asarray(counts.sum(axis=1), dtype=np.float64).ravel(),
        times=times.astype(np.int64),
        values=ratings.values,
    )
