"""Sessions, reviews and scores as plain tables for other programs; names of columns are a promise."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from dashboard.views import calibration_frames as frames
from dashboard.views.calibration_results import Results
from pipelines.store import SessionView, review_id

Seen = Sequence[tuple[SessionView, Results]]


def sessions(seen: Seen) -> pl.DataFrame:
    """A row a session: how it was made, how far graders agree, how near they are to what was right.

    alignment_score: mean over reviews of Σ w·(1 − |score − reference| / (max − min)) / Σ w. tolerance_share:
    share of compared scores within the session's tolerance. within_5_share: share of reviews whose score is
    within 5 points of the reference's. pair_agreement: share of pairs of graders within the tolerance.
    """
    rows = [_session(view, found) for view, found in seen]
    return pl.DataFrame(rows, schema=_SESSIONS, orient="row")


def reviews(seen: Seen) -> pl.DataFrame:
    """A row a review: its score, the reference's, and how near the two are; as in `sessions`."""
    parts = [
        found.reviews.select(
            pl.lit(view.session.session_id).alias("session_id"),
            pl.lit(view.session.name).alias("session"),
            "contact_id",
            "grader_id",
            (pl.col("grader_id") == (found.reference_name or "")).alias("is_reference"),
            "score",
            "auto_failed",
            "reference_score",
            pl.col("difference").alias("difference_points"),
            "n_criteria",
            pl.col("n_out").alias("n_out_of_tolerance"),
            "exact_share",
            "tolerance_share",
            "alignment_score",
            pl.col("is_near").alias("within_5_points"),
        ).join(_submitted(view), on=["contact_id", "grader_id"], how="left", maintain_order="left")
        for view, found in seen
    ]
    return pl.concat(parts) if parts else pl.DataFrame()


def scores(seen: Seen) -> pl.DataFrame:
    """A row a score, beside what was right and on whose word; the reference grader's own rows too."""
    parts = []
    for view, found in seen:
        form = frames.form(view.session.criteria).select(
            "criterion_id", "label", "section", "min", "max", "weight"
        )
        cells = found.cells.select(
            "contact_id", "grader_id", "criterion_id", "reference", "basis", "difference",
            pl.col("is_within").alias("within_tolerance"), "alignment",
        )  # fmt: skip
        keys = ["contact_id", "grader_id", "criterion_id"]
        parts.append(
            frames.scores(view)
            .join(form, on="criterion_id", maintain_order="left")
            .join(cells, on=keys, how="left", maintain_order="left")
            .join(_comments(view), on=keys, how="left", maintain_order="left")
            .select(
                pl.lit(view.session.session_id).alias("session_id"),
                pl.lit(view.session.name).alias("session"),
                *keys, "label", "section", "min", "max", "weight", "score",
                pl.col("score").is_null().alias("not_applicable"),
                "reference", "basis", "difference", "within_tolerance", "alignment", "comment",
            )
        )  # fmt: skip
    return pl.concat(parts) if parts else pl.DataFrame()


_SESSIONS = {
    "session_id": pl.String,
    "session": pl.String,
    "state": pl.String,
    "scorecard_id": pl.String,
    "version": pl.String,
    "rule": pl.String,
    "rule_detail": pl.String,
    "seed": pl.Int64,
    "n_contacts": pl.Int64,
    "n_picked": pl.Int64,
    "n_graders": pl.Int64,
    "n_reviews": pl.Int64,
    "tolerance_points": pl.Float64,
    "reference_grader": pl.String,
    "lead": pl.String,
    "created_at": pl.Datetime("us"),
    "due_on": pl.Date,
    "revealed_at": pl.Datetime("us"),
    "pair_agreement": pl.Float64,
    "review_alpha": pl.Float64,
    "review_alpha_lower": pl.Float64,
    "review_alpha_upper": pl.Float64,
    "alignment_score": pl.Float64,
    "tolerance_share": pl.Float64,
    "within_5_share": pl.Float64,
}


def _session(view: SessionView, found: Results) -> tuple[Any, ...]:
    session = view.session
    whole = found.agreement.filter(pl.col("level") == "review").row(0, named=True)
    compared = found.reviews.filter(pl.col("n_criteria") > 0)
    return (
        session.session_id,
        session.name,
        "closed" if session.is_closed else "revealed",
        session.scorecard_id,
        session.version,
        session.rule,
        session.rule_detail,
        session.seed,
        len(session.contacts),
        sum(contact.is_picked for contact in session.contacts),
        len(session.graders),
        found.reviews.height,
        session.tolerance,
        session.reference_grader,
        session.created_by,
        session.created_at.replace(tzinfo=None),
        session.due_on,
        None if session.revealed_at is None else session.revealed_at.replace(tzinfo=None),
        _mean(found.pairs["is_within"]),
        whole["alpha"],
        whole["alpha_lower"],
        whole["alpha_upper"],
        _mean(compared["alignment_score"]),
        _mean(found.cells["is_within"]),
        _mean(compared["is_near"]),
    )


def _mean(values: pl.Series) -> float | None:
    found = values.drop_nulls().cast(pl.Float64)
    return float(found.sum()) / len(found) if len(found) else None


def _submitted(view: SessionView) -> pl.DataFrame:
    """When each review was submitted, which one it is in the warehouse, and what was said of it."""
    rows = [
        (
            seen.contact.contact_id,
            grader,
            # a review's id names its grader, so that of a hidden one is left out
            review_id(view.session.session_id, seen.contact.contact_id, grader)
            if grader == view.viewer or not view.session.hides_graders
            else None,
            one.revision,
            one.is_after_reveal,
            one.submitted_at.replace(tzinfo=None),
            one.comment,
        )
        for seen in view.contacts
        for grader, one in frames.submissions(view, seen.contact.contact_id).items()
    ]
    schema = {
        "contact_id": pl.String,
        "grader_id": pl.String,
        "review_id": pl.String,
        "revision": pl.Int64,
        "is_after_reveal": pl.Boolean,
        "submitted_at": pl.Datetime("us"),
        "comment": pl.String,
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _comments(view: SessionView) -> pl.DataFrame:
    rows = [
        (seen.contact.contact_id, grader, name, given.comment)
        for seen in view.contacts
        for grader, one in frames.submissions(view, seen.contact.contact_id).items()
        for name, given in one.scores.items()
        if given.comment
    ]
    schema = dict.fromkeys(("contact_id", "grader_id", "criterion_id", "comment"), pl.String)
    return pl.DataFrame(rows, schema=schema, orient="row")
