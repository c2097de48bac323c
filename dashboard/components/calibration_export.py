"""Sessions and reviews as files, with the figures that other quality tools know."""

from __future__ import annotations

from collections.abc import Callable

import polars as pl
import streamlit as st

from dashboard import deps
from dashboard import format as fmt
from dashboard.components.calibration_results import of
from dashboard.components.chart_card import XLSX
from dashboard.views import calibration_export as views
from pipelines import export
from pipelines.store import Session, SessionView, session_view


def show(sessions: tuple[Session, ...], viewer: str | None) -> None:
    """A menu of downloads of every revealed session, as far as the viewer may see them."""
    revealed = [session for session in sessions if session.is_revealed]
    with st.popover("Export", icon=":material/download:", disabled=not revealed or viewer is None):
        st.html(
            f'<p class="pl-note">{fmt.plural(len(revealed), "revealed session")}, with alignment score and '
            "tolerance share. Blind ones are left out.</p>"
        )
        for name, label, rows in (
            ("sessions", "Sessions", views.sessions),
            ("reviews", "Reviews", views.reviews),
            ("scores", "Scores", views.scores),
        ):
            _row(lambda: _views(revealed, viewer or ""), name, label, rows)


def one(view: SessionView) -> None:
    """The same of one session."""
    with st.popover("Export", icon=":material/download:"):
        for name, label, rows in (("reviews", "Reviews", views.reviews), ("scores", "Scores", views.scores)):
            _row(lambda: [view], name, label, rows)


def _views(sessions: list[Session], viewer: str) -> list[SessionView]:
    return [session_view(deps.store(), session.session_id, viewer) for session in sessions]


def _row(
    seen: Callable[[], list[SessionView]], name: str, label: str, rows: Callable[..., pl.DataFrame]
) -> None:
    def table() -> pl.DataFrame:
        return rows([(view, of(view)) for view in seen()])

    with st.container(horizontal=True, vertical_alignment="center"):
        st.html(f'<p class="cal-criterion">{label}</p>', width=80)
        for kind, mime, write in (
            ("CSV", "text/csv", lambda: export.to_csv(table())),
            ("Excel", XLSX, lambda: export.to_xlsx(table(), label)),
        ):
            st.download_button(
                f"{label} {kind}",
                data=write,
                file_name=f"plumbline-calibration-{name}.{'csv' if kind == 'CSV' else 'xlsx'}",
                mime=mime,
                key=f"export-{name}-{kind}",
                on_click="ignore",
            )
