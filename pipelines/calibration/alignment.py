"""How far each grader is from the expert: alignment with the reference review, share within tolerance."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from pipelines.calibration.coding import require
from pipelines.stats.intervals import normal_mean, wilson

COLUMNS = ("review_id", "contact_id", "grader_id", "criterion_id", "score", "min", "max", "weight", "purpose")
# Points of 100 between a review and the reference's that quality tools call in tolerance.
SCORE_TOLERANCE = 5.0


def aligned_ratings(ratings: pl.DataFrame) -> pl.DataFrame:
    """Every rating that can be held against the expert's of the same contact, criterion and version.

    Several references of one contact are averaged. A criterion that only one of the two scored is not
    compared.

    Args:
        ratings: review_id, contact_id, grader_id, criterion_id, score, min, max, weight, purpose, and where
            known scorecard_id, version, session_id, section, label.

    Returns:
        The ratings of purpose other than reference with reference_score, alignment
        (1 − |score − reference| / (max − min)), difference (score less reference) and is_exact.
    """
    require(ratings, COLUMNS, "ratings")
    version = [name for name in ("scorecard_id", "version") if name in ratings.columns]
    keys = ["contact_id", *version, "criterion_id"]
    given = ratings.filter(pl.col("score").is_not_null(), pl.col("max") > pl.col("min"))
    is_reference = pl.col("purpose").fill_null("routine") == "reference"
    references = given.filter(is_reference).group_by(keys).agg(reference_score=pl.col("score").mean())
    difference = pl.col("score") - pl.col("reference_score")
    return (
        given.filter(~is_reference)
        .join(references, on=keys, how="inner", nulls_equal=True)
        .with_columns(
            difference=difference,
            alignment=1 - difference.abs() / (pl.col("max") - pl.col("min")),
            is_exact=difference.abs() < 1e-9,
        )
        .sort("review_id", "criterion_id")
    )


def review_alignment(aligned: pl.DataFrame, *, tolerance: float = SCORE_TOLERANCE) -> pl.DataFrame:
    """Alignment of whole reviews.

    Args:
        aligned: From `aligned_ratings`.
        tolerance: Points of 100 by which the review's score may differ from the reference's, over the
            criteria that both scored.

    Returns:
        review_id, contact_id, grader_id, session_id (where known), n_criteria, alignment (weighted, 0 to 1),
        score and reference_score (0 to 100 over the shared criteria), difference, within_tolerance. Reviews
        whose shared criteria carry no weight are left out.
    """
    weight, span = pl.col("weight"), pl.col("max") - pl.col("min")
    kept = [name for name in ("contact_id", "grader_id", "session_id") if name in aligned.columns]
    return (
        aligned.group_by("review_id", maintain_order=True)
        .agg(
            *[pl.col(name).first() for name in kept],
            n_criteria=pl.len(),
            alignment=(weight * pl.col("alignment")).sum() / weight.sum(),
            score=100 * (weight * (pl.col("score") - pl.col("min")) / span).sum() / weight.sum(),
            reference_score=100
            * (weight * (pl.col("reference_score") - pl.col("min")) / span).sum()
            / weight.sum(),
            total_weight=weight.sum(),
        )
        .filter(pl.col("total_weight") > 0)
        .drop("total_weight")
        .with_columns(difference=pl.col("score") - pl.col("reference_score"))
        .with_columns(within_tolerance=pl.col("difference").abs() <= tolerance + 1e-9)
    )


def alignment_by(reviews: pl.DataFrame, by: Sequence[str] = ("grader_id",)) -> pl.DataFrame:
    """Mean alignment and share within tolerance of each grader (or session, or both), with intervals.

    Args:
        reviews: From `review_alignment`.
        by: Columns to group by.

    Returns:
        The columns of by, n_reviews, alignment with alignment_lower and alignment_upper (normal; null for
        one review), tolerance_share with tolerance_lower and tolerance_upper (Wilson), mean_difference
        (points of 100; below 0 is stricter than the expert), lowest alignment first.
    """
    found = (
        reviews.group_by(list(by), maintain_order=True)
        .agg(
            n_reviews=pl.len(),
            alignment=pl.col("alignment").mean(),
            deviation=pl.col("alignment").std(),
            within=pl.col("within_tolerance").sum(),
            mean_difference=pl.col("difference").mean(),
        )
        .sort("alignment", *by)
    )
    n, within = found["n_reviews"].to_numpy().astype(np.float64), found["within"].to_numpy()
    deviation = found["deviation"].fill_null(float("nan")).to_numpy()
    lower, upper = normal_mean(found["alignment"].to_numpy(), deviation, n)
    share_lower, share_upper = wilson(within, n)
    return found.select(
        *by,
        "n_reviews",
        "alignment",
        pl.Series("alignment_lower", lower).fill_nan(None),
        pl.Series("alignment_upper", upper).fill_nan(None),
        (pl.col("within") / pl.col("n_reviews")).alias("tolerance_share"),
        pl.Series("tolerance_lower", share_lower),
        pl.Series("tolerance_upper", share_upper),
        "mean_difference",
    )


def out_of_tolerance(aligned: pl.DataFrame, *, share_of_range: float = 0.0) -> pl.DataFrame:
    """Who differs from the expert on what: ratings further off than a share of the criterion's range.

    Args:
        aligned: From `aligned_ratings`.
        share_of_range: Differences up to this share are tolerated; 0 shows every difference.

    Returns:
        Ratings with their difference, the largest share of range first.
    """
    share = (pl.col("difference") / (pl.col("max") - pl.col("min"))).abs()
    return (
        aligned.with_columns(share_of_range=share)
        .filter(pl.col("share_of_range") > share_of_range + 1e-9)
        .sort("share_of_range", "review_id", "criterion_id", descending=[True, False, False])
    )
