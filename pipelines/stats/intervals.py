"""Intervals for one proportion, one mean, and the difference of two proportions.

All functions take numbers or arrays that broadcast together and answer with float arrays of that shape.
Too few data is nan in the arrays: the caller prints it as empty.
"""

from __future__ import annotations

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

Z95 = 1.959963984540054
FloatArray = NDArray[np.float64]


def wilson(successes: ArrayLike, trials: ArrayLike, z: float = Z95) -> tuple[FloatArray, FloatArray]:
    """Wilson score limits of a proportion, without continuity correction.

    The limits are exact at the edges: the lower limit of no success is 0.0 and the upper limit of nothing
    but successes is 1.0, where the formula in floating point would be off by one part in 1e17.

    Args:
        successes: Numbers counted, 0 to trials; need not be whole (weighted counts).
        trials: Numbers at risk. 0 or nan gives nan: no data is not a proportion of 0.
        z: Standard normal quantile; the default is two-sided 95 %.

    Returns:
        Lower and upper limits as shares.

    Raises:
        ValueError: If a count is negative or successes exceed trials.

    Source: Wilson (1927), JASA 22:209-212; Newcombe (1998), Stat. Med. 17:857-872, Table I, method 3.

    >>> "{:.4f} to {:.4f}".format(*wilson(81, 263))
    '0.2553 to 0.3662'
    """
    counted, at_risk = _counts(successes, trials)
    known = at_risk > 0
    n = np.where(known, at_risk, np.nan)
    share = counted / n
    spread = z * np.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    centre = share + z * z / (2 * n)
    scale = 1 + z * z / n
    lower = np.where(counted == 0, 0.0, np.maximum(0.0, (centre - spread) / scale))
    upper = np.where(counted == at_risk, 1.0, np.minimum(1.0, (centre + spread) / scale))
    return np.where(known, lower, np.nan), np.where(known, upper, np.nan)


def normal_mean(
    mean: ArrayLike, standard_deviation: ArrayLike, n: ArrayLike, z: float = Z95
) -> tuple[FloatArray, FloatArray]:
    """Normal limits of a mean, mean ± z·s/√n, not clipped to any scale.

    Args:
        mean: Sample means.
        standard_deviation: Sample standard deviations over n − 1.
        n: Sample sizes; below 2 gives nan, since one value has no spread.
        z: Standard normal quantile.

    Returns:
        Lower and upper limits in the unit of the mean.
    """
    centre, deviation, size = np.broadcast_arrays(
        *(np.asarray(part, dtype=np.float64) for part in (mean, standard_deviation, n))
    )
    enough = size >= 2
    half = z * deviation / np.sqrt(np.where(enough, size, np.nan))
    return centre - half, centre + half


def newcombe_difference(
    successes_1: ArrayLike,
    trials_1: ArrayLike,
    successes_2: ArrayLike,
    trials_2: ArrayLike,
    z: float = Z95,
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Difference of two independent proportions, first less second, by squaring and adding Wilson limits.

    Args:
        successes_1: Numbers counted in the first group.
        trials_1: Numbers at risk in the first group; 0 gives nan.
        successes_2: Numbers counted in the second group.
        trials_2: Numbers at risk in the second group; 0 gives nan.
        z: Standard normal quantile.

    Returns:
        Difference, lower and upper limits, as shares.

    Source: Newcombe (1998), Stat. Med. 17:873-890, Table II, method 10.

    >>> "{:.1f}: {:.4f} to {:.4f}".format(*newcombe_difference(56, 70, 48, 80))
    '0.2: 0.0524 to 0.3339'
    """
    counted_1, at_risk_1 = _counts(successes_1, trials_1)
    counted_2, at_risk_2 = _counts(successes_2, trials_2)
    share_1 = counted_1 / np.where(at_risk_1 > 0, at_risk_1, np.nan)
    share_2 = counted_2 / np.where(at_risk_2 > 0, at_risk_2, np.nan)
    lower_1, upper_1 = wilson(counted_1, at_risk_1, z)
    lower_2, upper_2 = wilson(counted_2, at_risk_2, z)
    difference = share_1 - share_2
    lower = difference - np.hypot(share_1 - lower_1, upper_2 - share_2)
    upper = difference + np.hypot(upper_1 - share_1, share_2 - lower_2)
    return difference, lower, upper


def exact_proportion(
    successes: ArrayLike, trials: ArrayLike, confidence: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Clopper and Pearson's limits of a proportion, from the beta distribution.

    Args:
        successes: Numbers counted.
        trials: Numbers at risk; 0 gives nan.
        confidence: Two-sided coverage that is met or exceeded, between 0 and 1.

    Returns:
        Lower and upper limits as shares; 0.0 and 1.0 exactly at the edges.

    Source: Clopper and Pearson (1934), Biometrika 26:404-413; Newcombe (1998), Table I, method 5.
    """
    counted, at_risk = _counts(successes, trials)
    tail = (1 - confidence) / 2
    inner = np.where(counted > 0, counted, 1.0)
    lower = scipy.special.betaincinv(inner, at_risk - inner + 1, tail)
    left = np.where(counted < at_risk, at_risk - counted, 1.0)
    upper = scipy.special.betaincinv(at_risk - left + 1, left, 1 - tail)
    known = at_risk > 0
    lower = np.where(counted > 0, lower, 0.0)
    upper = np.where(counted < at_risk, upper, 1.0)
    return np.where(known, lower, np.nan), np.where(known, upper, np.nan)


def jeffreys(
    successes: ArrayLike, trials: ArrayLike, confidence: float = 0.95
) -> tuple[FloatArray, FloatArray]:
    """Jeffreys' limits of a proportion: quantiles of Beta(x + 1/2, n − x + 1/2).

    Args:
        successes: Numbers counted.
        trials: Numbers at risk; 0 gives nan.
        confidence: Two-sided coverage.

    Returns:
        Lower and upper limits as shares; 0.0 and 1.0 exactly at the edges.

    Source: Brown, Cai and DasGupta (2001), Stat. Sci. 16:101-133, Table 5.
    """
    counted, at_risk = _counts(successes, trials)
    known = at_risk > 0
    n = np.where(known, at_risk, 1.0)
    x = np.where(known, counted, 0.0)
    tail = (1 - confidence) / 2
    lower = np.where(x == 0, 0.0, scipy.special.betaincinv(x + 0.5, n - x + 0.5, tail))
    upper = np.where(x == n, 1.0, scipy.special.betaincinv(x + 0.5, n - x + 0.5, 1 - tail))
    return np.where(known, lower, np.nan), np.where(known, upper, np.nan)


def _counts(successes: ArrayLike, trials: ArrayLike) -> tuple[FloatArray, FloatArray]:
    counted, at_risk = np.broadcast_arrays(
        np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    )
    if bool(np.any(counted < 0)) or bool(np.any(counted > at_risk)):
        raise ValueError("successes must lie between 0 and trials")
    return counted, at_risk
