"""What came of one calibration session: who agreed with whom, and who is off from what was right.

Frames in, frames out. `scores` has contact_id, grader_id, criterion_id and score (null: not applicable);
`criteria` has criterion_id, label, section, min, max, weight, auto_fail and scale. Imports `pipelines.stats`.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from pipelines.stats.agreement import Agreement, agreement
from pipelines.stats.ratings import Ratings, ratings_from_long

NEAR_POINTS = 5.0
"""Points of 100 within which a review's score is commonly called calibrated."""

CONSENSUS, REFERENCE, MEDIAN = "consensus", "reference grader", "median of the graders"
_CELL = ("contact_id", "criterion_id")
_REVIEW = ("contact_id", "grader_id")
_SLACK = 1e-9  # 0.3 and 0.1 are within 0.2, whatever binary fractions say


@dataclass(frozen=True)
class CriterionAgreement:
    """How far graders agree on one criterion.

    Attributes:
        n_pairs: Pairs of graders on one contact, of which both gave a score or said that none applies.
        within_share: Of those pairs, the share within the tolerance; None without a pair.
        confused: The two levels by which pairs were most often out of tolerance; None without such a pair.
    """

    criterion_id: str
    agreement: Agreement
    n_pairs: int
    within_share: float | None
    confused: tuple[float, float] | None


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
            consensus.select(*_CELL, pl.col("score").alias("reference"), pl.lit(CONSENSUS).alias("basis"))
        )
    if reference_grader is not None:
        expert = scores.filter(pl.col("grader_id") == reference_grader)
        parts.append(
            expert.select(*_CELL, pl.col("score").alias("reference"), pl.lit(REFERENCE).alias("basis"))
        )
    answered, silent = pl.col("score").count(), pl.col("score").null_count()
    middle = (
        scores.group_by(_CELL)
        .agg(
            pl.when(answered >= silent).then(pl.col("score").median()).alias("reference"), pl.len().alias("n")
        )
        .filter(pl.col("n") > 1)
    )
    parts.append(middle.select(*_CELL, "reference", pl.lit(MEDIAN).alias("basis")))
    return pl.concat(parts).unique(_CELL, keep="first", maintain_order=True).sort(_CELL)


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
        the tolerance, in points of the criterion; "not applicable" agrees with itself alone), alignment
        (1 − |score − reference| / (max − min); null unless both gave a score), weight.
    """
    difference = pl.col("score") - pl.col("reference")
    both_silent = pl.col("score").is_null() & pl.col("reference").is_null()
    own = (pl.col("grader_id") == (reference_grader or "")) & (pl.col("basis") == REFERENCE)
    return (
        scores.join(reference, on=_CELL)
        .filter(~own)
        .join(criteria.select("criterion_id", "min", "max", "weight"), on="criterion_id")
        .select(
            "contact_id",
            "grader_id",
            "criterion_id",
            "score",
            "reference",
            "basis",
            difference.alias("difference"),
            (both_silent | (difference.abs() <= _SLACK).fill_null(False)).alias("is_exact"),
            (both_silent | (difference.abs() <= tolerance + _SLACK).fill_null(False)).alias("is_within"),
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
        *_CELL, pl.lit("reference").alias("grader_id"), pl.col("reference").alias("score")
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
            pl.when(is_compared).then(difference.abs() <= NEAR_POINTS + _SLACK).alias("is_near"),
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
        .group_by(_CELL)
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
            *_CELL,
            "n",
            "low",
            "high",
            pl.when(pl.col("some_silent") & pl.col("some_scored"))
            .then(1.0)
            .otherwise(pl.col("width").fill_null(0.0))
            .alias("spread"),
        )
        .filter(pl.col("n") > 1)
        .sort(_CELL)
    )


def pairs(scores: pl.DataFrame, *, tolerance: float) -> pl.DataFrame:
    """Every two graders on one criterion of one contact.

    Returns:
        contact_id, criterion_id, grader_a, grader_b, score_a, score_b, is_within (as in `compared`).
    """
    first = scores.select(*_CELL, pl.col("grader_id").alias("grader_a"), pl.col("score").alias("score_a"))
    second = scores.select(*_CELL, pl.col("grader_id").alias("grader_b"), pl.col("score").alias("score_b"))
    silent = pl.col("score_a").is_null() & pl.col("score_b").is_null()
    near = (pl.col("score_a") - pl.col("score_b")).abs() <= tolerance + _SLACK
    return (
        first.join(second, on=_CELL)
        .filter(pl.col("grader_a") < pl.col("grader_b"))
        .with_columns((silent | near.fill_null(False)).alias("is_within"))
        .sort(*_CELL, "grader_a", "grader_b")
    )


def criterion_agreements(
    scores: pl.DataFrame, criteria: pl.DataFrame, *, tolerance: float
) -> tuple[CriterionAgreement, ...]:
    """Agreement on each criterion, in the order of `criteria`."""
    two = pairs(scores, tolerance=tolerance)
    found = []
    for criterion, scale in criteria.select("criterion_id", "scale").rows():
        mine = scores.filter((pl.col("criterion_id") == criterion) & pl.col("score").is_not_null())
        of_pairs = two.filter(pl.col("criterion_id") == criterion)
        share = of_pairs["is_within"].mean()
        found.append(
            CriterionAgreement(
                criterion_id=criterion,
                agreement=agreement(_ratings(mine), scale, tolerance=tolerance),
                n_pairs=of_pairs.height,
                within_share=None if share is None else float(share),  # type: ignore[arg-type]  # of booleans
                confused=_confused(of_pairs),
            )
        )
    return tuple(found)


def review_agreement(reviews: pl.DataFrame) -> Agreement:
    """Agreement of the whole reviews' scores, on an interval scale, adjacent within 5 points."""
    return agreement(_ratings(reviews.drop_nulls("score")), "interval", tolerance=NEAR_POINTS)


def _ratings(scores: pl.DataFrame) -> Ratings:
    return ratings_from_long(
        scores["contact_id"].to_numpy(), scores["grader_id"].to_numpy(), scores["score"].to_numpy()
    )


def _confused(two: pl.DataFrame) -> tuple[float, float] | None:
    """The two levels by which pairs were most often out of tolerance."""
    apart = two.filter(
        ~pl.col("is_within") & pl.col("score_a").is_not_null() & pl.col("score_b").is_not_null()
    )
    if apart.is_empty():
        return None
    levels = (
        apart.select(
            pl.min_horizontal("score_a", "score_b").alias("low"),
            pl.max_horizontal("score_a", "score_b").alias("high"),
        )
        .group_by("low", "high")
        .len()
        .sort("len", "low", "high", descending=[True, False, False])
    )
    low, high, _ = levels.row(0)
    return float(low), float(high)
