"""Post-stratification: an average reweighted to people whose make-up is known, such as all who were asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pipelines.stats.intervals import Z95
from pipelines.stats.ratings import FloatArray


@dataclass(frozen=True)
class Adjusted:
    """A reweighted mean and total with linearised standard errors.

    Attributes:
        mean: Of the whole population.
        mean_error: Its standard error.
        lower: Lower limit of the mean, not clipped.
        upper: Upper limit of the mean.
        total: Mean times people.
        total_error: Its standard error.
    """

    mean: float
    mean_error: float
    lower: float
    upper: float
    total: float
    total_error: float


def post_stratified(
    values: ArrayLike,
    stratum: ArrayLike,
    population: ArrayLike,
    *,
    weight: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    clusters_in_population: float | None = None,
    z: float = Z95,
) -> Adjusted:
    """Mean and total of a population from those who answered, stratum by stratum.

    Rests on the answers of a stratum standing for its silent rest.

    Args:
        values: Of those who answered.
        stratum: Code of each one's stratum, 0 to len(population) − 1.
        population: People in each stratum, answered or not.
        weight: Design weights; equal by default.
        cluster: Code of each one's cluster (an agent), whose members answer alike; by default each is alone.
        clusters_in_population: For the finite-population factor; none by default.
        z: Standard normal quantile.

    Raises:
        ValueError: If a stratum with people has no answer, or there is one cluster only.

    Source: Lumley (2010), Complex Surveys, section 7.2; checked against R's survey on apiclus1.
    """
    y, code = np.asarray(values, dtype=np.float64), np.asarray(stratum, dtype=np.int64)
    people = np.asarray(population, dtype=np.float64)
    w = np.ones(y.size) if weight is None else np.asarray(weight, dtype=np.float64)
    answered = np.bincount(code, weights=w, minlength=people.size)
    if bool(((people > 0) & (answered == 0)).any()):
        raise ValueError("a stratum with people has no answer; merge it with another")
    w = w * (people / np.where(answered > 0, answered, 1.0))[code]
    stratum_mean = np.bincount(code, weights=w * y, minlength=people.size) / np.where(people > 0, people, 1.0)
    # Known sizes take the strata's part out of the error: only the spread within them is left.
    error = _cluster_error(w * (y - stratum_mean[code]), cluster, clusters_in_population)
    total, size = float(w @ y), float(people.sum())
    mean, mean_error = total / size, error / size
    return Adjusted(mean, mean_error, mean - z * mean_error, mean + z * mean_error, total, error)


def _cluster_error(parts: FloatArray, cluster: ArrayLike | None, in_population: float | None) -> float:
    codes = (
        np.arange(parts.size) if cluster is None else np.unique(np.asarray(cluster), return_inverse=True)[1]
    )
    sums = np.bincount(codes, weights=parts)
    n = sums.size
    if n < 2:
        raise ValueError("an error needs at least two clusters")
    factor = 1.0 if in_population is None else 1 - n / in_population
    return float(np.sqrt(factor * n / (n - 1) * ((sums - sums.mean()) ** 2).sum()))
