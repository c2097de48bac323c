"""Calibration sessions: graders score the same contacts blind, then compare, discuss and agree."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit as st

from dashboard import deps
from dashboard import format as fmt
from dashboard.components import (
    calibration_disputes,
    calibration_export,
    calibration_form,
    calibration_lead,
    calibration_list,
    calibration_new,
    calibration_results,
    filter_bar,
    page,
)
from dashboard.components import calibration_sheet as sheets
from dashboard.components.calibration_place import SESSION, VIEW, go, place, who
from dashboard.views import calibration as views
from dashboard.views.calibration_exported import SOURCE, parts_of
from pipelines import store as app
from pipelines.errors import PlumblineError, UsageError
from pipelines.reader import Reader
from pipelines.store import Session, SessionView

QUESTION = "Do graders score alike?"


def render(reader: Reader) -> None:
    """Draw the part of the page that the address names: all sessions, a new one, one, or the disputes."""
    st.html(f"<style>{_style()}</style>")
    try:
        names = _names(reader)
    except PlumblineError as error:
        filter_bar.title(QUESTION, reader.build.workspace)
        st.error(f"{error}"[:1].upper() + f"{error}"[1:])
        return
    asked = place(SESSION)
    if asked is not None and parts_of(asked) is not None:
        _exported(reader, names)
    elif asked is None or not _opened(reader, asked, names):
        _all(reader, names)


def _opened(reader: Reader, session_id: str, names: list[str]) -> bool:
    """Draw one session; False where there is none of that id."""
    try:
        session = app.session(deps.store(), session_id)
    except UsageError:
        return False
    viewer = _head(session.name, _about(session), names)
    _notice()
    _back()
    if viewer is None:
        st.info("Choose or type your name above: what you may see of a session depends on who you are.")
    else:
        _session(reader, app.session_view(deps.store(), session_id, viewer), names)
    return True


def _all(reader: Reader, names: list[str]) -> None:
    """Draw what is about all sessions: the list, the form of a new one, the disputes."""
    title = {"new": "Which contacts, scored by whom?", "disputes": "Which scores are contested?"}.get(
        place(VIEW) or "", QUESTION
    )
    viewer = _head(title, f"Calibration · {reader.build.workspace}", names)
    _notice()
    if place(SESSION):
        st.warning("There is no session at this address (any more); these are all there are.")
    if place(VIEW) == "disputes":
        calibration_disputes.show(reader, viewer)
        return
    sessions = app.sessions(deps.store())
    today = deps.store().clock().date()
    if place(VIEW) == "new" and viewer is not None:
        calibration_new.show(reader, sessions, names, viewer, today)
    else:
        calibration_list.show(sessions, viewer, today)
        calibration_list.exported(reader, {one.session_id for one in sessions})


def _session(reader: Reader, view: SessionView, names: list[str]) -> None:
    session = view.session
    leads = view.viewer == session.created_by
    if not view.contacts:
        st.info("Every contact of this session was erased, and what was typed in on them with it.")
        return
    if session.is_revealed:
        calibration_results.show(reader, view)
        if leads:
            calibration_lead.manage(view, names)
        with st.container(horizontal=True, vertical_alignment="center", key="controls-export"):
            calibration_export.one(view)
    elif view.viewer in session.graders:
        calibration_form.show(reader, view)
        if leads:
            calibration_lead.manage(view, names)
    else:
        if leads:
            calibration_lead.manage(view, names)
        else:
            st.info(f"You do not grade in this session; you see it once {session.created_by} reveals it.")
        calibration_lead.progress(view)
        if leads:
            calibration_lead.contacts(reader, view)
    calibration_lead.about(view)


def _exported(reader: Reader, names: list[str]) -> None:
    """A session that came with the exports: to be read, and no more."""
    found = calibration_list.exported_view(reader, parts_of(place(SESSION) or ""))
    if found is None:
        _head(QUESTION, f"Calibration · {reader.build.workspace}", names)
        _back()
        st.warning("The exports hold no such session (any more).")
        return
    _head(found.session.name, _about(found.session), names)
    _back()
    calibration_results.show(reader, found, is_kept=False)
    with st.container(horizontal=True, vertical_alignment="center", key="controls-export"):
        calibration_export.one(found)


def _about(session: Session) -> str:
    today = deps.store().clock().date()
    parts = [
        views.state(session, today).capitalize(),
        views.due_words(session, today),
        fmt.plural(len(session.contacts), "contact"),
        f"{session.scorecard_id}, version {session.version}",
        f"from {SOURCE}" if session.created_by == SOURCE else f"led by {session.created_by}",
    ]
    return " · ".join(part for part in parts if part)


def _head(title: str, subtitle: str, names: list[str]) -> str | None:
    with st.container(key="head", horizontal=True, vertical_alignment="bottom", gap="medium"):
        filter_bar.title(title, subtitle)
        with st.container(key="controls-who", width="content"):
            return who(names)


def _notice() -> None:
    """What the last click came to, said once."""
    said = st.session_state.pop(sheets.NOTICE, None)
    if said:
        st.toast(said[:1].upper() + said[1:], duration="long")
    refused = st.session_state.pop(sheets.PROBLEM, None)
    if refused:
        st.warning(refused[:1].upper() + refused[1:])


def _names(reader: Reader) -> list[str]:
    """Everyone who graded or led before."""
    known = {*deps.answer(reader, "graders")["grader_id"], *app.people(deps.store())}
    return sorted(known, key=str.casefold)


def _back() -> None:
    st.button("All sessions", icon=":material/arrow_back:", key="back-to-list", on_click=_leave)


def _leave() -> None:
    st.session_state.pop(sheets.STATE, None)
    go(session=None, contact=None, view=None, correct=None)


@cache
def _style() -> str:
    return (Path(__file__).parents[1] / "components" / "calibration.css").read_text("utf-8")


if __name__ == "__main__":
    page.run(render)
