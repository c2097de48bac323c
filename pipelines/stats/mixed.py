"""Crossed random effects by restricted maximum likelihood, with predictions that know how uncertain they are.

The model is response = fixed + Σ effect of the level in each factor + residual, effects and residual normal.
The likelihood is profiled over everything but the ratios θ of each factor's standard deviation to that of the
residual (Bates et al. 2015, J. Stat. Softw. 67(1), section 3). The largest factor is eliminated by hand since
its block is diagonal; what is left is a dense Cholesky of the size of the other factors.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from pipelines.stats.mixed_design import Design, design
from pipelines.stats.mixed_system import Solution, System, grid, minimum
from pipelines.stats.ratings import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Combination:
    """Linear combinations of effects.

    Attributes:
        value: At the fitted variances.
        standard_error: Root mean squared error of prediction: with the uncertainty of the fixed effects and,
            averaged over the restricted likelihood, of the variances; above 0 even at a variance of 0.
    """

    value: FloatArray
    standard_error: FloatArray


@dataclass(frozen=True, eq=False)
class Effects:
    """Predicted effects of one factor's levels.

    Attributes:
        value: Best linear unbiased predictions at the fitted variances.
        standard_error: As of a `Combination`.
        conditional_sd: The same at the fitted variances and known fixed effects (lme4's condVar).
        count: Observations of each level.
    """

    value: FloatArray
    standard_error: FloatArray
    conditional_sd: FloatArray
    count: FloatArray


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

    def __init__(
        self, system: System, best: Solution, over: list[tuple[float, Solution]], wanted: Sequence[str]
    ) -> None:
        found = system.found
        self._found, self._best, self._over = found, best, over
        self._names = [factor.name for factor in (found.first, *found.rest)]
        beta = best.solution[found.n_rest :]
        sigma = float(np.sqrt(best.sigma2))
        self.criterion = best.criterion
        self.n = found.n
        self.sd: Mapping[str, float] = {
            name: sigma * float(theta) for name, theta in zip(self._names, best.theta, strict=True)
        }
        self.sd_range: Mapping[str, tuple[float, float]] = {
            name: self._sd_range(number) for number, name in enumerate(self._names)
        }
        self.residual_sd = sigma
        self.fixed: FloatArray = beta + np.where(found.kept == 0, found.offset, 0.0)
        self.fixed_error: FloatArray = np.sqrt(best.sigma2 * np.diag(best.inverse)[found.n_rest :])
        self.kept: IntArray = found.kept
        self.mean = found.offset + float(found.mean_fixed @ beta)
        self.effects: Mapping[str, Effects] = {name: self._effects(name) for name in wanted}

    def combine(
        self,
        parts: Mapping[str, sparse.csr_array],
        fixed: ArrayLike | None = None,
        *,
        centre: ArrayLike | None = None,
    ) -> Combination:
        """Rows of weights times effects and fixed columns, with their errors.

        Args:
            parts: By factor, rows × levels of weights; factors without are at 0.
            fixed: Rows × fixed columns, without the intercept, which then counts 1; None leaves the fixed
                part out.
            centre: Code of each row's group, whose mean is taken off: an effect against the others.
        """
        found = self._found
        rows = next(iter(parts.values())).shape[0] if parts else np.asarray(fixed).shape[0]
        reduced = np.zeros((rows, found.n_rest + found.n_fixed))
        start = 0
        for factor in found.rest:
            if factor.name in parts:
                reduced[:, start : start + factor.levels] = parts[factor.name].toarray()
            start += factor.levels
        if fixed is not None:
            columns = np.column_stack([np.ones(rows), np.asarray(fixed, dtype=np.float64)])
            reduced[:, start:] = columns[:, found.kept]
        first = parts.get(found.first.name)
        groups = None if centre is None else np.asarray(centre, dtype=np.int64)
        value, _ = _combined(found, self._best, first, reduced, groups)
        squared = np.zeros(rows)
        for share, one in self._over:
            moved, variance = _combined(found, one, first, reduced, groups)
            squared += share * (one.sigma2 * variance + (moved - value) ** 2)
        level = found.offset if fixed is not None and groups is None else 0.0
        return Combination(value + level, np.sqrt(squared))

    def levels(self, name: str) -> int:
        """Levels of a factor."""
        return next(one.levels for one in (self._found.first, *self._found.rest) if one.name == name)

    def _effects(self, name: str) -> Effects:
        found, number = self._found, self._names.index(name)
        factor = (found.first, *found.rest)[number]
        own = self.combine({name: sparse.eye_array(factor.levels).tocsr()})
        return Effects(
            value=own.value,
            standard_error=own.standard_error,
            conditional_sd=np.sqrt(self._best.sigma2 * _conditional_variance(found, self._best, number)),
            count=np.bincount(factor.code, minlength=factor.levels).astype(np.float64),
        )

    def _sd_range(self, number: int) -> tuple[float, float]:
        """2.5 % and 97.5 % points of a factor's standard deviation over the grid."""
        sd = np.array([one.theta[number] * np.sqrt(one.sigma2) for _, one in self._over])
        weight = np.array([share for share, _ in self._over])
        order = np.argsort(sd)
        reached = np.cumsum(weight[order]) - weight[order] / 2
        low, high = np.interp([0.025, 0.975], reached, sd[order])
        return float(low), float(high)


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
            evaluations.
        predict: Factors whose effects are wanted; all by default. Leave out one with very many levels.

    Raises:
        ValueError: If the data are not of one length, have gaps, or are too few.

    Source: Bates, Maechler, Bolker and Walker (2015), J. Stat. Softw. 67(1); Henderson (1975), Biometrics
    31:423-447, for the prediction errors. Checked against lme4's Penicillin, Pastes and Dyestuff.
    """
    system = System(design(response, factors, fixed), restricted=restricted)
    theta = minimum(system)
    best = system.solve(theta)
    over = grid(system, theta, best.criterion) if average_variances else [(1.0, best)]
    return CrossedFit(system, best, over, list(factors) if predict is None else predict)


def _combined(
    found: Design,
    one: Solution,
    first: sparse.csr_array | None,
    reduced: FloatArray,
    groups: IntArray | None,
) -> tuple[FloatArray, FloatArray]:
    """Values and variances over residual variance of first·(eliminated effects) + reduced·(the others)."""
    value, own = np.zeros(reduced.shape[0]), None
    if first is not None:
        ratio = float(one.theta[0]) ** 2
        weight = ratio / (1 + ratio * found.first_count)
        # Effects of the eliminated factor are weight·(sums of y − cross·the other effects), plus own noise.
        reduced = reduced - first @ found.cross.multiply(weight[:, None]).tocsr().toarray()
        value = first @ (weight * found.first_y)
        own = (first.multiply(weight[None, :]) @ first.T).tocsr()
    value = value + reduced @ one.solution
    variance = np.zeros(reduced.shape[0]) if own is None else own.diagonal()
    if groups is not None:
        size = np.bincount(groups).astype(np.float64)
        averaging = sparse.csr_array(
            (1 / size[groups], (groups, np.arange(groups.size))), shape=(size.size, groups.size)
        )
        value = value - (averaging @ value)[groups]
        reduced = reduced - (averaging @ reduced)[groups]
        if own is not None:
            with_mean = (averaging @ own).toarray()[groups, np.arange(groups.size)]
            of_mean = (averaging @ own @ averaging.T).diagonal()[groups]
            variance = variance - 2 * with_mean + of_mean
    return value, variance + ((reduced @ one.inverse) * reduced).sum(axis=1)


def _conditional_variance(found: Design, one: Solution, number: int) -> FloatArray:
    r = found.n_rest
    if number == 0:
        ratio = float(one.theta[0]) ** 2
        weight = ratio / (1 + ratio * found.first_count)
        cross = found.cross[:, :r]
        spread = np.asarray(cross.multiply(cross @ one.inverse_random).sum(axis=1)).ravel()
        return weight + weight**2 * spread
    start = sum(factor.levels for factor in found.rest[: number - 1])
    return np.diag(one.inverse_random)[start : start + found.rest[number - 1].levels]
