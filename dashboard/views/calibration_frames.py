"""A session as frames for `pipelines.calibration`: its form, its scores, its consensus."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import Any

import polars as pl

from pipelines.store import Criterion, Score, Session, SessionView, Submission

SCORES = {"contact_id": pl.String, "grader_id": pl.String, "criterion_id": pl.String, "score": pl.Float64}
FORM = {
    "criterion_id": pl.String,
    "label": pl.String,
    "section": pl.String,
    "min": pl.Float64,
    "max": pl.Float64,
    "weight": pl.Float64,
    "auto_fail": pl.Boolean,
    "scale": pl.String,
}


def criteria(cards: pl.DataFrame, scorecard_id: str, version: str) -> tuple[Criterion, ...]:
    """The form of one version of a scorecard.

    Args:
        cards: As `reader.scorecards` gives them.
        scorecard_id: The scorecard.
        version: Its version.
    """
    rows = cards.filter((pl.col("scorecard_id") == scorecard_id) & (pl.col("version") == version))
    return tuple(_criterion(row) for row in rows.iter_rows(named=True))


def _criterion(row: Mapping[str, Any]) -> Criterion:
    return Criterion(
        criterion_id=row["criterion_id"],
        label=row["label"] or row["criterion_id"],
        min=row["min"],
        max=row["max"],
        weight=row["weight"],
        section=row["section"],
        auto_fail=bool(row["auto_fail"]),
        scale=row["scale"] or "ordinal",
    )


def form(criteria: tuple[Criterion, ...]) -> pl.DataFrame:
    """A session's criteria, a row each, in their order."""
    rows = [tuple(getattr(criterion, name) for name in FORM) for criterion in criteria]
    return pl.DataFrame(rows, schema=FORM, orient="row")


def one_review(scores: Mapping[str, Score]) -> pl.DataFrame:
    """One grader's scores of one contact, as far as they are there."""
    rows = [("", "", name, given.score) for name, given in scores.items()]
    return pl.DataFrame(rows, schema=SCORES, orient="row")


def scores(view: SessionView) -> pl.DataFrame:
    """Every score that the viewer may see, the viewer's own among them once the session is revealed."""
    rows = [
        (seen.contact.contact_id, grader, name, given.score)
        for seen in view.contacts
        for grader, submission in submissions(view, seen.contact.contact_id).items()
        for name, given in submission.scores.items()
    ]
    return pl.DataFrame(rows, schema=SCORES, orient="row")


def submissions(view: SessionView, contact_id: str) -> dict[str, Submission]:
    """Submissions of a contact that the viewer may see, by grader, sorted; none while blind."""
    seen = next(one for one in view.contacts if one.contact.contact_id == contact_id)
    if not view.session.is_revealed:
        return {}
    found = dict(seen.others)
    if seen.mine is not None:
        found[view.viewer] = seen.mine
    return dict(sorted(found.items()))


def consensus(view: SessionView) -> pl.DataFrame:
    """What was agreed on: contact_id, criterion_id, score."""
    rows = [
        (seen.contact.contact_id, name, agreed.score)
        for seen in view.contacts
        for name, agreed in seen.consensus.items()
    ]
    schema = {"contact_id": pl.String, "criterion_id": pl.String, "score": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def reference_name(session: Session, viewer: str) -> str | None:
    """The reference grader as this viewer's frames name him or her."""
    name = session.reference_grader
    if name is None or name == viewer or not session.hides_graders:
        return name
    return f"Grader {session.graders.index(name) + 1}"


def fingerprint(view: SessionView) -> tuple[Hashable, ...]:
    """A key that changes whenever the results that this viewer may see do."""
    return (
        view.session.session_id,
        view.viewer,
        tuple(
            (seen.contact.contact_id, grader, submission.submission_id)
            for seen in view.contacts
            for grader, submission in submissions(view, seen.contact.contact_id).items()
        ),
        tuple(
            (agreed.contact_id, agreed.criterion_id, agreed.revision)
            for seen in view.contacts
            for agreed in seen.consensus.values()
        ),
    )
