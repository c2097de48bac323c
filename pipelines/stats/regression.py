"""Least squares and logistic regression with errors that allow for clusters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg, special

from pipelines.stats.ratings import FloatArray, IntArray


@dataclass(frozen=True, eq=False)
class Regression:
    """Coefficients, the intercept first.

    Attributes:
        kept: Columns in use, 0 being the intercept; those that depend on others are dropped.
        coefficient: One a kept column.
        covariance: Of the coefficients.
        fitted: Predicted mean of each observation.
        converged: False where a logistic fit runs away, as when a column separates the outcomes.
    """

    kept: IntArray
    coefficient: FloatArray
    covariance: FloatArray
    fitted: FloatArray
    converged: bool = True

    def of(self, column: int) -> tuple[float, float] | None:
        """Coefficient and standard error of a column, the first one being 1; None if it was dropped."""
        place = np.flatnonzero(self.kept == column)
        if place.size == 0:
            return None
        return float(self.coefficient[place[0]]), float(np.sqrt(self.covariance[place[0], place[0]]))


def least_squares(
    response: ArrayLike,
    columns: ArrayLike,
    *,
    cluster: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Regression:
    """Ordinary (or weighted) least squares with an intercept.

    Args:
        response: One number an observation.
        columns: Observations × columns, without the intercept.
        cluster: Code of each observation's cluster: the covariance is then the sandwich with the usual factor
            g/(g − 1)·(n − 1)/(n − p). Without it, the classical one.
        weights: Of the observations, as for counts.
    """
    y, x = np.asarray(response, dtype=np.float64), with_intercept(columns)
    w = np.ones(y.size) if weights is None else np.asarray(weights, dtype=np.float64)
    kept = independent_columns(x * np.sqrt(w)[:, None])
    x = x[:, kept]
    bread = _inverse(x.T @ (x * w[:, None]))
    norms = np.sqrt((x**2).sum(axis=0))
    root = np.sqrt(w)
    coefficient = linalg.lstsq(x / norms * root[:, None], root * y)[0] / norms
    fitted = x @ coefficient
    if cluster is None:
        degrees = max(float(w.sum()) - kept.size, 1.0)
        covariance = bread * float(w @ (y - fitted) ** 2) / degrees
    else:
        covariance = sandwich(bread, x * (w * (y - fitted))[:, None], np.asarray(cluster))
    return Regression(kept, coefficient, covariance, fitted)


def logistic(
    outcome: ArrayLike, columns: ArrayLike, *, cluster: ArrayLike | None = None, ridge: float = 0.0
) -> Regression:
    """Logistic regression with an intercept, by Newton's method.

    Args:
        outcome: 0 or 1 (or a share) an observation.
        columns: Observations × columns, without the intercept.
        cluster: As in `least_squares`.
        ridge: Penalty on the squared coefficients of standardised columns, for many columns or few outcomes.
    """
    y, x = np.asarray(outcome, dtype=np.float64), with_intercept(columns)
    kept = independent_columns(x)
    x = x[:, kept]
    penalty = ridge * x.var(axis=0)
    penalty[0] = 0.0
    coefficient = np.zeros(kept.size)
    mean = float(np.clip(y.mean(), 1e-9, 1 - 1e-9))
    coefficient[0] = special.logit(mean)
    converged = False
    bread = np.eye(kept.size)
    for _ in range(50):
        fitted = special.expit(x @ coefficient)
        weight = np.maximum(fitted * (1 - fitted), 1e-12)
        bread = _inverse(x.T @ (x * weight[:, None]) + np.diag(penalty))
        step = bread @ (x.T @ (y - fitted) - penalty * coefficient)
        coefficient = coefficient + np.clip(step, -5, 5)
        if float(np.abs(step).max()) < 1e-10:
            converged = True
            break
    fitted = special.expit(x @ coefficient)
    # Coefficients of separated outcomes have no end; what they fit is 0 and 1.
    converged = converged and float(np.abs(coefficient).max()) < 30
    covariance = bread
    if cluster is not None:
        covariance = sandwich(bread, x * (y - fitted)[:, None], np.asarray(cluster))
    return Regression(kept, coefficient, covariance, fitted, converged)


@dataclass(frozen=True, eq=False)
class CountRegression(Regression):
    """A regression of counts.

    Attributes:
        dispersion: Pearson's X² over its degrees of freedom: how many times chance the counts vary.
    """

    dispersion: float = 1.0


def poisson(
    count: ArrayLike, columns: ArrayLike, *, exposure: ArrayLike | None = None, over_dispersed: bool = True
) -> CountRegression:
    """Log-linear regression of counts with an intercept, by Newton's method.

    Args:
        count: One an observation.
        columns: Observations × columns, without the intercept.
        exposure: What the counts are counted over; 1 by default.
        over_dispersed: Widen the errors by the square root of the dispersion (quasi-Poisson). Without, they
            are those of pure chance, which series of contacts do not follow.

    Source: McCullagh and Nelder (1989), Generalized Linear Models, chapter 6; interrupted time series as in
        Lopez
    Bernal, Cummins and Gasparrini (2017), Int. J. Epidemiol. 46:348-355.
    """
    y, x = np.asarray(count, dtype=np.float64), with_intercept(columns)
    kept = independent_columns(x)
    x = x[:, kept]
    offset = np.zeros(y.size) if exposure is None else np.log(np.asarray(exposure, dtype=np.float64))
    coefficient = np.zeros(kept.size)
    coefficient[0] = np.log(max(y.sum(), 0.5) / np.exp(offset).sum())
    converged, bread, fitted = False, np.eye(kept.size), y
    for _ in range(100):
        fitted = np.exp(x @ coefficient + offset)
        bread = _inverse(x.T @ (x * fitted[:, None]))
        step = bread @ (x.T @ (y - fitted))
        coefficient = coefficient + np.clip(step, -2, 2)
        if float(np.abs(step).max()) < 1e-10:
            converged = True
            break
    fitted = np.exp(x @ coefficient + offset)
    dispersion = float(((y - fitted) ** 2 / fitted).sum()) / max(y.size - kept.size, 1)
    covariance = bread * dispersion if over_dispersed else bread
    return CountRegression(kept, coefficient, covariance, fitted, converged, dispersion)


@dataclass(frozen=True)
class MeanGap:
    """Oaxaca and Blinder's split of a difference of two groups' means.

    Attributes:
        gap: First group's mean less the second's.
        endowments: What the first group's other columns are worth at the second's coefficients.
        coefficients: What its other coefficients are worth at the second's columns.
        interaction: What both together are worth; the three add up to the gap.
        explained: Two-fold: other columns at pooled coefficients.
        unexplained: The rest of the gap.
    """

    gap: float
    endowments: float
    coefficients: float
    interaction: float
    explained: float
    unexplained: float


def mean_gap(response: ArrayLike, columns: ArrayLike, is_first: ArrayLike) -> MeanGap:
    """Split the difference of two groups' means into what their mix and what their ways explain.

    Args:
        response: One number an observation.
        columns: Observations × columns, without the intercept.
        is_first: Which observations are the first group's; the rest are the second's.

    Raises:
        ValueError: If a group is too small to fit every column.

    Source: Oaxaca (1973); Blinder (1973); Jann (2008), Stata J. 8:453-479, pooled two-fold with the group
        among the
    pooled columns.
    """
    y, x = np.asarray(response, dtype=np.float64), with_intercept(columns)
    first = np.asarray(is_first, dtype=bool)
    if min(int(first.sum()), int((~first).sum())) <= x.shape[1]:
        raise ValueError(f"each group needs more than {x.shape[1]} observations to be split")
    one, other = (linalg.lstsq(x[rows], y[rows])[0] for rows in (first, ~first))
    pooled = linalg.lstsq(np.column_stack([x, first]), y)[0][:-1]
    mean_one, mean_other = x[first].mean(axis=0), x[~first].mean(axis=0)
    gap = float(y[first].mean() - y[~first].mean())
    explained = float((mean_one - mean_other) @ pooled)
    return MeanGap(
        gap=gap,
        endowments=float((mean_one - mean_other) @ other),
        coefficients=float(mean_other @ (one - other)),
        interaction=float((mean_one - mean_other) @ (one - other)),
        explained=explained,
        unexplained=gap - explained,
    )


def predict(fit: Regression, columns: ArrayLike, *, link: str = "identity") -> FloatArray:
    """Mean of new observations; link is 'identity' or 'logit'."""
    linear = with_intercept(columns)[:, fit.kept] @ fit.coefficient
    return special.expit(linear) if link == "logit" else linear


def dummies(code: ArrayLike, levels: int | None = None) -> FloatArray:
    """Indicator columns of every level but the most frequent, which the intercept stands for."""
    codes = np.asarray(code, dtype=np.int64)
    count = int(codes.max(initial=-1)) + 1 if levels is None else levels
    if count == 0:
        return np.zeros((codes.size, 0))
    base = int(np.bincount(codes, minlength=count).argmax())
    indicator = np.zeros((codes.size, count - 1))
    rows = np.flatnonzero(codes != base)
    indicator[rows, codes[rows] - (codes[rows] > base)] = 1.0
    return indicator


def sandwich(bread: FloatArray, scores: FloatArray, cluster: IntArray) -> FloatArray:
    """Cluster-robust covariance (Liang and Zeger 1986, Biometrika 73:13-22) with its small-sample factor."""
    _, code = np.unique(cluster, return_inverse=True)
    groups = int(code.max()) + 1
    sums = np.column_stack([np.bincount(code, weights=scores[:, j]) for j in range(scores.shape[1])])
    n, p = scores.shape
    factor = groups / max(groups - 1, 1) * (n - 1) / max(n - p, 1)
    return bread @ (sums.T @ sums) @ bread * factor


def _inverse(gram: FloatArray) -> FloatArray:
    """Inverse of a Gram matrix whose columns may differ by orders of magnitude."""
    size = np.sqrt(np.diag(gram))
    return linalg.pinvh(gram / size[:, None] / size[None, :]) / size[:, None] / size[None, :]


def with_intercept(columns: ArrayLike) -> FloatArray:
    """The columns behind a column of ones."""
    x = np.asarray(columns, dtype=np.float64)
    if x.ndim == 1:
        x = x[:, None]
    return np.column_stack([np.ones(x.shape[0]), x])


def independent_columns(columns: FloatArray) -> IntArray:
    """Positions of columns that are not combinations of earlier ones."""
    gram = columns.T @ columns
    norms = np.sqrt(np.diag(gram))
    scale = np.where(norms > 0, norms, 1.0)
    gram = gram / scale[:, None] / scale[None, :]
    kept: list[int] = []
    for j in range(gram.shape[0]):
        if norms[j] == 0:
            continue
        if kept:
            block = gram[np.ix_(kept, kept)]
            left = gram[j, j] - gram[j, kept] @ linalg.solve(block, gram[kept, j], assume_a="pos")
            if left < 1e-9:
                continue
        kept.append(j)
    return np.array(kept, dtype=np.int64)
