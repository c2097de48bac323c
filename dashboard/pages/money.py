"""What it was worth: the refund ledger, how money was kept, who comes back, what was caused, the rows."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl
import streamlit as st

from dashboard import deps
from dashboard import format as fmt
from dashboard.components import chart_card, choice, filter_bar, loyalty, page, states
from dashboard.pages.overview import cards, figures
from dashboard.views import incremental, money
from dashboard.views.compare import name_of
from pipelines.explain import Caused, caused, caused_by_each
from pipelines.metrics.ledger import FIGURES, figure
from pipelines.reader import Reader

CARDS = ("refund_avoidance", "healthy_avoidance", "net_value_retained", "repeat_purchase_rate")
DIMENSIONS = ("program_id", "site", "issue", "channel", "team")
GROUPS = ("team", "site", "program_id")
EARLIER = "the period before"


def render(reader: Reader) -> None:
    """Draw the page."""
    scope = filter_bar.show(reader, "What is it worth?", subtitle=reader.build.workspace)
    question = (scope.window.start, scope.window.end, filters(scope))
    rows = deps.answer(reader, "ledger", (), *question)
    if rows.height == 0:
        states.empty(f"Nobody asked for a refund on a known order {scope.window.name} under these filters.")
        return
    with st.container(gap="small"):
        st.html(money.headline(rows, scope.window))
        definitions = [what for key in CARDS for what in reader.catalogue if what.key == key]
        cards(scope, figures(reader, scope, definitions))
        for row in rows.filter(pl.col("n_stakes") > 0).iter_rows(named=True):
            left, right = st.columns(2, gap="small")
            with left:
                chart_card.show(money.steps(row, page.palette()), unit="money")
            with right:
                chart = money.kept(row, page.palette())
                if chart is None:
                    chart_card.missing("kept", "Nothing was kept", "All that was at stake went back.")
                else:
                    chart_card.show(chart, unit="money")
        loyalty.show(reader, scope, question)
        _by(reader, question)
        _caused(reader, scope)
        _behind(reader, question, rows)


def filters(scope: filter_bar.Scope) -> tuple[tuple[str, tuple[str | None, ...]], ...]:
    """The filters as the reader's ledger takes them."""
    chosen = scope.filters.by_dimension
    return tuple(sorted((name, tuple(values)) for name, values in chosen.items()))


def _by(reader: Reader, question: tuple[Any, ...]) -> None:
    with st.container(key="card-by"):
        chart_card.head(
            "The ledger by group",
            "Shares are of what was at stake there; lines of one currency add up to the whole",
        )
        by = choice.select("by", "Split by", DIMENSIONS, format=page.word) or DIMENSIONS[0]
        rows = deps.answer(reader, "ledger", (by,), *question)
        st.html(money.by_html(rows, by, page.word(by), deps.answer(reader, "labels", by)))
        chart_card.table_fold("ledger-by", rows)


def _caused(reader: Reader, scope: filter_bar.Scope) -> None:
    with st.container(key="card-caused"):
        chart_card.head(
            "What was caused: incremental refund avoidance",
            "Each group's stakes against comparable ones elsewhere: same issue, channel, value, delay, "
            "age and history of the order, month and program; what nobody recorded cannot be made alike",
        )
        options = [*GROUPS, *([EARLIER] if scope.window.before else [])]
        group = choice.select(
            "caused", "Compare", options, format=lambda name: _words(name), empty="Choose what to compare"
        )
        if group is None:
            return
        each = deps.remembered(
            ("caused", reader.build.build_id, group, str(scope.window), scope.filters),
            lambda: _found(reader, scope, group),
        )
        if not each:
            st.html('<p class="pl-note">No stake is mature under these filters.</p>')
            return
        noun = "period" if group == EARLIER else page.word(group)
        st.html(incremental.html(each, noun, deps.answer(reader, "labels", group)))
        by_chance = (
            f" Of {len(each)} groups, one in twenty would show a difference by chance."
            if len(each) > 4
            else ""
        )
        st.html(
            '<p class="pl-note">Doubly robust estimate with its 95% interval by customer; claimed only where '
            f"the groups overlap and can be balanced.{by_chance}</p>"
        )
        chart_card.table_fold("caused", incremental.table(each, noun))


def _words(name: str) -> str:
    return "with the period before" if name == EARLIER else f"each {page.word(name)} with the others"


def _found(reader: Reader, scope: filter_bar.Scope, group: str) -> dict[str | None, Caused]:
    window = scope.window
    if group != EARLIER:
        stakes = deps.answer(reader, "stake_units", window.start, window.end, filters(scope))
        return caused_by_each(stakes, group)
    first, last = window.before or (window.start, window.end)
    stakes = deps.answer(reader, "stake_units", first, window.end, filters(scope)).filter(
        _within(first, last) | _within(window.start, window.end)
    )
    if stakes.height == 0:
        return {}
    return {window.name: caused(stakes, _within(window.start, window.end), across_time=True)}


def _within(first: date, last: date) -> pl.Expr:
    return pl.col("event_date").is_between(first, last)


def _behind(reader: Reader, question: tuple[Any, ...], rows: pl.DataFrame) -> None:
    currencies = rows["currency"].to_list()
    with st.container(key="card-behind"):
        chart_card.head("The rows behind a figure", "Every stake that makes it, the largest amount first")
        with st.container(key="controls-behind", horizontal=True, vertical_alignment="bottom", gap="medium"):
            asked = choice.select(
                "figure",
                "Open",
                [each.key for each in FIGURES],
                format=lambda key: figure(key).label,
                empty="Choose a figure",
            )
            currency = (
                choice.select("currency", "in", currencies, width=120)
                if len(currencies) > 1
                else currencies[0]
            )
            by = choice.select("of", "of", ["everything", *DIMENSIONS[:3]], format=page.word, width=160)
            group: tuple[tuple[str, str | None], ...] = (("currency", currency),)
            if by not in (None, "everything"):
                labels = deps.answer(reader, "labels", by)
                values = {
                    name_of(value, labels): value for value in deps.answer(reader, "dimension_values", by)
                }
                name = choice.select("which", page.word(by).capitalize(), list(values))
                group = (*group, (by, values.get(name)))
        if asked is None:
            return
        found, count = deps.answer(reader, "ledger_rows", asked, *question, group)
        what = figure(asked)
        cut = "" if count == found.height else f"; the largest {fmt.count(found.height)} are shown"
        st.html(
            f'<p class="pl-found"><b>{what.label}</b>: {fmt.plural(count, "row")}{cut}. {what.meaning}</p>'
        )
        if found.height:
            days = pl.col("event_date").dt.to_string("%Y-%m-%d")
            chart_card.frame(found.with_columns(days), unit="money", height=320)
            chart_card.download(f"ledger-{asked}", found)


if __name__ == "__main__":
    page.run(render)
