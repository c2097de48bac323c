"""The metric handbook: what each number means, straight from the catalogue."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from dashboard import deps
from dashboard.components import chart_card, filter_bar, page
from dashboard.components.metric_picker import pick
from dashboard.views import handbook
from dashboard.views.trend import trend
from pipelines.reader import Reader


def render(reader: Reader) -> None:
    """Draw the page."""
    scope = filter_bar.show(reader, "What does each number mean?", subtitle="Every metric is defined once")
    what = pick(reader.catalogue, "Metric", default="fcr")
    if what is None:
        return
    left, right = st.columns([3, 2], gap="small")
    with left, st.container(key="card-definition", height="stretch"):
        chart_card.head(what.label, what.definition)
        st.html(handbook.facts_html(what))
    with right:
        _standing(reader, scope, what)
    with st.container(key="card-sql"):
        chart_card.head(
            "The SQL that says who counts", "One row a unit; grouping and intervals are written once"
        )
        st.code(what.sql.strip(), language="sql", wrap_lines=True)
    with st.container(key="card-catalogue"):
        table = handbook.table(reader.catalogue)
        chart_card.head(f"All {table.height} metrics", "Choose one above, or take the whole catalogue along")
        st.dataframe(table, hide_index=True)
        chart_card.download("metric-handbook", table)
    with st.container(key="card-estimates"):
        told = handbook.estimates_table(reader.estimates)
        chart_card.head(
            f"{told.height} model estimates",
            "Where a count is not enough, a model says more, and assumes more: what each computes, what must "
            "hold, and where the method is from",
        )
        st.html(handbook.estimates_html(reader.estimates))
        chart_card.download("model-estimates", told)


def _standing(reader: Reader, scope: filter_bar.Scope, what: Any) -> None:
    refusal = page.refusals(reader, scope.filters).get(what.key)
    if refusal:
        chart_card.missing("standing", f"{what.label} cannot be shown under these filters", refusal)
        return
    rows = deps.metrics(
        reader,
        [what.key],
        grain="week",
        start=scope.window.start,
        end=scope.window.end,
        chosen=scope.filters.by_dimension,
    )
    if rows.filter(pl.col("value").is_not_null()).height == 0:
        why = "No unit is mature in this period; choose a longer one."
        chart_card.missing("standing", f"{what.label} has no value here yet", why)
        return
    target = page.targets(reader, scope.filters).get(what.key)
    currency = page.currency(reader, scope.filters)
    chart_card.show(trend(rows, what, page.palette(), target=target, currency=currency), unit=what.unit)


if __name__ == "__main__":
    page.run(render)
