"""How far the graders of one session agree among themselves; frames as in `session_results`.

Imports its neighbours.
"""

from __future__ import annotations

import polars as pl

from pipelines.calibration.agreement_tables import criterion_agreement, score_agreement, section_scores
from pipelines.calibration.session_results import CELL, SLACK, review_scores, tolerances


def pairs(scores: pl.DataFrame, criteria: pl.DataFrame, *, tolerance: float) -> pl.DataFrame:
    """Every two graders on one criterion of one contact.

    Returns:
        contact_id, criterion_id, grader_a, grader_b, score_a, score_b, is_within (as in `compared`).
    """
    first = scores.select(*CELL, pl.col("grader_id").alias("grader_a"), pl.col("score").alias("score_a"))
    second = scores.select(*CELL, pl.col("grader_id").alias("grader_b"), pl.col("score").alias("score_b"))
    silent = pl.col("score_a").is_null() & pl.col("score_b").is_null()
    near = (pl.col("score_a") - pl.col("score_b")).abs() <= pl.col("tolerance") + SLACK
    return (
        first.join(second, on=CELL)
        .filter(pl.col("grader_a") < pl.col("grader_b"))
        .join(tolerances(criteria, tolerance), on="criterion_id")
        .with_columns((silent | near.fill_null(False)).alias("is_within"))
        .drop("tolerance")
        .sort(*CELL, "grader_a", "grader_b")
    )


def agreement_table(
    scores: pl.DataFrame, criteria: pl.DataFrame, *, tolerance: float, resamples: int = 1000
) -> pl.DataFrame:
    """Agreement on each criterion, each section and the whole review.

    Args:
        scores: Of those who are compared with each other, so commonly without the reference grader.
        criteria: The form.
        tolerance: Of the session, see `tolerances`; sections and reviews are held to 5 points of 100.
        resamples: Bootstrap draws for alpha.

    Returns:
        level ("criterion", "section" of two criteria or more, "review"), name, n_contacts (with two graders
        or more), alpha, alpha_lower, alpha_upper, alpha_note, gwet (AC1 on a nominal scale, else AC2),
        exact_share, within_share (of contacts on which all graders agree, exactly and within the
        tolerance), verdict, why, prevalence. Criteria in the order of the form; those without two scores of
        one contact have no number.
    """
    rated = _rated(scores, criteria)
    named = criteria.select("criterion_id", pl.col("label").alias("name")).with_row_index("place")
    allowed = dict(tolerances(criteria, tolerance).rows())
    found = [
        criterion_agreement(rated.filter(pl.col("criterion_id") == name), tolerance=near, resamples=resamples)
        for name, near in allowed.items()
    ]
    by_criterion = (
        named.join(pl.concat(found, how="diagonal_relaxed"), on="criterion_id", how="left")
        .sort("place")
        .with_columns(pl.lit("criterion").alias("level"))
    )
    parts = [by_criterion]
    # a section of one criterion would say that criterion's line again
    in_section = pl.len().over("section")
    sections = criteria.drop_nulls("section").filter(in_section > 1)["section"].unique(maintain_order=True)
    if len(sections):
        of_sections = score_agreement(
            section_scores(rated.filter(pl.col("section").is_in(sections.to_list()))),
            score="section_score",
            by=["section"],
            resamples=resamples,
        )
        order = pl.DataFrame({"section": sections}).with_row_index("place")
        parts.append(
            order.join(of_sections, on="section", how="left")
            .sort("place")
            .with_columns(pl.lit("section").alias("level"), pl.col("section").alias("name"))
        )
    whole = review_scores(scores, criteria).with_columns(
        pl.concat_str("contact_id", "grader_id", separator="\x1f").alias("review_id")
    )
    review = score_agreement(whole, score="score", resamples=resamples)
    parts.append(
        pl.DataFrame({"level": ["review"], "name": ["Whole review"]}).join(
            review.with_columns(pl.lit("review").alias("level")), on="level", how="left"
        )
    )
    return pl.concat([_shaped(part) for part in parts])


def _rated(scores: pl.DataFrame, criteria: pl.DataFrame) -> pl.DataFrame:
    return scores.join(criteria, on="criterion_id").with_columns(
        pl.concat_str("contact_id", "grader_id", separator="\x1f").alias("review_id")
    )


def _shaped(part: pl.DataFrame) -> pl.DataFrame:
    """The columns of `agreement_table`, whatever else the part has or lacks."""
    columns = {
        "level": ("level", pl.String), "name": ("name", pl.String), "n_contacts": ("units", pl.Int64),
        "alpha": ("krippendorff_alpha", pl.Float64), "alpha_lower": ("krippendorff_alpha_lower", pl.Float64),
        "alpha_upper": ("krippendorff_alpha_upper", pl.Float64),
        "alpha_note": ("krippendorff_alpha_note", pl.String), "gwet": ("gwet_ac", pl.Float64),
        "exact_share": ("percent_exact", pl.Float64), "within_share": ("percent_adjacent", pl.Float64),
        "verdict": ("verdict", pl.String), "why": ("why", pl.String), "prevalence": ("prevalence", pl.String),
    }  # fmt: skip
    return part.select(
        (pl.col(found) if found in part.columns else pl.lit(None)).cast(kind).alias(name)
        for name, (found, kind) in columns.items()
    ).with_columns(
        pl.col("n_contacts").fill_null(0),
        # names have no distance, so within the tolerance is the same
        pl.col("within_share").fill_null(pl.col("exact_share")),
    )


def without_reference(scores: pl.DataFrame, reference_grader: str | None) -> pl.DataFrame:
    """The graders among themselves: the reference is left out, unless fewer than two would remain."""
    others = scores.filter(pl.col("grader_id") != (reference_grader or ""))
    return others if others["grader_id"].n_unique() > 1 else scores
