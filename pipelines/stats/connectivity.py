"""Which graders and agents can be compared at all: the parts of the review graph and what would join them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from pipelines.stats.ratings import IntArray


@dataclass(frozen=True, eq=False)
class Parts:
    """Parts that share no level of any factor, the one with most observations first.

    Attributes:
        count: Number of parts; 1 means everything can be compared.
        of_observation: Part of each observation.
        of_level: For each factor, in the order given, the part of each of its levels.
        sizes: Observations in each part.
    """

    count: int
    of_observation: IntArray
    of_level: tuple[IntArray, ...]
    sizes: IntArray


def connected_parts(*factors: ArrayLike) -> Parts:
    """Parts of the graph whose nodes are the levels and whose edges are the observations.

    Args:
        factors: Level codes of each observation, one array a factor; −1 where the level is unknown.

    Raises:
        ValueError: If the arrays differ in length or hold nothing.
    """
    codes = [np.asarray(factor, dtype=np.int64) for factor in factors]
    n = codes[0].size
    if n == 0 or any(code.size != n for code in codes):
        raise ValueError("every factor must have one code an observation")
    levels = [int(code.max(initial=-1)) + 1 for code in codes]
    # Observations are nodes too, so that one without any known level stands alone.
    starts = np.cumsum([n, *levels])
    left = np.concatenate([np.flatnonzero(code >= 0) for code in codes])
    right = np.concatenate([code[code >= 0] + start for code, start in zip(codes, starts, strict=False)])
    size = int(starts[-1])
    edges = sparse.coo_array((np.ones(left.size, dtype=np.int8), (left, right)), shape=(size, size))
    _, label = connected_components(edges.tocsr(), directed=False)
    found, part = np.unique(label[:n], return_inverse=True)
    sizes = np.bincount(part, minlength=found.size)
    order = np.argsort(-sizes, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(order.size)
    of_label = np.full(int(label.max()) + 1, -1, dtype=np.int64)
    of_label[found] = rank
    return Parts(
        count=int(found.size),
        of_observation=of_label[label[:n]],
        of_level=tuple(
            of_label[label[start : start + count]] for start, count in zip(starts, levels, strict=False)
        ),
        sizes=sizes[order].astype(np.int64),
    )


def shared_contacts_for_difference(residual_sd: float, margin: float, z: float = 1.959963984540054) -> int:
    """Contacts that two graders must both score so that their difference is known to within a margin.

    The standard error of a mean difference over n shared contacts is √(2/n) times the residual's standard
    deviation; n is the least that makes z of them no wider than the margin.

    Raises:
        ValueError: If the margin is not above 0.
    """
    if not margin > 0:
        raise ValueError("the margin must be above 0")
    return max(1, int(np.ceil(2 * (z * residual_sd / margin) ** 2)))
