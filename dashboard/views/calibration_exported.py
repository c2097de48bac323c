"""Sessions that came with the exports, in the shape of those made here, so that they are shown alike."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote, unquote

import polars as pl

from pipelines.store import Criterion, SampledContact, Score, SeenContact, Session, SessionView, Submission

_PREFIX = "exported"
SOURCE = "the exports"


def address(row: Mapping[str, Any]) -> str:
    """What stands for an exported session in the page's address."""
    parts = (row["session_id"], row["scorecard_id"], row["version"])
    return "/".join([_PREFIX, *(quote(str(part), safe="") for part in parts)])


def parts_of(text: str) -> tuple[str, str, str] | None:
    """Session, scorecard and version of an address; None where it is none of an exported session.

    >>> parts_of(address({"session_id": "a/b", "scorecard_id": "S", "version": "1"}))
    ('a/b', 'S', '1')
    """
    pieces = text.split("/")
    if len(pieces) != 4 or pieces[0] != _PREFIX:
        return None
    session_id, scorecard_id, version = (unquote(piece) for piece in pieces[1:])
    return session_id, scorecard_id, version


def view(row: Mapping[str, Any], ratings: pl.DataFrame, criteria: tuple[Criterion, ...]) -> SessionView:
    """A session of the warehouse as if it had been made here, revealed and closed.

    Args:
        row: Of `reader.exported_sessions`.
        ratings: As `reader.session_ratings` gives them.
        criteria: Of its scorecard's version; those that nobody scored are left out.
    """
    used = set(ratings["criterion_id"])
    graders = tuple(sorted(ratings["grader_id"].unique()))
    experts = ratings.filter(pl.col("purpose") == "reference")["grader_id"].unique().sort().to_list()
    at = row["last_reviewed_at"].replace(tzinfo=UTC)
    session = Session(
        session_id=address(row),
        name=f"Session {row['session_id']}",
        program_id=None,
        scorecard_id=row["scorecard_id"],
        version=row["version"],
        rule="picked",
        rule_detail="how contacts were chosen is not in the exports",
        seed=0,
        tolerance=0.0,
        due_on=None,
        # several experts in one session: none of them is the reference, and the median stands in
        reference_grader=experts[0] if len(experts) == 1 else None,
        hides_agent=False,
        hides_graders=False,
        created_by=SOURCE,
        created_at=at,
        criteria=tuple(item for item in criteria if item.criterion_id in used),
        graders=graders,
        contacts=tuple(SampledContact(name) for name in ratings["contact_id"].unique().sort()),
        revealed_at=at,
        is_closed=True,
    )
    given = _submissions(session.session_id, ratings)
    return SessionView(
        session=session,
        viewer="",
        contacts=tuple(
            SeenContact(
                contact=contact,
                may_see_agent=True,
                mine=None,
                draft=None,
                others=given.get(contact.contact_id, {}),
                notes=(),
                consensus={},
            )
            for contact in session.contacts
        ),
        progress={name: sum(name in by_grader for by_grader in given.values()) for name in graders},
    )


def _submissions(session_id: str, ratings: pl.DataFrame) -> dict[str, dict[str, Submission]]:
    found: dict[str, dict[str, Submission]] = {}
    for (contact, grader, review, at), rows in ratings.group_by(
        ["contact_id", "grader_id", "review_id", "reviewed_at"], maintain_order=True
    ):
        assert isinstance(at, datetime)  # a column of timestamps
        scores = rows.select("criterion_id", "score", "comment").rows()
        found.setdefault(str(contact), {})[str(grader)] = Submission(
            submission_id=str(review),
            session_id=session_id,
            contact_id=str(contact),
            grader_id=str(grader),
            revision=1,
            scores={criterion: Score(score, comment) for criterion, score, comment in scores},
            comment=None,
            reason=None,
            is_after_reveal=False,
            submitted_at=at.replace(tzinfo=UTC),
        )
    return found
