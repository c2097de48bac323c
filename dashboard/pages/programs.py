"""Programs, partners and sites side by side, each against its own target."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboard import deps
from dashboard.components import chart_card, filter_bar, page, states
from dashboard.components.metric_picker import pick
from dashboard.pages.overview import FIGURES
from dashboard.views import scoretable
from dashboard.views.compare import compare
from dashboard.views.lines import lines
from pipelines.reader import Reader


def render(reader: Reader) -> None:
    """Draw the page."""
    scope = filter_bar.show(reader, "How do programs compare?", subtitle=reader.build.workspace)
    refusals = page.refusals(reader, scope.filters)
    askable = [what for what in reader.catalogue if what.key not in refusals]
    if not askable:
        states.empty("No metric has all the dimensions of these filters.")
        return
    what = pick(askable, "Compare by", default="fcr")
    if what is None:
        return
    figures = [found for key in FIGURES for found in askable if found.key == key]
    _scores(reader, scope, figures)
    _charts(reader, scope, what)


def _scores(reader: Reader, scope: filter_bar.Scope, figures: list[Any]) -> None:
    dates = {"start": scope.window.start, "end": scope.window.end}
    rows = deps.metrics(
        reader, [what.key for what in figures], by=["program_id"], chosen=scope.filters.by_dimension, **dates
    )
    programs = shown_programs(reader, scope)
    with st.container(key="card-scores"):
        chart_card.head(
            f"Key figures of {programs.height} program{'' if programs.height == 1 else 's'}",
            f"Values {scope.window.name} with 95% interval and n; a dashed edge is provisional; "
            "a target is met or missed only where the whole interval says so",
        )
        st.html(
            scoretable.html(
                rows, figures, programs=programs, targets=program_targets(reader, scope, programs)
            )
        )
        chart_card.table_fold("key-figures-by-program", rows)


def _charts(reader: Reader, scope: filter_bar.Scope, what: Any) -> None:
    colours = page.palette()
    currency = page.currency(reader, scope.filters)
    chosen = scope.filters.by_dimension
    dates = {"start": scope.window.start, "end": scope.window.end}
    overall = deps.metrics(reader, [what.key], chosen=chosen, **dates)
    labels = deps.answer(reader, "labels", "program_id")
    targets = program_targets(reader, scope, shown_programs(reader, scope))
    by_program = deps.metrics(reader, [what.key], by=["program_id"], chosen=chosen, **dates)
    left, right = st.columns(2, gap="small")
    with left:
        chart = compare(
            by_program,
            overall,
            what,
            colours,
            by="program_id",
            noun="program",
            labels=labels,
            targets={key: of[what.key] for key, of in targets.items() if what.key in of},
            currency=currency,
        )
        _show(chart, "by-program", what)
    with right:
        weekly = deps.metrics(reader, [what.key], by=["program_id"], grain="week", chosen=chosen, **dates)
        chart = lines(
            weekly, what, colours, by="program_id", noun="program", labels=labels, currency=currency
        )
        _show(chart, "by-program-and-week", what)
    left, right = st.columns(2, gap="small")
    with left:
        _by(reader, scope, what, overall, "operating_model", None)
    with right:
        _by(reader, scope, what, overall, "site", "program_id")


def _by(
    reader: Reader, scope: filter_bar.Scope, what: Any, overall: pl.DataFrame, by: str, split: str | None
) -> None:
    name = f"by-{by.replace('_', '-')}"
    if by not in what.dimensions:
        chart_card.missing(name, f"{what.label} has no {page.word(by)}", "Its unit lacks that dimension.")
        return
    names = [by, split] if split else [by]
    dates = {"start": scope.window.start, "end": scope.window.end}
    rows = deps.metrics(reader, [what.key], by=names, chosen=scope.filters.by_dimension, **dates)
    chart = compare(
        rows,
        overall,
        what,
        page.palette(),
        by=by,
        noun=page.word(by),
        split=split,
        split_labels=deps.answer(reader, "labels", split) if split else None,
        currency=page.currency(reader, scope.filters),
    )
    _show(chart, name, what)


def _show(chart: Any, name: str, what: Any) -> None:
    if chart is None:
        why = "No unit is mature in this period; choose a longer one."
        chart_card.missing(name, f"{what.label} has no value to compare yet", why)
    else:
        chart_card.show(chart, unit=what.unit)


def shown_programs(reader: Reader, scope: filter_bar.Scope) -> pl.DataFrame:
    """Programs under the filters."""
    programs: pl.DataFrame = deps.answer(reader, "programs")
    chosen = scope.filters.values("program")
    return programs.filter(pl.col("program_id").is_in(list(chosen))) if chosen else programs


def program_targets(
    reader: Reader, scope: filter_bar.Scope, programs: pl.DataFrame
) -> dict[str, dict[str, float]]:
    """Targets by program, then metric."""
    return {key: page.targets(reader, scope.filters, [key]) for key in programs["program_id"].to_list()}


if __name__ == "__main__":
    page.run(render)
