"""Every agreement coefficient of one set of ratings, with the reasons where one does not apply."""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.stats.chance_corrected import fleiss_kappa, gwet_ac
from pipelines.stats.estimates import Estimate, nothing
from pipelines.stats.icc import IntraclassCorrelations, intraclass_correlations
from pipelines.stats.kappa import PairAgreement, pair_agreements
from pipelines.stats.krippendorff import RESAMPLES, Scale, krippendorff_alpha
from pipelines.stats.percent import percent_adjacent, percent_exact
from pipelines.stats.ratings import Ratings

COEFFICIENTS = (
    "krippendorff_alpha",
    "gwet_ac",
    "fleiss_kappa",
    "icc_1_1",
    "icc_2_1",
    "icc_3_1",
    "percent_exact",
    "percent_adjacent",
)


@dataclass(frozen=True)
class Agreement:
    """How far raters agree, from several sides.

    Attributes:
        scale: The scale that was assumed.
        units: Units with at least one score.
        raters: Raters with at least one score.
        ratings: Scores.
        krippendorff_alpha: At that scale, with a bootstrap interval.
        gwet_ac: AC1 on a nominal scale, else AC2 with quadratic weights.
        fleiss_kappa: Unweighted.
        icc_1_1: One-way random, single rating.
        icc_2_1: Two-way random, absolute agreement, single rating.
        icc_3_1: Two-way mixed, consistency, single rating.
        percent_exact: Share of units whose raters all gave the same score.
        percent_adjacent: Share of units whose raters are all within the tolerance.
        pairs: Cohen's kappas of each two raters.
    """

    scale: Scale
    units: int
    raters: int
    ratings: int
    krippendorff_alpha: Estimate
    gwet_ac: Estimate
    fleiss_kappa: Estimate
    icc_1_1: Estimate
    icc_2_1: Estimate
    icc_3_1: Estimate
    percent_exact: Estimate
    percent_adjacent: Estimate
    pairs: tuple[PairAgreement, ...]


def agreement(
    ratings: Ratings, scale: Scale, *, tolerance: float = 1.0, resamples: int = RESAMPLES, seed: int = 1
) -> Agreement:
    """All coefficients at one scale.

    Args:
        ratings: The scores that are there.
        scale: Nominal: scores are names, so what needs an order or a distance is left out and says so.
        tolerance: Points within which scores count as adjacent.
        resamples: Bootstrap draws for alpha.
        seed: Of the draws.

    Raises:
        ValueError: If the scale needs numbers and the scores are text.
    """
    ordered = scale != "nominal"
    if ordered:
        correlations = intraclass_correlations(ratings)
        adjacent = percent_adjacent(ratings, tolerance=tolerance)
    else:
        names = nothing("a nominal scale has no distances")
        correlations, adjacent = IntraclassCorrelations(names, names, names), names
    return Agreement(
        scale=scale,
        units=ratings.n_units,
        raters=len(ratings.raters),
        ratings=ratings.n_ratings,
        krippendorff_alpha=krippendorff_alpha(ratings, scale, resamples=resamples, seed=seed),
        gwet_ac=gwet_ac(ratings, weights="quadratic" if ordered else "identity"),
        fleiss_kappa=fleiss_kappa(ratings),
        icc_1_1=correlations.icc_1_1,
        icc_2_1=correlations.icc_2_1,
        icc_3_1=correlations.icc_3_1,
        percent_exact=percent_exact(ratings),
        percent_adjacent=adjacent,
        pairs=pair_agreements(ratings, ordered=ordered),
    )
