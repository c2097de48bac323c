"""First-contact resolution under every definition, and what makes two of them differ."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboard import deps
from dashboard.components import chart_card, choice, filter_bar, page, states
from dashboard.pages.money import filters
from dashboard.views import fcr_lab as views
from pipelines.metrics.fcr_definitions import (
    EXCLUSIONS,
    RULES,
    Definition,
    exclusion,
    rule,
    window_key,
    window_words,
)
from pipelines.metrics.fcr_lab import FcrLab
from pipelines.reader import Reader

SIDES = ("first", "second")
OTHER = {"window": "3d", "rule": "issue", "exclusion": "none"}
"""What the second definition is until one is picked."""


def render(reader: Reader) -> None:
    """Draw the page."""
    scope = filter_bar.show(reader, "Which first-contact resolution?", subtitle=reader.build.workspace)
    window = scope.window
    lab: FcrLab = deps.answer(reader, "fcr_lab", window.start, window.end, filters(scope))
    if lab.counts.height == 0:
        states.empty(f"No handled contact of a known customer was closed {window.name} under these filters.")
        return
    grid = deps.remembered(("fcr_lab", reader.build.build_id, str(window), scope.filters), lambda: lab.grid())
    rows = dict(zip(lab.definitions(), grid.to_dicts(), strict=True))
    with st.container(gap="small"):
        st.html(views.headline(grid, window))
        left, right = st.columns(2, gap="small")
        with left:
            first = _tile("first", lab, rows)
        with right:
            second = _tile("second", lab, rows)
        _reconciled(lab, rows, first, second)
        _grid(scope, grid, rows, first, second)


def _tile(side: str, lab: FcrLab, rows: dict[Definition, dict]) -> Definition:
    """The choice of one definition and its tile."""
    with st.container(key=f"controls-{side}", horizontal=True, vertical_alignment="bottom", gap="small"):
        asked = Definition(
            _picked(side, "window", "Window", {window_key(each): each for each in lab.windows}, lab),
            _picked(side, "rule", "A repeat shares", {each.key: each.key for each in RULES}, lab),
            _picked(side, "exclusion", "Exclusions", {each.key: each.key for each in EXCLUSIONS}, lab),
        )
    st.html(views.tile(f"{side.capitalize()} definition", rows[asked], asked))
    return asked


def _picked(side: str, aspect: str, label: str, offered: dict, lab: FcrLab):
    """One aspect of a definition; until it is chosen, the first side is the one in use."""
    used = {"window": window_key(lab.own), "rule": lab.in_use.rule, "exclusion": lab.in_use.exclusion}
    default = used[aspect] if side == "first" else OTHER[aspect]
    words = {
        "window": lambda key: window_words(offered[key]),
        "rule": lambda key: rule(key).label,
        "exclusion": lambda key: exclusion(key).label,
    }[aspect]
    options = [default, *(key for key in offered if key != default)]
    width = {"window": 110, "rule": 150, "exclusion": 210}[aspect]
    chosen = choice.select(f"{side}-{aspect}", label, options, format=words, width=width)
    return offered[chosen]


def _reconciled(lab: FcrLab, rows: dict, first: Definition, second: Definition) -> None:
    moved = lab.reconcile(first, second)
    title, subtitle = views.finding(rows[first], rows[second], lab.both(first, second))
    with st.container(key="card-reconciliation"):
        chart_card.head(title, subtitle)
        st.html(views.reconciliation(moved, rows[first], rows[second]))
        chart_card.table_fold("fcr-reconciliation", views.reconciliation_table(moved))


def _grid(
    scope: filter_bar.Scope, grid: pl.DataFrame, rows: dict, first: Definition, second: Definition
) -> None:
    held = {key: st.query_params[key] for key in st.query_params if key.startswith("first-")}
    links = {
        asked: page.link(
            "fcr-lab",
            scope.filters,
            **held,
            **{
                "second-window": window_key(asked.window),
                "second-rule": asked.rule,
                "second-exclusion": asked.exclusion,
            },
        )
        for asked in rows
    }
    marks = {first: "1", second: "2"} if first != second else {first: "1 2"}
    with st.container(key="card-definitions"):
        chart_card.head(
            "Every definition at once",
            "Windows across, what a repeat shares down, one block an exclusion; framed is the definition in "
            "use, 1 and 2 are the two above; open a cell to hold it against the first definition",
        )
        st.html(views.grid_html(grid, page.palette(), marks=marks, links=links))
        chart_card.table_fold("fcr-definitions", views.grid_table(grid), unit="share")


if __name__ == "__main__":
    page.run(render)
