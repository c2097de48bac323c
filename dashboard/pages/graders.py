"""Graders: do they agree, who is harsh, does what they score matter, and does a problem get one answer."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboard import deps
from dashboard.components import chart_card, choice, filter_bar, page, states
from dashboard.components.agents_calibrated import scoped
from dashboard.theme import Palette
from dashboard.views import graders as views
from dashboard.views import severity as harsh
from dashboard.views import validity as worth
from pipelines.reader import Reader

SECTIONS = {
    "agreement": "Agreement",
    "severity": "Severity",
    "validity": "Outcomes",
    "consistency": "One answer",
}


def render(reader: Reader) -> None:
    """Draw the page."""
    scope = filter_bar.show(
        reader,
        "Do graders agree, and does it matter?",
        subtitle=reader.build.workspace,
        reviews="always",
    )
    asked = scoped(scope)
    agreement = deps.answer(reader, "grader_agreement", *asked)
    found = deps.answer(reader, "grader_severity", *asked)
    st.html(
        views.headline_html(
            agreement,
            None if found is None else found.severity,
            None if found is None else found.over_time.drift,
        )
    )
    section = _section()
    if section == "agreement":
        _agreement(reader, asked, agreement, scope)
    elif section == "severity":
        _severity(reader, asked, found, scope)
    elif section == "validity":
        _validity(reader, asked, scope)
    else:
        _consistency(reader, asked, scope)


def _section() -> str:
    """The part of the page that is shown, kept in the URL."""
    asked = st.query_params.get("part", "")
    st.session_state["choose-part"] = asked if asked in SECTIONS else "agreement"
    chosen = st.segmented_control(
        "Part",
        list(SECTIONS),
        format_func=lambda name: SECTIONS[name],
        key="choose-part",
        on_change=_keep,
        required=True,
        label_visibility="collapsed",
    )
    return chosen or "agreement"


def _keep() -> None:
    st.query_params["part"] = st.session_state["choose-part"]


def _agreement(
    reader: Reader, asked: tuple[Any, ...], agreement: pl.DataFrame, scope: filter_bar.Scope
) -> None:
    if agreement.height == 0:
        states.empty(
            f"No contact was scored by two graders {scope.window.name}; a calibration session helps."
        )
        return
    left, right = st.columns([5, 6], gap="small")
    with left:
        chart_card.show(views.agreement_chart(agreement, page.palette()), height="content")
        levels = views.levels_chart(deps.answer(reader, "agreement_levels", *asked), page.palette())
        if levels is not None:
            chart_card.show(levels, height="content")
    with right:
        chart_card.show(views.verdicts_chart(agreement), height="content")
        pairs = views.pairs_chart(deps.answer(reader, "grader_pairs", *asked))
        if pairs is not None:
            chart_card.show(pairs, height="content")


def _severity(reader: Reader, asked: tuple[Any, ...], found: Any, scope: filter_bar.Scope) -> None:
    if found is None:
        states.empty(
            f"Fewer than 10 reviews, two agents or two graders {scope.window.name}: nobody can be compared."
        )
        return
    if parts := harsh.parts_html(found.joins):
        st.html(parts)
    colours = page.palette()
    drift = found.over_time.drift
    severity = harsh.severity_chart(found.severity, drift, colours)
    if drift.height:
        left, right = st.columns(2, gap="small")
        with left:
            chart_card.show(severity)
        with right:
            _over_time(found, colours)
    else:
        chart_card.show(severity)
        chart_card.missing(
            "control", "Nobody can be followed over time yet", "It takes reviews in two months at least"
        )
    by_criterion = deps.answer(reader, "severity_by_criterion", *asked)
    chart = harsh.by_criterion_chart(by_criterion, found.severity["grader_id"].to_list())
    if chart is not None:
        chart_card.show(chart)


def _over_time(found: Any, colours: Palette) -> None:
    """One grader's control chart, those with an alert first in the list."""
    drift = found.over_time.drift
    moving = drift.filter(pl.col("alert") != "")["grader_id"].to_list()
    order = [*moving, *(name for name in found.severity["grader_id"] if name not in moving)]
    grader = choice.select("grader", "Over time", order)
    if grader is not None:
        chart_card.show(harsh.control_chart(found.over_time.points, drift, grader, colours))


def _validity(reader: Reader, asked: tuple[Any, ...], scope: filter_bar.Scope) -> None:
    validity, words = deps.answer(reader, "criteria_validity", *asked)
    if validity.height == 0:
        states.empty(f"No criterion was scored {scope.window.name}.")
        return
    if validity["odds_ratio"].null_count() == validity.height:
        states.lacking(
            "No criterion can be held against an outcome",
            f"It takes 50 reviewed contacts whose outcome is known, 10 of each kind; no outcome has them "
            f"{scope.window.name}.",
            "Choose a longer period, or load contacts with resolutions, ratings, escalations or orders.",
        )
        return
    chart_card.show(worth.weight_chart(words, page.palette()))
    chart_card.show(worth.odds_chart(validity))


def _consistency(reader: Reader, asked: tuple[Any, ...], scope: filter_bar.Scope) -> None:
    found = deps.answer(reader, "consistency", *asked)
    chart = worth.answers_chart(found.by_issue, found.overall, page.palette())
    if chart is None:
        states.empty(
            f"No two agents gave an answer to the same kind of problem {scope.window.name}; an answer needs "
            "an agent, a resolution and a closing."
        )
        return
    if shares := worth.shares_html(found.shares):
        st.html(shares)
    chart_card.show(chart)
    programs = deps.answer(reader, "labels", "program_id")
    for group, pairs in (("site", found.sites), ("team", found.teams)):
        told = worth.pairs_chart(pairs, group, programs)
        if told is None:
            chart_card.missing(
                f"{group}s-that-differ", f"No two {group}s answer differently", "None beyond chance"
            )
        else:
            chart_card.show(told)


if __name__ == "__main__":
    page.run(render)
