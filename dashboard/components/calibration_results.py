"""The reveal: where graders are apart, who is off on what, one contact side by side, and what was agreed."""

from __future__ import annotations

import streamlit as st

from dashboard import deps
from dashboard.components import calibration_form as form
from dashboard.components import calibration_talk as talk
from dashboard.components import chart_card, page
from dashboard.components.calibration_place import go
from dashboard.views import calibration_frames as frames
from dashboard.views import calibration_results as views
from dashboard.views import calibration_tables as tables
from dashboard.views.calibration_results import Results
from pipelines.reader import Reader
from pipelines.store import SeenContact, SessionView


def show(reader: Reader, view: SessionView, *, is_kept: bool = True) -> None:
    """Draw a revealed session; one that is not kept here but came with the exports can only be read."""
    found = of(view)
    st.html(views.headline_html(view, found))
    if not found.pairs.is_empty():
        st.html(views.cards_html(view, found))
        _whole(view, found)
    seen = form.chosen_contact(view)
    form.steps(view, seen, label="Contact by contact")
    left, right = st.columns([5, 8], gap="small")
    with left:
        form.contact_card(reader, view, seen, reason=seen.mine is not None or not _grades(view))
        if is_kept and not form.is_scoring(view, seen):
            talk.notes(view, seen)
    with right:
        if form.is_scoring(view, seen):
            form.sheet_card(view, seen)
        else:
            _side_by_side(view, seen, found)
            if is_kept:
                talk.consensus(view, seen, found)


def of(view: SessionView) -> Results:
    """What came of a session, computed once for the scores that this viewer may see."""
    found: Results = deps.remembered(
        ("session results", *frames.fingerprint(view)), lambda: views.results(view)
    )
    return found


def _grades(view: SessionView) -> bool:
    return view.viewer in view.session.graders


def _whole(view: SessionView, found: Results) -> None:
    left, right = st.columns(2, gap="small")
    with left, st.container(key="card-heat", height="stretch"):
        chart_card.head(
            views.heat_title(view, found),
            "Lowest to highest score of each contact by its number; the stronger the shade, the more of the "
            "scale lies between. = is the same score, N/A? is where some say that it does not apply",
        )
        st.html(tables.heat_html(view, found, page.palette()))
    with right, st.container(key="card-graders", height="stretch"):
        chart_card.head(
            views.graders_title(found), f"{views.basis_sentence(found)}; least within tolerance first"
        )
        st.html(tables.graders_html(view, found))
    with st.container(key="card-agreement"):
        apart = " without the reference grader," if found.reference_name else ""
        chart_card.head(
            "How far graders agree among themselves",
            f"Contacts with two graders or more,{apart} each criterion at its own scale; a session of few "
            "contacts says little about one criterion by itself",
        )
        st.html(tables.agreement_html(found))
        chart_card.table_fold("session-agreement", found.agreement)


def _side_by_side(view: SessionView, seen: SeenContact, found: Results) -> None:
    with st.container(key="card-side"):
        chart_card.head(
            "Scores side by side", "Amber is out of tolerance, grey is where graders differ within it"
        )
        if not frames.submissions(view, seen.contact.contact_id):
            st.html('<p class="pl-note">Nobody has scored this contact.</p>')
            return
        st.html(tables.side_html(view, seen, found))
        comments = tables.comments_html(view, seen)
        if comments:
            st.html(comments)
        if seen.mine is not None and not view.session.is_closed:
            st.button(
                "Correct mine",
                key="correct-contact",
                icon=":material/edit:",
                on_click=go,
                kwargs={"contact": seen.contact.contact_id, form.CORRECT: seen.mine.submission_id},
            )
