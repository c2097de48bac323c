"""What a crossed mixed model must know of its data, summed up once so that fitting sees no rows again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from pipelines.stats.ratings import FloatArray, IntArray
from pipelines.stats.regression import independent_columns

# Cells up to which cross-products of the eliminated factor are summed by number of observations (at once, and
# where that is the only way to stay small), and up to which they are kept dense.
_QUICK_CELLS = 1_000_000
_GROUPED_CELLS = 20_000_000
_DENSE_CELLS = 2_000_000


@dataclass(frozen=True, eq=False)
class Factor:
    """A grouping of the observations.

    Attributes:
        name: Of the factor.
        code: Level of each observation, 0 to levels − 1.
        levels: Number of levels.
    """

    name: str
    code: IntArray
    levels: int


@dataclass(frozen=True, eq=False)
class Design:
    """Sums over observations; `first` is the largest factor, which is eliminated, `rest` the others.

    Attributes:
        n: Observations.
        kept: Which columns of the fixed effects are used, the intercept first; dependent ones are dropped.
        mean_fixed: Mean of the used columns.
        offset: Mean that was taken off the response before summing.
        yy: Sum of squares of the response.
        first: The eliminated factor.
        rest: The other factors, in the order of their columns.
        first_count: Observations a level of `first`.
        first_y: Sum of the response a level of `first`.
        cross: Levels of `first` × (levels of the rest, then fixed effects): sums.
        gram: Cross-products of the rest's indicators and fixed effects.
        gram_y: Their sums with the response.
    """

    n: int
    kept: IntArray
    mean_fixed: FloatArray
    offset: float
    yy: float
    first: Factor
    rest: tuple[Factor, ...]
    first_count: FloatArray
    first_y: FloatArray
    cross: sparse.csr_array
    gram: FloatArray
    gram_y: FloatArray

    @property
    def n_fixed(self) -> int:
        """Fixed effects in use, the intercept among them."""
        return int(self.kept.size)

    @property
    def n_rest(self) -> int:
        """Levels of the factors that are not eliminated."""
        return sum(factor.levels for factor in self.rest)


def design(response: ArrayLike, factors: Mapping[str, ArrayLike], fixed: ArrayLike | None = None) -> Design:
    """Sums for a model of an intercept, fixed columns and crossed (or nested) random factors.

    Args:
        response: One number an observation.
        factors: Level codes of each observation by factor, from 0 without gaps.
        fixed: Observations × columns, without the intercept; columns that depend on others are dropped.

    Raises:
        ValueError: If lengths differ, something is missing, or there are fewer observations than needed.
    """
    y = np.asarray(response, dtype=np.float64)
    n = y.size
    columns = np.ones((n, 1)) if fixed is None else np.column_stack([np.ones(n), np.asarray(fixed, float)])
    if not factors or any(np.size(code) != n for code in factors.values()) or columns.shape[0] != n:
        raise ValueError(
            "the response, every factor and the fixed columns must have one value an observation"
        )
    if not (bool(np.isfinite(y).all()) and bool(np.isfinite(columns).all())):
        raise ValueError("the response and the fixed columns must be there and finite")
    all_factors = [_factor(name, code) for name, code in factors.items()]
    kept = independent_columns(columns)
    x = columns[:, kept] if kept.size < columns.shape[1] else columns
    if n <= kept.size:
        raise ValueError(f"{n} observations are too few for {kept.size} fixed effects")
    first, *rest = sorted(all_factors, key=lambda factor: -factor.levels)
    offset = float(y.mean())
    centred = y - offset
    blocks = [_indicator(factor, n) for factor in rest]
    indicator = sparse.hstack(blocks).tocsr() if blocks else sparse.csr_array((n, 0))
    z_first = _indicator(first, n)
    first_x = z_first.T @ x
    rest_x = np.vstack([block.T @ x for block in blocks]) if rest else np.zeros((0, kept.size))
    gram = np.block(
        [[(indicator.T @ indicator).toarray(), rest_x], [rest_x.T, x.T @ x]],
    )
    return Design(
        n=n,
        kept=kept,
        mean_fixed=x.mean(axis=0),
        offset=offset,
        yy=float(centred @ centred),
        first=first,
        rest=tuple(rest),
        first_count=np.bincount(first.code, minlength=first.levels).astype(np.float64),
        first_y=np.bincount(first.code, weights=centred, minlength=first.levels).astype(np.float64),
        cross=sparse.hstack([z_first.T @ indicator, sparse.csr_array(first_x)]).tocsr(),
        gram=gram,
        gram_y=np.concatenate([indicator.T @ centred, x.T @ centred]),
    )


class Eliminated:
    """Weighted cross-products of the eliminated factor, Σ w·c·cᵀ, at a price that does not grow with rows.

    The weight of a level depends on its number of observations only. So for very many small levels, such as
    contacts with one review or two, the products are summed once for each such number.
    """

    def __init__(self, found: Design) -> None:
        self._found = found
        cross = found.cross
        width = cross.shape[1]
        self._dense: FloatArray | None = None
        self._grouped: FloatArray | None = None
        counts, group = np.unique(found.first_count, return_inverse=True)
        cells = counts.size * width * width
        if cells > _QUICK_CELLS and cross.shape[0] * width <= _DENSE_CELLS:
            self._dense = cross.toarray()
            return
        if cells > _GROUPED_CELLS:
            return
        self._counts = counts
        self._grouped = np.empty((counts.size, width, width))
        self._grouped_y = np.empty((counts.size, width))
        for number in range(counts.size):
            rows = cross[np.flatnonzero(group == number)]
            self._grouped[number] = (rows.T @ rows).toarray()
            self._grouped_y[number] = rows.T @ found.first_y[group == number]

    def products(self, ratio: float) -> tuple[FloatArray, FloatArray]:
        """Σ w·c·cᵀ and Σ w·c·y for w = ratio / (1 + ratio·count); ratio is of the variances."""
        if self._grouped is not None:
            by_count = ratio / (1 + ratio * self._counts)
            return self._sum(by_count), by_count @ self._grouped_y
        weight = ratio / (1 + ratio * self._found.first_count)
        return self._sum(weight), self._found.cross.T @ (weight * self._found.first_y)

    def squared_products(self, ratio: float) -> FloatArray:
        """Σ w²·c·cᵀ for the same w."""
        counts = self._found.first_count if self._grouped is None else self._counts
        return self._sum((ratio / (1 + ratio * counts)) ** 2)

    def _sum(self, weight: FloatArray) -> FloatArray:
        if self._grouped is not None:
            return np.tensordot(weight, self._grouped, axes=1)
        if self._dense is not None:
            return (self._dense * weight[:, None]).T @ self._dense
        return (self._found.cross.multiply(weight[:, None]).T.tocsr() @ self._found.cross).toarray()


def _factor(name: str, code: ArrayLike) -> Factor:
    levels = np.asarray(code, dtype=np.int64)
    if levels.size == 0 or int(levels.min()) < 0:
        raise ValueError(f"factor {name} must hold codes from 0")
    return Factor(name, levels, int(levels.max()) + 1)


def _indicator(factor: Factor, n: int) -> sparse.csr_array:
    return sparse.csr_array((np.ones(n), factor.code, np.arange(n + 1)), shape=(n, factor.levels))
