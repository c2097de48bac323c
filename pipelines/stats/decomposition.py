"""Why a number moved: exact splits of a change into factors, and into mix and rate."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pipelines.stats.intervals import Z95
from pipelines.stats.ratings import FloatArray

# 2^k evaluations: a dozen factors are four thousand.
MAX_FACTORS = 12


def shapley_effects(
    value: Callable[[Sequence[FloatArray]], float], before: Sequence[ArrayLike], after: Sequence[ArrayLike]
) -> FloatArray:
    """Effect of each factor on a value, averaged over every order in which the factors could have changed.

    The effects add up to the change exactly (but for rounding), and no order is preferred. For a product or a
    sum of products these are Das Gupta's symmetric effects; for two factors Kitagawa's.

    Args:
        value: What the factors make together.
        before: The factors, numbers or arrays.
        after: The same, changed.

    Returns:
        One effect a factor, after less before.

    Raises:
        ValueError: If the factors differ in number or are more than 12.

    Source: Das Gupta (1993), Standardization and Decomposition of Rates, US Census P23-186; Shapley (1953).
    """
    old = [np.asarray(factor, dtype=np.float64) for factor in before]
    new = [np.asarray(factor, dtype=np.float64) for factor in after]
    k = len(old)
    if k != len(new) or not 0 < k <= MAX_FACTORS:
        raise ValueError(f"a split needs the same factors before and after, 1 to {MAX_FACTORS} of them")
    worth = np.array(
        [value([new[j] if subset >> j & 1 else old[j] for j in range(k)]) for subset in range(2**k)]
    )
    subsets = np.arange(2**k)
    size = np.array([int(subset).bit_count() for subset in subsets])
    weight = np.array([math.factorial(s) * math.factorial(k - s - 1) / math.factorial(k) for s in range(k)])
    effects = np.empty(k)
    for j in range(k):
        without = subsets[(subsets >> j & 1) == 0]
        effects[j] = float(weight[size[without]] @ (worth[without | 1 << j] - worth[without]))
    return effects


@dataclass(frozen=True, eq=False)
class MixAndRate:
    """A change of an overall rate, group by group.

    Attributes:
        before: Overall rate before.
        after: Overall rate after.
        change: After less before.
        mix: Part of each group's change of weight, measured against the average overall rate.
        rate: Part of each group's change of rate.
        rate_lower: Lower limit of each rate part.
        rate_upper: Upper limit of each rate part.
        reversal: The groups' rates all moved one way (or stayed) and the overall rate the other: Simpson.
    """

    before: float
    after: float
    change: float
    mix: FloatArray
    rate: FloatArray
    rate_lower: FloatArray
    rate_upper: FloatArray
    reversal: bool


def mix_and_rate(
    successes_before: ArrayLike,
    trials_before: ArrayLike,
    successes_after: ArrayLike,
    trials_after: ArrayLike,
    *,
    z: float = Z95,
) -> MixAndRate:
    """Kitagawa's split of a change into mix and rate by group; both parts add up to the change.

    A group's mix part is its change of weight times how far its average rate lies from the overall average,
    so that growing a group better than the rest counts as gain and the parts do not depend on the level. A
    group that is there on one side only has no rate to compare: its rate stands for the missing one, and all
    its effect is mix.

    Args:
        successes_before: By group.
        trials_before: By group.
        successes_after: By group.
        trials_after: By group.
        z: Standard normal quantile of the rate parts' limits, from binomial variances at fixed weights.

    Raises:
        ValueError: If a side has no trial at all.

    Source: Kitagawa (1955), JASA 50:1168-1194; Das Gupta (1993), Example 5.1.
    """
    y0, n0, y1, n1 = (
        np.asarray(part, dtype=np.float64)
        for part in (successes_before, trials_before, successes_after, trials_after)
    )
    if n0.sum() <= 0 or n1.sum() <= 0:
        raise ValueError("a change needs trials on both sides")
    w0, w1 = n0 / n0.sum(), n1 / n1.sum()
    with np.errstate(divide="ignore", invalid="ignore"):
        own0, own1 = y0 / n0, y1 / n1
    r0 = np.where(n0 > 0, own0, np.where(n1 > 0, own1, 0.0))
    r1 = np.where(n1 > 0, own1, r0)
    before, after = float(w0 @ r0), float(w1 @ r1)
    middle = (before + after) / 2
    mean_weight = (w0 + w1) / 2
    rate = mean_weight * (r1 - r0)
    spread = np.where((n0 > 0) & (n1 > 0), _binomial_variance(y0, n0) + _binomial_variance(y1, n1), 0.0)
    half = z * mean_weight * np.sqrt(spread)
    both = (n0 > 0) & (n1 > 0)
    moves = np.sign((r1 - r0)[both])
    change = after - before
    return MixAndRate(
        before=before,
        after=after,
        change=change,
        mix=(w1 - w0) * ((r0 + r1) / 2 - middle),
        rate=rate,
        rate_lower=rate - half,
        rate_upper=rate + half,
        reversal=bool(
            (moves != 0).any()
            and ((change < 0 and (moves >= 0).all()) or (change > 0 and (moves <= 0).all()))
        ),
    )


def _binomial_variance(y: FloatArray, n: FloatArray) -> FloatArray:
    """Variance of a share, by the share moved a little to the middle so that 0 of 5 is not certain."""
    share = (y + 1) / (n + 2)
    return share * (1 - share) / np.where(n > 0, n, 1.0)


@dataclass(frozen=True, eq=False)
class LogMeanSplit:
    """LMDI-I split of a sum of products: points that add up, ratios that multiply."""

    additive: FloatArray
    multiplicative: FloatArray


def log_mean_split(before: ArrayLike, after: ArrayLike) -> LogMeanSplit:
    """Logarithmic mean Divisia split of V = Σ over rows of the product over columns.

    Args:
        before: Rows (groups) × columns (factors), above 0.
        after: The same later.

    Raises:
        ValueError: If a factor is not above 0, where logarithms end.

    Source: Ang (2005), Energy Policy 33:867-871.
    """
    old, new = np.asarray(before, dtype=np.float64), np.asarray(after, dtype=np.float64)
    if old.shape != new.shape or not (bool((old > 0).all()) and bool((new > 0).all())):
        raise ValueError("a logarithmic split needs the same factors on both sides, all above 0")
    v0, v1 = old.prod(axis=1), new.prod(axis=1)
    mean = _log_mean(v1, v0)
    total = float(_log_mean(np.array([v1.sum()]), np.array([v0.sum()]))[0])
    logs = np.log(new / old)
    additive = mean @ logs
    return LogMeanSplit(additive, np.exp(additive / total))


def _log_mean(a: FloatArray, b: FloatArray) -> FloatArray:
    same = np.isclose(a, b, rtol=1e-12, atol=0)
    ratio = np.where(same, 2.0, a / b)
    return np.where(same, a, (a - b) / np.log(ratio))
