"""A chart as a card: finding, figure, and its table with a download behind a fold."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any

import polars as pl
import streamlit as st
from plotly.basedatatypes import BaseFigure

from dashboard.views.chart import Chart, Figure
from pipelines import export

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CONFIG = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False, "showTips": False}


class Ready(BaseFigure):
    """A figure that is a dict already.

    Streamlit would build plotly's objects out of a dict on every run, only to check it; that costs more than
    the rest of the page, and every figure is checked by the tests.
    """

    def __init__(self, figure: Figure) -> None:
        object.__setattr__(self, "_figure", figure)

    def to_dict(self) -> Figure:
        """The figure, without plotly's template: `views.chart.layout` says all that it would."""
        return self._figure


def show(chart: Chart, *, unit: str | None = None, height: str = "stretch") -> None:
    """Draw a chart's card.

    Args:
        chart: The chart.
        unit: Unit of its value columns, for the table on screen; the download is in full precision.
        height: As in `st.container`.
    """
    with st.container(key=f"card-{chart.name}", height=height):
        head(chart.title, chart.subtitle)
        if chart.html:
            st.html(chart.html)
        else:
            st.plotly_chart(
                Ready(chart.figure),
                config=CONFIG,
                alt=chart.alt,
                key=f"figure-{chart.name}",
                theme=None,
                height="stretch",
            )
        if chart.note:
            st.html(f'<p class="pl-note">{escape(chart.note)}</p>')
        table_fold(chart.name, chart.table, unit=unit)


def missing(name: str, title: str, why: str) -> None:
    """A card where a chart would be, saying why there is none."""
    with st.container(key=f"card-{name}", height="stretch"):
        head(title, why)


def head(title: str, subtitle: str) -> None:
    """Heading and subtitle of a card."""
    st.html(f'<div class="pl-chart-head"><h2>{escape(title)}</h2><p>{escape(subtitle)}</p></div>')


def table_fold(name: str, table: pl.DataFrame, *, unit: str | None = None) -> None:
    """A table behind a fold, with its download; what is folded is neither made nor sent."""
    with st.container(key=f"table-{name}"):
        fold = st.expander("Table and download", type="compact", key=f"fold-{name}", on_change="rerun")
        if fold.open:
            with fold:
                frame(table, unit=unit)
                download(name, table)


def frame(table: pl.DataFrame, *, unit: str | None = None, height: Any = "auto") -> None:
    """A table on screen, numbers rounded for reading."""
    st.dataframe(table, hide_index=True, column_config=columns(table, unit), height=height)


def download(name: str, table: pl.DataFrame) -> None:
    """Buttons that save a table as CSV or for a spreadsheet, in full precision."""
    title = name[:31]
    kinds: tuple[tuple[str, str, str, Callable[[], bytes]], ...] = (
        ("CSV", "csv", "text/csv", lambda: export.to_csv(table.to_arrow())),
        ("Excel", "xlsx", XLSX, lambda: export.to_xlsx(table, title)),
    )
    with st.container(horizontal=True, key=f"downloads-{name}"):
        for label, ending, mime, write in kinds:
            st.download_button(
                f"Download {label}",
                data=write,
                file_name=f"plumbline-{name}.{ending}",
                mime=mime,
                key=f"download-{name}-{ending}",
                on_click="ignore",
                icon=":material/download:",
            )


def columns(table: pl.DataFrame, unit: str | None) -> Mapping[str, Any]:
    """Column settings: values in the metric's unit, counts with thousands apart, dates without a time."""
    measure = {"share": "percent", "minutes": "%.1f", "money": "localized", "points": "%.2f"}.get(
        unit or "", "%.2f"
    )
    measured = ("value", "lower", "upper", "raw", "raw_lower", "raw_upper", "reference", "target")
    formats = dict.fromkeys(measured, measure)
    formats |= dict.fromkeys(("numerator", "denominator", "pending"), "localized")
    return {name: _column(name, dtype, formats.get(name)) for name, dtype in table.schema.items()}


def _column(name: str, dtype: pl.DataType, form: str | None) -> Any:
    words = name.replace("_", " ")
    if form is not None:
        return st.column_config.NumberColumn(words, format=form)
    return st.column_config.DateColumn(words, format="YYYY-MM-DD") if dtype == pl.Date else words
