"""What follows the reveal: notes, consensus, disputes and their decisions; imports the rest of the room.

Each of them is added to and never changed. Who edits or decides says which row was on the screen, and is told
if another was there by then.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, RowMapping, Table, insert, select
from sqlalchemy.exc import IntegrityError

from pipelines.errors import UsageError, did_you_mean
from pipelines.store import tables
from pipelines.store.engine import ConflictError, Store, new_id
from pipelines.store.records import Consensus, Dispute, Note, Outcome
from pipelines.store.sessions import locked_session, require_contact, require_revealed

LONGEST = 10_000


def write_note(
    store: Store,
    session_id: str,
    contact_id: str,
    body: str,
    *,
    by: str,
    submit_key: str,
    criterion_id: str | None = None,
    supersedes: str | None = None,
) -> Note:
    """Add a note to a contact's discussion, or, with `supersedes`, another wording of one's own note.

    Raises:
        ConflictError: If the session is still blind, or the note was edited elsewhere since.
        UsageError: If the note is empty, too long, or another's.
    """
    text = _checked(body, "note")
    with store.write() as connection:
        session = locked_session(connection, session_id)
        again = _by_key(connection, tables.notes, submit_key)
        if again is None:
            require_revealed(session)
            require_contact(session, contact_id)
            if supersedes is not None:
                _check_edit(connection, supersedes, by)
            connection.execute(
                insert(tables.notes).values(
                    note_id=new_id(),
                    submit_key=submit_key,
                    session_id=session_id,
                    contact_id=contact_id,
                    criterion_id=criterion_id,
                    body=text,
                    supersedes_id=supersedes,
                    written_by=by,
                    written_at=store.clock(),
                )
            )
            again = _by_key(connection, tables.notes, submit_key)
        assert again is not None  # found or just written
        return _note(again)


def notes_of(connection: Connection, session_id: str) -> list[Note]:
    """Current notes of a session, the oldest first."""
    table = tables.notes
    asked = (
        select(table).where(table.c.session_id == session_id).order_by(table.c.written_at, table.c.note_id)
    )
    rows = connection.execute(asked).mappings().all()
    superseded = {row["supersedes_id"] for row in rows}
    return [_note(row) for row in rows if row["note_id"] not in superseded]


def set_consensus(
    store: Store,
    session_id: str,
    contact_id: str,
    criterion_id: str,
    score: float | None,
    *,
    by: str,
    submit_key: str,
    revision: int = 0,
    reason: str = "",
) -> Consensus:
    """Record what the graders agreed on.

    Args:
        store: The store.
        session_id: The session.
        contact_id: The contact.
        criterion_id: The criterion.
        score: None: not applicable.
        by: Who records it.
        submit_key: Made when the form was opened.
        revision: Revision of the consensus that was on the screen; 0 where there was none.
        reason: Why, in words.

    Raises:
        ConflictError: If the session is still blind, or the consensus was changed elsewhere since.
        UsageError: If there is no such criterion, or the score is out of its range.
    """
    with store.write() as connection:
        session = locked_session(connection, session_id)
        again = _by_key(connection, tables.consensus, submit_key)
        if again is None:
            require_revealed(session)
            require_contact(session, contact_id)
            criteria = {criterion.criterion_id: criterion for criterion in session.criteria}
            criterion = criteria.get(criterion_id)
            if criterion is None:
                raise UsageError(
                    f"there is no criterion '{criterion_id}'.{did_you_mean(criterion_id, list(criteria))}"
                )
            if score is not None and not criterion.min <= score <= criterion.max:
                raise UsageError(
                    f"'{criterion.label}' is {score:g}, but goes from {criterion.min:g} to {criterion.max:g}."
                )
            place = {"session_id": session_id, "contact_id": contact_id, "criterion_id": criterion_id}
            _check_revision(connection, tables.consensus, place, revision, "this consensus")
            connection.execute(
                insert(tables.consensus).values(
                    **place,
                    consensus_id=new_id(),
                    submit_key=submit_key,
                    revision=revision + 1,
                    score=score,
                    reason=reason,
                    decided_by=by,
                    decided_at=store.clock(),
                )
            )
            again = _by_key(connection, tables.consensus, submit_key)
        assert again is not None  # found or just written
        return _consensus(again)


def consensus_of(connection: Connection, session_id: str) -> list[Consensus]:
    """Current consensus of a session, a row a contact and criterion."""
    table = tables.consensus
    asked = select(table).where(table.c.session_id == session_id).order_by(table.c.revision)
    newest = {
        (row["contact_id"], row["criterion_id"]): _consensus(row)
        for row in connection.execute(asked).mappings()
    }
    return list(newest.values())


def open_dispute(
    store: Store,
    review_id: str,
    contact_id: str,
    reason: str,
    *,
    by: str,
    submit_key: str,
    criterion_id: str | None = None,
    agent_id: str | None = None,
) -> Dispute:
    """Contest a review, or one criterion of it.

    Raises:
        ConflictError: If the same is contested and not decided yet.
        UsageError: If no reason is given.
    """
    text = _checked(reason, "reason")
    with store.write() as connection:
        again = _by_key(connection, tables.disputes, submit_key)
        if again is None:
            for other in _disputes(connection, review_id):
                if other.criterion_id == criterion_id and other.outcome is None:
                    raise ConflictError("this review is contested already; wait for the decision.")
            connection.execute(
                insert(tables.disputes).values(
                    dispute_id=new_id(),
                    submit_key=submit_key,
                    review_id=review_id,
                    contact_id=contact_id,
                    criterion_id=criterion_id,
                    agent_id=agent_id,
                    reason=text,
                    opened_by=by,
                    opened_at=store.clock(),
                )
            )
            again = _by_key(connection, tables.disputes, submit_key)
        assert again is not None  # found or just written
        return _disputes(connection, again["review_id"], dispute_id=again["dispute_id"])[0]


def decide_dispute(
    store: Store,
    dispute_id: str,
    outcome: Outcome,
    reason: str,
    *,
    by: str,
    submit_key: str,
    corrected_score: float | None = None,
    revision: int = 0,
) -> Dispute:
    """Decide a dispute; a further decision, knowing the last one's revision, replaces it.

    Raises:
        ConflictError: If it was decided elsewhere since.
        UsageError: If there is no such dispute, or no reason is given.
    """
    text = _checked(reason, "reason")
    if outcome not in ("upheld", "overturned"):
        raise UsageError(f"a dispute is upheld or overturned, not '{outcome}'.")
    try:
        with store.write() as connection:
            lock = select(tables.disputes).where(tables.disputes.c.dispute_id == dispute_id).with_for_update()
            found = connection.execute(lock).mappings().first()
            if found is None:
                raise UsageError(f"there is no dispute '{dispute_id}'.")
            if _by_key(connection, tables.dispute_decisions, submit_key) is None:
                _check_revision(
                    connection, tables.dispute_decisions, {"dispute_id": dispute_id}, revision, "this dispute"
                )
                connection.execute(
                    insert(tables.dispute_decisions).values(
                        decision_id=new_id(),
                        submit_key=submit_key,
                        dispute_id=dispute_id,
                        revision=revision + 1,
                        outcome=outcome,
                        reason=text,
                        corrected_score=corrected_score,
                        decided_by=by,
                        decided_at=store.clock(),
                    )
                )
            return _disputes(connection, found["review_id"], dispute_id=dispute_id)[0]
    except IntegrityError:
        raise ConflictError("this dispute was decided in another window; reload to see it.") from None


def disputes(store: Store, *, review_id: str | None = None) -> tuple[Dispute, ...]:
    """Disputes with their newest decision, the newest first; of one review or of all."""
    with store.read() as connection:
        return tuple(_disputes(connection, review_id))


def _disputes(
    connection: Connection, review_id: str | None, *, dispute_id: str | None = None
) -> list[Dispute]:
    asked = select(tables.disputes).order_by(tables.disputes.c.opened_at.desc(), tables.disputes.c.dispute_id)
    if review_id is not None:
        asked = asked.where(tables.disputes.c.review_id == review_id)
    if dispute_id is not None:
        asked = asked.where(tables.disputes.c.dispute_id == dispute_id)
    rows = connection.execute(asked).mappings().all()
    decisions = connection.execute(
        select(tables.dispute_decisions).order_by(tables.dispute_decisions.c.revision)
    )
    newest = {row["dispute_id"]: row for row in decisions.mappings()}
    return [_dispute(row, newest.get(row["dispute_id"])) for row in rows]


def _dispute(row: RowMapping, decision: RowMapping | None) -> Dispute:
    about = {name: value for name, value in row.items() if name != "submit_key"}
    if decision is None:
        return Dispute(**about)
    return Dispute(
        **about,
        outcome=decision["outcome"],
        decision_reason=decision["reason"],
        corrected_score=decision["corrected_score"],
        decided_by=decision["decided_by"],
        decided_at=decision["decided_at"],
        decision_revision=decision["revision"],
    )


def _checked(text: str, what: str) -> str:
    kept = text.strip()
    if not kept:
        raise UsageError(f"the {what} is empty.")
    if len(kept) > LONGEST:
        raise UsageError(f"the {what} has {len(kept):,} characters, and {LONGEST:,} are kept; shorten it.")
    return kept


def _by_key(connection: Connection, table: Table, submit_key: str) -> RowMapping | None:
    return connection.execute(select(table).where(table.c.submit_key == submit_key)).mappings().first()


def _check_edit(connection: Connection, note_id: str, by: str) -> None:
    table = tables.notes
    rows: Sequence[RowMapping] = (
        connection.execute(
            select(table).where((table.c.note_id == note_id) | (table.c.supersedes_id == note_id))
        )
        .mappings()
        .all()
    )
    old = next((row for row in rows if row["note_id"] == note_id), None)
    if old is None:
        raise UsageError("there is no such note to edit.")
    if old["written_by"] != by:
        raise UsageError("a note is edited by who wrote it; add one of your own.")
    if len(rows) > 1:
        raise ConflictError("this note was edited in another window; reload to see it, then edit that one.")


def _check_revision(
    connection: Connection, table: Table, place: dict[str, str], revision: int, what: str
) -> None:
    asked = select(table.c.revision, table.c.decided_by).where(
        *(table.c[name] == value for name, value in place.items())
    )
    newest = connection.execute(asked.order_by(table.c.revision.desc()).limit(1)).mappings().first()
    if (newest["revision"] if newest else 0) != revision:
        who = newest["decided_by"] if newest else "nobody"
        raise ConflictError(f"{what} was decided by {who} meanwhile; reload to see it.")


def _note(row: RowMapping) -> Note:
    kept = ("note_id", "session_id", "contact_id", "criterion_id", "body", "written_by", "written_at")
    return Note(**{name: row[name] for name in kept}, is_edited=row["supersedes_id"] is not None)


def _consensus(row: RowMapping) -> Consensus:
    return Consensus(**{name: row[name] for name in row if name not in ("consensus_id", "submit_key")})
