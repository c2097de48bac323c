"""What came of one calibration session: who agreed with whom, and who is off from what was right.

Frames in, frames out. `scores` has contact_id, grader_id, criterion_id and score (null: not applicable);
`criteria` has criterion_id, label, section, min, max, weight, auto_fail and scale. Imports nothing
of ours.
"""

from __future__ import annotations

import polars as pl

NEAR_POINTS = 5.0
"""Points of 100 within which a review's score is commonly called calibrated."""

CONSENSUS, REFERENCE, MEDIAN = "consensus", "reference grader", "median of the graders"
CELL = ("contact_id", "criterion_id")
_REVIEW = ("contact_id", "grader_id")
SLACK = 1e-9  # 0.3 and 0.1 are within 0.2, whatever binary fractions say


def tolerances(criteria: pl.DataFrame, tolerance: float) -> pl.DataFrame:
    """Points by which scores of each criterion may differ and still agree: criterion_id, tolerance.

    Names have no distance, and a tolerance of a point would make yes and no agree: there it is 0.
    """
    width = pl.col("max") - pl.col("min")
    is_strict = (pl.col("scale") == "nominal") | ((width <= 1) & (width <= tolerance + SLACK))
    return criteria.select(
        "criterion_id", pl.when(is_strict).then(0.0).otherwise(tolerance).alias("tolerance")
    )


def review_scores(scores: pl.DataFrame, criteria: pl.DataFrame) -> pl.DataFrame:
    """Each review's score from 0 to 100: contact_id, grader_id, score, auto_failed.

    Σ w·(score − min)/(max − min) / Σ w over what applies, times 100; 0 where an auto-fail criterion got its
    lowest; null where nothing that carries weight applies.
    """
    weighed = scores.join(
        criteria.select("criterion_id", "min", "max", "weight", "auto_fail"), on="criterion_id"
    )
    applies = pl.col("score").is_not_null()
    earned = pl.col("weight") * (pl.col("score") - pl.col("min")) / (pl.col("max") - pl.col("min"))
    weight = pl.col("weight").filter(applies).sum()
    return (
        weighed.group_by(_REVIEW)
        .agg(
            (100 * earned.filter(applies).sum()).alias("earned"),
            weight.alias("weight"),
            (pl.col("auto_fail") & (pl.col("score") == pl.col("min")))
            .fill_null(False)
            .any()
            .alias("auto_failed"),
        )
        .select(
            *_REVIEW,
            pl.when("auto_failed")
            .then(0.0)
            .when(pl.col("weight") > 0)
            .then(pl.col("earned") / pl.col("weight"))
            .alias("score"),
            "auto_failed",
        )
        .sort(_REVIEW)
    )


def references(
    scores: pl.DataFrame, *, reference_grader: str | None, consensus: pl.DataFrame | None = None
) -> pl.DataFrame:
    """What each contact's criterion should have got: contact_id, criterion_id, reference, basis.

    The consensus where there is one, else the reference grader's score, else the median of the graders (not
    applicable where more say so than give a score). A null reference means not applicable.

    Args:
        scores: Of all graders.
        reference_grader: The session's, if any.
        consensus: contact_id, criterion_id, score.
    """
    parts = []
    if consensus is not None and consensus.height:
        parts.append(
            consensus.select(*CELL, pl.col("score").alias("reference"), pl.lit(CONSENSUS).alias("basis"))
        )
    if reference_grader is not None:
        expert = scores.filter(pl.col("grader_id") == reference_grader)
        parts.append(
            expert.select(*CELL, pl.col("score").alias("reference"), pl.lit(REFERENCE).alias("basis"))
        )
    answered, silent = pl.col("score").count(), pl.col("score").null_count()
    middle = (
        scores.group_by(CELL)
        .agg(
            pl.when(answered >= silent).then(pl.col("score").median()).alias("reference"), pl.len().alias("n")
        )
        .filter(pl.col("n") > 1)
    )
    parts.append(middle.select(*CELL, "reference", pl.lit(MEDIAN).alias("basis")))
    return pl.concat(parts).unique(CELL, keep="first", maintain_order=True).sort(CELL)


def compared(
    scores: pl.DataFrame,
    reference: pl.DataFrame,
    criteria: pl.DataFrame,
    *,
    tolerance: float,
    reference_grader: str | None,
) -> pl.DataFrame:
    """Every score beside what it should have been.

    The reference grader is not compared with his or her own scores.

    Returns:
        contact_id, grader_id, criterion_id, score, reference, basis, difference, is_exact, is_within (within
        the tolerance, see `tolerances`; "not applicable" agrees with itself alone), alignment (1 − |score
            − reference| / (max − min); null unless both gave a score), weight.
    """
    difference = pl.col("score") - pl.col("reference")
    both_silent = pl.col("score").is_null() & pl.col("reference").is_null()
    own = (pl.col("grader_id") == (reference_grader or "")) & (pl.col("basis") == REFERENCE)
    return (
        scores.join(reference, on=CELL)
        .filter(~own)
        .join(criteria.select("criterion_id", "min", "max", "weight"), on="criterion_id")
        .join(tolerances(criteria, tolerance), on="criterion_id")
        .select(
            "contact_id",
            "grader_id",
            "criterion_id",
            "score",
            "reference",
            "basis",
            difference.alias("difference"),
            (both_silent | (difference.abs() <= SLACK).fill_null(False)).alias("is_exact"),
            (both_silent | (difference.abs() <= pl.col("tolerance") + SLACK).fill_null(False)).alias(
                "is_within"
            ),
            (1 - difference.abs() / (pl.col("max") - pl.col("min"))).alias("alignment"),
            "weight",
        )
        .sort("contact_id", "grader_id", "criterion_id")
    )


def by_review(
    scores: pl.DataFrame, comparison: pl.DataFrame, reference: pl.DataFrame, criteria: pl.DataFrame
) -> pl.DataFrame:
    """Every review with its score, the reference's, and how near the two are.

    Returns:
        contact_id, grader_id, score, auto_failed, reference_score, difference (points of 100), n_criteria
        (compared), n_out (of tolerance), exact_share, tolerance_share, alignment_score (weighted over the
        criteria that both scored), is_near (the review's scores within 5 points of each other).
    """
    right = reference.select(
        *CELL, pl.lit("reference").alias("grader_id"), pl.col("reference").alias("score")
    )
    right_scores = review_scores(right, criteria).select(
        "contact_id", pl.col("score").alias("reference_score")
    )
    both = pl.col("alignment").is_not_null()
    near = comparison.group_by(_REVIEW).agg(
        pl.len().alias("n_criteria"),
        (~pl.col("is_within")).sum().alias("n_out"),
        pl.col("is_exact").mean().alias("exact_share"),
        pl.col("is_within").mean().alias("tolerance_share"),
        (pl.col("weight") * pl.col("alignment")).filter(both).sum().alias("aligned"),
        pl.col("weight").filter(both).sum().alias("weight"),
    )
    difference = pl.col("score") - pl.col("reference_score")
    is_compared = pl.col("n_criteria").is_not_null()
    return (
        review_scores(scores, criteria)
        .join(right_scores, on="contact_id", how="left")
        .join(near, on=_REVIEW, how="left")
        .select(
            *_REVIEW,
            "score",
            "auto_failed",
            pl.when(is_compared).then("reference_score").alias("reference_score"),
            pl.when(is_compared).then(difference).alias("difference"),
            pl.col("n_criteria").fill_null(0).cast(pl.Int64),
            pl.col("n_out").fill_null(0).cast(pl.Int64),
            "exact_share",
            "tolerance_share",
            pl.when(pl.col("weight") > 0).then(pl.col("aligned") / pl.col("weight")).alias("alignment_score"),
            pl.when(is_compared).then(difference.abs() <= NEAR_POINTS + SLACK).alias("is_near"),
        )
        .sort(_REVIEW)
    )


def by_grader(reviews: pl.DataFrame) -> pl.DataFrame:
    """Every grader over the reviews of `by_review` that were compared, the least aligned first.

    Returns:
        grader_id, n_reviews, n_criteria, n_out, tolerance_share and exact_share (of criteria),
        alignment_score (mean over reviews), lean (mean difference of the review's score, points of 100; below
        0: harsher), near_share (of reviews).
    """
    cells = pl.col("n_criteria").sum()
    return (
        reviews.filter(pl.col("n_criteria") > 0)
        .group_by("grader_id")
        .agg(
            pl.len().cast(pl.Int64).alias("n_reviews"),
            cells.alias("n_criteria"),
            pl.col("n_out").sum(),
            (1 - pl.col("n_out").sum() / cells).alias("tolerance_share"),
            ((pl.col("exact_share") * pl.col("n_criteria")).sum() / cells).alias("exact_share"),
            pl.col("alignment_score").mean(),
            pl.col("difference").mean().alias("lean"),
            pl.col("is_near").mean().alias("near_share"),
        )
        .sort("tolerance_share", "grader_id")
    )


def spread(scores: pl.DataFrame, criteria: pl.DataFrame) -> pl.DataFrame:
    """How far apart graders are on each criterion of each contact, for a heat map.

    Returns:
        contact_id, criterion_id, n (graders), low, high, spread (of the scale, 0 to 1; 1 where some gave a
        score and others said that none applies).
    """
    return (
        scores.join(criteria.select("criterion_id", "min", "max"), on="criterion_id")
        .group_by(CELL)
        .agg(
            pl.len().cast(pl.Int64).alias("n"),
            pl.col("score").min().alias("low"),
            pl.col("score").max().alias("high"),
            (pl.col("score").null_count() > 0).alias("some_silent"),
            (pl.col("score").count() > 0).alias("some_scored"),
            ((pl.col("score").max() - pl.col("score").min()) / (pl.col("max") - pl.col("min")).first()).alias(
                "width"
            ),
        )
        .select(
            *CELL,
            "n",
            "low",
            "high",
            pl.when(pl.col("some_silent") & pl.col("some_scored"))
            .then(1.0)
            .otherwise(pl.col("width").fill_null(0.0))
            .alias("spread"),
        )
        .filter(pl.col("n") > 1)
        .sort(CELL)
    )
