"""Shrinkage of means with known standard errors: empirical Bayes by REML, and James and Stein's estimator."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize

from pipelines.stats.ratings import FloatArray


@dataclass(frozen=True, eq=False)
class NormalShrinkage:
    """Groups shrunk toward their common mean.

    Attributes:
        mean: Common mean.
        mean_error: Its standard error.
        between_variance: Variance between groups beyond chance, τ²; 0 at the boundary.
        value: Posterior mean of each group.
        standard_error: √(λ·v + (1 − λ)²·Var(mean)): never 0, not even at τ² = 0.
        weight: λ, share of a group's own data in its value.
        heterogeneity: Cochran's Q.
    """

    mean: float
    mean_error: float
    between_variance: float
    value: FloatArray
    standard_error: FloatArray
    weight: FloatArray
    heterogeneity: float


def fit_normal(estimates: ArrayLike, variances: ArrayLike) -> NormalShrinkage:
    """Empirical Bayes with τ² by restricted maximum likelihood.

    Args:
        estimates: One a group.
        variances: Their squared standard errors, above 0.

    Raises:
        ValueError: With fewer than two groups or a variance that is not above 0.

    Source: Raudenbush and Bryk (1985), J. Educ. Stat. 10:75-98, the oracle, with Rubin's (1981) eight schools
    for the boundary; Morris (1983), JASA 78:47-55.
    """
    y, v = np.asarray(estimates, dtype=np.float64), np.asarray(variances, dtype=np.float64)
    if y.size < 2 or y.shape != v.shape or not bool((v > 0).all()):
        raise ValueError("shrinkage needs at least two groups, each with a variance above 0")

    def loss(tau2: float) -> float:
        w = 1 / (v + tau2)
        mean = (w @ y) / w.sum()
        return float(-np.log(w).sum() + np.log(w.sum()) + w @ (y - mean) ** 2)

    limit = max(float(np.var(y, ddof=1)) * 10, float(v.max()))
    grid = np.concatenate([[0.0], np.geomspace(1e-8, 1.0, 60) * limit])
    values = np.array([loss(point) for point in grid])
    top = int(values.argmin())
    tau2 = float(grid[top])
    low, high = float(grid[max(top - 1, 0)]), float(grid[min(top + 1, grid.size - 1)])
    found = optimize.minimize_scalar(
        loss, bounds=(low, high), method="bounded", options={"xatol": 1e-12 * limit}
    )
    if found.fun < values[top] and not values[0] <= found.fun:
        tau2 = float(found.x)
    if values[0] <= loss(tau2):
        tau2 = 0.0
    w = 1 / (v + tau2)
    mean, mean_variance = float((w @ y) / w.sum()), float(1 / w.sum())
    weight = tau2 / (tau2 + v)
    fixed = 1 / v
    return NormalShrinkage(
        mean=mean,
        mean_error=float(np.sqrt(mean_variance)),
        between_variance=tau2,
        value=mean + weight * (y - mean),
        standard_error=np.sqrt(weight * v + (1 - weight) ** 2 * mean_variance),
        weight=weight,
        heterogeneity=float(fixed @ (y - (fixed @ y) / fixed.sum()) ** 2),
    )


def james_stein(estimates: ArrayLike, variance: float) -> FloatArray:
    """James and Stein's estimator toward the grand mean, positive part, for groups of equal known variance.

    Args:
        estimates: One a group, at least four.
        variance: Of each estimate.

    Raises:
        ValueError: With fewer than four groups, where it does not beat the raw means.

    Source: Efron and Morris (1975), JASA 70:311-319, equation 1.4 with k − 3.
    """
    y = np.asarray(estimates, dtype=np.float64)
    if y.size < 4:
        raise ValueError("James and Stein's estimator toward the mean needs at least four groups")
    spread = float(((y - y.mean()) ** 2).sum())
    keep = max(0.0, 1 - (y.size - 3) * variance / spread) if spread > 0 else 0.0
    return y.mean() + keep * (y - y.mean())
