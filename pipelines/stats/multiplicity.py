"""Many comparisons at once: the false-discovery rate."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from pipelines.stats.ratings import FloatArray


def benjamini_hochberg(p_values: ArrayLike) -> FloatArray:
    """Adjusted p-values: calling those at or below q a discovery keeps the expected share of false ones at q.

    Args:
        p_values: One a comparison; nan stays nan and is not counted among them.

    Source: Benjamini and Hochberg (1995), J. R. Stat. Soc. B 57:289-300.

    >>> benjamini_hochberg([0.01, 0.02, 0.03, 0.5]).round(3).tolist()
    [0.04, 0.04, 0.04, 0.5]
    """
    p = np.asarray(p_values, dtype=np.float64)
    adjusted = np.full(p.shape, np.nan)
    there = np.flatnonzero(~np.isnan(p))
    m = there.size
    if m == 0:
        return adjusted
    order = there[np.argsort(-p[there], kind="stable")]
    steps = p[order] * m / np.arange(m, 0, -1)
    adjusted[order] = np.minimum(1.0, np.minimum.accumulate(steps))
    return adjusted


def discovery_thresholds(p_values: ArrayLike, false_discovery: float) -> FloatArray:
    """Of each comparison, the largest p-value at which it would be a discovery, the others as they are.

    With m comparisons that is q·k/m for the largest k such that k − 1 of the others lie at or below it; one
    that is a discovery already may have a threshold above its p-value.

    Args:
        p_values: One a comparison; nan has no threshold and is not counted.
        false_discovery: The rate q.

    >>> discovery_thresholds([0.01, 0.02, 0.6, 0.9], 0.05).round(4).tolist()
    [0.025, 0.025, 0.0375, 0.0375]
    """
    p = np.asarray(p_values, dtype=np.float64)
    found = np.full(p.shape, np.nan)
    there = np.flatnonzero(~np.isnan(p))
    m = there.size
    steps = false_discovery * np.arange(1, m + 1) / max(m, 1)
    for place in there:
        others = np.sort(p[there[there != place]])
        below = np.searchsorted(others, steps, side="right")
        found[place] = steps[np.flatnonzero(below >= np.arange(m)).max()]
    return found


def two_sided_p(z: ArrayLike) -> FloatArray:
    """Two-sided p-value of a standard normal score."""
    return 2 * special.ndtr(-np.abs(np.asarray(z, dtype=np.float64)))
