"""Gwet's AC1 and AC2 and Fleiss' kappa: any number of raters, missing ratings, analytic intervals."""

from __future__ import annotations

from typing import Literal

import numpy as np
from scipy import sparse, special

from pipelines.stats.estimates import MIN_UNITS, Estimate, nothing
from pipelines.stats.ratings import FloatArray, Patterns, Ratings, patterns

Weights = Literal["identity", "quadratic"]


def gwet_ac(ratings: Ratings, *, weights: Weights = "identity", confidence: float = 0.95) -> Estimate:
    """Gwet's AC1 (identity weights) or AC2 (quadratic weights).

    Chance agreement grows with the variance of the categories' use instead of with its concentration, so a
    criterion that nearly always gets the same score is not called unreliable for that.

    Args:
        ratings: Units with one rating count for the use of categories, those with two or more for agreement.
        weights: Quadratic weights are 1 − (x_k − x_l)² / (max − min)² over the scores in use, as numbers.
        confidence: Coverage of the interval.

    Returns:
        Value, linearised standard error and t interval (units − 1 degrees of freedom), clipped to −1 and 1.

    Raises:
        ValueError: If quadratic weights are asked of text.

    Source: Gwet (2008), Br. J. Math. Stat. Psychol. 61:29-48; (2014), Handbook of Inter-Rater Reliability,
    4th ed., chapters 2 to 5. Checked against its printed examples.
    """
    found = patterns(ratings)
    refusal = _refusal(ratings, found)
    if refusal:
        return nothing(refusal)
    q = found.n_levels
    share, prevalence = _shares(found)
    agreement = _pairwise_agreement(found, weights)
    if weights == "quadratic":
        x = _unit_scale(found)
        weight_sum = q * q - 2 * (q * (x**2).sum() - x.sum() ** 2)
    else:
        weight_sum = float(q)
    scale = weight_sum / (q * (q - 1))
    chance_of_unit = scale * (share @ (1 - prevalence))
    chance = scale * float((prevalence * (1 - prevalence)).sum())
    return _linearised(found, agreement, chance, chance_of_unit, confidence)


def fleiss_kappa(ratings: Ratings, *, confidence: float = 0.95) -> Estimate:
    """Fleiss' generalised kappa, unweighted, also where units have different numbers of raters.

    Args:
        ratings: Units with one rating count for the use of categories only.
        confidence: Coverage of the interval.

    Returns:
        Value, linearised standard error and t interval (units − 1 degrees of freedom), clipped to −1 and 1.

    Source: Fleiss (1971), Psychol. Bull. 76:378-382; missing ratings and standard error as in Gwet (2014),
    Handbook of Inter-Rater Reliability, 4th ed., chapters 2 and 5.
    """
    found = patterns(ratings)
    refusal = _refusal(ratings, found)
    if refusal:
        return nothing(refusal)
    share, prevalence = _shares(found)
    agreement = _pairwise_agreement(found, "identity")
    chance = float((prevalence**2).sum())
    return _linearised(found, agreement, chance, np.asarray(share @ prevalence), confidence)


def _refusal(ratings: Ratings, found: Patterns) -> str:
    pairable = ratings.n_pairable_units
    if pairable < MIN_UNITS:
        return f"only {pairable} units have two ratings or more; at least {MIN_UNITS} are needed"
    if found.n_levels < 2:
        return "all ratings fall in one category, so there is nothing to tell apart"
    return ""


def _shares(found: Patterns) -> tuple[sparse.csr_array, FloatArray]:
    """Each pattern's shares of its ratings by level, and their mean over units."""
    share = found.counts.multiply(1 / found.size[:, None]).tocsr()
    prevalence = np.asarray(found.times @ share).ravel() / found.n_units
    return share, prevalence


def _unit_scale(found: Patterns) -> FloatArray:
    if found.values is None:
        raise ValueError("quadratic weights need numbers, and these scores are text")
    x = found.values
    return (x - x[0]) / (x[-1] - x[0])


def _pairwise_agreement(found: Patterns, weights: Weights) -> FloatArray:
    """Weighted share of agreeing pairs within each pattern; nan below two ratings."""
    size = found.size
    pairs = np.where(size >= 2, size * (size - 1), np.nan)
    if weights == "identity":
        own = np.asarray(found.counts.multiply(found.counts).sum(axis=1)).ravel()
        return (own - size) / pairs
    x = _unit_scale(found)
    distance = 2 * (size * (found.counts @ x**2) - (found.counts @ x) ** 2)
    return 1 - np.maximum(distance, 0.0) / pairs


def _linearised(
    found: Patterns, agreement: FloatArray, chance: float, chance_of_unit: FloatArray, confidence: float
) -> Estimate:
    times = found.times.astype(np.float64)
    n = found.n_units
    paired = found.size >= 2
    n_paired = float(times[paired].sum())
    observed = float((times[paired] * agreement[paired]).sum()) / n_paired
    value = (observed - chance) / (1 - chance)
    own = np.where(paired, (n / n_paired) * (np.where(paired, agreement, 0.0) - chance) / (1 - chance), 0.0)
    influence = own - 2 * (1 - value) * (chance_of_unit - chance) / (1 - chance)
    variance = float((times * (influence - value) ** 2).sum()) / (n * (n - 1))
    error = float(np.sqrt(variance))
    if error < 1e-12:
        return Estimate(value, note="every unit shows the same agreement, so its spread is not known")
    half = float(special.stdtrit(n - 1, (1 + confidence) / 2)) * error
    return Estimate(value, max(-1.0, value - half), min(1.0, value + half), standard_error=error)
