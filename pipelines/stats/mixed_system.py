"""The penalised least-squares problem behind a crossed mixed model: criterion, slopes, minimum and grid."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from scipy import linalg, optimize

from pipelines.stats.mixed_design import Design, Eliminated
from pipelines.stats.ratings import FloatArray

# How far the criterion may rise along one ratio before the grid ends (10: 0.7 % of the peak density); nodes
# for each varied factor by their number, and levels from which a factor's variance is as good as known.
_RISE = 10.0
_NODES = {0: 1, 1: 15, 2: 7, 3: 4}
_KNOWN_LEVELS = 150
# Largest ratio looked at: effects a thousand times the residual are effects without a residual.
_LARGEST = 1000.0
_NO_ANSWER = 1e100


@dataclass(frozen=True, eq=False)
class Solution:
    """Everything at given ratios of standard deviations; inverses are over residual variance.

    Attributes:
        theta: Ratio of each factor, the eliminated one first.
        criterion: −2 × profiled (restricted) log-likelihood.
        sigma2: Residual variance.
        solution: Effects of the factors that are not eliminated, then fixed effects.
        inverse: Their prediction covariance.
        inverse_random: The same with fixed effects taken as known.
    """

    theta: FloatArray
    criterion: float
    sigma2: float
    solution: FloatArray
    inverse: FloatArray
    inverse_random: FloatArray


@dataclass(frozen=True, eq=False)
class _Factorised:
    criterion: float
    sigma2: float
    scale: FloatArray
    lower: FloatArray
    half: FloatArray


class System:
    """A design with its criterion."""

    def __init__(self, found: Design, *, restricted: bool) -> None:
        self.found = found
        self.restricted = restricted
        self.eliminated = Eliminated(found)
        self._penalty = np.concatenate([np.ones(found.n_rest), np.zeros(found.n_fixed)])
        ends = np.cumsum([factor.levels for factor in found.rest])
        self.blocks = [
            slice(int(end) - one.levels, int(end)) for one, end in zip(found.rest, ends, strict=True)
        ]

    def criterion(self, theta: FloatArray) -> float:
        """−2 × profiled log-likelihood; a huge number where rounding leaves no answer."""
        try:
            return self._factorise(theta).criterion
        except linalg.LinAlgError:
            return _NO_ANSWER

    def criterion_and_slopes(self, theta: FloatArray) -> tuple[float, FloatArray]:
        """The criterion and its derivatives, 2/θ·(q − tr(C)/θ² − b'b/(θ²σ²)) for q levels with effects b.

        C is the prediction covariance of b over residual variance; the criterion is even in θ, flat at 0.
        """
        try:
            at = self._factorise(theta)
        except linalg.LinAlgError:
            return _NO_ANSWER, np.zeros(theta.size)
        found, r = self.found, self.found.n_rest
        solved = linalg.solve_triangular(at.lower, at.half, lower=True, trans="T", check_finite=False)
        solution = solved * at.scale
        if self.restricted:
            inverse = linalg.cho_solve((at.lower, True), np.eye(at.lower.shape[0]), check_finite=False)
            inverse = inverse * at.scale[:, None] * at.scale[None, :]
        else:
            inverse = np.zeros_like(at.lower)
            inverse[:r, :r] = linalg.cho_solve((at.lower[:r, :r], True), np.eye(r), check_finite=False)
            inverse[:r, :r] *= at.scale[:r, None] * at.scale[None, :r]
        slopes = np.zeros(theta.size)
        if theta[0] > 0:
            ratio = float(theta[0]) ** 2
            weight = ratio / (1 + ratio * found.first_count)
            effect = weight * (found.first_y - found.cross @ solution)
            trace = float(weight.sum()) + float((inverse * self.eliminated.squared_products(ratio)).sum())
            slopes[0] = _slope(found.first.levels, trace, effect, theta[0], at.sigma2)
        for number, block in enumerate(self.blocks, start=1):
            if theta[number] > 0:
                trace = float(np.diag(inverse)[block].sum())
                size = block.stop - block.start
                slopes[number] = _slope(size, trace, solution[block], theta[number], at.sigma2)
        return at.criterion, slopes

    def solve(self, theta: FloatArray) -> Solution:
        """Effects and their covariances at these ratios."""
        at = self._factorise(theta)
        r = self.found.n_rest
        solved = linalg.solve_triangular(at.lower, at.half, lower=True, trans="T", check_finite=False)
        inverse = linalg.cho_solve((at.lower, True), np.eye(at.lower.shape[0]), check_finite=False)
        inverse_random = linalg.cho_solve((at.lower[:r, :r], True), np.eye(r), check_finite=False)
        return Solution(
            theta=theta,
            criterion=at.criterion,
            sigma2=at.sigma2,
            solution=solved * at.scale,
            inverse=inverse * at.scale[:, None] * at.scale[None, :],
            inverse_random=inverse_random * at.scale[:r, None] * at.scale[None, :r],
        )

    def _factorise(self, theta: FloatArray) -> _Factorised:
        found = self.found
        parts = [np.full(factor.levels, theta[1 + j]) for j, factor in enumerate(found.rest)]
        scale = np.concatenate([*parts, np.ones(found.n_fixed)])
        ratio = float(theta[0]) ** 2
        products, products_y = self.eliminated.products(ratio)
        reduced = (found.gram - products) * scale[:, None] * scale[None, :]
        reduced[np.diag_indices_from(reduced)] += self._penalty
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
        return _Factorised(float(value), rss / degrees, scale, lower, half)


def _slope(levels: int, trace: float, effect: FloatArray, theta: float, sigma2: float) -> float:
    return 2 / theta * (levels - trace / theta**2 - float(effect @ effect) / (theta**2 * sigma2))


def minimum(system: System) -> FloatArray:
    """Ratios at the minimum of the criterion, 0 allowed."""
    k = 1 + len(system.found.rest)
    best, lowest = np.zeros(k), system.criterion(np.zeros(k))
    # The criterion is even in each ratio, so that 0 is always flat: start well inside, from two sides.
    for start in (1.0, 0.2):
        tried = optimize.minimize(
            system.criterion_and_slopes,
            np.full(k, start),
            method="L-BFGS-B",
            jac=True,
            bounds=[(0.0, _LARGEST)] * k,
            options={"ftol": 1e-14, "gtol": 1e-8, "maxiter": 200},
        )
        if tried.fun < lowest - 1e-9:
            best, lowest = np.asarray(tried.x, dtype=np.float64), float(tried.fun)
        if bool(np.all(best > 1e-3)):
            break
    for j in range(k):
        without = best.copy()
        without[j] = 0.0
        value = system.criterion(without)
        if value <= lowest + 1e-9:
            best, lowest = without, value
    return best


def grid(system: System, theta: FloatArray, lowest: float) -> list[tuple[float, Solution]]:
    """Solutions over a grid of ratios with their shares of the restricted likelihood, flat in each ratio.

    A factor with very many levels keeps its ratio: nobody doubts its variance.
    """
    factors = (system.found.first, *system.found.rest)
    varied = [j for j, factor in enumerate(factors) if factor.levels <= _KNOWN_LEVELS]
    count = _NODES.get(len(varied), 3)
    nodes = [np.array([ratio]) for ratio in theta]
    for j in varied:
        low, high = _range_of(system, theta, lowest, j)
        nodes[j] = low + (high - low) / count * (np.arange(count) + 0.5)
    solutions = [system.solve(np.array(point)) for point in itertools.product(*nodes)]
    weight = np.exp(-0.5 * (np.array([one.criterion for one in solutions]) - lowest))
    weight /= weight.sum()
    kept = [(float(w), one) for w, one in zip(weight, solutions, strict=True) if w > 1e-5]
    total = sum(w for w, _ in kept)
    return [(w / total, one) for w, one in kept]


def _range_of(system: System, theta: FloatArray, lowest: float, j: int) -> tuple[float, float]:
    def rise(value: float) -> float:
        moved = theta.copy()
        moved[j] = value
        return system.criterion(moved) - lowest - _RISE

    low = 0.0
    if theta[j] > 0 and rise(0.0) > 0:
        low = float(optimize.brentq(rise, 0.0, theta[j], rtol=1e-2))
    step = max(float(theta[j]), 0.05)
    high = float(theta[j]) + step
    while rise(high) < 0 and high < _LARGEST:
        step *= 2
        high = min(high + step, _LARGEST)
    if rise(high) > 0:
        high = float(optimize.brentq(rise, theta[j], high, rtol=1e-2))
    return low, high
