"""Final values that moved: a line for the Overview, causes in words, and the table as people read it."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import polars as pl

from dashboard import format as fmt
from dashboard.views.compare import name_of
from pipelines.explain import restated


def line(rows: pl.DataFrame, link: str) -> str:
    """How many final numbers of a period were restated, and since when; empty where none was.

    Args:
        rows: Restatements of the period.
        link: Where they are listed.
    """
    if rows.height == 0:
        return ""
    first = rows["noticed_at"].min()
    number = restated.numbers(rows)
    verb = "was" if number == 1 else "were"
    since = f" since {fmt.day(first.date())}" if first is not None else ""
    return (
        f'<p class="pl-note" role="note"><a href="{escape(link)}" target="_self">'
        f"{fmt.plural(number, 'final number')} of this period {verb} restated{since}</a>: with late or "
        "corrected rows, or another definition.</p>"
    )


def causes_html(rows: pl.DataFrame) -> str:
    """Each cause with how often it was and what it means."""
    items = "".join(
        f"<dt>{escape(cause[:1].upper() + cause[1:])} · {fmt.count(number)}</dt>"
        f"<dd>{escape(restated.CAUSES.get(cause, ''))}</dd>"
        for cause, number in restated.by_cause(rows)
    )
    return f'<dl class="pl-facts">{items}</dl>'


def title(rows: pl.DataFrame) -> str:
    """The heading of the card."""
    if rows.height == 0:
        return "No final value has moved"
    return f"{fmt.plural(restated.numbers(rows), 'final value')} moved"


def table(
    rows: pl.DataFrame,
    definitions: Mapping[str, Any],
    labels: Mapping[str, str],
    currencies: Mapping[str, str],
) -> pl.DataFrame:
    """The rows with values in their metric's unit, as text.

    Args:
        rows: Restatements.
        definitions: Metrics by key.
        labels: Names of programs.
        currencies: Currency of each program.
    """

    def said(row: Mapping[str, Any], name: str) -> str:
        what = definitions.get(row["metric"])
        if row[name] is None:
            return "none"
        if what is None:
            return f"{row[name]:.4g}"
        write = fmt.change if name == "change" else fmt.value
        return write(what.unit, row[name], currency=currencies.get(row["program_id"]))

    return pl.DataFrame(
        [
            {
                "noticed": row["noticed_at"],
                "metric": getattr(definitions.get(row["metric"]), "label", row["metric"]),
                "program": name_of(row["program_id"], labels),
                "week of": row["period_start"],
                "was": said(row, "old_value"),
                "is": said(row, "new_value"),
                "change": said(row, "change"),
                "n was": row["old_denominator"],
                "n is": row["new_denominator"],
                "cause": row["cause"],
            }
            for row in rows.iter_rows(named=True)
        ],
        schema_overrides={
            "noticed": pl.Datetime,
            "n was": pl.Float64,
            "n is": pl.Float64,
            "week of": pl.Date,
        },
    )
