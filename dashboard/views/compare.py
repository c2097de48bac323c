"""Groups side by side: a dot and its interval a group, against the value of all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from dashboard import format as fmt
from dashboard.theme import Palette
from dashboard.views.chart import Chart, Figure, layout, ticks, wrapped
from dashboard.views.trend import in_unit
from pipelines import insight
from pipelines.wording import name_of

ADDITIVE = ("sum", "per_orders")
"""Kinds whose groups add up to the whole: a group is a part, not a value to hold against all together."""
SYMBOLS = ("circle", "diamond", "square", "triangle-up", "cross", "star")


def compare(
    rows: pl.DataFrame,
    overall: pl.DataFrame,
    what: Any,
    colours: Palette,
    *,
    by: str,
    noun: str,
    labels: Mapping[str, str] | None = None,
    split: str | None = None,
    split_labels: Mapping[str, str] | None = None,
    targets: Mapping[str, float] | None = None,
    currency: str | None = None,
) -> Chart | None:
    """Dots with intervals by one dimension, coloured by a second where there is one; None without values.

    Args:
        rows: Rows of one metric by the dimension (and the second).
        overall: The one row of the same metric over everything shown.
        by: Column of the groups.
        noun: What a group is called, such as site.
        labels: Names to show for the groups.
        split: Column of the second dimension, drawn as colour and symbol.
        split_labels: Names to show for its values.
        targets: Target of each group by its id, drawn as an amber tick.
    """
    drawn = rows.filter(pl.col("value").is_not_null())
    if drawn.height == 0:
        return None
    if what.kind in ADDITIVE:
        return parts(drawn, what, colours, by=by, noun=noun, labels=labels, currency=currency)
    reference = insight.Measured.of(overall.row(0, named=True)).value if overall.height else None
    banded = insight.bands(drawn, overall, on=(), kind=what.kind).sort(by, descending=True, nulls_last=False)
    names = [name_of(value, labels) for value in banded[by].to_list()]
    shown = {name: wrapped(name) for name in names}
    groups = [None] if split is None else banded[split].unique().sort(nulls_last=True).to_list()
    data: list[Figure] = []
    for place, group in enumerate(groups):
        rows_of = [
            (shown[name], row)
            for name, row in zip(names, banded.iter_rows(named=True), strict=True)
            if split is None or row[split] == group
        ]
        colour = colours.accent if split is None else colours.series[place % len(colours.series)]
        data.append(_dots(rows_of, what, colours, colour, SYMBOLS[place % len(SYMBOLS)], currency))
        data[-1]["name"] = "" if split is None else name_of(group, split_labels)
        data[-1]["showlegend"] = split is not None
    if targets:
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": "target",
                "x": [targets[key] for key in banded[by].to_list() if key in targets],
                "y": [shown[name_of(key, labels)] for key in banded[by].to_list() if key in targets],
                "marker": {"symbol": "line-ns", "size": 18, "line": {"color": colours.target, "width": 3}},
                "hovertemplate": "target %{x}<extra></extra>",
            }
        )
    order = list(dict.fromkeys(shown[name] for name in names))
    has_legend = split is not None or bool(targets)
    figure: Figure = {"data": data, "layout": layout(colours, height=max(170, 74 + 42 * len(order)))}
    figure["layout"].update(showlegend=has_legend)
    figure["layout"]["margin"]["t"] = 34 if has_legend else 10
    figure["layout"]["xaxis"].update(ticks(what.unit), nticks=6, showgrid=True)
    figure["layout"]["yaxis"].update(
        categoryorder="array",
        categoryarray=order,
        tickfont={"size": 13, "color": colours.ink},
        showline=False,
        range=[-0.6, len(order) - 0.4],
    )
    if reference is not None:
        figure["layout"]["shapes"] = [
            {
                "type": "line",
                "x0": reference,
                "x1": reference,
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "line": {"color": colours.muted, "width": 1.4, "dash": "dot"},
            }
        ]
    dotted = (
        ""
        if reference is None
        else f"; dotted is all together, {fmt.value(what.unit, reference, currency=currency)}"
    )
    return Chart(
        name=f"{what.key}-by-{fmt.slug(noun)}",
        title=finding(banded, names, what, noun),
        subtitle=f"{what.label} by {noun}{' with 95% interval' if what.interval != 'none' else ''}"
        f"{in_unit(what, currency)}{dotted}",
        figure=figure,
        table=banded.sort(by, nulls_last=True),
        alt=f"Dots of {what.label} by {noun}. "
        + " ".join(
            f"{name}: {fmt.value(what.unit, row['value'], currency=currency)}, {row['band']}."
            for name, row in zip(names, banded.iter_rows(named=True), strict=True)
        ),
    )


def parts(
    rows: pl.DataFrame,
    what: Any,
    colours: Palette,
    *,
    by: str,
    noun: str,
    labels: Mapping[str, str] | None = None,
    currency: str | None = None,
) -> Chart:
    """Bars of groups that add up, for a metric without an interval."""
    ordered = rows.sort("value", by, descending=[True, False])
    names = [name_of(value, labels) for value in ordered[by].to_list()]
    texts = [fmt.value(what.unit, value, currency=currency) for value in ordered["value"].to_list()]
    figure: Figure = {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "x": ordered["value"].to_list(),
                "y": list(range(ordered.height)),
                "marker": {"color": colours.accent, "cornerradius": 4},
                "width": 0.5,
                "text": texts,
                "textposition": "outside",
                "textfont": {"color": colours.ink, "size": 13},
                "cliponaxis": False,
                "customdata": names,
                "hovertemplate": "%{customdata}: %{text}<extra></extra>",
            }
        ],
        "layout": layout(colours, height=max(170, 50 + 40 * ordered.height), right=70),
    }
    figure["layout"]["xaxis"].update(showgrid=False, showticklabels=False, showline=False)
    figure["layout"]["yaxis"].update(
        showgrid=False,
        showline=False,
        autorange="reversed",
        tickvals=list(range(ordered.height)),
        ticktext=[wrapped(name) for name in names],
        tickfont={"size": 13, "color": colours.ink},
    )
    return Chart(
        name=f"{what.key}-by-{fmt.slug(noun)}",
        title=f"{names[0]} has the largest part, {texts[0]}",
        subtitle=f"{what.label} by {noun}{in_unit(what, currency)}; the parts add up, no interval",
        figure=figure,
        table=rows.sort(by, nulls_last=True),
        alt=f"Bars of {what.label} by {noun}. "
        + " ".join(f"{name}: {text}." for name, text in zip(names, texts, strict=True)),
    )


def finding(banded: pl.DataFrame, names: Sequence[str], what: Any, noun: str) -> str:
    """Which groups stand apart from all of them together, in words, good ones first."""
    good, bad = ("above", "below") if what.better != "lower" else ("below", "above")
    bands = banded["band"].to_list()
    leads = sorted({name for name, band in zip(names, bands, strict=True) if band == good})
    trails = sorted({name for name, band in zip(names, bands, strict=True) if band == bad})
    if banded.height == 1:
        return f"{names[0]} is the only {noun} in this selection"
    if all(band == "unknown" for band in bands):
        return f"{what.label} by {noun}: no interval, so no verdict"
    if not leads and not trails:
        return f"No {noun} can be told from the others"
    said = []
    for groups, word in ((leads, "better"), (trails, "worse")):
        if groups:
            than = "" if said else " than all together"
            said.append(f"{_some(groups)} {'does' if len(groups) == 1 else 'do'} {word}{than}")
    return "; ".join(said)


def _some(names: Sequence[str]) -> str:
    return fmt.listing(names if len(names) <= 3 else [*names[:2], f"{len(names) - 2} more"])


def _dots(
    rows: Sequence[tuple[str, dict[str, Any]]],
    what: Any,
    colours: Palette,
    colour: str,
    symbol: str,
    currency: str | None,
) -> Figure:
    def arm(row: dict[str, Any], end: str) -> float:
        return 0.0 if row[end] is None else abs(row[end] - row["value"])

    return {
        "type": "scatter",
        "mode": "markers",
        "x": [row["value"] for _, row in rows],
        "y": [name for name, _ in rows],
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": [arm(row, "upper") for _, row in rows],
            "arrayminus": [arm(row, "lower") for _, row in rows],
            "color": colour,
            "thickness": 2.2,
            "width": 0,
        },
        "marker": {
            "size": 11,
            "symbol": symbol,
            "color": [colours.card if row["status"] == "provisional" else colour for _, row in rows],
            "line": {"color": colour, "width": 2},
        },
        "text": [
            f"<b>{fmt.value(what.unit, row['value'], currency=currency)}</b> · "
            f"{fmt.interval(what.unit, row['lower'], row['upper'])}<br>"
            f"n {fmt.count(row['denominator'])} · {row['status']} · {row['band']}"
            for _, row in rows
        ],
        "hovertemplate": "%{y}<br>%{text}<extra></extra>",
    }
