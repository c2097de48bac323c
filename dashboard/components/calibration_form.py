"""Scoring blind: one contact at a time, by keyboard or mouse."""

from __future__ import annotations

from html import escape
from itertools import groupby

import streamlit as st

from dashboard import deps
from dashboard import format as fmt
from dashboard.components import calibration_lead, chart_card
from dashboard.components import calibration_sheet as sheets
from dashboard.components.calibration_place import CONTACT, go, place
from dashboard.components.calibration_sheet import Sheet
from dashboard.views import calibration as views
from dashboard.views import calibration_frames as frames
from pipelines.calibration.session_results import review_scores
from pipelines.reader import Reader
from pipelines.store import Criterion, SeenContact, SessionView, Submission

CORRECT = "correct"


def show(reader: Reader, view: SessionView) -> None:
    """Draw the contact that is to be scored and its form."""
    seen = chosen_contact(view)
    steps(view, seen)
    left, right = st.columns([5, 6], gap="small")
    with left:
        contact_card(reader, view, seen)
        calibration_lead.progress(view)
    with right:
        sheet_card(view, seen)


def is_scoring(view: SessionView, seen: SeenContact) -> bool:
    """Whether the viewer has yet to score a contact, or is correcting it."""
    if view.viewer not in view.session.graders or view.session.is_closed:
        return False
    return seen.mine is None or place(CORRECT) == seen.mine.submission_id


def sheet_card(view: SessionView, seen: SeenContact) -> None:
    """A contact's form, or what one has submitted of it."""
    with st.container(key="card-form"):
        if is_scoring(view, seen):
            _form(view, seen)
        elif seen.mine is not None:
            _mine(view, seen, seen.mine)
        else:
            chart_card.head("This session is closed", "It takes no more scores; its lead can open it again.")


def chosen_contact(view: SessionView) -> SeenContact:
    """The contact of the address, else the first that is not scored yet, else the first."""
    by_id = {seen.contact.contact_id: seen for seen in view.contacts}
    asked = by_id.get(place(CONTACT) or "")
    is_grader = view.viewer in view.session.graders
    open_ones = [seen for seen in view.contacts if seen.mine is None] if is_grader else []
    found = asked or (open_ones or list(view.contacts))[0]
    # It stays this one until the person moves on, whatever is submitted meanwhile in another window.
    if place(CONTACT) != found.contact.contact_id:
        go(contact=found.contact.contact_id)
    return found


def steps(view: SessionView, seen: SeenContact, *, label: str = "Contact") -> None:
    """The contacts of the session, by number, those scored ticked."""
    key = "choose-contact"
    ids = [one.contact.contact_id for one in view.contacts]
    done = {one.contact.contact_id for one in view.contacts if one.mine is not None}
    st.session_state[key] = seen.contact.contact_id
    with st.container(key="controls-contacts", horizontal=True, vertical_alignment="center"):
        st.segmented_control(
            label,
            ids,
            format_func=lambda one: f"{ids.index(one) + 1}{' ✓' if one in done else ''}",
            key=key,
            required=True,
            on_change=lambda: go(contact=st.session_state[key], correct=None),
        )


def contact_card(reader: Reader, view: SessionView, seen: SeenContact, *, reason: bool = False) -> None:
    """What may be known of a contact, and `reason`: why it is in the session."""
    contact_id = seen.contact.contact_id
    facts = deps.answer(reader, "contact_facts", (contact_id,))
    agents = deps.answer(reader, "contact_agents", (contact_id,)) if seen.may_see_agent else None
    with st.container(key="card-contact"):
        number = [one.contact.contact_id for one in view.contacts].index(contact_id) + 1
        row = facts.row(0, named=True) if facts.height else None
        picked = " · picked by hand" if seen.contact.is_picked else ""
        chart_card.head(
            views.contact_title(row, contact_id), f"Contact {number} of {len(view.contacts)}{picked}"
        )
        st.html(
            views.contact_html(
                row,
                contact_id,
                agents.row(0, named=True) if agents is not None and agents.height else None,
                hidden=not seen.may_see_agent,
            )
        )
        if reason and seen.contact.reason:
            st.html(f'<p class="pl-note">In this session: {escape(seen.contact.reason)}.</p>')


def _mine(view: SessionView, seen: SeenContact, mine: Submission) -> None:
    corrected = f", corrected {fmt.plural(mine.revision - 1, 'time')}" if mine.revision > 1 else ""
    chart_card.head("You have scored this contact", f"Submitted {fmt.moment(mine.submitted_at)}{corrected}")
    told = sheets.refused_elsewhere(mine.session_id, mine.contact_id)
    if told:
        st.warning(told)
    st.html(views.review_html(view.session.criteria, mine))
    if view.session.is_closed:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        following = _following(view, seen)
        if following is not None:
            st.button(
                "Next contact", type="primary", key="next-contact", on_click=go, kwargs={"contact": following}
            )
        st.button(
            "Correct it",
            key="correct-contact",
            icon=":material/edit:",
            on_click=go,
            kwargs={"contact": seen.contact.contact_id, CORRECT: mine.submission_id},
        )


def _form(view: SessionView, seen: SeenContact) -> None:
    session = view.session
    sheet = sheets.opened(session, seen, view.viewer, corrects=seen.mine)
    what = "Your correction" if sheet.corrects else "Your blind score"
    chart_card.head(
        what, "By keyboard: Tab walks on, arrows and space bar choose. Every change is kept as a draft."
    )
    _problem(sheet)
    st.text_input(
        "Quick entry",
        key=sheet.key("quick"),
        on_change=sheets.type_in,
        args=(sheet,),
        placeholder=f"All {len(session.criteria)} in one line: {_example(session.criteria)}, and - for N/A",
        label_visibility="collapsed",
    )
    for section, criteria in groupby(session.criteria, key=lambda one: one.section):
        if section:
            st.html(f'<p class="cal-section">{escape(section)}</p>')
        for criterion in criteria:
            _criterion(sheet, criterion)
    st.text_area(
        "Comment on the whole contact",
        key=sheet.key("comment"),
        on_change=sheets.save,
        args=(sheet,),
        height=70,
        placeholder="What a colleague should know; no customer's name or number",
    )
    reason_key = sheet.key("reason")
    if sheet.corrects:
        st.text_input("Why it is corrected", key=reason_key, placeholder="Kept beside the old score")
    _total(sheet)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Submit the correction" if sheet.corrects else "Submit score",
            type="primary",
            key=f"submit-{sheet.contact_id}-{sheet.corrects or ''}",
            shortcut="Ctrl+Enter",
            on_click=sheets.send,
            args=(sheet, _following(view, seen), reason_key),
        )
        if sheet.corrects:
            st.button("Leave it as it was", key="leave-correction", on_click=go, kwargs={CORRECT: None})


def _problem(sheet: Sheet) -> None:
    if not sheet.problem:
        return
    sentence = sheet.problem[:1].upper() + sheet.problem[1:]
    if not sheet.is_conflict:
        st.error(sentence)
        return
    st.warning(sentence)
    with st.container(horizontal=True):
        st.button("Show what is there now", key="take-theirs", on_click=sheets.take_theirs, args=(sheet,))
        st.button("Keep what I have here", key="keep-mine", on_click=sheets.keep_mine, args=(sheet,))


def _criterion(sheet: Sheet, criterion: Criterion) -> None:
    number = sheet.session.criteria.index(criterion)
    with st.container(key=f"criterion-{number}"):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.html(
                f'<p class="cal-criterion">{escape(criterion.label)}'
                f"<span>{escape(views.criterion_words(criterion))}</span></p>",
                width="stretch",
            )
            if views.levels(criterion) is None:
                _typed_score(sheet, criterion)
            else:
                st.segmented_control(
                    criterion.label,
                    sheets.options(criterion),
                    format_func=lambda option: sheets.option_word(criterion, option),
                    key=sheet.key("score", criterion),
                    on_change=sheets.save,
                    args=(sheet,),
                    label_visibility="collapsed",
                )
        st.text_input(
            f"Comment on {criterion.label}",
            key=sheet.key("comment", criterion),
            on_change=sheets.save,
            args=(sheet,),
            label_visibility="collapsed",
            placeholder="Comment",
        )


def _typed_score(sheet: Sheet, criterion: Criterion) -> None:
    is_silent = bool(st.session_state.get(sheet.key("silent", criterion)))
    with st.container(horizontal=True, vertical_alignment="center", width="content"):
        st.number_input(
            criterion.label,
            min_value=float(criterion.min),
            max_value=float(criterion.max),
            step=1.0 if criterion.max - criterion.min > 1 else 0.1,
            format="%g" if float(criterion.min).is_integer() else "%.2f",
            key=sheet.key("score", criterion),
            on_change=sheets.save,
            args=(sheet,),
            label_visibility="collapsed",
            disabled=is_silent,
            width=160,
        )
        st.checkbox(
            f"{views.NOT_APPLICABLE}: {criterion.label}" if is_silent else views.NOT_APPLICABLE,
            key=sheet.key("silent", criterion),
            on_change=sheets.save,
            args=(sheet,),
        )


def _total(sheet: Sheet) -> None:
    """The review's score so far, and when the draft was kept."""
    given = sheets.filled(sheet)
    all_of = len(sheet.session.criteria)
    said = f"{len(given)} of {all_of} criteria scored"
    if given:
        row = review_scores(frames.one_review(given), frames.form(sheet.session.criteria)).row(0, named=True)
        if row["auto_failed"]:
            said = f'<span class="cal-fail">Auto-fail: this review scores 0.</span> {said}'
        elif row["score"] is not None:
            said = f"<b>{row['score']:.0f}</b> of 100 · {said}"
    if sheet.saved_at is not None:
        said += f" · draft kept {sheet.saved_at:%H:%M:%S} UTC"
    st.html(f'<p class="cal-score" role="status">{said}</p>')


def _following(view: SessionView, seen: SeenContact) -> str | None:
    """The next contact that is not scored yet, from this one on and round; None where all others are."""
    ids = [one.contact.contact_id for one in view.contacts]
    here = ids.index(seen.contact.contact_id)
    round_trip = [*view.contacts[here + 1 :], *view.contacts[:here]]
    return next((one.contact.contact_id for one in round_trip if one.mine is None), None)


def _example(criteria: tuple[Criterion, ...]) -> str:
    return " ".join(f"{criterion.max:g}" for criterion in criteria)
