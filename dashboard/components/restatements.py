"""The card of final values that moved, with its filters by metric, program and weeks, kept in the URL."""

from __future__ import annotations

import polars as pl
import streamlit as st

from dashboard import deps
from dashboard.components import chart_card, choice
from dashboard.filters import DEFAULT_PERIOD, Window, is_period, window
from dashboard.views import restated as view
from dashboard.views.compare import name_of
from pipelines.explain import restated
from pipelines.reader import Reader

EVERY = "all of them"
WHOLE = "every week"
PROGRAM = "restated-of"
"""Name of the chosen program in the URL."""

SHOWN = "shown"
"""What `weeks` says in the URL for the weeks of the period that the other pages show."""

MOST = 1000
"""Rows on screen; the download has all."""


def rows_of(reader: Reader) -> pl.DataFrame:
    """Every restatement, newest first."""
    found: pl.DataFrame = deps.remembered(
        ("restated", str(reader.build.path), reader.build.build_id),
        lambda: restated.restated(deps.answer(reader, "restatements"), deps.answer(reader, "load_runs")),
    )
    return found


def show(reader: Reader) -> None:
    """Draw the card."""
    every = rows_of(reader)
    with st.container(key="card-restatements"):
        if every.height == 0:
            chart_card.head(
                "No final value has moved",
                "A week that was final and changed with a later load is listed here, with its cause",
            )
            st.html(
                '<p class="pl-note">Nothing to restate: every load so far left final weeks as they were.</p>'
            )
            return
        heading = st.container()
        rows = _chosen(reader, every)
        with heading:
            chart_card.head(
                view.title(rows), "A week that was final and changed with a later load is a restatement"
            )
        if rows.height == 0:
            st.html('<p class="pl-note">None under these choices; choose every week, metric and program.</p>')
            return
        st.html(view.causes_html(rows))
        programs = deps.answer(reader, "programs")
        table = view.table(
            rows.head(MOST),
            {what.key: what for what in reader.catalogue},
            deps.answer(reader, "labels", "program_id"),
            dict(zip(programs["program_id"], programs["currency"], strict=True)),
        )
        st.dataframe(table, hide_index=True, column_config=_columns())
        cut = f" The newest {MOST:,} of {rows.height:,} are shown." if rows.height > MOST else ""
        st.html(
            '<p class="pl-note">Claw-backs, refunds after their window, move no final number: they stand in '
            f"the ledger of the Money page.{cut}</p>"
        )
        chart_card.download("restatements", rows)


def _chosen(reader: Reader, every: pl.DataFrame) -> pl.DataFrame:
    labels = deps.answer(reader, "labels", "program_id")
    names = {what.key: what.label for what in reader.catalogue}
    shown = _window(reader)
    with st.container(key="controls-restated", horizontal=True, vertical_alignment="bottom", gap="medium"):
        metric = choice.select(
            "restated",
            "Metric",
            [EVERY, *every["metric"].unique().sort().to_list()],
            format=lambda key: names.get(key, key),
        )
        program = choice.select(
            PROGRAM,
            "Program",
            [EVERY, *every["program_id"].drop_nulls().unique().sort().to_list()],
            format=lambda key: key if key == EVERY else name_of(key, labels),
        )
        weeks = choice.select(
            "weeks",
            "Weeks",
            [WHOLE, SHOWN],
            format=lambda key: key if key == WHOLE else f"those {shown.name}",
        )
    return restated.kept(
        every,
        metric=None if metric in (None, EVERY) else metric,
        programs=() if program in (None, EVERY) else (program,),
        start=shown.start if weeks == SHOWN else None,
        end=shown.end if weeks == SHOWN else None,
    )


def _window(reader: Reader) -> Window:
    """The period that the pages with filters show, as the URL holds it."""
    asked = st.query_params.get("period", DEFAULT_PERIOD)
    return window(asked if is_period(asked) else DEFAULT_PERIOD, *deps.answer(reader, "period"))


def _columns() -> dict[str, object]:
    return {
        "noticed": st.column_config.DatetimeColumn("noticed (UTC)", format="YYYY-MM-DD HH:mm"),
        "week of": st.column_config.DateColumn("week of", format="YYYY-MM-DD"),
        "n was": st.column_config.NumberColumn("n was", format="localized"),
        "n is": st.column_config.NumberColumn("n is", format="localized"),
    }
