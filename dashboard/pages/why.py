"""Why a number moved between two periods or programs: mix and rate, down to the contacts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import polars as pl
import streamlit as st

from dashboard import deps
from dashboard import format as fmt
from dashboard.components import chart_card, choice, filter_bar, page, states
from dashboard.components.metric_picker import pick
from dashboard.views import why, why_charts
from dashboard.views.compare import name_of
from dashboard.views.control import control
from pipelines.explain import Explanation, explain, explain_by_each
from pipelines.explain.change import KINDS
from pipelines.metrics.units import splits
from pipelines.reader import Reader

ALONE = "nothing else"
EARLIER = "the period before"
ESTIMATED = "survival"
"""Kind of the metrics that estimate open windows: once final they say what their plain twin says."""
LEFT_OUT = ("agent_id", "operating_model", "region")
"""Dimensions not offered: hundreds of bars, or the same groups as another."""


def render(reader: Reader) -> None:
    """Draw the page."""
    scope = filter_bar.show(reader, "Why did it move?", subtitle=reader.build.workspace)
    refusals = page.refusals(reader, scope.filters)
    askable = [what for what in reader.catalogue if what.kind != ESTIMATED and what.key not in refusals]
    what = pick(askable, "Explain", default="fcr")
    if what is None:
        states.empty("No metric has all the dimensions of these filters.")
        return
    if what.kind not in KINDS:
        _unsplit(reader, scope, what)
        return
    pairs = comparisons(reader, scope)
    asking = st.container(key="controls-why", horizontal=True, vertical_alignment="bottom", gap="medium")
    with asking:
        against = choice.select("against", "Held against", list(pairs), width=320)
    if against is None:
        states.empty(
            "There is no earlier period and no second program to compare with; choose a shorter one."
        )
        return
    sides, questions = pairs[against]
    names = [name for name in splits(what) if name not in LEFT_OUT]
    if sides.are_programs:
        names = [name for name in names if name != "program_id"]
    before, after = (
        deps.answer(reader, "cells", what.key, tuple(names), *question) for question in questions
    )
    every = explain_by_each(what, before, after, names)
    if not every:
        states.empty(f"{what.label} has no mature unit on one of the two sides.")
        return
    with asking:
        first = choice.select(
            "split", "Split by", [found.by[0] for found in every], format=page.word, width=190
        )
        others = [ALONE, *(found.by[0] for found in every if found.by[0] != first)]
        second = choice.select("and", "and by", others, format=page.word, width=190)
    found = next(each for each in every if each.by == (first,))
    if second != ALONE:
        found = explain(what, before, after, [first, second]) or found
    _explained(reader, scope, what, sides, questions, every, found)


Question = tuple[Any, Any, tuple[tuple[str, tuple[str | None, ...]], ...]]


def comparisons(
    reader: Reader, scope: filter_bar.Scope
) -> dict[str, tuple[why.Sides, tuple[Question, Question]]]:
    """What may be held against what, by its name in the select box: the other side's question, then ours."""
    window, chosen = scope.window, scope.filters.by_dimension
    found: dict[str, tuple[why.Sides, tuple[Question, Question]]] = {}
    if window.before is not None:
        sides = why.Sides(window.name, window.before_name)
        found[EARLIER] = (
            sides,
            ((*window.before, _filters(chosen)), (window.start, window.end, _filters(chosen))),
        )
    names = deps.answer(reader, "labels", "program_id")
    programs = list(chosen.get("program_id", ())) or deps.answer(reader, "dimension_values", "program_id")
    if len(programs) == 1:
        others = [
            each for each in deps.answer(reader, "dimension_values", "program_id") if each != programs[0]
        ]
        pairs = [(programs[0], other) for other in others]
    else:
        pairs = [(one, other) for place, one in enumerate(programs) for other in programs[place + 1 :]]
    for one, other in pairs:
        sides = why.Sides(name_of(one, names), name_of(other, names), are_programs=True)
        ours, theirs = (_filters({**chosen, "program_id": (program,)}) for program in (one, other))
        found[f"{sides.now} against {sides.before}"] = (
            sides,
            ((window.start, window.end, theirs), (window.start, window.end, ours)),
        )
    return found


def _filters(chosen: Mapping[str, Sequence[str | None]]) -> tuple[tuple[str, tuple[str | None, ...]], ...]:
    return tuple(sorted((name, tuple(values)) for name, values in chosen.items()))


def _explained(
    reader: Reader,
    scope: filter_bar.Scope,
    what: Any,
    sides: why.Sides,
    questions: tuple[Question, Question],
    every: Sequence[Explanation],
    found: Explanation,
) -> None:
    labels = {name: deps.answer(reader, "labels", name) for name in ("program_id", "agent_id")}
    with st.container(gap="small"):
        st.html(why.headline(found, what, sides, labels))
        left, right = st.columns(2, gap="small")
        with left:
            chart_card.show(why_charts.steps(found, what, sides, page.palette()), unit=what.unit)
            _dimensions(scope, what, every, labels)
        with right:
            _signal(reader, scope, what)
            chart_card.show(
                why_charts.bars(found, what, labels, page.palette()), unit=what.unit, height="content"
            )
        _behind(reader, what, sides, questions, found, labels)


def _unsplit(reader: Reader, scope: filter_bar.Scope, what: Any) -> None:
    """A metric that has no mix and rate: whether it is real can be said, from what it comes cannot."""
    with st.container(gap="small"):
        st.html(
            f'<p class="pl-note">{escape(what.label)} is neither a proportion nor a mean, so that its change '
            "has no mix and rate; whether its newest weeks have left their level is said all the same.</p>"
        )
        _signal(reader, scope, what)


def _signal(reader: Reader, scope: filter_bar.Scope, what: Any) -> None:
    """Whether the newest weeks have left the level at all, over every week there is."""
    found = deps.verdicts(reader, [what.key], chosen=scope.filters.by_dimension)[what.key]
    chart = control(found, what, page.palette(), currency=page.currency(reader, scope.filters))
    if chart is None:
        chart_card.missing(f"{what.key}-control", f"{what.label}: {found.words}", found.why)
    else:
        chart_card.show(chart, unit=what.unit, height="content")


def _dimensions(
    scope: filter_bar.Scope, what: Any, every: Sequence[Explanation], labels: Mapping[str, Mapping[str, str]]
) -> None:
    held = {key: st.query_params[key] for key in ("against",) if key in st.query_params}
    links = {
        found.by[0]: page.link("why", scope.filters, metric=what.key, split=found.by[0], **held)
        for found in every
    }
    with st.container(key="card-dimensions"):
        chart_card.head(
            "The same change by each dimension",
            "Largest mix first; mix and rates within add up to the change in every line",
        )
        st.html(why.dimensions_html(every, what, labels, links))
        chart_card.table_fold("dimensions", why.dimensions_table(every))


def _behind(
    reader: Reader,
    what: Any,
    sides: why.Sides,
    questions: tuple[Question, Question],
    found: Explanation,
    labels: Mapping[str, Mapping[str, str]],
) -> None:
    groups = {why.group_name(row, found.by, labels): row for row in found.parts.iter_rows(named=True)}
    with st.container(key="card-behind"):
        chart_card.head(
            "The contacts behind a bar", "Every mature unit of one group on either side, newest first"
        )
        asked = choice.select("group", "Open", list(groups), empty="Choose a group")
        if asked is None:
            return
        group = tuple((name, groups[asked][name]) for name in found.by)
        for side, question in zip((sides.before, sides.now), questions, strict=True):
            rows, count = deps.answer(reader, "rows_behind", what.key, *question, group)
            shown = "" if count == rows.height else f"; the newest {fmt.count(rows.height)} are shown"
            st.html(
                f'<p class="pl-found"><b>{why.first_up(side)}</b>: {fmt.plural(count, "unit")}{shown}</p>'
            )
            if rows.height:
                days = pl.col("event_date").dt.to_string("%Y-%m-%d")
                chart_card.frame(rows.with_columns(days), unit=what.unit, height=260)
                chart_card.download(f"{what.key}-behind-{fmt.slug(asked)}-{fmt.slug(side)}", rows)


if __name__ == "__main__":
    page.run(render)
