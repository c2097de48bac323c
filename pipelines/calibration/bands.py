"""Above, within or below: bands at a controlled false-discovery rate, and how much more it takes to tell."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from pipelines.stats.multiplicity import benjamini_hochberg, discovery_thresholds, two_sided_p
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
    error: ArrayLike,
    spread: ArrayLike,
    prior_size: ArrayLike,
    size: ArrayLike,
    *,
    false_discovery: float = FALSE_DISCOVERY,
) -> list[int | None]:
    """The fewest further observations at which `bands` would decide, should the deviation be what it seems.

    The deviation and everybody else stay as they are. Of its squared error, what the observations alone
    leave open, s²/(n + k), falls to s²/(N + k) at N observations; the rest (graders, the program, variances
    that are not quite known) stays. N is the least at which the p-value is that of a discovery among all.

    Args:
        deviation: From the program; nan has no answer.
        error: Standard errors, as given to `bands`.
        spread: Standard deviation s of one observation.
        prior_size: Observations k that the prior is worth; inf where the groups do not differ.
        size: Observations n there are.
        false_discovery: As given to `bands`.

    Returns:
        0 where the band is decided; None where it would take more than 10,000 or no number is enough.
    """
    d, e, s, k, n = np.broadcast_arrays(
        *(np.asarray(one, dtype=np.float64) for one in (deviation, error, spread, prior_size, size))
    )
    with np.errstate(divide="ignore", invalid="ignore"):
        p = two_sided_p(np.where(e > 0, d / e, np.nan))
        own = np.minimum(e**2, s**2 / (n + k))
        # The error that would do, less what does not fall.
        left = (d / special.ndtri(discovery_thresholds(p, false_discovery) / 2)) ** 2 - (e**2 - own)
        more = np.maximum(np.ceil((n + k) * (own / left - 1)), 1.0)
    is_told = benjamini_hochberg(p) <= false_discovery
    return [
        0 if told else int(one) if possible and one <= MOST_MORE else None
        for told, one, possible in zip(is_told, more, (left > 0) & np.isfinite(more), strict=True)
    ]
