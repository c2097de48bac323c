"""All sessions: whose turn it is, how far each is, how far graders agreed."""

from __future__ import annotations

from datetime import date

import polars as pl
import streamlit as st

from dashboard import deps
from dashboard import format as fmt
from dashboard.components import calibration_export, chart_card
from dashboard.components.calibration_place import go
from dashboard.views import calibration as views
from dashboard.views import calibration_frames as frames
from dashboard.views import calibration_results as results
from dashboard.views.calibration_exported import address
from dashboard.views.calibration_exported import view as make_view
from pipelines.reader import Reader
from pipelines.store import Session, SessionView, session_view

SHOWN = 20
EXPORTED_SHOWN = 6


def show(sessions: tuple[Session, ...], viewer: str | None, today: date) -> None:
    """Draw the list, the visitor's own work first."""
    with st.container(horizontal=True, vertical_alignment="center", key="controls-list"):
        st.button(
            "New session",
            type="primary",
            icon=":material/add:",
            key="new-session",
            on_click=go,
            kwargs={"view": "new"},
            disabled=viewer is None,
        )
        st.button(
            "Disputes",
            icon=":material/gavel:",
            key="see-disputes",
            on_click=go,
            kwargs={"view": "disputes"},
        )
        calibration_export.show(sessions, viewer)
    if viewer is None:
        st.info("Choose or type your name above to score, or to make a session.")
    if not sessions:
        with st.container(key="card-none"):
            chart_card.head(
                "No session yet",
                "In a session several graders score the same contacts blind, then compare. Start with five "
                "contacts and three graders: enough to see which criterion people read differently.",
            )
        return
    number = int(st.session_state.get("sessions-shown", SHOWN))
    seen = [session_view(deps.store(), one.session_id, viewer or "") for one in sessions[:number]]
    for view in sorted(seen, key=lambda view: not _to_score(view)):
        _row(view, viewer, today)
    if len(sessions) > number:
        st.button(
            f"Show {fmt.plural(len(sessions) - number, 'older session')}",
            key="older-sessions",
            on_click=lambda: st.session_state.update({"sessions-shown": len(sessions)}),
        )


def exported(reader: Reader, made_here: set[str]) -> None:
    """The sessions that came with the exports, to be read."""
    rows = deps.answer(reader, "exported_sessions").filter(~pl.col("session_id").is_in(list(made_here)))
    if rows.is_empty():
        return
    number = int(st.session_state.get("exported-shown", EXPORTED_SHOWN))
    with st.container(key="card-exported"):
        chart_card.head(
            fmt.plural(rows.height, "session") + " from the exports",
            "Scored elsewhere; to be read here, the newest first",
        )
        for row in rows.head(number).iter_rows(named=True):
            with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
                view = exported_view(reader, (row["session_id"], row["scorecard_id"], row["version"]))
                if view is None:
                    continue
                st.html(views.exported_html(view, results.agreement_phrase(view)), width="stretch")
                st.button(
                    "Open",
                    key=f"open-{address(row)}",
                    on_click=go,
                    kwargs={"session": address(row), "contact": None, "view": None},
                    width=160,
                )
        if rows.height > number:
            st.button(
                f"Show {fmt.count(rows.height - number)} more",
                key="more-exported",
                on_click=lambda: st.session_state.update({"exported-shown": rows.height}),
            )


def exported_view(reader: Reader, parts: tuple[str, str, str] | None) -> SessionView | None:
    """A session of the exports as one of ours; None where there is none of that name."""
    sessions = deps.answer(reader, "exported_sessions")
    for row in sessions.iter_rows(named=True):
        if parts == (row["session_id"], row["scorecard_id"], row["version"]):
            cards = deps.answer(reader, "scorecards")
            form = frames.criteria(cards, row["scorecard_id"], row["version"])
            return make_view(row, deps.answer(reader, "session_ratings", *parts), form)
    return None


def _row(view: SessionView, viewer: str | None, today: date) -> None:
    session = view.session
    waiting = _to_score(view)
    agreement = results.agreement_phrase(view) if session.is_revealed else ""
    with (
        st.container(key=f"card-session-{session.session_id}"),
        st.container(horizontal=True, vertical_alignment="center", gap="medium"),
    ):
        st.html(views.card_html(view, today, agreement=agreement), width="stretch")
        st.button(
            f"Score {fmt.plural(waiting, 'contact')}" if waiting else "Open",
            type="primary" if waiting else "secondary",
            key=f"open-{session.session_id}",
            on_click=go,
            kwargs={"session": session.session_id, "contact": None, "view": None},
            disabled=viewer is None,
            width=160,
        )


def _to_score(view: SessionView) -> int:
    """Contacts that are waiting for the visitor."""
    if view.session.is_closed or view.viewer not in view.session.graders:
        return 0
    return sum(seen.mine is None for seen in view.contacts)
