"""Direct and indirect standardisation, limits of observed over expected, funnels with over-dispersion."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from pipelines.stats.ratings import FloatArray, IntArray


def directly_standardised(
    mean: ArrayLike, variance: ArrayLike, n: ArrayLike, standard: ArrayLike
) -> tuple[FloatArray, FloatArray]:
    """What each group would show on one common mix of strata, with its standard error.

    Args:
        mean: Mean outcome by group (rows) and stratum.
        variance: Of one unit's outcome there.
        n: Units there; a stratum that the standard weights needs at least one in every group.
        standard: Weight of each stratum in the common mix; need not add up to 1.

    Returns:
        Σ w·mean and √Σ w²·variance/n of each group, w the weights divided by their sum.

    Raises:
        ValueError: If no stratum has weight, or a group has no unit in one that has.

    Source: Das Gupta (1993), Standardization and Decomposition of Rates, US Census P23-186, chapter 2; the
    error is that of independent strata, Fleiss, Levin and Paik (2003), section 19.3.
    """
    weight = np.asarray(standard, dtype=np.float64)
    kept = weight > 0
    size = np.atleast_2d(np.asarray(n, dtype=np.float64))[:, kept]
    if not kept.any() or bool((size <= 0).any()):
        raise ValueError("every group needs a unit in each stratum of the common mix")
    w = weight[kept] / weight[kept].sum()
    m, v = (np.atleast_2d(np.asarray(part, dtype=np.float64))[:, kept] for part in (mean, variance))
    return m @ w, np.sqrt((v / size) @ w**2)


def expected_shares(
    group: ArrayLike, stratum: ArrayLike, successes: ArrayLike, trials: ArrayLike
) -> FloatArray:
    """Share that each group would have if every stratum of its work went as it goes for everybody.

    Args:
        group: Code of the group of each cell, 0 without gaps.
        stratum: Code of the stratum of each cell.
        successes: Of the cell.
        trials: Of the cell; a stratum without trials adds nothing.

    Returns:
        Σ trials × the stratum's overall share / Σ trials by group; nan for a group without trials.
    """
    groups, strata = np.asarray(group, dtype=np.int64), np.asarray(stratum, dtype=np.int64)
    y, n = np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    of_stratum = np.bincount(strata, weights=n)
    share = np.bincount(strata, weights=y) / np.where(of_stratum > 0, of_stratum, 1.0)
    expected = np.bincount(groups, weights=n * share[strata])
    total = np.bincount(groups, weights=n)
    return expected / np.where(total > 0, total, np.nan)


def poisson_limits(observed: ArrayLike, confidence: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Exact limits of a Poisson mean from the count observed; the lower one of 0 is 0.

    Source: Garwood (1936), Biometrika 28:437-442.
    """
    count = np.asarray(observed, dtype=np.float64)
    tail = (1 - confidence) / 2
    lower = np.where(count > 0, special.gammaincinv(np.where(count > 0, count, 1.0), tail), 0.0)
    return lower, special.gammaincinv(count + 1, 1 - tail)


def byar_limits(observed: ArrayLike, confidence: float = 0.95) -> tuple[FloatArray, FloatArray]:
    """Byar's approximation to the limits of a Poisson mean; the lower one of 0 is 0.

    Source: Breslow and Day (1987), Statistical Methods in Cancer Research II, p. 69.
    """
    count = np.asarray(observed, dtype=np.float64)
    z = special.ndtri((1 + confidence) / 2)
    least = np.where(count > 0, count, 1.0)
    lower = np.where(count > 0, count * (1 - 1 / (9 * least) - z / (3 * np.sqrt(least))) ** 3, 0.0)
    more = count + 1
    return lower, more * (1 - 1 / (9 * more) + z / (3 * np.sqrt(more))) ** 3


@dataclass(frozen=True, eq=False)
class StandardisedRatio:
    """Observed over expected with limits: Byar's, but exact ones where fewer than ten were observed."""

    observed: FloatArray
    expected: FloatArray
    ratio: FloatArray
    lower: FloatArray
    upper: FloatArray


def standardised_ratio(
    observed: ArrayLike, expected: ArrayLike, confidence: float = 0.95
) -> StandardisedRatio:
    """Indirectly standardised ratio.

    Args:
        observed: Counts.
        expected: Counts expected at the reference's rates; 0 gives nan.
        confidence: Of the limits.

    Source: Public Health England's convention; checked against its test data.
    """
    count = np.asarray(observed, dtype=np.float64)
    hoped = np.asarray(expected, dtype=np.float64)
    hoped_or_nan = np.where(hoped > 0, hoped, np.nan)
    few = count < 10
    exact, byar = poisson_limits(count, confidence), byar_limits(count, confidence)
    lower, upper = (np.where(few, one, other) for one, other in zip(exact, byar, strict=True))
    return StandardisedRatio(count, hoped, count / hoped_or_nan, lower / hoped_or_nan, upper / hoped_or_nan)


def ratio_funnel(
    expected: ArrayLike, confidence: float = 0.95, target: float = 1.0
) -> tuple[FloatArray, FloatArray]:
    """Limits within which an observed/expected ratio should fall, exact Poisson by the chi-square form.

    Source: Spiegelhalter (2005), Stat. Med. 24:1185-1202; checked against FunnelPlotR.
    """
    hoped = np.asarray(expected, dtype=np.float64) * target
    lower, upper = poisson_limits(hoped, confidence)
    return lower * target / hoped, upper * target / hoped


def proportion_funnel(trials: ArrayLike, target: float, z: float) -> tuple[FloatArray, FloatArray]:
    """Shares whose Wilson interval just touches the target, for each number of trials.

    Args:
        trials: At which the funnel is drawn, above 0.
        target: Share in the middle, 0 to 1.
        z: Standard normal quantile of the limits.

    Returns:
        Lower and upper limit, within 0 to 1.

    Source: APHO Technical Briefing 3 (2009), as in Public Health England's PHEindicatormethods.
    """
    n = np.asarray(trials, dtype=np.float64)
    half = z * np.sqrt(target * (1 - target) / n)
    return np.maximum(0.0, target - half), np.minimum(1.0, target + half)


@dataclass(frozen=True)
class OverDispersion:
    """How much more groups vary than chance: φ multiplies the variance, τ² is added to it."""

    phi: float
    tau2: float


def log_ratio_dispersion(observed: ArrayLike, expected: ArrayLike, *, trim: float = 0.1) -> OverDispersion:
    """Over-dispersion of log observed/expected ratios after leaving out the extreme shares at both ends.

    Args:
        observed: Counts above 0.
        expected: Counts above 0.
        trim: Share of groups left out at each end, by rank, rounded down.

    Raises:
        ValueError: If a count is not above 0 or fewer than three groups remain.

    Source: NHS Digital, Summary Hospital-level Mortality Indicator methodology; checked against FunnelPlotR.
    """
    count, hoped = np.asarray(observed, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    if not bool(((count > 0) & (hoped > 0)).all()):
        raise ValueError("log ratios need counts above 0")
    kept = _without_extremes(np.sqrt(hoped) * np.log(count / hoped), trim)
    n = kept.size
    if n < 3:
        raise ValueError("over-dispersion needs at least three groups")
    z = np.sqrt(hoped[kept]) * np.log(count[kept] / hoped[kept])
    w = hoped[kept]
    phi = float((z**2).mean())
    tau2 = (n * phi - (n - 1)) / (float(w.sum()) - float((w**2).sum()) / float(w.sum()))
    return OverDispersion(phi, max(0.0, tau2))


def _without_extremes(z: FloatArray, trim: float) -> IntArray:
    left_out = int(z.size * trim)
    return np.argsort(z, kind="stable")[left_out : z.size - left_out].astype(np.int64)
