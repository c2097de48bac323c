"""Agents against their program: bands, never ranks; calibrated first, raw beside; one agent's own view."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboard import deps
from dashboard import format as fmt
from dashboard.components import agent_own, agents_calibrated, chart_card, choice, filter_bar, page, states
from dashboard.components.metric_picker import pick
from dashboard.views.compare import name_of
from dashboard.views.funnel import bands_html, funnel, named
from pipelines import insight
from pipelines.reader import Reader
from pipelines.reader_quality import CALIBRATED

KINDS = {"calibrated": "Calibrated", "raw": "Raw"}
MOST_PROGRAMS = 6
"""Programs drawn, largest first; the table has all of them."""


def render(reader: Reader) -> None:
    """Draw the page."""
    labels = deps.answer(reader, "labels", "agent_id")
    agents = [agent for agent in deps.answer(reader, "dimension_values", "agent_id") if agent is not None]
    asked = st.query_params.get("agent_id")
    question = (
        f"How is {name_of(asked, labels)} doing?" if asked in agents else "Who differs from their program?"
    )
    scope = filter_bar.show(reader, question, subtitle=reader.build.workspace, reviews="all")
    refusals = page.refusals(reader, scope.filters)
    askable = [
        what for what in reader.catalogue if what.key not in refusals and "agent_id" in what.dimensions
    ]
    what = pick(askable, "Compare by", default="fcr")
    with st.container(key="controls-agents", horizontal=True, vertical_alignment="bottom", gap="small"):
        is_calibrated = what is not None and what.key in CALIBRATED
        kind = _kind() if is_calibrated and asked not in agents else "raw"
        agent_id = choice.select(
            "agent_id",
            "One agent",
            agents,
            format=lambda agent: name_of(agent, labels),
            empty="All agents",
            width=240,
        )
    if what is None:
        states.empty("No metric by agent has all the dimensions of these filters.")
    elif agent_id is not None:
        agent_own.show(reader, scope, what, agent_id, name_of(agent_id, labels))
    elif is_calibrated and kind == "calibrated":
        agents_calibrated.show(reader, scope, what, labels)
    else:
        _raw(reader, scope, what)


def _kind() -> str:
    """Calibrated or raw; calibrated where the URL names neither."""
    asked = st.query_params.get("view", "")
    st.session_state["choose-view"] = asked if asked in KINDS else "calibrated"
    kind = st.segmented_control(
        "Scores",
        list(KINDS),
        format_func=lambda name: KINDS[name],
        key="choose-view",
        on_change=_keep_kind,
        required=True,
    )
    return kind or "calibrated"


def _keep_kind() -> None:
    st.query_params["view"] = st.session_state["choose-view"]


def _raw(reader: Reader, scope: filter_bar.Scope, what: Any) -> None:
    """Agents by the metric as it is, against their program as it is."""
    banded = agent_bands(reader, scope, what)
    known = banded.filter(pl.col("agent_id").is_not_null() & pl.col("value").is_not_null())
    if known.height == 0:
        states.empty(f"No agent has a mature unit of {fmt.in_sentence(what.label)} {scope.window.name}.")
        return
    if known["band"].ne("unknown").any():
        st.html(bands_html(known, what))
    _programs(reader, scope, what, known)
    _table(reader, what, known)


def agent_bands(reader: Reader, scope: filter_bar.Scope, what: Any) -> pl.DataFrame:
    """Agents with the band each falls in against its own program, under the same filters."""
    dates = {"start": scope.window.start, "end": scope.window.end}
    chosen = scope.filters.by_dimension
    rows = deps.metrics(reader, [what.key], by=["program_id", "agent_id"], chosen=chosen, **dates)
    programs = deps.metrics(reader, [what.key], by=["program_id"], chosen=chosen, **dates)
    return insight.bands(rows, programs, on=["program_id"], kind=what.kind)


def _programs(reader: Reader, scope: filter_bar.Scope, what: Any, known: pl.DataFrame) -> None:
    names = deps.answer(reader, "labels", "program_id")
    labels = deps.answer(reader, "labels", "agent_id")
    sizes = known.group_by("program_id").len().sort("len", "program_id", descending=[True, False])
    drawn = sizes["program_id"].to_list()[:MOST_PROGRAMS]
    for place in range(0, len(drawn), 2):
        columns = st.columns(2, gap="small") if len(drawn) > 1 else [st.container()]
        for column, program in zip(columns, drawn[place : place + 2], strict=False):
            of = known.filter(pl.col("program_id").eq_missing(pl.lit(program)))
            chart = funnel(
                of,
                what,
                page.palette(),
                program=name_of(program, names),
                labels=labels,
                currency=page.currency(reader, scope.filters),
            )
            if chart is not None:
                with column:
                    chart_card.show(chart, unit=what.unit)


def _table(reader: Reader, what: Any, known: pl.DataFrame) -> None:
    people = deps.answer(reader, "agents").select("agent_id", "site", "team")
    placed = known.join(people, on="agent_id", how="left", maintain_order="left")
    table = named(placed, deps.answer(reader, "labels", "agent_id")).drop("metric", "grain", "period_start")
    judged = known.filter(pl.col("band") != "unknown").height
    by_chance = insight.expected_outside(judged)
    about = (
        f"{what.label} with 95% interval; above or below only where the whole interval is. Of "
        f"{fmt.plural(judged, 'agent')} about {by_chance:.0f} fall outside by chance alone, so look for "
        "those who stay there"
        if judged
        else f"{what.label} has no interval here, so nobody is told apart"
    )
    with st.container(key="card-agents"):
        chart_card.head(f"All {fmt.plural(known.height, 'agent')}, by name", about)
        chart_card.frame(table, unit=what.unit)
        chart_card.download(f"{what.key}-by-agent", table)


if __name__ == "__main__":
    page.run(render)
