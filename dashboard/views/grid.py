"""Two dimensions as a grid of values, the cell that stands out worst framed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from dashboard import format as fmt
from dashboard.theme import Palette
from dashboard.views.chart import Chart, Figure, layout
from dashboard.views.compare import name_of
from dashboard.views.trend import unit_words
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
    """A heat map with the values written in; None where no cell has one."""
    names = labels or {}
    banded = insight.bands(rows.filter(pl.col("value").is_not_null()), overall, on=())
    solid = banded.filter(pl.col("denominator") >= SMALLEST)
    if solid.height == 0:
        return None
    columns = rows[across].unique().sort(nulls_last=True).to_list()
    lines = rows[down].unique().sort(descending=True, nulls_last=False).to_list()
    cells = {(row[down], row[across]): row for row in banded.iter_rows(named=True)}
    x = [name_of(column, names.get(across)) for column in columns]
    y = [name_of(line, names.get(down)) for line in lines]
    low, high = float(solid["value"].min()), float(solid["value"].max())  # type: ignore[arg-type]
    z: list[list[float | None]] = []
    notes: list[Figure] = []
    worst = _worst(solid, what)
    shapes: list[Figure] = []
    for height, line in enumerate(lines):
        z.append([])
        for place, column in enumerate(columns):
            row = cells.get((line, column))
            is_solid = row is not None and row["denominator"] >= SMALLEST
            z[-1].append(row["value"] if row is not None and is_solid else None)
            if row is None:
                continue
            is_worst = worst is not None and (worst[down], worst[across]) == (line, column)
            notes.append(
                _note(x[place], y[height], row, is_solid, is_worst, low, high, what, colours, currency)
            )
            if is_worst:
                shapes.append(_frame(place, height, colours))
    figure: Figure = {
        "data": [
            {
                "type": "heatmap",
                "x": x,
                "y": y,
                "z": z,
                "zmin": low - 0.15 * (high - low),
                "zmax": high,
                "colorscale": [
                    [place / (len(colours.sequential) - 1), tint]
                    for place, tint in enumerate(colours.sequential)
                ],
                "showscale": False,
                "xgap": 2,
                "ygap": 2,
                "hovertemplate": "%{y}, %{x}: %{z:.3f}<extra></extra>",
            }
        ],
        "layout": layout(colours, height=max(180, 60 + 40 * len(lines))),
    }
    figure["layout"].update(annotations=notes, shapes=shapes)
    figure["layout"]["xaxis"].update(
        side="top", showgrid=False, showline=False, tickfont={"size": 13, "color": colours.ink}
    )
    figure["layout"]["yaxis"].update(
        showgrid=False, showline=False, tickfont={"size": 13, "color": colours.ink}
    )
    noun = f"{_word(down)} and {_word(across)}"
    if worst is None:
        title = f"No {_word(down)} by {_word(across)} stands out as worse"
    else:
        first, second = name_of(worst[down], names.get(down)), name_of(worst[across], names.get(across))
        title = f"{first} by {fmt.in_sentence(second)} is the weakest cell"
    few = banded.height - solid.height
    return Chart(
        name=f"{what.key}-by-{fmt.slug(noun)}",
        title=title,
        subtitle=f"{what.label} by {noun}, {unit_words(what.unit, currency)}"
        + (f"; fewer than {SMALLEST} units are not coloured" if few else ""),
        figure=figure,
        table=banded.sort(down, across, nulls_last=True),
        alt=f"Grid of {what.label} by {noun}, from {fmt.value(what.unit, low, currency=currency)} to "
        f"{fmt.value(what.unit, high, currency=currency)}. {title}.",
    )


def _worst(solid: pl.DataFrame, what: Any) -> dict[str, Any] | None:
    """The cell furthest on the wrong side whose interval leaves out the value of all, or None."""
    if what.better not in ("higher", "lower"):
        return None
    wrong = "below" if what.better == "higher" else "above"
    apart = solid.filter(pl.col("band") == wrong).sort("value", descending=what.better == "lower")
    return apart.row(0, named=True) if apart.height else None


def _note(
    x: str,
    y: str,
    row: dict[str, Any],
    is_solid: bool,
    is_worst: bool,
    low: float,
    high: float,
    what: Any,
    colours: Palette,
    currency: str | None,
) -> Figure:
    strength = 0.0 if high == low else (row["value"] - low) / (high - low)
    is_deep = strength > (0.45 if colours.name == "light" else 0.6)
    ink = colours.card if is_deep else colours.ink
    if not is_solid:
        return {
            "x": x,
            "y": y,
            "text": f"n {fmt.count(row['denominator'])}",
            "showarrow": False,
            "font": {"color": colours.muted, "size": 12},
        }
    text = fmt.value(what.unit, row["value"], currency=currency)
    return {
        "x": x,
        "y": y,
        "text": f"<b>{text}</b>" if is_worst else text,
        "showarrow": False,
        "font": {"color": ink, "size": 13},
    }


def _frame(place: int, height: int, colours: Palette) -> Figure:
    return {
        "type": "rect",
        "x0": place - 0.5,
        "x1": place + 0.5,
        "y0": height - 0.5,
        "y1": height + 0.5,
        "line": {"color": colours.target, "width": 2.5},
    }


def _word(dimension: str) -> str:
    return dimension.removesuffix("_id").replace("_", " ")
