"""What was caused among the treated: doubly robust, cross-fitted, refused where none are comparable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from pipelines.stats.doubly_robust import Model, logit_model
from pipelines.stats.intervals import Z95
from pipelines.stats.ratings import FloatArray, IntArray

BoolArray = NDArray[np.bool_]

HIGHEST = 0.95
"""Probability of treatment above which a treated unit has hardly a counterpart."""
MOST_OUTSIDE = 0.05
"""Share of the treated that may have none."""
LEAST_EFFECTIVE = 50.0
"""Effective number of untreated, after weighting, below which nothing is claimed."""
MOST_IMBALANCE = 0.2
"""Largest standardised difference of a column between the treated and the weighted untreated."""


@dataclass(frozen=True, eq=False)
class Comparability:
    """Whether the treated can be compared with the untreated.

    Attributes:
        treated: Units treated.
        untreated: Units not treated.
        outside: Share of the treated whose probability of treatment is so high that they have no counterpart.
        effective: Effective number of untreated after weighting (Kish).
        imbalance: Largest standardised difference of a column's mean that weighting leaves.
        imbalance_before: The same before weighting.
        problems: What speaks against a comparison, in words; empty where nothing does.
    """

    treated: int
    untreated: int
    outside: float
    effective: float
    imbalance: float
    imbalance_before: float
    problems: tuple[str, ...]

    @property
    def is_enough(self) -> bool:
        """Whether an effect may be claimed."""
        return not self.problems


@dataclass(frozen=True, eq=False)
class TreatedEffect:
    """Average effect among the treated, per unit; everything None where nothing may be claimed.

    Attributes:
        value: What they had less what the same units would have had untreated.
        lower: Lower limit.
        upper: Upper limit.
        standard_error: By the influence function.
        observed: Mean outcome of the treated.
        counterfactual: What it would have been untreated.
    """

    value: float | None
    lower: float | None
    upper: float | None
    standard_error: float | None
    observed: float | None
    counterfactual: float | None


def effects_on_treated(
    outcomes: dict[str, ArrayLike],
    treated: ArrayLike,
    columns: ArrayLike,
    *,
    scales: dict[str, ArrayLike] | None = None,
    cluster: ArrayLike | None = None,
    outcome_model: Model = logit_model,
    treatment_model: Model = logit_model,
    folds: int = 5,
    seed: int = 1,
    z: float = Z95,
) -> tuple[dict[str, TreatedEffect], Comparability]:
    """Average treatment effects on the treated, right if either the outcome's or the treatment's model is.

    The mean outcome of the treated is held against a prediction for the same units from the untreated,
    corrected by the untreated's own errors of prediction, weighted to look like the treated (odds of
    treatment, adding up to one).

    Args:
        outcomes: By name, one share (0 to 1) a unit.
        treated: Whether each unit was treated.
        columns: What both outcome and treatment may depend on, units × columns.
        scales: By name of an outcome, what its share is a share of (money at stake), so that the effect is in
            that unit; 1 where it is not named.
        cluster: Units of one cluster (a customer) stay in one fold and are not independent.
        outcome_model: Fitted among the untreated.
        treatment_model: Probability of treatment.
        folds: Models are fitted on the other folds.
        seed: Of the folds.
        z: Standard normal quantile.

    Raises:
        ValueError: If lengths differ, or a side has fewer units than folds.

    Source: Mercatanti and Li (2014), Annals of Applied Statistics 8:2485-2508, section 3; cross-fitting of
    Chernozhukov et al. (2018), Econometrics J. 21:C1-C68; overlap of Crump et al. (2009), Biometrika
    96:187-199.
    """
    t, x = np.asarray(treated, dtype=bool), np.asarray(columns, dtype=np.float64)
    n = t.size
    values = {name: np.asarray(outcome, dtype=np.float64) for name, outcome in outcomes.items()}
    if x.shape[0] != n or any(value.size != n for value in values.values()):
        raise ValueError("outcomes, treatment and columns must have one row a unit")
    if min(int(t.sum()), int((~t).sum())) < folds:
        raise ValueError("an effect needs treated and untreated units in every fold")
    clusters = np.arange(n) if cluster is None else np.unique(np.asarray(cluster), return_inverse=True)[1]
    fold = _folds(clusters, folds, seed)
    share = np.empty(n)
    predicted = {name: np.empty(n) for name in values}
    for number in range(folds):
        here, train = fold == number, fold != number
        if not (bool((train & t).any()) and bool((train & ~t).any())):
            raise ValueError("an effect needs treated and untreated units in every fold")
        share[here] = treatment_model(x[train], t[train].astype(np.float64), x[here])
        for name, y in values.items():
            predicted[name][here] = outcome_model(x[train & ~t], y[train & ~t], x[here])
    bounded = np.minimum(share, HIGHEST)
    weight = np.where(t, 0.0, bounded / (1 - bounded))
    comparability = _comparability(t, x, share, weight)
    if not comparability.is_enough:
        nothing = TreatedEffect(None, None, None, None, None, None)
        return dict.fromkeys(values, nothing), comparability
    found = {}
    for name, y in values.items():
        scale = np.ones(n) if scales is None or name not in scales else np.asarray(scales[name], np.float64)
        error = scale * (y - predicted[name])
        found[name] = _effect(scale * y, error, t, weight, clusters, z)
    return found, comparability


def _effect(
    outcome: FloatArray, error: FloatArray, t: BoolArray, weight: FloatArray, clusters: IntArray, z: float
) -> TreatedEffect:
    n, part = t.size, float(t.mean())
    of_treated = float(error[t].mean())
    total = float(weight.sum())
    of_untreated = float((weight * error).sum() / total)
    value = of_treated - of_untreated
    influence = t * (error - of_treated) / part - weight * (error - of_untreated) * (n / total)
    sums = np.bincount(clusters, weights=influence)
    groups = sums.size
    deviation = float(np.sqrt((sums**2).sum() * groups / max(groups - 1, 1)) / n)
    observed = float(outcome[t].mean())
    return TreatedEffect(
        value, value - z * deviation, value + z * deviation, deviation, observed, observed - value
    )


def _comparability(t: BoolArray, x: FloatArray, share: FloatArray, weight: FloatArray) -> Comparability:
    outside = float((share[t] > HIGHEST).mean())
    effective = float(weight.sum() ** 2 / (weight**2).sum()) if weight.any() else 0.0
    before, after = (_imbalance(x, t, own) for own in (np.where(t, 0.0, 1.0), weight))
    problems = []
    if outside > MOST_OUTSIDE:
        problems.append(f"{outside:.0%} of them have no counterpart elsewhere")
    if effective < LEAST_EFFECTIVE:
        problems.append(f"only {effective:.0f} comparable ones elsewhere, of {LEAST_EFFECTIVE:.0f} needed")
    if after > MOST_IMBALANCE:
        problems.append(f"they stay {after:.2f} standard deviations apart even after weighting")
    return Comparability(int(t.sum()), int((~t).sum()), outside, effective, after, before, tuple(problems))


def _imbalance(x: FloatArray, t: BoolArray, weight: FloatArray) -> float:
    """Largest difference of means by the spread among all units; 0 where no column varies."""
    total = float(weight.sum())
    spread = x.std(axis=0)
    varies = spread > 1e-9 * (1 + np.abs(x).max(axis=0))
    if total <= 0 or not varies.any():
        return 0.0
    gap = x[t].mean(axis=0) - weight @ x / total
    return float(np.abs(gap[varies] / spread[varies]).max())


def _folds(clusters: IntArray, folds: int, seed: int) -> IntArray:
    count = int(clusters.max()) + 1
    of_cluster = np.empty(count, dtype=np.int64)
    of_cluster[np.random.default_rng(seed).permutation(count)] = np.arange(count) % folds
    return of_cluster[clusters]
