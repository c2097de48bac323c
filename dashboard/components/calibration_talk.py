"""After the reveal: what graders say to each other, and the score they agree on."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboard import deps
from dashboard import format as fmt
from dashboard.components import calibration_sheet as sheets
from dashboard.components import chart_card
from dashboard.views import calibration as words
from dashboard.views import calibration_tables as tables
from dashboard.views.calibration_results import Results
from pipelines.errors import PlumblineError
from pipelines.store import Criterion, Note, SeenContact, SessionView, new_id, set_consensus, write_note

_EDITING = "calibration-editing"


def notes(view: SessionView, seen: SeenContact) -> None:
    """The discussion of a contact, and a field to add to it."""
    contact = seen.contact.contact_id
    with st.container(key="card-notes"):
        chart_card.head("Discussion", "Notes stay with the session; an edit keeps the old wording on record")
        said = tables.notes_html(view, seen)
        if said:
            st.html(said)
        mine = [note for note in seen.notes if note.written_by == view.viewer]
        edited = next((note for note in mine if note.note_id == st.session_state.get(_EDITING)), None)
        key = f"note-{contact}-{edited.note_id if edited else 'new'}"
        st.session_state.setdefault(f"{key}-id", new_id())
        if edited is not None:
            st.session_state.setdefault(key, edited.body)
        st.text_area(
            "Your note", key=key, height=80, placeholder="Why you scored it so; what the rule should say"
        )
        labels = {item.criterion_id: item.label for item in view.session.criteria}
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.selectbox(
                "About",
                [None, *labels],
                format_func=lambda name: labels.get(name, "The whole contact"),
                key=f"{key}-about",
                width=240,
                disabled=edited is not None,
            )
            st.button(
                "Save the edit" if edited else "Add note",
                key=f"{key}-add",
                on_click=_add,
                args=(view, contact, key, edited, st.session_state[f"{key}-id"]),
            )
            if mine and edited is None:
                st.button("Edit my last", key=f"{key}-edit", on_click=_edit, args=(mine[-1].note_id,))
            elif edited is not None:
                st.button("Leave it", key=f"{key}-leave", on_click=_edit, args=(None,))


def consensus(view: SessionView, seen: SeenContact, found: Results) -> None:
    """What the graders agreed on; its lead and the reference grader may say so."""
    may = view.viewer in (view.session.created_by, view.session.reference_grader)
    with st.container(key="card-consensus"):
        agreed = seen.consensus
        chart_card.head(
            "Consensus" if agreed else "No consensus recorded yet",
            f"{len(agreed)} of {fmt.plural(len(view.session.criteria), 'criterion', 'criteria')} agreed; "
            "a consensus is what scores are held against from then on",
        )
        if agreed:
            st.html(tables.agreed_html(view, seen))
        if may:
            _consensus_form(view, seen)
        else:
            lead = escape(view.session.created_by)
            st.html(f'<p class="pl-note">Recorded by {lead}, who leads the session.</p>')


def _consensus_form(view: SessionView, seen: SeenContact) -> None:
    contact = seen.contact.contact_id
    labels = {item.criterion_id: item for item in view.session.criteria}
    key = f"consensus-{contact}"
    chosen = st.selectbox(
        "Criterion",
        list(labels),
        format_func=lambda name: labels[name].label,
        key=key,
    )
    item = labels[chosen]
    there = seen.consensus.get(chosen)
    revision = there.revision if there else 0
    field = f"{key}-{view.session.criteria.index(item)}-{revision}"
    st.session_state.setdefault(f"{field}-id", new_id())
    if words.levels(item) is None:
        st.number_input("Agreed score", float(item.min), float(item.max), value=None, key=f"{field}-score")
    else:
        st.segmented_control(
            "Agreed score",
            sheets.options(item),
            format_func=lambda option: sheets.option_word(item, option),
            key=f"{field}-score",
        )
    st.text_input("Why", key=f"{field}-why", placeholder="The rule that decides it, in a sentence")
    st.button(
        "Record the consensus",
        key=f"{field}-save",
        on_click=_record,
        args=(view, contact, item, field, revision, st.session_state[f"{field}-id"]),
    )


def _add(view: SessionView, contact: str, key: str, edited: Note | None, submit_key: str) -> None:
    try:
        write_note(
            deps.store(),
            view.session.session_id,
            contact,
            st.session_state.get(key) or "",
            by=view.viewer,
            submit_key=submit_key,
            criterion_id=edited.criterion_id if edited else st.session_state.get(f"{key}-about"),
            supersedes=edited.note_id if edited else None,
        )
    except PlumblineError as error:
        st.session_state[sheets.PROBLEM] = str(error)
        return
    st.session_state[key] = ""
    st.session_state[f"{key}-id"] = new_id()
    st.session_state.pop(_EDITING, None)


def _edit(note_id: str | None) -> None:
    st.session_state[_EDITING] = note_id


def _record(
    view: SessionView, contact: str, item: Criterion, field: str, revision: int, submit_key: str
) -> None:
    score = sheets.chosen_score(st.session_state.get(f"{field}-score"))
    if score is None:
        st.session_state[sheets.PROBLEM] = "Choose the score that was agreed on first."
        return
    try:
        set_consensus(
            deps.store(),
            view.session.session_id,
            contact,
            item.criterion_id,
            score.score,
            by=view.viewer,
            submit_key=submit_key,
            revision=revision,
            reason=(st.session_state.get(f"{field}-why") or "").strip(),
        )
    except PlumblineError as error:
        st.session_state[sheets.PROBLEM] = str(error)
