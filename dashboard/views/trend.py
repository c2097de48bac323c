"""A metric over time: its interval, its target, what is still provisional, and the events that explain it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from dashboard import format as fmt
from dashboard.theme import Palette
from dashboard.views.chart import Chart, Figure, layout, ticks
from pipelines import insight

GRAIN_WORDS = {"day": "Daily", "week": "Weekly", "month": "Monthly", "quarter": "Quarterly"}


def trend(
    rows: pl.DataFrame,
    what: Any,
    colours: Palette,
    *,
    target: float | None = None,
    currency: str | None = None,
    events: Sequence[tuple[Any, str]] = (),
) -> Chart:
    """One metric's periods as a line, its 95 % interval as a ribbon.

    Args:
        rows: Rows of one metric, one a period, in time order; at least one has a value.
        what: The metric's definition.
        target: Its target, or None.
        events: Days and labels of what happened in between.
    """
    grain = rows["grain"][0]
    drawn = rows.filter(pl.col("value").is_not_null())
    x = [day.isoformat() for day in drawn["period_start"]]
    y = drawn["value"].to_list()
    status = drawn["status"].to_list()
    hover = [
        f"<b>{fmt.value(what.unit, row['value'], currency=currency)}</b> · "
        f"{fmt.interval(what.unit, row['lower'], row['upper'])}<br>"
        f"{'week of ' if grain == 'week' else ''}{fmt.day(row['period_start'])} · "
        f"n {fmt.count(row['denominator'])} · {row['status']}"
        for row in drawn.iter_rows(named=True)
    ]
    data: list[Figure] = []
    ribbon = drawn.filter(pl.col("lower").is_not_null())
    if ribbon.height:
        ends = [day.isoformat() for day in ribbon["period_start"]]
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": ends + ends[::-1],
                "y": ribbon["upper"].to_list() + ribbon["lower"].to_list()[::-1],
                "fill": "toself",
                "fillcolor": colours.fade(colours.accent, 0.12),
                "line": {"width": 0},
                "hoverinfo": "skip",
            }
        )
    settled = _settled(status)
    line = {"color": colours.accent, "width": 2.4}
    data.append(
        {
            "type": "scatter",
            "mode": "lines",
            "x": x[:settled],
            "y": y[:settled],
            "line": line,
            "hoverinfo": "skip",
        }
    )
    tail = max(settled - 1, 0)
    if settled < len(x):
        data.append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": x[tail:],
                "y": y[tail:],
                "line": {**line, "dash": "dot"},
                "hoverinfo": "skip",
            }
        )
    data.append(
        {
            "type": "scatter",
            "mode": "markers",
            "x": x,
            "y": y,
            "text": hover,
            "hovertemplate": "%{text}<extra></extra>",
            "marker": {
                "size": [9 if place == len(x) - 1 else 6 for place in range(len(x))],
                "color": [colours.card if word == "provisional" else colours.accent for word in status],
                "line": {"color": colours.accent, "width": 1.8},
            },
        }
    )
    figure = {"data": data, "layout": layout(colours, height=300, right=20 if target is None else 66)}
    every = -(-len(x) // 6)
    figure["layout"]["xaxis"].update(
        showgrid=False,
        type="date",
        tickvals=x[::every],
        ticktext=[fmt.day(day, year=len(x) > 60) for day in drawn["period_start"]][::every],
    )
    figure["layout"]["yaxis"].update(ticks(what.unit), nticks=6)
    _mark(figure, colours, what, x, y, target, currency, events)
    return Chart(
        name=f"{what.key}-by-{grain}",
        title=_finding(drawn, what, target, currency, grain),
        subtitle=f"{GRAIN_WORDS[grain]} {fmt.in_sentence(what.label)}{in_unit(what, currency)}; "
        + ("shaded is the 95% interval, " if ribbon.height else "")
        + "dotted and hollow is provisional",
        figure=figure,
        table=rows,
        alt=_alt(drawn, what, currency, grain, target),
    )


def unit_words(unit: str, currency: str | None = None) -> str:
    """A unit as a subtitle says it."""
    return {
        "share": "percent",
        "score": "points of 100",
        "points": "points of 5",
        "minutes": "minutes",
        "per_100_orders": "per 100 orders",
        "money": currency or "money",
    }.get(unit, unit)


def in_unit(what: Any, currency: str | None = None) -> str:
    """A metric's unit as it follows its name, nothing where the name says it already."""
    unit = unit_words(what.unit, currency)
    return "" if unit in what.label.lower() else f", {unit}"


def _settled(status: Sequence[str]) -> int:
    """How many leading periods come before the provisional tail."""
    for place in range(len(status) - 1, -1, -1):
        if status[place] != "provisional":
            return place + 1
    return 0


def _mark(
    figure: Figure,
    colours: Palette,
    what: Any,
    x: Sequence[str],
    y: Sequence[float],
    target: float | None,
    currency: str | None,
    events: Sequence[tuple[Any, str]],
) -> None:
    shapes: list[Figure] = []
    notes: list[Figure] = [
        {
            "x": x[-1],
            "y": y[-1],
            "text": f"<b>{fmt.value(what.unit, y[-1], currency=currency)}</b>",
            "showarrow": False,
            "xanchor": "right",
            "yshift": 15,
            "font": {"color": colours.accent, "size": 13.5},
        }
    ]
    if target is not None:
        shapes.append(
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "y0": target,
                "y1": target,
                "line": {"color": colours.target, "width": 1.6, "dash": "dash"},
            }
        )
        notes.append(
            {
                "xref": "paper",
                "x": 1,
                "y": target,
                "text": f"target<br>{fmt.value(what.unit, target, currency=currency)}",
                "showarrow": False,
                "align": "left",
                "xanchor": "left",
                "xshift": 6,
                "font": {"color": colours.target_text, "size": 12},
            }
        )
    for level, (place, label) in enumerate(_spaced(events, x)):
        shapes.append(
            {
                "type": "line",
                "x0": place,
                "x1": place,
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "line": {"color": colours.muted, "width": 1, "dash": "dot"},
            }
        )
        is_late = place > x[len(x) * 2 // 3]
        notes.append(
            {
                "x": place,
                "yref": "paper",
                "y": 0,
                "text": label,
                "showarrow": False,
                "xanchor": "right" if is_late else "left",
                "yanchor": "bottom",
                "yshift": 15 * (level % 2),
                "xshift": -3 if is_late else 3,
                "font": {"color": colours.muted, "size": 11.5},
            }
        )
    figure["layout"]["shapes"] = shapes
    figure["layout"]["annotations"] = notes


def _spaced(events: Sequence[tuple[Any, str]], x: Sequence[str]) -> list[tuple[str, str]]:
    """Events as places and labels, those that lie too close together under the first one's name."""
    within = [(day.isoformat(), label) for day, label in sorted(events) if x[0] <= day.isoformat() <= x[-1]]
    nearest = max(1, len(x) // 3)
    kept: list[tuple[int, str, str, int]] = []
    for place, label in within:
        position = sum(period <= place for period in x)
        if kept and position - kept[-1][0] < nearest:
            kept[-1] = (*kept[-1][:3], kept[-1][3] + 1)
        else:
            kept.append((position, place, label if len(label) <= 22 else f"{label[:21]}…", 0))
    return [(place, f"{label} +{more}" if more else label) for _, place, label, more in kept]


def _finding(drawn: pl.DataFrame, what: Any, target: float | None, currency: str | None, grain: str) -> str:
    final = drawn.filter(pl.col("status") == "final")
    values = final["value"].to_list()
    if target is not None and what.better in ("higher", "lower") and what.kind != "sum" and values:
        side, length = insight.run_against_target(values, target, what.better)
        if length > 1:
            word = "met" if side == "met" else "missed"
            return f"{what.label} has {word} its target for {fmt.plural(length, grain)}"
        return f"{what.label} hovers around its target"
    if not values:
        return f"{what.label} is still provisional throughout"
    low, high = min(values), max(values)
    if len(values) == 1 or low == high:
        return f"{what.label} stands at {fmt.value(what.unit, values[-1], currency=currency)}"
    return (
        f"{what.label} ran between {fmt.value(what.unit, low, currency=currency)} "
        f"and {fmt.value(what.unit, high, currency=currency)}"
    )


def _alt(drawn: pl.DataFrame, what: Any, currency: str | None, grain: str, target: float | None) -> str:
    first, last = drawn.row(0, named=True), drawn.row(-1, named=True)
    against = "" if target is None else f" The target is {fmt.value(what.unit, target, currency=currency)}."
    return (
        f"Line of {what.label} by {grain}, from {fmt.value(what.unit, first['value'], currency=currency)} on "
        f"{fmt.day(first['period_start'])} to {fmt.value(what.unit, last['value'], currency=currency)} on "
        f"{fmt.day(last['period_start'])}.{against}"
    )
