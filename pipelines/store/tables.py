"""The store's tables as SQLAlchemy sees them; a test compares them with what the migrations make."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Integer,
    MetaData,
    String,
    Table,
    TypeDecorator,
)
from sqlalchemy.engine import Dialect

metadata = MetaData()


class Moment(TypeDecorator[datetime]):
    """An aware UTC moment; SQLite has no offsets, so it goes in and comes out there as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """An aware moment as UTC."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment in the store must have an offset")
        return value.astimezone(UTC)

    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        """A stored moment as aware UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _text(name: str, *, key: bool = False) -> Column[str]:
    return Column(name, String, primary_key=key)


sessions = Table(
    "sessions",
    metadata,
    _text("session_id", key=True),
    _text("submit_key"),
    _text("name"),
    _text("program_id"),
    _text("scorecard_id"),
    _text("version"),
    _text("rule"),
    _text("rule_detail"),
    Column("seed", BigInteger),
    Column("tolerance", Double),
    Column("due_on", Date),
    _text("reference_grader"),
    Column("hides_agent", Boolean),
    Column("hides_graders", Boolean),
    _text("created_by"),
    Column("created_at", Moment),
)
session_criteria = Table(
    "session_criteria",
    metadata,
    _text("session_id", key=True),
    Column("position", Integer),
    _text("criterion_id", key=True),
    _text("label"),
    _text("section"),
    Column("min", Double),
    Column("max", Double),
    Column("weight", Double),
    Column("auto_fail", Boolean),
    _text("scale"),
)
session_graders = Table(
    "session_graders",
    metadata,
    _text("session_id", key=True),
    _text("grader_id", key=True),
    _text("added_by"),
    Column("added_at", Moment),
)
session_contacts = Table(
    "session_contacts",
    metadata,
    _text("session_id", key=True),
    _text("contact_id", key=True),
    Column("position", Integer),
    Column("is_picked", Boolean),
    _text("reason"),
)
session_events = Table(
    "session_events",
    metadata,
    _text("event_id", key=True),
    _text("session_id"),
    _text("kind"),
    _text("detail"),
    _text("happened_by"),
    Column("happened_at", Moment),
)
drafts = Table(
    "drafts",
    metadata,
    _text("session_id", key=True),
    _text("contact_id", key=True),
    _text("grader_id", key=True),
    Column("version", Integer),
    _text("body"),
    Column("saved_at", Moment),
)
submissions = Table(
    "submissions",
    metadata,
    _text("submission_id", key=True),
    _text("submit_key"),
    _text("session_id"),
    _text("contact_id"),
    _text("grader_id"),
    Column("revision", Integer),
    _text("supersedes_id"),
    Column("is_after_reveal", Boolean),
    _text("reason"),
    _text("comment"),
    Column("submitted_at", Moment),
)
submission_scores = Table(
    "submission_scores",
    metadata,
    _text("submission_id", key=True),
    _text("criterion_id", key=True),
    Column("score", Double),
    _text("comment"),
)
notes = Table(
    "notes",
    metadata,
    _text("note_id", key=True),
    _text("submit_key"),
    _text("session_id"),
    _text("contact_id"),
    _text("criterion_id"),
    _text("body"),
    _text("supersedes_id"),
    _text("written_by"),
    Column("written_at", Moment),
)
consensus = Table(
    "consensus",
    metadata,
    _text("consensus_id", key=True),
    _text("submit_key"),
    _text("session_id"),
    _text("contact_id"),
    _text("criterion_id"),
    Column("revision", Integer),
    Column("score", Double),
    _text("reason"),
    _text("decided_by"),
    Column("decided_at", Moment),
)
disputes = Table(
    "disputes",
    metadata,
    _text("dispute_id", key=True),
    _text("submit_key"),
    _text("review_id"),
    _text("contact_id"),
    _text("criterion_id"),
    _text("agent_id"),
    _text("reason"),
    _text("opened_by"),
    Column("opened_at", Moment),
)
dispute_decisions = Table(
    "dispute_decisions",
    metadata,
    _text("decision_id", key=True),
    _text("submit_key"),
    _text("dispute_id"),
    Column("revision", Integer),
    _text("outcome"),
    _text("reason"),
    Column("corrected_score", Double),
    _text("decided_by"),
    Column("decided_at", Moment),
)
