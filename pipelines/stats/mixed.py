"""Crossed random effects by restricted maximum likelihood, with predictions that know how uncertain they are.

The model is response = fixed + Σ effect of the level in each factor + residual, effects and residual normal.
The likelihood is profiled over everything but the ratios θ of each factor's standard deviation to that of the
residual (Bates et al. 2015, J. Stat. Softw. 67(1), section 3). The largest factor is eliminated by hand since
its block is diagonal; what is left is a dense Cholesky of the size of the other factors.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg, optimize

from pipelines.stats.mixed_design import Design, Eliminated, Factor, design
from pipelines.stats.ratings import FloatArray, IntArray

# Grid over the variance ratios when their uncertainty is averaged in: nodes a factor, by number of factors;
# how far the criterion may rise along one ratio before the grid ends (10 is 0.7 % of the peak's density).
_NODES = {1: 15, 2: 7, 3: 4}
_RISE = 10.0
# Largest ratio looked at: effects a thousand times the residual are effects without a residual.
_LARGEST = 1000.0
_NO_ANSWER = 1e100


@dataclass(frozen=True, eq=False)
class Effects:
    """Predicted effects of one factor's levels.

    Attributes:
        value: Best linear unbiased predictions at the fitted variances.
        standard_error: Root mean squared error of prediction: with the uncertainty of the fixed effects and,
            averaged over the restricted likelihood, of the variances; above 0 even at a variance of 0.
        conditional_sd: The same at the fitted variances and known fixed effects (lme4's condVar).
        level_mean: Fixed effects at their mean plus the effect: the level's calibrated response.
        level_error: Root mean squared error of `level_mean`.
        count: Observations of each level.
    """

    value: FloatArray
    standard_error: FloatArray
    conditional_sd: FloatArray
    level_mean: FloatArray
    level_error: FloatArray
    count: FloatArray


@dataclass(frozen=True, eq=False)
class CrossedFit:
    """A fitted model.

    Attributes:
        criterion: −2 × the profiled (restricted) log-likelihood.
        n: Observations.
        sd: Standard deviation of each factor's effects; 0 at the boundary.
        sd_range: 95 % range of each, from the same averaging as the effects' errors.
        residual_sd: Of what no factor explains.
        fixed: Estimates of the kept fixed columns, the intercept first.
        fixed_error: Their standard errors.
        kept: Columns that are used: 0 is the intercept, j the j-th fixed column.
        mean: Fixed part at the mean of the fixed columns.
        effects: Of the factors asked for.
    """

    criterion: float
    n: int
    sd: Mapping[str, float]
    sd_range: Mapping[str, tuple[float, float]]
    residual_sd: float
    fixed: FloatArray
    fixed_error: FloatArray
    kept: IntArray
    mean: float
    effects: Mapping[str, Effects]


def fit_crossed(
    response: ArrayLike,
    factors: Mapping[str, ArrayLike],
    fixed: ArrayLike | None = None,
    *,
    restricted: bool = True,
    average_variances: bool = True,
    predict: Sequence[str] | None = None,
) -> CrossedFit:
    """Fit crossed (or nested) random intercepts.

    Args:
        response: One number an observation; nothing missing.
        factors: Level codes from 0 without gaps, by factor. A level that occurs in several places under one
            code is one level: give nested factors codes of their own.
        fixed: Observations × columns, without the intercept.
        restricted: REML; else maximum likelihood.
        average_variances: Add the uncertainty of the variances to the effects' errors; costs about 50
            evaluations for two factors.
        predict: Factors whose effects are wanted; all by default. Leave out one with very many levels.

    Raises:
        ValueError: If the data are not of one length, have gaps, or are too few.

    Source: Bates, Maechler, Bolker and Walker (2015), J. Stat. Softw. 67(1); Henderson (1975), Biometrics
    31:423-447, for the prediction errors. Checked against lme4's Penicillin, Pastes and Dyestuff.
    """
    found = design(response, factors, fixed)
    system = _System(found, restricted=restricted)
    theta = _minimum(system)
    best = system.solve(theta)
    names = (found.first, *found.rest)
    grid = _grid(system, theta, best.criterion) if average_variances else [(1.0, best)]
    sigma = float(np.sqrt(best.sigma2))
    order = list(factors)
    wanted = order if predict is None else list(predict)
    return CrossedFit(
        criterion=best.criterion,
        n=found.n,
        sd={name: sigma * float(theta[_place(names, name)]) for name in order},
        sd_range={name: _range(grid, _place(names, name)) for name in order},
        residual_sd=sigma,
        fixed=best.beta + np.where(found.kept == 0, found.offset, 0.0),
        fixed_error=np.sqrt(best.sigma2 * np.diag(best.inverse)[found.n_rest :]),
        kept=found.kept,
        mean=found.offset + float(found.mean_fixed @ best.beta),
        effects={name: _effects(system, best, grid, _place(names, name)) for name in wanted},
    )


@dataclass(frozen=True, eq=False)
class _Solution:
    theta: FloatArray
    criterion: float
    sigma2: float
    solution: FloatArray
    inverse: FloatArray
    inverse_random: FloatArray
    beta: FloatArray


class _System:
    """The penalised least-squares problem at given variance ratios."""

    def __init__(self, found: Design, *, restricted: bool) -> None:
        self.found = found
        self.restricted = restricted
        self.eliminated = Eliminated(found)
        self.penalty = np.concatenate([np.ones(found.n_rest), np.zeros(found.n_fixed)])

    def scale(self, theta: FloatArray) -> FloatArray:
        """Ratio of each column of the reduced system; 1 for fixed effects."""
        parts = [np.full(factor.levels, theta[1 + j]) for j, factor in enumerate(self.found.rest)]
        return np.concatenate([*parts, np.ones(self.found.n_fixed)])

    def criterion(self, theta: FloatArray) -> float:
        """−2 × profiled log-likelihood; a huge number where rounding leaves no answer."""
        try:
            return self._factorise(theta)[0]
        except linalg.LinAlgError:
            return _NO_ANSWER

    def _factorise(self, theta: FloatArray) -> tuple[float, float, FloatArray, FloatArray]:
        found = self.found
        scale = self.scale(theta)
        ratio = float(theta[0]) ** 2
        products, products_y = self.eliminated.products(ratio)
        reduced = (found.gram - products) * scale[:, None] * scale[None, :]
        reduced[np.diag_indices_from(reduced)] += self.penalty
        lower = linalg.cholesky(reduced, lower=True, check_finite=False)
        right = (found.gram_y - products_y) * scale
        half = linalg.solve_triangular(lower, right, lower=True, check_finite=False)
        weight = ratio / (1 + ratio * found.first_count)
        rss = found.yy - float(weight @ found.first_y**2) - float(half @ half)
        rss = max(rss, 1e-12 * found.yy, 1e-300)
        diagonal = 2 * np.log(np.diag(lower))
        determinant = float(np.log1p(ratio * found.first_count).sum()) + float(diagonal[: found.n_rest].sum())
        degrees = found.n
        if self.restricted:
            degrees -= found.n_fixed
            determinant += float(diagonal[found.n_rest :].sum())
        value = determinant + degrees * (1 + np.log(2 * np.pi * rss / degrees))
        return float(value), rss / degrees, lower, half

    def solve(self, theta: FloatArray) -> _Solution:
        """Everything at these ratios; the inverses are in the unit of the effects, over residual variance."""
        value, sigma2, lower, half = self._factorise(theta)
        scale = self.scale(theta)
        r = self.found.n_rest
        solved = linalg.solve_triangular(lower, half, lower=True, trans="T", check_finite=False)
        inverse = linalg.cho_solve((lower, True), np.eye(lower.shape[0]), check_finite=False)
        inverse_random = linalg.cho_solve((lower[:r, :r], True), np.eye(r), check_finite=False)
        return _Solution(
            theta=theta,
            criterion=value,
            sigma2=sigma2,
            solution=solved * scale,
            inverse=inverse * scale[:, None] * scale[None, :],
            inverse_random=inverse_random * scale[:r, None] * scale[None, :r],
            beta=solved[r:],
        )


def _minimum(system: _System) -> FloatArray:
    """Ratios at the minimum of the criterion, 0 allowed."""
    k = 1 + len(system.found.rest)
    best, lowest = np.zeros(k), system.criterion(np.zeros(k))
    # The criterion is even in each ratio, so that 0 is always flat: start well inside, from two sides.
    for start in (1.0, 0.2):
        tried = optimize.minimize(
            system.criterion,
            np.full(k, start),
            method="L-BFGS-B",
            jac="3-point",
            bounds=[(0.0, _LARGEST)] * k,
            options={"ftol": 1e-13, "gtol": 1e-7, "maxiter": 200},
        )
        if tried.fun < lowest - 1e-9:
            best, lowest = np.asarray(tried.x, dtype=np.float64), float(tried.fun)
        if np.all(best > 1e-3):
            break
    for j in range(k):
        without = best.copy()
        without[j] = 0.0
        value = system.criterion(without)
        if value <= lowest + 1e-9:
            best, lowest = without, value
    return best


def _grid(system: _System, theta: FloatArray, lowest: float) -> list[tuple[float, _Solution]]:
    """Solutions over a grid of ratios with their weights by restricted likelihood (flat in each ratio)."""
    nodes = []
    for j in range(theta.size):

        def rise(value: float, j: int = j) -> float:
            moved = theta.copy()
            moved[j] = value
            return system.criterion(moved) - lowest - _RISE

        low = 0.0 if theta[j] == 0 or rise(0.0) <= 0 else optimize.brentq(rise, 0.0, theta[j], rtol=1e-3)
        step = max(theta[j], 0.05)
        high = theta[j] + step
        while rise(high) < 0 and high < _LARGEST:
            step *= 2
            high = min(high + step, _LARGEST)
        if rise(high) > 0:
            high = optimize.brentq(rise, theta[j], high, rtol=1e-3)
        count = _NODES.get(theta.size, 3)
        nodes.append(low + (high - low) / count * (np.arange(count) + 0.5))
    solutions = [system.solve(np.array(point)) for point in itertools.product(*nodes)]
    weight = np.exp(-0.5 * (np.array([one.criterion for one in solutions]) - lowest))
    weight /= weight.sum()
    return [(float(w), one) for w, one in zip(weight, solutions, strict=True) if w > 1e-6]


def _effects(system: _System, best: _Solution, grid: list[tuple[float, _Solution]], number: int) -> Effects:
    found = system.found
    value, _, _ = _predict(found, best, number)
    mean = found.offset + float(found.mean_fixed @ best.beta)
    squared = np.zeros_like(value)
    level_squared = np.zeros_like(value)
    total = sum(weight for weight, _ in grid)
    for weight, one in grid:
        moved, variance, level_variance = _predict(found, one, number)
        moved_mean = found.offset + float(found.mean_fixed @ one.beta)
        squared += weight / total * (one.sigma2 * variance + (moved - value) ** 2)
        level_squared += (
            weight / total * (one.sigma2 * level_variance + (moved + moved_mean - value - mean) ** 2)
        )
    factor = (found.first, *found.rest)[number]
    return Effects(
        value=value,
        standard_error=np.sqrt(squared),
        conditional_sd=np.sqrt(best.sigma2 * _conditional_variance(found, best, number)),
        level_mean=mean + value,
        level_error=np.sqrt(level_squared),
        count=np.bincount(factor.code, minlength=factor.levels).astype(np.float64),
    )


def _predict(found: Design, one: _Solution, number: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Effects, their prediction variance, and that of fixed mean + effect, both over residual variance."""
    r = found.n_rest
    mean = found.mean_fixed
    of_mean = one.inverse[:, r:] @ mean
    own_mean = float(mean @ of_mean[r:])
    if number == 0:
        ratio = float(one.theta[0]) ** 2
        weight = ratio / (1 + ratio * found.first_count)
        value = weight * (found.first_y - found.cross @ one.solution)
        spread = np.asarray(found.cross.multiply(found.cross @ one.inverse).sum(axis=1)).ravel()
        variance = weight + weight**2 * spread
        return value, variance, variance + own_mean - 2 * weight * (found.cross @ of_mean)
    start = sum(factor.levels for factor in found.rest[: number - 1])
    own = slice(start, start + found.rest[number - 1].levels)
    variance = np.diag(one.inverse)[own]
    return one.solution[own], variance, variance + own_mean + 2 * of_mean[own]


def _conditional_variance(found: Design, one: _Solution, number: int) -> FloatArray:
    r = found.n_rest
    if number == 0:
        ratio = float(one.theta[0]) ** 2
        weight = ratio / (1 + ratio * found.first_count)
        cross = found.cross[:, :r]
        spread = np.asarray(cross.multiply(cross @ one.inverse_random).sum(axis=1)).ravel()
        return weight + weight**2 * spread
    start = sum(factor.levels for factor in found.rest[: number - 1])
    return np.diag(one.inverse_random)[start : start + found.rest[number - 1].levels]


def _place(names: tuple[Factor, ...], name: str) -> int:
    return next(number for number, factor in enumerate(names) if factor.name == name)


def _range(grid: list[tuple[float, _Solution]], number: int) -> tuple[float, float]:
    """2.5 % and 97.5 % points of a factor's standard deviation over the grid."""
    sd = np.array([one.theta[number] * np.sqrt(one.sigma2) for _, one in grid])
    weight = np.array([w for w, _ in grid])
    order = np.argsort(sd)
    reached = (np.cumsum(weight[order]) - weight[order] / 2) / weight.sum()
    low, high = np.interp([0.025, 0.975], reached, sd[order])
    return float(low), float(high)
