"""Two dimensions as a table of coloured cells, the one that stands out worst framed."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import polars as pl

from dashboard import format as fmt
from dashboard.theme import Palette
from dashboard.views.chart import Chart
from dashboard.views.compare import name_of
from dashboard.views.trend import in_unit
from pipelines import insight

SMALLEST = 20
"""Fewer units than these are named by their number and not coloured: their value is mostly noise."""


def grid(
    rows: pl.DataFrame,
    overall: pl.DataFrame,
    what: Any,
    colours: Palette,
    *,
    across: str,
    down: str,
    labels: Mapping[str, Mapping[str, str]] | None = None,
    currency: str | None = None,
) -> Chart | None:
    """A heat map with the values written in; None where no cell has enough units.

    Lines and columns in which no cell has enough are left out of the drawing and stay in the table.
    """
    names = labels or {}
    banded = insight.bands(rows.filter(pl.col("value").is_not_null()), overall, on=(), kind=what.kind)
    solid = banded.filter(pl.col("denominator") >= SMALLEST)
    if solid.height == 0:
        return None
    columns = solid[across].unique().sort(nulls_last=True).to_list()
    lines = solid[down].unique().sort(nulls_last=True).to_list()
    cells = {(row[down], row[across]): row for row in banded.iter_rows(named=True)}
    low, high = float(solid["value"].min()), float(solid["value"].max())  # type: ignore[arg-type]
    worst = _worst(solid, what)
    head = "".join(f'<th scope="col">{escape(name_of(column, names.get(across)))}</th>' for column in columns)
    body = []
    for line in lines:
        drawn = "".join(
            _cell(
                cells.get((line, column)),
                is_worst=worst is not None and (worst[down], worst[across]) == (line, column),
                low=low,
                high=high,
                what=what,
                colours=colours,
                currency=currency,
            )
            for column in columns
        )
        body.append(f'<tr><th scope="row">{escape(name_of(line, names.get(down)))}</th>{drawn}</tr>')
    noun = f"{_word(down)} and {_word(across)}"
    if what.interval == "none":
        title = f"{what.label} by {noun}"
    elif worst is None:
        title = f"No {_word(down)} by {_word(across)} stands out as worse"
    else:
        first, second = name_of(worst[down], names.get(down)), name_of(worst[across], names.get(across))
        title = f"{first} by {fmt.in_sentence(second)} is the weakest cell"
    said = (
        f"Grid of {what.label} by {noun}, from {fmt.value(what.unit, low, currency=currency)} to "
        f"{fmt.value(what.unit, high, currency=currency)}. {title}."
    )
    return Chart(
        name=f"{what.key}-by-{fmt.slug(noun)}",
        title=title,
        subtitle=f"{what.label} by {noun}{in_unit(what, currency)}"
        + (f"; fewer than {SMALLEST} units are not coloured" if banded.height > solid.height else ""),
        figure={},
        table=banded.sort(down, across, nulls_last=True),
        alt=said,
        html=f'<div class="pl-scroll" tabindex="0" role="region" aria-label="{escape(said)}">'
        f'<table class="pl-grid"><thead><tr><td></td>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>",
    )


def shaded(value: float, low: float, high: float, colours: Palette) -> tuple[str, str]:
    """Colours of a cell and of the text in it, by where its value lies between the lowest and the highest."""
    shades = colours.sequential
    strength = 0.5 if high == low else (value - low) / (high - low)
    is_deep = strength > (0.5 if colours.name == "light" else 0.64)
    return shades[round(strength * (len(shades) - 1))], colours.card if is_deep else colours.ink


def _worst(solid: pl.DataFrame, what: Any) -> dict[str, Any] | None:
    """The cell furthest on the wrong side whose interval leaves out the value of all, or None."""
    if what.better not in ("higher", "lower"):
        return None
    wrong = "below" if what.better == "higher" else "above"
    apart = solid.filter(pl.col("band") == wrong).sort("value", descending=what.better == "lower")
    return apart.row(0, named=True) if apart.height else None


def _cell(
    row: Mapping[str, Any] | None,
    *,
    is_worst: bool,
    low: float,
    high: float,
    what: Any,
    colours: Palette,
    currency: str | None,
) -> str:
    if row is None:
        return '<td class="pl-few"></td>'
    units = f"n {fmt.count(row['denominator'])}"
    if row["denominator"] < SMALLEST:
        return f'<td class="pl-few">{units}</td>'
    shade, ink = shaded(row["value"], low, high, colours)
    said = f"{fmt.interval(what.unit, row['lower'], row['upper'])}, {units}, {row['status']}"
    kind = ' class="pl-worst"' if is_worst else ""
    return (
        f'<td{kind} style="background:{shade};color:{ink}" title="{escape(said)}">'
        f"{escape(fmt.value(what.unit, row['value'], currency=currency))}</td>"
    )


def _word(dimension: str) -> str:
    return dimension.removesuffix("_id").replace("_", " ")
