"""The store as a source of the warehouse, and what is erased from it; imports the rest of the room."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import polars as pl
from sqlalchemy import delete, select

from pipelines.store import tables
from pipelines.store.engine import Store
from pipelines.store.scoring import current_submissions
from pipelines.store.sessions import read_session
from pipelines.store.talk import disputes

RATINGS_SCHEMA: dict[str, Any] = {
    "review_id": pl.String,
    "contact_id": pl.String,
    "grader_id": pl.String,
    "scorecard_id": pl.String,
    "version": pl.String,
    "criterion_id": pl.String,
    "score": pl.Float64,
    "reviewed_at": pl.Datetime("us"),
    "purpose": pl.String,
    "session_id": pl.String,
    "comment": pl.String,
}


def review_id(session_id: str, contact_id: str, grader_id: str) -> str:
    """Id of a session's review in the warehouse; a correction keeps it, so it is an update there."""
    return f"session-{session_id}-{contact_id}-{grader_id}"


def ratings(store: Store) -> pl.DataFrame:
    """Submitted scores as rows of `qa_ratings`, times in UTC; the reference grader's have that purpose.

    Sessions that are still blind are left out, or a grader could read the others' scores in the warehouse.
    """
    rows: list[tuple[Any, ...]] = []
    with store.read() as connection:
        for session_id in connection.execute(select(tables.sessions.c.session_id)).scalars().all():
            session = read_session(connection, session_id)
            if not session.is_revealed:
                continue
            for row in current_submissions(connection, session_id):
                purpose = "reference" if row.grader_id == session.reference_grader else "calibration"
                review = review_id(session_id, row.contact_id, row.grader_id)
                about = (review, row.contact_id, row.grader_id, session.scorecard_id, session.version)
                for criterion, given in sorted(row.scores.items()):
                    rows.append(
                        (
                            *about,
                            criterion,
                            given.score,
                            _naive(row.submitted_at),
                            purpose,
                            session_id,
                            given.comment,
                        )
                    )
    return pl.DataFrame(rows, schema=RATINGS_SCHEMA, orient="row").sort("review_id", "criterion_id")


def overturned(store: Store) -> pl.DataFrame:
    """Reviews whose dispute went against the grader; criterion_id is null where all of it was meant."""
    rows = [
        (row.review_id, row.contact_id, row.criterion_id, row.corrected_score, _naive(row.decided_at))
        for row in disputes(store)
        if row.outcome == "overturned" and row.decided_at is not None
    ]
    schema: dict[str, Any] = {
        "review_id": pl.String,
        "contact_id": pl.String,
        "criterion_id": pl.String,
        "corrected_score": pl.Float64,
        "decided_at": pl.Datetime("us"),
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def erase_contacts(store: Store, contacts: Iterable[str]) -> int:
    """Delete everything that was typed in on some contacts: the one thing that is stronger than the record.

    Returns:
        Rows deleted.
    """
    deleted = 0
    with store.write() as connection:
        for contact_id in dict.fromkeys(contacts):
            mine = select(tables.submissions.c.submission_id).where(
                tables.submissions.c.contact_id == contact_id
            )
            disputed = select(tables.disputes.c.dispute_id).where(tables.disputes.c.contact_id == contact_id)
            found = connection.execute(mine).scalars().all()
            deleted += _deleted(
                connection, tables.submission_scores, tables.submission_scores.c.submission_id.in_(found)
            )
            deleted += _deleted(
                connection, tables.dispute_decisions, tables.dispute_decisions.c.dispute_id.in_(disputed)
            )
            for table in (tables.submissions, tables.notes):
                deleted += _deleted_chain(connection, table, contact_id)
            for table in (tables.drafts, tables.consensus, tables.disputes, tables.session_contacts):
                deleted += _deleted(connection, table, table.c.contact_id == contact_id)
    return deleted


def _deleted(connection: Any, table: Any, condition: Any) -> int:
    key = next(iter(table.primary_key.columns))
    return len(connection.execute(delete(table).where(condition).returning(key)).all())


def _deleted_chain(connection: Any, table: Any, contact_id: str) -> int:
    """Delete rows that supersede each other, the newest first, since each refers to the one before."""
    key = next(iter(table.primary_key.columns))
    deleted = 0
    while True:
        superseded = select(table.c.supersedes_id).where(table.c.supersedes_id.is_not(None))
        condition = (table.c.contact_id == contact_id) & key.not_in(superseded)
        gone = _deleted(connection, table, condition)
        if gone == 0:
            return deleted
        deleted += gone


def _naive(at: datetime) -> datetime:
    return at.replace(tzinfo=None)
