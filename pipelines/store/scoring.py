"""Drafts and submissions: nothing lost, nothing doubled, nothing overwritten; imports the rest of the room.

A form is given a `submit_key` when it opens, so a double click or a resent request finds its own row. A
grader has one current submission a contact; a correction is a new row that names the one it supersedes, and
of two corrections of the same row the second is told. A draft carries a version, and who saves over another's
is told.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from sqlalchemy import (
    ColumnElement,
    Connection,
    Insert,
    RowMapping,
    Table,
    Update,
    and_,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

from pipelines.errors import UsageError, did_you_mean
from pipelines.store import tables
from pipelines.store.engine import ConflictError, Store, new_id
from pipelines.store.records import Draft, Score, Scores, Session, Submission
from pipelines.store.sessions import locked_session, require_contact, require_open


def save_draft(
    store: Store,
    session_id: str,
    contact_id: str,
    grader_id: str,
    scores: Scores,
    *,
    version: int,
    comment: str | None = None,
) -> Draft:
    """Keep what a grader has filled in so far.

    Args:
        store: The store.
        session_id: The session.
        contact_id: The contact.
        grader_id: Whose draft it is.
        scores: By criterion; those not filled in yet are left out.
        version: Version of the draft that was being edited; 0 where there was none.
        comment: On the contact as a whole.

    Raises:
        ConflictError: If the draft was saved elsewhere since, or the session is closed.
        UsageError: If a score is out of its range, or grader or contact are not of the session.
    """
    with store.write() as connection:
        session = locked_session(connection, session_id)
        _check_place(session, contact_id, grader_id)
        _check_scores(session, scores)
        saved = _save(store, connection, (session_id, contact_id, grader_id), version, _body(scores, comment))
        if saved is None:
            raise ConflictError(
                "this draft was saved in another window meanwhile; reload to see it, then add your changes."
            )
        return saved


def read_draft(store: Store, session_id: str, contact_id: str, grader_id: str) -> Draft:
    """A grader's draft; version 0 where there is none."""
    with store.read() as connection:
        found = connection.execute(
            select(tables.drafts).where(*_of(tables.drafts, session_id, contact_id, grader_id))
        ).mappings()
        row = found.first()
    return Draft(version=0) if row is None else draft_of(row)


def submit(
    store: Store,
    session_id: str,
    contact_id: str,
    grader_id: str,
    scores: Scores,
    *,
    submit_key: str,
    comment: str | None = None,
    supersedes: str | None = None,
    reason: str | None = None,
    draft_version: int | None = None,
) -> Submission:
    """Submit a grader's scores of one contact; the same `submit_key` again returns what it submitted.

    Args:
        store: The store.
        session_id: The session.
        contact_id: The contact.
        grader_id: Who scored.
        scores: Every criterion of the session; None where it does not apply.
        submit_key: Made when the form was opened.
        comment: On the contact as a whole.
        supersedes: For a correction, the submission that it corrects.
        reason: For a correction, why.
        draft_version: Version of the draft that the form shows; None does not ask.

    Raises:
        ConflictError: If it was submitted, corrected or drafted elsewhere since, or the session is closed.
        UsageError: If a criterion is missing, unknown or out of its range, or a correction has no reason.
    """
    try:
        with store.write() as connection:
            session = locked_session(connection, session_id)
            again = _by_key(connection, submit_key)
            if again is not None:
                return _same_place(again, session_id, contact_id, grader_id)
            _check_place(session, contact_id, grader_id)
            _check_scores(session, scores, is_whole=True)
            current = _current(connection, session_id, contact_id, grader_id)
            _check_succession(current, supersedes, reason)
            _check_draft(connection, (session_id, contact_id, grader_id), draft_version)
            return _insert(
                store, connection, session, contact_id, grader_id, scores,
                submit_key=submit_key, comment=comment, reason=reason, current=current,
            )  # fmt: skip
    except IntegrityError:
        # Another process was first between our look and our row. Look again: it was our own double click,
        # or it was another window.
        with store.read() as connection:
            again = _by_key(connection, submit_key)
        if again is not None:
            return _same_place(again, session_id, contact_id, grader_id)
        raise ConflictError("this contact was submitted in another window; reload to see it.") from None


def current_submissions(
    connection: Connection,
    session_id: str,
    *,
    contacts: Iterable[str] | None = None,
    grader: str | None = None,
) -> list[Submission]:
    """Newest revisions of a session's submissions, of some contacts or one grader."""
    table = tables.submissions
    newest = (
        select(table.c.contact_id, table.c.grader_id, func.max(table.c.revision).label("revision"))
        .where(table.c.session_id == session_id)
        .group_by(table.c.contact_id, table.c.grader_id)
        .subquery()
    )
    asked = select(table).join(
        newest,
        and_(
            table.c.contact_id == newest.c.contact_id,
            table.c.grader_id == newest.c.grader_id,
            table.c.revision == newest.c.revision,
        ),
    )
    asked = asked.where(table.c.session_id == session_id)
    if contacts is not None:
        asked = asked.where(table.c.contact_id.in_(list(contacts)))
    if grader is not None:
        asked = asked.where(table.c.grader_id == grader)
    return _with_scores(connection, connection.execute(asked).mappings().all())


def history(store: Store, session_id: str, contact_id: str, grader_id: str) -> tuple[Submission, ...]:
    """Every revision of one grader's submission of a contact, the first first."""
    table = tables.submissions
    asked = select(table).where(*_of(table, session_id, contact_id, grader_id)).order_by(table.c.revision)
    with store.read() as connection:
        return tuple(_with_scores(connection, connection.execute(asked).mappings().all()))


def draft_of(row: RowMapping) -> Draft:
    """A draft's row as a record."""
    body = json.loads(row["body"])
    scores = {name: Score(score, comment) for name, (score, comment) in body["scores"].items()}
    return Draft(version=row["version"], scores=scores, comment=body["comment"], saved_at=row["saved_at"])


def _of(table: Table, session_id: str, contact_id: str, grader_id: str) -> list[ColumnElement[bool]]:
    return [
        table.c.session_id == session_id,
        table.c.contact_id == contact_id,
        table.c.grader_id == grader_id,
    ]


def _body(scores: Scores, comment: str | None) -> str:
    kept = {name: [score.score, score.comment] for name, score in scores.items()}
    return json.dumps({"scores": kept, "comment": comment}, ensure_ascii=False)


def _save(
    store: Store, connection: Connection, place: tuple[str, str, str], version: int, body: str
) -> Draft | None:
    """Save over the version that was edited; None if that is no longer the one that is there."""
    now = store.clock()
    if version == 0:
        there = connection.execute(
            select(tables.drafts.c.version).where(*_of(tables.drafts, *place))
        ).scalar()
        if there is not None:
            return None
        values = dict(zip(("session_id", "contact_id", "grader_id"), place, strict=True))
        statement: Insert | Update = insert(tables.drafts).values(
            **values, version=1, body=body, saved_at=now
        )
    else:
        statement = (
            update(tables.drafts)
            .where(*_of(tables.drafts, *place), tables.drafts.c.version == version)
            .values(version=version + 1, body=body, saved_at=now)
        )
    # RETURNING and not the count of rows, which PostgreSQL's driver does not always tell.
    row = connection.execute(statement.returning(tables.drafts)).mappings().first()
    return None if row is None else draft_of(row)


def _check_place(session: Session, contact_id: str, grader_id: str) -> None:
    require_open(session)
    require_contact(session, contact_id)
    if grader_id not in session.graders:
        raise UsageError(f"'{grader_id}' is not a grader of the session '{session.name}'.")


def _check_scores(session: Session, scores: Scores, *, is_whole: bool = False) -> None:
    criteria = {criterion.criterion_id: criterion for criterion in session.criteria}
    problems = []
    for name, given in scores.items():
        criterion = criteria.get(name)
        if criterion is None:
            problems.append(f"there is no criterion '{name}'.{did_you_mean(name, list(criteria))}")
        elif given.score is not None and not criterion.min <= given.score <= criterion.max:
            scale = f"{criterion.min:g} to {criterion.max:g}"
            problems.append(f"'{criterion.label}' is {given.score:g}, but goes from {scale}.")
    if is_whole:
        missing = [criterion.label for name, criterion in criteria.items() if name not in scores]
        if missing:
            problems.append(f"not scored yet: {', '.join(missing)}; give a score or mark as not applicable.")
    if problems:
        raise UsageError(" ".join(problems))


def _by_key(connection: Connection, submit_key: str) -> Submission | None:
    asked = select(tables.submissions).where(tables.submissions.c.submit_key == submit_key)
    found = _with_scores(connection, connection.execute(asked).mappings().all())
    return found[0] if found else None


def _same_place(found: Submission, *place: str) -> Submission:
    if (found.session_id, found.contact_id, found.grader_id) != place:
        raise UsageError("this form was used for another contact; reload the page and submit again.")
    return found


def _current(connection: Connection, session_id: str, contact_id: str, grader_id: str) -> RowMapping | None:
    table = tables.submissions
    asked = (
        select(table).where(*_of(table, session_id, contact_id, grader_id)).order_by(table.c.revision.desc())
    )
    return connection.execute(asked.limit(1)).mappings().first()


def _check_succession(current: RowMapping | None, supersedes: str | None, reason: str | None) -> None:
    if current is None:
        if supersedes is not None:
            raise ConflictError("there is nothing to correct: this contact was not submitted yet.")
    elif supersedes is None:
        raise ConflictError(
            "this contact was submitted already; a submitted score is not overwritten, so correct it instead."
        )
    elif supersedes != current["submission_id"]:
        raise ConflictError(
            "this submission was corrected meanwhile; reload to see it, then correct that one."
        )
    elif not (reason or "").strip():
        raise UsageError("a correction needs a reason.")


def _check_draft(connection: Connection, place: tuple[str, str, str], version: int | None) -> None:
    if version is None:
        return
    there = connection.execute(select(tables.drafts.c.version).where(*_of(tables.drafts, *place))).scalar()
    if (there or 0) != version:
        raise ConflictError("this draft was changed in another window; reload to see it before you submit.")


def _insert(
    store: Store, connection: Connection, session: Session, contact_id: str, grader_id: str, scores: Scores,
    *, submit_key: str, comment: str | None, reason: str | None, current: RowMapping | None,
) -> Submission:  # fmt: skip
    submission_id = new_id()
    connection.execute(
        insert(tables.submissions).values(
            submission_id=submission_id,
            submit_key=submit_key,
            session_id=session.session_id,
            contact_id=contact_id,
            grader_id=grader_id,
            revision=1 if current is None else current["revision"] + 1,
            supersedes_id=None if current is None else current["submission_id"],
            is_after_reveal=session.is_revealed,
            reason=reason,
            comment=comment,
            submitted_at=store.clock(),
        )
    )
    connection.execute(
        insert(tables.submission_scores),
        [
            {
                "submission_id": submission_id,
                "criterion_id": name,
                "score": given.score,
                "comment": given.comment,
            }
            for name, given in scores.items()
        ],
    )
    connection.execute(
        delete(tables.drafts).where(*_of(tables.drafts, session.session_id, contact_id, grader_id))
    )
    made = _by_key(connection, submit_key)
    assert made is not None  # it was written three statements ago
    return made


def _with_scores(connection: Connection, rows: Sequence[RowMapping]) -> list[Submission]:
    if not rows:
        return []
    table = tables.submission_scores
    wanted = [row["submission_id"] for row in rows]
    scores: dict[str, dict[str, Score]] = {name: {} for name in wanted}
    for start in range(0, len(wanted), 500):  # SQLite takes a limited number of values
        asked = select(table).where(table.c.submission_id.in_(wanted[start : start + 500]))
        for line in connection.execute(asked).mappings():
            scores[line["submission_id"]][line["criterion_id"]] = Score(line["score"], line["comment"])
    return [
        Submission(
            **{name: row[name] for name in row if name not in ("submit_key", "supersedes_id")},
            scores=scores[row["submission_id"]],
        )
        for row in rows
    ]
