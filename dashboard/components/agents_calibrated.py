"""Agents by a calibrated metric: bands, caterpillars by program, who changes and who needs more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
import streamlit as st

from dashboard import deps
from dashboard import format as fmt
from dashboard.components import chart_card, filter_bar, page, states
from dashboard.views import caterpillar as views
from dashboard.views.compare import name_of
from dashboard.views.funnel import bands_html, named
from pipelines.reader import Reader

MOST_PROGRAMS = 6
"""Programs drawn, largest first; the table has all of them."""


def scoped(scope: filter_bar.Scope) -> tuple[Any, ...]:
    """First day, last day and filters, as the reader's questions take them."""
    chosen = scope.filters.by_dimension
    return scope.window.start, scope.window.end, tuple(sorted((name, tuple(v)) for name, v in chosen.items()))


def show(reader: Reader, scope: filter_bar.Scope, what: Any, labels: Mapping[str, str]) -> None:
    """Draw all agents by one calibrated metric."""
    found = deps.answer(reader, "calibrated_agents", what.key, *scoped(scope))
    if found.rows.height == 0:
        states.empty(f"{what.label} cannot be calibrated {scope.window.name}: {found.note}.")
        return
    rows = found.rows
    st.html(bands_html(rows.with_columns(pl.col("band").fill_null("unknown")), what))
    _programs(reader, what, rows, labels)

    def link(agent: str) -> str:
        return page.link("agents", scope.filters, metric=what.key, agent_id=agent)

    changed = views.changed_chart(rows, what, labels, link)
    untold = views.untold_chart(rows, what, labels, link)
    left, right = st.columns(2, gap="small")
    with left:
        if changed is None:
            stays = "Calibration leaves every agent in the band of the raw value"
            chart_card.missing(
                "band-changes", stays, "Raw and calibrated tell the same agents from the program"
            )
        else:
            chart_card.show(changed, unit=what.unit)
    with right:
        if untold is None:
            chart_card.missing(
                "more-to-tell", "Nobody is near to being told", "More units would change little"
            )
        else:
            chart_card.show(untold, unit=what.unit)
    _table(reader, what, found, labels)


def _programs(reader: Reader, what: Any, rows: pl.DataFrame, labels: Mapping[str, str]) -> None:
    names = deps.answer(reader, "labels", "program_id")
    sizes = rows.group_by("program_id").len().sort("len", "program_id", descending=[True, False])
    drawn = sizes["program_id"].to_list()[:MOST_PROGRAMS]
    for place in range(0, len(drawn), 2):
        columns = st.columns(2, gap="small") if len(drawn) > 1 else [st.container()]
        for column, program in zip(columns, drawn[place : place + 2], strict=False):
            of = rows.filter(pl.col("program_id").eq_missing(pl.lit(program)))
            chart = views.caterpillar(
                of, what, page.palette(), program=name_of(program, names), labels=labels
            )
            if chart is not None:
                with column:
                    chart_card.show(chart, unit=what.unit)


def _table(reader: Reader, what: Any, found: Any, labels: Mapping[str, str]) -> None:
    people = deps.answer(reader, "agents").select("agent_id", "site", "team")
    table = named(found.rows.join(people, on="agent_id", how="left", maintain_order="left"), labels)
    standard = (
        f"as if scored by the {found.standard} on the contact mix of all"
        if found.standard
        else "on the program's contact mix, shrunk toward it where contacts are few"
    )
    apart = (
        f" The reviews fall into {found.parts} parts that share no contact and no agent: scores of different "
        "parts cannot be compared."
        if found.parts > 1
        else ""
    )
    about = (
        f"{what.label}, {standard}. Of those called above or below about 1 in 20 is expected to be called so "
        f"by chance.{apart}"
    )
    with st.container(key="card-agents"):
        chart_card.head(f"All {fmt.plural(table.height, 'agent')}, by name", about)
        chart_card.frame(table, unit=what.unit)
        chart_card.download(f"{what.key}-calibrated-by-agent", table)
