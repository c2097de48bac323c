"""What an action caused: augmented inverse-probability weighting, cross-fitted, with a check of overlap."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from pipelines.stats.intervals import Z95
from pipelines.stats.ratings import FloatArray, IntArray
from pipelines.stats.regression import independent_columns, least_squares, logistic, predict, with_intercept

# A nuisance model: (training columns, training target, columns to predict) → predictions.
Model = Callable[[FloatArray, FloatArray, FloatArray], FloatArray]


@dataclass(frozen=True, eq=False)
class Overlap:
    """Whether treated and untreated can be compared.

    Attributes:
        lowest: Smallest fitted probability of treatment.
        highest: Largest.
        outside: Share of observations whose probability lies beyond the limits.
        effective_treated: Kish's effective number of treated after weighting.
        effective_untreated: The same of the untreated.
        enough: Nobody may be claimed for where this is False.
    """

    lowest: float
    highest: float
    outside: float
    effective_treated: float
    effective_untreated: float
    enough: bool


@dataclass(frozen=True, eq=False)
class Effect:
    """Average effect of treatment.

    Attributes:
        value: Mean difference between everybody treated and nobody; None without overlap.
        standard_error: By the influence function.
        lower: Lower limit.
        upper: Upper limit.
        mean_treated: Mean outcome if everybody were treated.
        mean_untreated: Mean outcome if nobody were.
        overlap: Of the probabilities of treatment.
        influence: Each observation's part, whose mean is the value: what to average over a subgroup.
        note: Why there is no value.
    """

    value: float | None
    standard_error: float | None
    lower: float | None
    upper: float | None
    mean_treated: float | None
    mean_untreated: float | None
    overlap: Overlap
    influence: FloatArray
    note: str = ""


def ols_model(train: FloatArray, target: FloatArray, new: FloatArray) -> FloatArray:
    """Least squares."""
    return predict(least_squares(target, train), new)


def logit_model(train: FloatArray, target: FloatArray, new: FloatArray) -> FloatArray:
    """Logistic regression, barely penalised so that a rare level cannot run away."""
    return predict(logistic(target, train, ridge=1e-4), new, link="logit")


def probit_model(train: FloatArray, target: FloatArray, new: FloatArray) -> FloatArray:
    """Probit regression by Fisher scoring."""
    x = with_intercept(train)
    kept = independent_columns(x)
    x = x[:, kept]
    coefficient = np.zeros(kept.size)
    for _ in range(100):
        linear = np.clip(x @ coefficient, -8, 8)
        share = special.ndtr(linear)
        density = np.exp(-(linear**2) / 2) / np.sqrt(2 * np.pi)
        weight = density**2 / (share * (1 - share))
        score = x.T @ (density * (target - share) / (share * (1 - share)))
        step = np.linalg.solve(x.T @ (x * weight[:, None]), score)
        coefficient += step
        if float(np.abs(step).max()) < 1e-12:
            break
    return special.ndtr(with_intercept(new)[:, kept] @ coefficient)


def average_effect(
    outcome: ArrayLike,
    treated: ArrayLike,
    columns: ArrayLike,
    *,
    treatment_columns: ArrayLike | None = None,
    outcome_model: Model = ols_model,
    treatment_model: Model = logit_model,
    folds: int = 5,
    cluster: ArrayLike | None = None,
    limits: tuple[float, float] = (0.02, 0.98),
    most_outside: float = 0.1,
    seed: int = 1,
    z: float = Z95,
) -> Effect:
    """Average treatment effect, right if either the outcome's or the treatment's model is.

    Args:
        outcome: One number an observation.
        treated: Whether it was treated.
        columns: What both outcome and treatment may depend on, observations × columns.
        treatment_columns: For the treatment's model, if other than `columns`.
        outcome_model: Fitted in each arm.
        treatment_model: Probability of treatment.
        folds: Nuisance models are fitted on the other folds; 1 fits and predicts on the same data.
        cluster: Observations of one cluster (a customer, an agent) stay in one fold and are not independent.
        limits: Probabilities beyond which an observation cannot be compared; weights are clipped there.
        most_outside: Largest share of such observations with which an effect is still claimed.
        seed: Of the folds.
        z: Standard normal quantile.

    Raises:
        ValueError: If an arm has fewer observations than folds, or lengths differ.

    Source: Robins, Rotnitzky and Zhao (1994), JASA 89:846-866; cross-fitting of Chernozhukov et al. (2018),
    Econometrics J. 21:C1-C68. With one fold, probit and least squares it meets Stata's teffects on
    cattaneo2; Stata's standard error (26.2 against 25.4) adds that of models which are both wrong there.
    """
    y, t = np.asarray(outcome, dtype=np.float64), np.asarray(treated, dtype=bool)
    x = np.asarray(columns, dtype=np.float64)
    x_treatment = x if treatment_columns is None else np.asarray(treatment_columns, dtype=np.float64)
    n = y.size
    if not (t.size == n == x.shape[0] == x_treatment.shape[0]):
        raise ValueError("outcome, treatment and columns must have one row an observation")
    if min(int(t.sum()), int((~t).sum())) < max(folds, 2):
        raise ValueError("an effect needs treated and untreated observations in every fold")
    clusters = np.arange(n) if cluster is None else np.unique(np.asarray(cluster), return_inverse=True)[1]
    fold = _folds(clusters, folds, seed)
    share, if_treated, if_not = np.empty(n), np.empty(n), np.empty(n)
    for number in range(folds):
        here = fold == number
        train = ~here if folds > 1 else here
        if not (bool((train & t).any()) and bool((train & ~t).any())):
            raise ValueError("an effect needs treated and untreated observations in every fold")
        share[here] = treatment_model(x_treatment[train], t[train].astype(np.float64), x_treatment[here])
        if_treated[here] = outcome_model(x[train & t], y[train & t], x[here])
        if_not[here] = outcome_model(x[train & ~t], y[train & ~t], x[here])
    overlap = _overlap(share, t, limits, most_outside)
    bounded = np.clip(share, *limits)
    part_treated = if_treated + np.where(t, (y - if_treated) / bounded, 0.0)
    part_not = if_not + np.where(t, 0.0, (y - if_not) / (1 - bounded))
    influence = part_treated - part_not
    if not overlap.enough:
        note = (
            f"{overlap.outside:.0%} of the observations have no counterpart "
            f"(probability of treatment beyond {limits[0]:.0%} to {limits[1]:.0%}), so no effect is claimed"
        )
        return Effect(None, None, None, None, None, None, overlap, influence, note)
    value = float(influence.mean())
    error = _mean_error(influence, clusters)
    return Effect(
        value=value,
        standard_error=error,
        lower=value - z * error,
        upper=value + z * error,
        mean_treated=float(part_treated.mean()),
        mean_untreated=float(part_not.mean()),
        overlap=overlap,
        influence=influence,
    )


def _folds(clusters: IntArray, folds: int, seed: int) -> IntArray:
    count = int(clusters.max()) + 1
    order = np.random.default_rng(seed).permutation(count)
    of_cluster = np.empty(count, dtype=np.int64)
    of_cluster[order] = np.arange(count) % folds
    return of_cluster[clusters]


def _overlap(
    share: FloatArray, t: NDArray[np.bool_], limits: tuple[float, float], most_outside: float
) -> Overlap:
    outside = float(((share < limits[0]) | (share > limits[1])).mean())
    bounded = np.clip(share, *limits)

    def effective(weight: FloatArray) -> float:
        return float(weight.sum() ** 2 / (weight**2).sum())

    return Overlap(
        lowest=float(share.min()),
        highest=float(share.max()),
        outside=outside,
        effective_treated=effective(1 / bounded[t]),
        effective_untreated=effective(1 / (1 - bounded[~t])),
        enough=outside <= most_outside,
    )


def _mean_error(influence: FloatArray, clusters: IntArray) -> float:
    n = influence.size
    sums = np.bincount(clusters, weights=influence - influence.mean())
    groups = sums.size
    return float(np.sqrt((sums**2).sum() * groups / max(groups - 1, 1)) / n)
