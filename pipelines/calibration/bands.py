"""Above, within or below: bands at a controlled false-discovery rate, and how much more it takes to tell."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from pipelines.stats.multiplicity import benjamini_hochberg, two_sided_p
from pipelines.stats.ratings import FloatArray

ABOVE, WITHIN, BELOW = "above", "within", "below"
FALSE_DISCOVERY = 0.05
# Past this, a difference is too small to be worth telling.
MOST_MORE = 10_000


def bands(
    deviation: ArrayLike, error: ArrayLike, *, false_discovery: float = FALSE_DISCOVERY
) -> tuple[list[str | None], FloatArray]:
    """Band of each deviation, and its p-value adjusted over all of them.

    Of those called above or below, at most the given share are expected to be on the wrong side.

    Args:
        deviation: From the program; nan has no band.
        error: Standard errors.
        false_discovery: Share of false calls allowed (Benjamini and Hochberg).
    """
    d, e = np.asarray(deviation, dtype=np.float64), np.asarray(error, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        p = benjamini_hochberg(two_sided_p(np.where(e > 0, d / e, np.nan)))
    names = [
        None if np.isnan(one_p) else WITHIN if one_p > false_discovery else ABOVE if one > 0 else BELOW
        for one, one_p in zip(d, p, strict=True)
    ]
    return names, p


def more_to_tell(
    deviation: ArrayLike,
    spread: ArrayLike,
    prior_size: ArrayLike,
    size: ArrayLike,
    *,
    told: ArrayLike,
    z: float = 1.959963984540054,
) -> list[int | None]:
    """Further observations needed to tell each deviation from 0, should it be what it seems.

    With n observations a deviation d is shrunk to n/(n + k)·d, with standard error s/√(n + k). The least n at
    which the first is z of the second solves n²d² = z²s²(n + k).

    Args:
        deviation: Best present guess of each d.
        spread: Standard deviation s of one observation.
        prior_size: Observations k that the prior is worth.
        size: Observations there are.
        told: Which can be told already: 0 more.
        z: Standard normal quantile.

    Returns:
        None where it would take more than 10,000: too near the program to be worth telling.
    """
    d, s, k, n, done = np.broadcast_arrays(deviation, spread, prior_size, size, told)
    noise = (z * s.astype(np.float64)) ** 2
    square = np.maximum(d.astype(np.float64) ** 2, 1e-300)
    needed = (noise + np.sqrt(noise**2 + 4 * square * noise * k)) / (2 * square)
    more = np.maximum(1.0, np.ceil(needed - n))
    return [
        0 if told_one else None if not np.isfinite(one) or one > MOST_MORE else int(one)
        for one, told_one in zip(more, done, strict=True)
    ]
