"""What goes into the store and comes out of it, as frozen objects; imports errors only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from pipelines.errors import UsageError

Rule = Literal["random", "stratified", "widest", "picked"]
Outcome = Literal["upheld", "overturned"]


@dataclass(frozen=True)
class Criterion:
    """One criterion of a session's form, copied from the scorecard when the session was made."""

    criterion_id: str
    label: str
    min: float
    max: float
    weight: float = 1.0
    section: str | None = None
    auto_fail: bool = False
    scale: Literal["nominal", "ordinal", "interval"] = "ordinal"


@dataclass(frozen=True)
class SampledContact:
    """One contact of a session: drawn by its rule, or picked by hand, and why."""

    contact_id: str
    is_picked: bool = False
    reason: str = ""


@dataclass(frozen=True)
class NewSession:
    """A session to be made.

    Attributes:
        rule: How contacts were drawn; `rule_detail` says it in words, `seed` makes it repeatable.
        tolerance: Points by which a score may be off and still count as agreeing.
        hides_agent: Graders do not see the agent's name before they submit.
        hides_graders: After the reveal, graders see others' scores without their names.
    """

    name: str
    scorecard_id: str
    version: str
    rule: Rule
    seed: int
    criteria: tuple[Criterion, ...]
    graders: tuple[str, ...]
    contacts: tuple[SampledContact, ...]
    rule_detail: str = ""
    program_id: str | None = None
    tolerance: float = 0.0
    due_on: date | None = None
    reference_grader: str | None = None
    hides_agent: bool = True
    hides_graders: bool = False

    def check(self) -> None:
        """Refuse what makes no session, all problems at once.

        Raises:
            UsageError: With every problem.
        """
        problems = []
        if not self.name.strip():
            problems.append("it has no name")
        if not self.criteria:
            problems.append("its scorecard has no criteria")
        if not self.contacts:
            problems.append("it has no contacts")
        if len(self.graders) < 2:
            problems.append("it has fewer than two graders")
        for what, values in (
            ("grader", self.graders),
            ("contact", tuple(contact.contact_id for contact in self.contacts)),
            ("criterion", tuple(criterion.criterion_id for criterion in self.criteria)),
        ):
            if len(set(values)) != len(values):
                problems.append(f"a {what} is named twice")
        if self.reference_grader is not None and self.reference_grader not in self.graders:
            problems.append(f"its reference grader '{self.reference_grader}' is not among its graders")
        if any(criterion.min >= criterion.max for criterion in self.criteria):
            problems.append("a criterion's lowest score is not below its highest")
        if problems:
            raise UsageError(f"the session cannot be made: {'; '.join(problems)}.")


@dataclass(frozen=True)
class Session:
    """A session as it is now; `due_on`, `is_revealed` and `is_closed` follow its newest events."""

    session_id: str
    name: str
    program_id: str | None
    scorecard_id: str
    version: str
    rule: str
    rule_detail: str
    seed: int
    tolerance: float
    due_on: date | None
    reference_grader: str | None
    hides_agent: bool
    hides_graders: bool
    created_by: str
    created_at: datetime
    criteria: tuple[Criterion, ...]
    graders: tuple[str, ...]
    contacts: tuple[SampledContact, ...]
    revealed_at: datetime | None
    is_closed: bool

    @property
    def is_revealed(self) -> bool:
        """Whether graders may see each other's scores of the contacts they submitted."""
        return self.revealed_at is not None


@dataclass(frozen=True)
class Score:
    """One criterion's score; None: not applicable."""

    score: float | None
    comment: str | None = None


Scores = Mapping[str, Score]


@dataclass(frozen=True)
class Draft:
    """What a grader has filled in so far; `version` grows with each save, 0: nothing saved."""

    version: int
    scores: Scores = field(default_factory=dict)
    comment: str | None = None
    saved_at: datetime | None = None


@dataclass(frozen=True)
class Submission:
    """Submitted scores of one grader for one contact; a correction is a further revision."""

    submission_id: str
    session_id: str
    contact_id: str
    grader_id: str
    revision: int
    scores: Scores
    comment: str | None
    reason: str | None
    is_after_reveal: bool
    submitted_at: datetime


@dataclass(frozen=True)
class Note:
    """A discussion note; an edit is a new note that supersedes the old one."""

    note_id: str
    session_id: str
    contact_id: str
    criterion_id: str | None
    body: str
    written_by: str
    written_at: datetime
    is_edited: bool


@dataclass(frozen=True)
class Consensus:
    """What the graders agreed on for one criterion of one contact; None: not applicable."""

    session_id: str
    contact_id: str
    criterion_id: str
    score: float | None
    reason: str
    revision: int
    decided_by: str
    decided_at: datetime


@dataclass(frozen=True)
class Dispute:
    """An agent's contested review, with its newest decision, if any."""

    dispute_id: str
    review_id: str
    contact_id: str
    criterion_id: str | None
    agent_id: str | None
    reason: str
    opened_by: str
    opened_at: datetime
    outcome: str | None = None
    decision_reason: str | None = None
    corrected_score: float | None = None
    decided_by: str | None = None
    decided_at: datetime | None = None
    decision_revision: int = 0


@dataclass(frozen=True)
class SeenContact:
    """What one viewer may see of one contact of a session.

    Attributes:
        may_see_agent: Whether the agent's name may be shown.
        mine: The viewer's current submission.
        draft: The viewer's draft.
        others: Submissions of others that the viewer may see; by name of grader, or "Grader 1", "Grader 2", …
        notes: Discussion notes that the viewer may see.
        consensus: By criterion.
    """

    contact: SampledContact
    may_see_agent: bool
    mine: Submission | None
    draft: Draft | None
    others: Mapping[str, Submission]
    notes: tuple[Note, ...]
    consensus: Mapping[str, Consensus]


@dataclass(frozen=True)
class SessionView:
    """A session as one viewer may see it.

    Attributes:
        progress: Contacts submitted, by grader; counts only, no scores.
    """

    session: Session
    viewer: str
    contacts: tuple[SeenContact, ...]
    progress: Mapping[str, int]
