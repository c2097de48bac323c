"""A page of the catalogue as HTML, and the catalogue as a table."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import polars as pl

from dashboard.views.compare import name_of
from dashboard.views.trend import unit_words

BETTER = {"higher": "Higher is better", "lower": "Lower is better", "neither": "Neither way is better"}
KINDS = {
    "proportion": "Proportion: units that count / mature units",
    "mean": "Mean over units",
    "percentile": "Percentile over units",
    "sum": "Sum over units, never over currencies",
    "per_orders": "Contacts per 100 orders of the same days",
    "pairs": "Agreeing pairs / pairs, strata weighted by contacts",
    "survival": "Estimate over open and closed windows: Kaplan–Meier probability at the window's end",
}
INTERVALS = {
    "wilson": "95%, Wilson score",
    "normal": "95%, normal",
    "greenwood": "95%, Greenwood on the log-log scale",
    "none": "None: a change cannot be told from noise",
}


def facts_html(what: Any) -> str:
    """Everything the catalogue says of a metric, as a list of terms."""
    facts = (
        ("Key", f"<code>{escape(what.key)}</code>"),
        ("Unit", escape(unit_words(what.unit))),
        ("Better", BETTER.get(what.better, escape(what.better))),
        ("Kind", escape(KINDS.get(what.kind, what.kind))),
        ("Numerator", escape(what.numerator)),
        ("Denominator", escape(what.denominator)),
        ("Belongs to the day of", escape(what.anchor)),
        ("Window", escape(what.window)),
        ("Final when", escape(what.maturity)),
        ("Interval", escape(INTERVALS.get(what.interval, what.interval))),
        (
            "Split and filtered by",
            escape(", ".join(name_of(name.removesuffix("_id")) for name in what.dimensions)),
        ),
        ("Source", escape(what.source)),
    )
    return (
        '<dl class="pl-facts">' + "".join(f"<dt>{name}</dt><dd>{said}</dd>" for name, said in facts) + "</dl>"
    )


def table(definitions: Sequence[Any]) -> pl.DataFrame:
    """The catalogue, one row a metric."""
    columns = (
        "key",
        "label",
        "unit",
        "better",
        "kind",
        "window",
        "definition",
        "numerator",
        "denominator",
        "source",
    )
    return pl.DataFrame({name: [getattr(what, name) for what in definitions] for name in columns})


def estimates_html(definitions: Sequence[Any]) -> str:
    """The model estimates, each with its formula, assumptions, interval and source."""
    parts = []
    for what in definitions:
        command = f"plumbline metrics {what.key}"
        needed = what.needs or (what.by[:1] if what.answer == "caused" else ())
        if needed:
            command += f" --by {','.join(needed)}"
        facts = (
            ("Key", f"<code>{escape(what.key)}</code>, beside <code>{escape(what.base)}</code>"),
            ("Formula", escape(what.formula)),
            ("Assumes", escape(what.assumptions)),
            ("Interval", escape(what.interval)),
            ("Split by", escape(", ".join(name_of(name.removesuffix("_id")) for name in what.by))),
            ("Source", escape(what.source)),
            ("Ask", f"<code>{escape(command)}</code>"),
        )
        said = "".join(f"<dt>{name}</dt><dd>{text}</dd>" for name, text in facts)
        parts.append(
            f'<details><summary>{escape(what.label)}</summary><dl class="pl-facts">{said}</dl></details>'
        )
    return f'<div class="pl-estimates">{"".join(parts)}</div>'


def estimates_table(definitions: Sequence[Any]) -> pl.DataFrame:
    """The model estimates, one row each."""
    columns = ("key", "label", "unit", "better", "base", "formula", "assumptions", "interval", "source")
    return pl.DataFrame({name: [getattr(what, name) for what in definitions] for name in columns})
