"""Calibration sessions: made once, then only added to; imports the rest of the room."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Connection, RowMapping, insert, select

from pipelines.errors import UsageError
from pipelines.store import tables
from pipelines.store.engine import ConflictError, Store, new_id
from pipelines.store.records import Criterion, NewSession, SampledContact, Session


def create_session(store: Store, asked: NewSession, *, by: str, submit_key: str) -> Session:
    """Make a session; the same `submit_key` again returns the one that it made.

    Raises:
        UsageError: If the session makes no sense.
    """
    asked.check()
    with store.write() as connection:
        made = connection.execute(
            select(tables.sessions.c.session_id).where(tables.sessions.c.submit_key == submit_key)
        ).scalar()
        if made is not None:
            return read_session(connection, made)
        session_id, now = new_id(), store.clock()
        connection.execute(
            insert(tables.sessions).values(
                session_id=session_id,
                submit_key=submit_key,
                created_by=by,
                created_at=now,
                **{
                    name: getattr(asked, name)
                    for name in (
                        "name", "program_id", "scorecard_id", "version", "rule", "rule_detail", "seed",
                        "tolerance", "due_on", "reference_grader", "hides_agent", "hides_graders",
                    )
                },
            )
        )  # fmt: skip
        connection.execute(
            insert(tables.session_criteria),
            [
                {"session_id": session_id, "position": position, **vars(criterion)}
                for position, criterion in enumerate(asked.criteria)
            ],
        )
        connection.execute(
            insert(tables.session_graders),
            [
                {"session_id": session_id, "grader_id": grader, "added_by": by, "added_at": now}
                for grader in asked.graders
            ],
        )
        connection.execute(
            insert(tables.session_contacts),
            [
                {"session_id": session_id, "position": position, **vars(contact)}
                for position, contact in enumerate(asked.contacts)
            ],
        )
        return read_session(connection, session_id)


def sessions(store: Store) -> tuple[Session, ...]:
    """All sessions, the newest first."""
    order = (tables.sessions.c.created_at.desc(), tables.sessions.c.session_id)
    with store.read() as connection:
        found = connection.execute(select(tables.sessions.c.session_id).order_by(*order)).scalars().all()
        return tuple(read_session(connection, session_id) for session_id in found)


def session(store: Store, session_id: str) -> Session:
    """One session.

    Raises:
        UsageError: If there is none of that id.
    """
    with store.read() as connection:
        return read_session(connection, session_id)


def people(store: Store) -> tuple[str, ...]:
    """Everyone who grades or has made a session."""
    with store.read() as connection:
        graders = connection.execute(select(tables.session_graders.c.grader_id).distinct()).scalars()
        leads = connection.execute(select(tables.sessions.c.created_by).distinct()).scalars()
        return tuple(sorted({*graders, *leads}))


def reveal(store: Store, session_id: str, *, by: str) -> Session:
    """Let graders see each other's scores of what they have submitted; doing it again changes nothing."""
    with store.write() as connection:
        now = locked_session(connection, session_id)
        if not now.is_revealed:
            _add_event(store, connection, session_id, "revealed", "", by)
        return read_session(connection, session_id)


def close_session(store: Store, session_id: str, *, by: str) -> Session:
    """Take no more drafts and submissions; doing it again changes nothing."""
    with store.write() as connection:
        if not locked_session(connection, session_id).is_closed:
            _add_event(store, connection, session_id, "closed", "", by)
        return read_session(connection, session_id)


def reopen_session(store: Store, session_id: str, *, by: str, reason: str) -> Session:
    """Take submissions again in a closed session."""
    with store.write() as connection:
        if locked_session(connection, session_id).is_closed:
            _add_event(store, connection, session_id, "reopened", reason, by)
        return read_session(connection, session_id)


def change_due(store: Store, session_id: str, due_on: date, *, by: str) -> Session:
    """Give a session another due date; the old one stays on record."""
    with store.write() as connection:
        locked_session(connection, session_id)
        _add_event(store, connection, session_id, "due_changed", due_on.isoformat(), by)
        return read_session(connection, session_id)


def add_graders(store: Store, session_id: str, graders: Sequence[str], *, by: str) -> Session:
    """Let more graders take part; those who do already stay."""
    with store.write() as connection:
        now = locked_session(connection, session_id)
        new = [
            {"session_id": session_id, "grader_id": grader, "added_by": by, "added_at": store.clock()}
            for grader in dict.fromkeys(graders)
            if grader not in now.graders
        ]
        if new:
            connection.execute(insert(tables.session_graders), new)
        return read_session(connection, session_id)


def locked_session(connection: Connection, session_id: str) -> Session:
    """A session whose row nobody else writes round until this transaction ends.

    Everything that depends on a session's state (open, revealed) reads it through here first, so that a
    submission and a reveal at the same moment happen one after the other.
    """
    connection.execute(
        select(tables.sessions.c.session_id)
        .where(tables.sessions.c.session_id == session_id)
        .with_for_update()
    ).all()
    return read_session(connection, session_id)


def require_open(session: Session) -> None:
    """Refuse to go on in a closed session."""
    if session.is_closed:
        raise ConflictError(f"the session '{session.name}' is closed; ask its lead to reopen it.")


def require_revealed(session: Session) -> None:
    """Refuse what would give scores away before the reveal."""
    if not session.is_revealed:
        raise ConflictError(
            f"the session '{session.name}' is still blind; it can be discussed once its lead reveals it."
        )


def require_contact(session: Session, contact_id: str) -> None:
    """Refuse a contact that is not in the session."""
    if all(contact.contact_id != contact_id for contact in session.contacts):
        raise UsageError(f"contact '{contact_id}' is not in the session '{session.name}'.")


def read_session(connection: Connection, session_id: str) -> Session:
    """A session as it is now, within a transaction."""
    row = _rows(connection, tables.sessions, session_id)
    if not row:
        raise UsageError(f"there is no session '{session_id}'.")
    events = sorted(
        _rows(connection, tables.session_events, session_id), key=lambda event: event["happened_at"]
    )
    due = [date.fromisoformat(event["detail"]) for event in events if event["kind"] == "due_changed"]
    revealed = [event["happened_at"] for event in events if event["kind"] == "revealed"]
    ends = [event["kind"] for event in events if event["kind"] in ("closed", "reopened")]
    about = dict(row[0])
    del about["submit_key"]
    return Session(
        **{**about, "due_on": due[-1] if due else about["due_on"]},
        criteria=tuple(
            _record(Criterion, line) for line in _ordered(connection, tables.session_criteria, session_id)
        ),
        contacts=tuple(
            _record(SampledContact, line)
            for line in _ordered(connection, tables.session_contacts, session_id)
        ),
        graders=tuple(
            sorted(line["grader_id"] for line in _rows(connection, tables.session_graders, session_id))
        ),
        revealed_at=revealed[0] if revealed else None,
        is_closed=bool(ends) and ends[-1] == "closed",
    )


def _rows(connection: Connection, table: Any, session_id: str) -> Sequence[RowMapping]:
    return connection.execute(select(table).where(table.c.session_id == session_id)).mappings().all()


def _ordered(connection: Connection, table: Any, session_id: str) -> list[RowMapping]:
    return sorted(_rows(connection, table, session_id), key=lambda line: line["position"])


def _record(kind: Any, line: RowMapping) -> Any:
    return kind(**{name: value for name, value in line.items() if name not in ("session_id", "position")})


def _add_event(
    store: Store, connection: Connection, session_id: str, kind: str, detail: str, by: str
) -> None:
    connection.execute(
        insert(tables.session_events).values(
            event_id=new_id(),
            session_id=session_id,
            kind=kind,
            detail=detail,
            happened_by=by,
            happened_at=store.clock(),
        )
    )
