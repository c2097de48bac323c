"""What one person may see of a session: the only way to read another's scores; imports the rest of the room.

Blind means that the rows are not fetched, not that they are left out of the page: until a session is
revealed nobody, a lead included, is given another's scores, and after it a grader only those of contacts that
he or she has submitted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace

from sqlalchemy import Connection, func, select

from pipelines.store import tables
from pipelines.store.engine import Store
from pipelines.store.records import Consensus, Draft, Note, SeenContact, Session, SessionView, Submission
from pipelines.store.scoring import current_submissions, draft_of
from pipelines.store.sessions import read_session
from pipelines.store.talk import consensus_of, notes_of


def session_view(store: Store, session_id: str, viewer: str) -> SessionView:
    """A session as a viewer may see it.

    Args:
        store: The store.
        session_id: The session.
        viewer: A grader of the session, or somebody who leads it without grading. Whether that person may
            look at the session at all is for the page to decide.
    """
    with store.read() as connection:
        session = read_session(connection, session_id)
        mine = {row.contact_id: row for row in current_submissions(connection, session_id, grader=viewer)}
        is_grader = viewer in session.graders
        opened = _opened(session, mine.keys() if is_grader else None)
        others = _others(connection, session, viewer, opened)
        notes: dict[str, list[Note]] = defaultdict(list)
        agreed: dict[str, dict[str, Consensus]] = defaultdict(dict)
        if opened:
            for note in notes_of(connection, session_id):
                notes[note.contact_id].append(note)
            for consensus in consensus_of(connection, session_id):
                agreed[consensus.contact_id][consensus.criterion_id] = consensus
        drafts = _drafts(connection, session_id, viewer)
        progress = _progress(connection, session)
    return SessionView(
        session=session,
        viewer=viewer,
        progress=progress,
        contacts=tuple(
            SeenContact(
                contact=contact,
                may_see_agent=not session.hides_agent or not is_grader or contact.contact_id in mine,
                mine=mine.get(contact.contact_id),
                draft=drafts.get(contact.contact_id),
                others=others.get(contact.contact_id, {}),
                notes=tuple(notes[contact.contact_id]) if contact.contact_id in opened else (),
                consensus=agreed[contact.contact_id] if contact.contact_id in opened else {},
            )
            for contact in session.contacts
        ),
    )


def _opened(session: Session, submitted: Collection[str] | None) -> frozenset[str]:
    """Contacts of which the viewer may see what others did; `submitted` is None for who does not grade."""
    if not session.is_revealed:
        return frozenset()
    contacts = frozenset(contact.contact_id for contact in session.contacts)
    return contacts if submitted is None else contacts & frozenset(submitted)


def _others(
    connection: Connection, session: Session, viewer: str, opened: frozenset[str]
) -> dict[str, dict[str, Submission]]:
    if not opened:
        return {}
    names = {grader: grader for grader in session.graders}
    if session.hides_graders:
        # Numbered in the order of names, alike on every contact, so that a pattern can be talked about.
        names = {grader: f"Grader {number}" for number, grader in enumerate(session.graders, start=1)}
    seen: dict[str, dict[str, Submission]] = defaultdict(dict)
    for row in current_submissions(connection, session.session_id, contacts=opened):
        if row.grader_id != viewer:
            name = names[row.grader_id]
            seen[row.contact_id][name] = _renamed(row, name)
    return seen


def _renamed(row: Submission, name: str) -> Submission:
    return row if row.grader_id == name else replace(row, grader_id=name)


def _drafts(connection: Connection, session_id: str, viewer: str) -> dict[str, Draft]:
    table = tables.drafts
    asked = select(table).where(table.c.session_id == session_id, table.c.grader_id == viewer)
    return {row["contact_id"]: draft_of(row) for row in connection.execute(asked).mappings()}


def _progress(connection: Connection, session: Session) -> dict[str, int]:
    """Contacts submitted, by grader."""
    table = tables.submissions
    asked = (
        select(table.c.grader_id, func.count(table.c.contact_id.distinct()).label("n"))
        .where(table.c.session_id == session.session_id)
        .group_by(table.c.grader_id)
    )
    counted = {row["grader_id"]: row["n"] for row in connection.execute(asked).mappings()}
    return {grader: counted.get(grader, 0) for grader in session.graders}
