"""The executive's page: one sentence, the key figures, what moved, and who differs."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboard import deps
from dashboard import format as fmt
from dashboard.components import chart_card, filter_bar, page, restatements, states
from dashboard.components.metric_picker import pick
from dashboard.views import headline, kpi, targets
from dashboard.views import restated as view
from dashboard.views.compare import compare, name_of
from dashboard.views.grid import grid
from dashboard.views.moved import moved
from dashboard.views.trend import trend
from pipelines.explain import progress_table, quarter_of, restated
from pipelines.insight import FIGURES
from pipelines.reader import Reader


def render(reader: Reader) -> None:
    """Draw the page."""
    scope = filter_bar.show(reader, "Are problems solved, and sales kept?", subtitle=reader.build.workspace)
    definitions = [what for key in FIGURES for what in reader.catalogue if what.key == key]
    refusals = page.refusals(reader, scope.filters)
    shown = figures(reader, scope, definitions)
    if all(card.measured.status == "empty" for card in shown if not card.refused):
        states.empty(f"No contact or order falls {scope.window.name} under these filters.")
        return
    with st.container(gap="small"):
        st.html(headline.html(shown, scope.window, _aside(reader)))
        cards(scope, shown)
        _restated(reader, scope)
        _targets(reader, scope)
        others = [what for what in reader.catalogue if what.key not in FIGURES]
        askable = [what for what in (*definitions, *others) if what.key not in refusals]
        what = pick(askable, "Look closer at")
        if what is not None:
            _closer(reader, scope, what, shown)


def cards(scope: filter_bar.Scope, shown: list[kpi.Card]) -> None:
    """Draw cards; each leads to what it means and to why it moved."""
    links, reasons = (
        {card.what.key: page.link(name, scope.filters, metric=card.what.key) for card in shown}
        for name in ("handbook", "why")
    )
    st.html(kpi.html(shown, links, page.palette(), reasons=reasons))


def figures(reader: Reader, scope: filter_bar.Scope, definitions: list[Any]) -> list[kpi.Card]:
    """The cards of some metrics under the filters."""
    chosen = scope.filters.by_dimension
    refusals = page.refusals(reader, scope.filters)
    keys = [what.key for what in definitions if what.key not in refusals]
    window = scope.window
    dates = {"start": window.start, "end": window.end}
    earlier = dict(zip(("start", "end"), window.before, strict=True)) if window.before else None
    weeks = {"grain": "week"}
    deps.ahead(
        reader, keys, [dates, *([earlier] if earlier else []), {**weeks, **dates}, weeks], chosen=chosen
    )
    goals = page.targets(reader, scope.filters)
    quarter = {"grain": "quarter", "start": quarter_of(reader.build.as_of.date())[0]}
    deps.ahead(reader, [key for key in keys if key in goals], [quarter], chosen=chosen)
    now = deps.metrics(reader, keys, chosen=chosen, **dates)
    before = deps.metrics(reader, keys, chosen=chosen, **earlier) if earlier else None
    weekly = deps.metrics(reader, keys, grain="week", chosen=chosen, **dates)
    return kpi.cards(
        definitions,
        now,
        before,
        weekly,
        targets=goals,
        currency=page.currency(reader, scope.filters),
        refusals=refusals,
        verdicts=deps.verdicts(reader, keys, chosen=chosen),
    )


def _restated(reader: Reader, scope: filter_bar.Scope) -> None:
    """A line on the final numbers of the period that have moved; nothing where none has."""
    programs = scope.filters.values("program")
    rows = restated.kept(
        restatements.rows_of(reader), programs=programs, start=scope.window.start, end=scope.window.end
    )
    of = {restatements.PROGRAM: programs[0]} if len(programs) == 1 and programs[0] is not None else {}
    said = view.line(rows, page.link("data-health", scope.filters, weeks=restatements.SHOWN, **of))
    if said:
        st.html(said)


def _targets(reader: Reader, scope: filter_bar.Scope) -> None:
    """The running quarter against the targets of the figures; nothing where none has one."""
    found = deps.progresses(reader, FIGURES, chosen=scope.filters.by_dimension)
    if not found:
        return
    with st.container(key="card-targets"):
        chart_card.head(
            targets.title(found),
            f"{fmt.days(found[0].start, found[0].end)}, whatever period is chosen above: counted so far, and "
            "where it ends if the rest goes as the recent final weeks went",
        )
        labels = deps.answer(reader, "labels", "program_id")
        st.html(targets.html(found, labels, currency=page.currency(reader, scope.filters)))
        st.html(
            '<p class="pl-note">The chance counts the spread between weeks, the error of their level and the '
            "volume still to come, not what nobody has seen yet: a season, a sale, a new policy. Dashed is "
            "provisional.</p>"
        )
        chart_card.table_fold("targets", progress_table(found))


def _closer(reader: Reader, scope: filter_bar.Scope, what: Any, shown: list[kpi.Card]) -> None:
    colours = page.palette()
    chosen = scope.filters.by_dimension
    dates = {"start": scope.window.start, "end": scope.window.end}
    currency = page.currency(reader, scope.filters)
    overall = deps.metrics(reader, [what.key], chosen=chosen, **dates)
    left, right = st.columns(2, gap="small")
    with left:
        weekly = deps.metrics(reader, [what.key], grain="week", chosen=chosen, **dates)
        if weekly["value"].drop_nulls().len():
            happened = deps.answer(reader, "events", scope.window.start, scope.window.end)
            target = page.targets(reader, scope.filters).get(what.key)
            line = trend(weekly, what, colours, target=target, currency=currency, events=_events(happened))
            chart_card.show(line, unit=what.unit)
        else:
            chart_card.missing("trend", f"{what.label} has no mature week yet", "Its window is still open.")
    with right:
        bars = moved(shown, scope.window, colours)
        if bars is not None:
            chart_card.show(bars)
        else:
            why = "There is no earlier period to compare with; choose a shorter one."
            chart_card.missing("what-moved", "What moved cannot be said", why)
    left, right = st.columns(2, gap="small")
    with left:
        _by_issue(reader, scope, what, overall, currency)
    with right:
        _by_site(reader, scope, what, overall, currency)


def _by_issue(
    reader: Reader, scope: filter_bar.Scope, what: Any, overall: pl.DataFrame, currency: str | None
) -> None:
    title = f"{what.label} is not split by issue and channel"
    if not {"issue", "channel"} <= set(what.dimensions):
        chart_card.missing("grid", title, "Its unit has neither.")
        return
    dates = {"start": scope.window.start, "end": scope.window.end}
    cells = deps.metrics(
        reader, [what.key], by=["issue", "channel"], chosen=scope.filters.by_dimension, **dates
    )
    chart = grid(cells, overall, what, page.palette(), across="channel", down="issue", currency=currency)
    if chart is None:
        chart_card.missing("grid", title, "No cell has enough mature units yet.")
    else:
        chart_card.show(chart, unit=what.unit)


def _by_site(
    reader: Reader, scope: filter_bar.Scope, what: Any, overall: pl.DataFrame, currency: str | None
) -> None:
    dates = {"start": scope.window.start, "end": scope.window.end}
    by = [name for name in ("site", "operating_model") if name in what.dimensions]
    if not by:
        chart_card.missing("sites", f"{what.label} is not split by site", "Its unit has none.")
        return
    rows = deps.metrics(reader, [what.key], by=by, chosen=scope.filters.by_dimension, **dates)
    chart = compare(
        rows,
        overall,
        what,
        page.palette(),
        by=by[0],
        noun=page.word(by[0]),
        split=by[1] if len(by) > 1 else None,
        currency=currency,
    )
    if chart is None:
        chart_card.missing(
            "sites", f"{what.label} by site has no value yet", "No mature unit in this period."
        )
    else:
        chart_card.show(chart, unit=what.unit)


def _events(happened: pl.DataFrame) -> list[tuple[Any, str]]:
    return [
        (row["started_at"].date(), row["label"] or name_of(row["kind"]))
        for row in happened.iter_rows(named=True)
    ]


def _aside(reader: Reader) -> str:
    checks = deps.answer(reader, "expectation_results")
    failed = checks.filter(~pl.col("success")).height
    said = (
        "all checks passed"
        if not failed
        else f"{fmt.plural(failed, 'check')} found something, see Data health"
    )
    return f"Data as of {fmt.moment(reader.build.as_of)} · {said}"


if __name__ == "__main__":
    page.run(render)
