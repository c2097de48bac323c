"""Whether the numbers can be trusted today: freshness, accounts, rejects, checks, restatements."""

from __future__ import annotations

from datetime import UTC, datetime

import polars as pl
import streamlit as st

from dashboard import deps
from dashboard import format as fmt
from dashboard.components import chart_card, filter_bar, page, restatements
from dashboard.views import health
from pipelines import insight
from pipelines.reader import Reader

SHOWN_REJECTS = 1000


def render(reader: Reader) -> None:
    """Draw the page."""
    filter_bar.title("Can these numbers be trusted today?", reader.build.workspace)
    files = insight.accounts(deps.answer(reader, "load_files", reader.build.build_id))
    checks = deps.answer(reader, "expectation_results")
    totals = insight.account_totals(files)
    holds = bool(files["holds"].all())
    main, rest = health.sentence(totals, holds=holds, checks=checks)
    st.html(health.html(main, rest, is_well=holds, aside=f"Build {reader.build.build_id}"))
    figures = health.figures(
        as_of=reader.build.as_of,
        published_at=reader.build.published_at,
        now=datetime.now(UTC),
        totals=totals,
        checks=checks,
    )
    st.html(health.figures_html(figures))
    has_moved = restatements.rows_of(reader).height > 0
    if has_moved:
        restatements.show(reader)
    _accounts(reader, files)
    _checks(checks)
    left, right = (st.container(), None) if has_moved else st.columns(2, gap="small")
    with left:
        _runs(reader)
    if right:
        with right:
            restatements.show(reader)


def _accounts(reader: Reader, files: pl.DataFrame) -> None:
    colours = page.palette()
    rejects = deps.answer(reader, "rejected_rows", SHOWN_REJECTS)
    reasons = health.reasons_chart(insight.reject_reasons(rejects), colours)
    left, right = st.columns(2, gap="small") if reasons else (st.container(), None)
    with left:
        chart = health.accounts_chart(files, colours)
        if chart is None:
            why = "Every source was already known."
            chart_card.missing("accounts", "The newest load read no new file", why)
        else:
            chart_card.show(chart)
    if reasons and right:
        with right:
            chart_card.show(reasons)
    with st.container(key="card-rejects"):
        shown = f"the first {fmt.count(SHOWN_REJECTS)}" if rejects.height == SHOWN_REJECTS else "all of them"
        chart_card.head(
            "Rejected rows, to be put right at the source",
            f"File, line, column, value (personal data masked) and reason; {shown}",
        )
        if rejects.height:
            st.dataframe(rejects, hide_index=True, column_config=_words(rejects))
            chart_card.download("rejected-rows", rejects)
        else:
            st.html(
                '<p class="pl-note">None. When a row cannot be loaded it is listed here with the reason.</p>'
            )


def _checks(checks: pl.DataFrame) -> None:
    failed = checks.filter(~pl.col("success"))
    with st.container(key="card-checks"):
        title = (
            "Every check passed"
            if not failed.height
            else f"{fmt.plural(failed.height, 'check')} found something"
        )
        chart_card.head(
            title,
            "What the data promises, checked on every load; rows that break a critical promise are rejected",
        )
        shown = checks.sort("success", "severity", maintain_order=True)
        st.dataframe(shown, hide_index=True, column_config=_words(shown))
        chart_card.download("checks", shown)


def _runs(reader: Reader) -> None:
    runs = deps.answer(reader, "load_runs")
    with st.container(key="card-runs", height="stretch"):
        chart_card.head(f"{fmt.plural(runs.height, 'load')} so far", "Newest first; times are UTC")
        st.dataframe(runs, hide_index=True, column_config=_words(runs))
        chart_card.download("loads", runs)


def _words(frame: pl.DataFrame) -> dict[str, object]:
    number = st.column_config.NumberColumn
    return {
        name: number(name.replace("_", " "), format="localized")
        if name.startswith("rows") or name in ("checked", "failed", "rows")
        else name.replace("_", " ")
        for name in frame.columns
    }


if __name__ == "__main__":
    page.run(render)
