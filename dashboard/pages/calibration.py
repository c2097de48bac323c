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
from pipelines.errors import PlumblineError
from pipelines.reader import Reader
from pipelines.store import Session, SessionView


def render(reader: Reader) -> None:
    """Draw the part of the page that the address names: all sessions, a new one, one, or the disputes."""
    st.html(f"<style>{_style()}</style>")
    try:
        sessions = app.sessions(deps.store())
    except PlumblineError as error:
        filter_bar.title("Do graders score alike?", reader.build.workspace)
        st.error(f"{error}"[:1].upper() + f"{error}"[1:])
        return
    names = _names(reader, sessions)
    opened = next((one for one in sessions if one.session_id == place(SESSION)), None)
    today = deps.store().clock().date()
    if opened is not None:
        viewer = _head(opened.name, _about(opened), names)
        _notice()
        st.button("All sessions", icon=":material/arrow_back:", key="back-to-list", on_click=_leave)
        if viewer is None:
            st.info("Choose or type your name above: what you may see of a session depends on who you are.")
            return
        _session(reader, app.session_view(deps.store(), opened.session_id, viewer), names)
        return
    if parts_of(place(SESSION) or "") is not None:
        _exported(reader, names)
        return
    title = {"new": "Which contacts, scored by whom?", "disputes": "Which scores are contested?"}.get(
        place(VIEW) or "", "Do graders score alike?"
    )
    viewer = _head(title, f"Calibration · {reader.build.workspace}", names)
    _notice()
    if place(SESSION):
        st.warning("There is no session at this address (any more); these are all there are.")
    if place(VIEW) == "new" and viewer is not None:
        calibration_new.show(reader, sessions, names, viewer, today)
    elif place(VIEW) == "disputes":
        calibration_disputes.show(reader, viewer)
    else:
        calibration_list.show(sessions, viewer, today)
        calibration_list.exported(reader, {one.session_id for one in sessions}, viewer)


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
    found = calibration_list.exported_view(reader, parts_of(place(SESSION) or ""), "")
    if found is None:
        _head("Do graders score alike?", f"Calibration · {reader.build.workspace}", names)
        st.button("All sessions", icon=":material/arrow_back:", key="back-to-list", on_click=_leave)
        st.warning("The exports hold no such session (any more).")
        return
    _head(found.session.name, _about(found.session), names)
    st.button("All sessions", icon=":material/arrow_back:", key="back-to-list", on_click=_leave)
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


def _names(reader: Reader, sessions: tuple[Session, ...]) -> list[str]:
    """Everyone who graded or led before."""
    known = set(deps.answer(reader, "graders")["grader_id"])
    for session in sessions:
        known.update(session.graders, [session.created_by])
    return sorted(known, key=str.casefold)


def _leave() -> None:
    st.session_state.pop(sheets.STATE, None)
    go(session=None, contact=None, view=None, correct=None)


@cache
def _style() -> str:
    return (Path(__file__).parents[1] / "components" / "calibration.css").read_text("utf-8")


if __name__ == "__main__":
    page.run(render)
