"""Shrinkage of proportions: a beta-binomial model whose mean may differ by group, by maximum likelihood."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from pipelines.stats.ratings import FloatArray

# A precision of a million trials is no difference between groups that data could show.
_LOG_LIMITS = (-4.0, 14.0)
_NODES = 40


@dataclass(frozen=True, eq=False)
class BetaBinomial:
    """Groups shrunk toward what is expected of them.

    Attributes:
        precision: Trials that the prior is worth (α + β); inf where the groups differ by no more than chance.
        log_likelihood: At that precision, binomial coefficients included.
        expected: Prior mean of each group.
        value: Posterior mean of each group's proportion.
        standard_error: Root mean squared error of it, with the uncertainty of the precision and of the
            overall mean averaged in; above 0 even where the groups do not differ.
        lower: 2.5 % point of the beta distribution with this mean and error.
        upper: 97.5 % point.
        weight: Share of a group's own data in its value.
    """

    precision: float
    log_likelihood: float
    expected: FloatArray
    value: FloatArray
    standard_error: FloatArray
    lower: FloatArray
    upper: FloatArray
    weight: FloatArray


def fit_beta_binomial(
    successes: ArrayLike, trials: ArrayLike, expected: ArrayLike | None = None, *, confidence: float = 0.95
) -> BetaBinomial:
    """Shrink each group's proportion toward its expected one.

    Group i's proportion is Beta(M·e_i, M·(1 − e_i)); M is found by maximum likelihood. Without expected
    proportions all groups share one mean, found by maximum likelihood too.

    Args:
        successes: Of each group, 0 to trials.
        trials: Of each group; a group without trials gets its expected proportion with the prior's spread.
        expected: Proportion each group would have if it were like all others, strictly between 0 and 1: from
            indirect standardisation.
        confidence: Of the limits.

    Raises:
        ValueError: If counts are impossible, there are fewer than two groups with trials, or an expected
            proportion is not between 0 and 1.

    Source: Skellam (1948), J. R. Stat. Soc. B 10:257-261; Gelman et al., Bayesian Data Analysis, 3rd ed.,
    section 5.3, whose rat tumours are the oracle. Moments of the raw shares, as in its section 5.1, are off.
    """
    y, n = np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    if y.shape != n.shape or bool(((y < 0) | (y > n)).any()):
        raise ValueError("successes must lie between 0 and trials")
    if int((n > 0).sum()) < 2:
        raise ValueError("shrinkage needs at least two groups with trials")
    if expected is None:
        mean, log_precision = _common_mean(y, n)
        e = np.full(y.shape, mean)
    else:
        e = np.broadcast_to(np.asarray(expected, dtype=np.float64), y.shape)
        if bool(((e <= 0) | (e >= 1)).any()):
            raise ValueError("expected proportions must lie between 0 and 1")
        log_precision = _best(lambda point: log_likelihood(y, n, e, float(np.exp(point))))
    # The likelihood climbs to a ridge without end where groups differ by no more than chance.
    edge = log_likelihood(y, n, e, float(np.exp(_LOG_LIMITS[1])))
    at_edge = log_likelihood(y, n, e, float(np.exp(log_precision))) < edge + 1e-3
    if at_edge:
        log_precision = _LOG_LIMITS[1]
    value = _posterior_mean(y, n, e, np.exp(log_precision))
    variance = np.zeros_like(value)
    for share, precision in _likely(y, n, e):
        moved = _posterior_mean(y, n, e, precision)
        own = moved * (1 - moved) / (precision + n + 1)
        prior_share = precision / (precision + n)
        variance += share * (own + (moved - value) ** 2 + prior_share**2 * _mean_variance(y, n, e, precision))
    # A beta distribution of this mean can have no more variance than a coin that is always one side.
    size = np.maximum(value * (1 - value) / variance - 1, 1e-6)
    tail = (1 - confidence) / 2
    return BetaBinomial(
        precision=float("inf") if at_edge else float(np.exp(log_precision)),
        log_likelihood=log_likelihood(y, n, e, float(np.exp(log_precision))),
        expected=e,
        value=value,
        standard_error=np.sqrt(variance),
        lower=special.betaincinv(value * size, (1 - value) * size, tail),
        upper=special.betaincinv(value * size, (1 - value) * size, 1 - tail),
        weight=n / (n + np.exp(log_precision)),
    )


def log_likelihood(successes: ArrayLike, trials: ArrayLike, expected: ArrayLike, precision: float) -> float:
    """Beta-binomial log-likelihood, binomial coefficients included."""
    y, n = np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    e = np.asarray(expected, dtype=np.float64)
    a, b = precision * e, precision * (1 - e)
    choose = special.gammaln(n + 1) - special.gammaln(y + 1) - special.gammaln(n - y + 1)
    return float((choose + special.betaln(a + y, b + n - y) - special.betaln(a, b)).sum())


def _posterior_mean(y: FloatArray, n: FloatArray, e: FloatArray, precision: float) -> FloatArray:
    return (precision * e + y) / (precision + n)


def _common_mean(y: FloatArray, n: FloatArray) -> tuple[float, float]:
    pooled = float(y.sum() / n.sum())
    if pooled in (0.0, 1.0):
        raise ValueError("every trial ended the same way, so there is nothing to tell apart")

    def loss(point: FloatArray) -> float:
        return -log_likelihood(y, n, special.expit(point[0]), float(np.exp(point[1])))

    starts = [np.array([special.logit(pooled), start]) for start in (2.0, 5.0)]
    tried = [
        optimize.minimize(
            loss, x0, method="L-BFGS-B", bounds=[(-30, 30), _LOG_LIMITS], options={"ftol": 1e-13}
        )
        for x0 in starts
    ]
    best = min(tried, key=lambda one: float(one.fun))
    return float(special.expit(best.x[0])), float(best.x[1])


def _best(function: Callable[[float], float]) -> float:
    points = np.linspace(*_LOG_LIMITS, 37)
    values = np.array([function(point) for point in points])
    top = int(values.argmax())
    low, high = points[max(top - 1, 0)], points[min(top + 1, points.size - 1)]
    found = optimize.minimize_scalar(
        lambda point: -function(point), bounds=(low, high), method="bounded", options={"xatol": 1e-8}
    )
    return float(points[top] if values[top] >= -found.fun else found.x)


def _likely(y: FloatArray, n: FloatArray, e: FloatArray) -> list[tuple[float, float]]:
    """Precisions with their shares of the likelihood.

    The likelihood is taken over the mean (Laplace), and weighed by Jeffreys' prior of the spread between
    groups s = 1/√(M + 1), s / (1 + n·s²): tried beside flat ones on simulated groups, it covers best.
    """
    spread = (np.arange(_NODES) + 0.5) / _NODES
    # Most of the likelihood sits at small spreads; squaring the nodes puts them there, at their own width.
    spread, width = spread**2, 2 * spread / _NODES
    precision = 1 / spread**2 - 1
    logs = np.array([log_likelihood(y, n, e, one) for one in precision])
    of_mean = np.sqrt([_mean_variance(y, n, e, one) for one in precision])
    prior = spread / (1 + n[n > 0].mean() * spread**2)
    weight = np.exp(logs - logs.max()) * of_mean * prior * width
    weight /= weight.sum()
    return [(float(w), float(m)) for w, m in zip(weight, precision, strict=True) if w > 1e-8]


def _mean_variance(y: FloatArray, n: FloatArray, e: FloatArray, precision: float) -> float:
    """Variance of the overall mean that the expected proportions rest on, groups differing as they do."""
    mean = float((n * e).sum() / n.sum())
    within = 1 / (precision + 1)
    return mean * (1 - mean) * float((n * (1 + (n - 1) * within)).sum()) / float(n.sum()) ** 2
