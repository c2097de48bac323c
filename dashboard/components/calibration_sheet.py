"""The score sheet that one tab is filling in: its fields, its draft in the store, its submission.

What is typed lives in Streamlit's state under keys of the contact, and goes to the store as a draft at every
change, so that a closed tab or a restarted server loses nothing. Every callback is handed the sheet it was
drawn for: a second click finds the first one's submission by the sheet's submit key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import streamlit as st

from dashboard import deps
from dashboard.components.calibration_place import go
from dashboard.views.calibration import NOT_APPLICABLE, level_word, levels
from pipelines.errors import PlumblineError
from pipelines.store import (
    ConflictError,
    Criterion,
    Draft,
    Score,
    SeenContact,
    Session,
    Submission,
    new_id,
    read_draft,
    save_draft,
    submit,
)

STATE = "calibration-sheet"
NOTICE, PROBLEM = "calibration-notice", "calibration-problem"
"""State keys of what the last click came to, and of why it was refused."""
_SILENT = "-"
"""How "not applicable" is typed in the quick entry, and kept as a choice."""
CHANGED = "this draft was changed in another window meanwhile, so what you see here is not what is kept."


@dataclass
class Sheet:
    """One contact's form in one tab.

    Attributes:
        corrects: The submission that is being corrected, or None.
        version: Version of the draft that the fields show.
        problem: Why the last save or submission was refused, or empty.
        is_conflict: Whether that was because another window was first.
    """

    session: Session
    contact_id: str
    grader: str
    corrects: str | None
    submit_key: str
    version: int = 0
    saved_at: datetime | None = None
    problem: str = ""
    is_conflict: bool = False

    @property
    def place(self) -> tuple[str, str, str]:
        """Where its draft is kept."""
        return self.session.session_id, self.contact_id, self.grader

    def key(self, field: str, criterion: Criterion | None = None) -> str:
        """State key of a field; of its own for each contact, so that no browser shows another's."""
        number = "all" if criterion is None else str(self.session.criteria.index(criterion))
        return f"{field}-{self.session.session_id[:8]}-{self.contact_id}-{number}"


def opened(session: Session, seen: SeenContact, grader: str, *, corrects: Submission | None) -> Sheet:
    """The sheet of a contact, filled from the draft; of a correction without one, from what it corrects."""
    sheet: Sheet | None = st.session_state.get(STATE)
    corrected = corrects.submission_id if corrects else None
    place = (session.session_id, seen.contact.contact_id, grader)
    if sheet is not None and sheet.place == place and sheet.corrects == corrected:
        sheet.session = session
        if sheet.key("score", session.criteria[0]) in st.session_state:
            if not sheet.problem and seen.draft is not None and seen.draft.version > sheet.version:
                sheet.problem, sheet.is_conflict = CHANGED, True
            return sheet
        sheet.problem = ""
    else:
        sheet = Sheet(session, seen.contact.contact_id, grader, corrected, new_id())
        st.session_state[STATE] = sheet
    draft = seen.draft or Draft(0)
    if draft.version == 0 and corrects is not None:
        draft = Draft(0, corrects.scores, corrects.comment)
    fill(sheet, draft)
    return sheet


def fill(sheet: Sheet, draft: Draft) -> None:
    """Put a draft into the fields."""
    sheet.version, sheet.saved_at = draft.version, draft.saved_at
    st.session_state[sheet.key("comment")] = draft.comment or ""
    for criterion in sheet.session.criteria:
        given = draft.scores.get(criterion.criterion_id)
        st.session_state[sheet.key("comment", criterion)] = (given.comment or "") if given else ""
        _put(sheet, criterion, given)


def _put(sheet: Sheet, criterion: Criterion, given: Score | None) -> None:
    key = sheet.key("score", criterion)
    is_silent = given is not None and given.score is None
    if levels(criterion) is None:
        st.session_state[key] = given.score if given else None
        st.session_state[sheet.key("silent", criterion)] = is_silent
    elif given is None:
        st.session_state[key] = None
    else:
        st.session_state[key] = _SILENT if is_silent else f"{given.score:g}"


def options(criterion: Criterion) -> list[str]:
    """The choices of a criterion that is clicked, "not applicable" last."""
    return [f"{level:g}" for level in levels(criterion) or ()] + [_SILENT]


def option_word(criterion: Criterion, option: str) -> str:
    """A choice as it is shown."""
    return NOT_APPLICABLE if option == _SILENT else level_word(criterion, float(option))


def chosen_score(value: object) -> Score | None:
    """What a field holds as a score; None: nothing chosen."""
    if value is None:
        return None
    return Score(None if value == _SILENT else float(str(value)))


def filled(sheet: Sheet) -> dict[str, Score]:
    """What the fields hold: only the criteria that were answered."""
    found = {}
    for criterion in sheet.session.criteria:
        is_silent = st.session_state.get(sheet.key("silent", criterion))
        given = chosen_score(_SILENT if is_silent else st.session_state.get(sheet.key("score", criterion)))
        comment = (st.session_state.get(sheet.key("comment", criterion)) or "").strip() or None
        if given is not None:
            found[criterion.criterion_id] = Score(given.score, comment)
    return found


def whole_comment(sheet: Sheet) -> str | None:
    """The comment on the contact as a whole."""
    return (st.session_state.get(sheet.key("comment")) or "").strip() or None


def save(sheet: Sheet) -> None:
    """Keep the fields as a draft; a refusal is told on the sheet."""
    try:
        draft = save_draft(
            deps.store(), *sheet.place, filled(sheet), version=sheet.version, comment=whole_comment(sheet)
        )
    except PlumblineError as error:
        _refused(sheet, error)
        return
    sheet.version, sheet.saved_at = draft.version, draft.saved_at
    sheet.problem, sheet.is_conflict = "", False


def take_theirs(sheet: Sheet) -> None:
    """Show what the other window saved, and go on from there."""
    fill(sheet, read_draft(deps.store(), *sheet.place))
    sheet.problem, sheet.is_conflict = "", False


def keep_mine(sheet: Sheet) -> None:
    """Save this window's fields over what the other window saved."""
    sheet.version = read_draft(deps.store(), *sheet.place).version
    save(sheet)


def send(sheet: Sheet, following: str | None, reason_key: str) -> None:
    """Submit the sheet and move on; a refusal is told on the sheet."""
    try:
        submit(
            deps.store(),
            *sheet.place,
            filled(sheet),
            submit_key=sheet.submit_key,
            comment=whole_comment(sheet),
            supersedes=sheet.corrects,
            reason=st.session_state.get(reason_key),
            draft_version=sheet.version,
        )
    except PlumblineError as error:
        _refused(sheet, error)
        return
    if st.session_state.get(STATE) is sheet:
        del st.session_state[STATE]
    st.session_state[NOTICE] = f"{sheet.contact_id} is {'corrected' if sheet.corrects else 'submitted'}."
    go(contact=following or sheet.contact_id, correct=None)


def refused_elsewhere(session_id: str, contact_id: str) -> str:
    """Why this tab's sheet of a contact was refused, once another window has submitted it; told once."""
    sheet: Sheet | None = st.session_state.get(STATE)
    if sheet is None or sheet.place[:2] != (session_id, contact_id) or not sheet.is_conflict:
        return ""
    del st.session_state[STATE]
    return sheet.problem[:1].upper() + sheet.problem[1:]


def type_in(sheet: Sheet) -> None:
    """Take the quick entry: a score a criterion, in their order."""
    key = sheet.key("quick")
    text = st.session_state.get(key) or ""
    st.session_state[key] = ""
    try:
        given = typed(text, sheet.session.criteria)
    except ValueError as error:
        sheet.problem, sheet.is_conflict = str(error), False
        return
    for criterion, score in given.items():
        _put(sheet, criterion, score)
    if given:
        save(sheet)


def typed(text: str, criteria: tuple[Criterion, ...]) -> Mapping[Criterion, Score]:
    """Scores typed in one line, parted by spaces or commas; fewer than there are criteria fill the first.

    Raises:
        ValueError: In a sentence for the person, if one of them is no score of its criterion.
    """
    words = re.split(r"[\s,;]+", text.strip()) if text.strip() else []
    if len(words) > len(criteria):
        raise ValueError(f"{len(words)} scores were typed, and there are {len(criteria)} criteria.")
    found = {}
    for word, criterion in zip(words, criteria, strict=False):
        try:
            score = None if word in (_SILENT, "–", "—", "n", "N", NOT_APPLICABLE) else float(word)
        except ValueError:
            raise ValueError(f"“{word}” is no score; type numbers, and - where it does not apply.") from None
        choices = levels(criterion)
        is_there = score is None or (
            score in choices if choices is not None else criterion.min <= score <= criterion.max
        )
        if not is_there:
            raise ValueError(
                f"“{criterion.label}” goes from {criterion.min:g} to {criterion.max:g}, and {word} was typed."
            )
        found[criterion] = Score(score)
    return found


def _refused(sheet: Sheet, error: PlumblineError) -> None:
    sheet.problem, sheet.is_conflict = str(error), isinstance(error, ConflictError)
