"""One agent's own view: trend, calibrated metrics, criteria against the program, contacts to listen to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
import streamlit as st

from dashboard import deps
from dashboard.components import chart_card, filter_bar, page
from dashboard.components.agents_calibrated import scoped
from dashboard.views import agent as views
from dashboard.views.trend import trend
from pipelines.reader import Reader
from pipelines.reader_quality import CALIBRATED


def show(reader: Reader, scope: filter_bar.Scope, what: Any, agent_id: str, name: str) -> None:
    """Draw one agent."""
    standings = _standings(reader, scope, agent_id)
    criteria = deps.answer(reader, "agent_criteria", agent_id, *scoped(scope))
    st.html(views.headline_html(name, standings, criteria))
    left, right = st.columns(2, gap="small")
    with left:
        _trend(reader, scope, what, agent_id)
        chart_card.show(
            views.listen_chart(
                deps.answer(reader, "contacts_to_hear", agent_id, scope.window.start, scope.window.end), name
            )
        )
    with right:
        if standings:
            chart_card.show(views.standings_chart(name, standings), height="content")
        chart = views.criteria_chart(criteria, page.palette(), name=name)
        if chart is None:
            chart_card.missing(
                "agent-criteria", "No routine review yet", f"None of {name} {scope.window.name}"
            )
        else:
            chart_card.show(chart, height="content")


def _standings(reader: Reader, scope: filter_bar.Scope, agent_id: str) -> list[tuple[Any, Mapping[str, Any]]]:
    """The agent's row of every metric that can be calibrated here."""
    found = []
    keys = {what.key for what in reader.catalogue}
    for key in (key for key in CALIBRATED if key in keys):
        rows = deps.answer(reader, "calibrated_agents", key, *scoped(scope)).rows
        own = rows.filter(pl.col("agent_id") == agent_id)
        if own.height:
            found.append((reader.definition(key), own.row(0, named=True)))
    return found


def _trend(reader: Reader, scope: filter_bar.Scope, what: Any, agent_id: str) -> None:
    chosen = {**scope.filters.by_dimension, "agent_id": (agent_id,)}
    weeks = (scope.window.end - scope.window.start).days / 7
    rows = deps.metrics(
        reader,
        [what.key],
        grain="month" if weeks > 8 else "week",
        start=scope.window.start,
        end=scope.window.end,
        chosen=chosen,
    )
    if rows.filter(pl.col("value").is_not_null()).height == 0:
        chart_card.missing(
            f"{what.key}-trend", f"{what.label}: nothing yet", f"No mature unit {scope.window.name}"
        )
        return
    chart = trend(rows, what, page.palette(), currency=page.currency(reader, scope.filters))
    chart_card.show(chart, unit=what.unit, height="content")
