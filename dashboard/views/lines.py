"""One metric over time for a few groups, each line named at its end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl

from dashboard import format as fmt
from dashboard.theme import Palette
from dashboard.views.chart import Chart, Figure, layout, ticks
from dashboard.views.compare import ADDITIVE, SYMBOLS, name_of
from dashboard.views.trend import GRAIN_WORDS, in_unit
from pipelines import insight

MOST = 6
"""Lines that can be told apart; of more groups the largest are drawn."""


def lines(
    rows: pl.DataFrame,
    what: Any,
    colours: Palette,
    *,
    by: str,
    noun: str,
    labels: Mapping[str, str] | None = None,
    currency: str | None = None,
) -> Chart | None:
    """Lines by group; None where there are no two periods with a value."""
    drawn = rows.filter(pl.col("value").is_not_null())
    if drawn["period_start"].n_unique() < 2:
        return None
    sizes = (
        drawn.group_by(by).agg(pl.col("denominator").sum()).sort("denominator", by, descending=[True, False])
    )
    groups = sorted(sizes[by].to_list()[:MOST], key=lambda value: (value is None, name_of(value, labels)))
    data: list[Figure] = []
    for place, group in enumerate(groups):
        of = drawn.filter(pl.col(by).eq_missing(pl.lit(group)))
        colour = colours.series[place % len(colours.series)]
        name = name_of(group, labels)
        data.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "name": name,
                "x": [day.isoformat() for day in of["period_start"]],
                "y": of["value"].to_list(),
                "line": {"color": colour, "width": 2.2},
                "marker": {
                    "size": 7,
                    "symbol": SYMBOLS[place % len(SYMBOLS)],
                    "color": [colours.card if word == "provisional" else colour for word in of["status"]],
                    "line": {"color": colour, "width": 1.6},
                },
                "text": [
                    f"<b>{fmt.value(what.unit, row['value'], currency=currency)}</b> · "
                    f"{fmt.interval(what.unit, row['lower'], row['upper'])}<br>"
                    f"{fmt.day(row['period_start'])} · n {fmt.count(row['denominator'])} · {row['status']}"
                    for row in of.iter_rows(named=True)
                ],
                "hovertemplate": f"{name}<br>%{{text}}<extra></extra>",
            }
        )
    grain = rows["grain"][0]
    starts = drawn["period_start"].unique().sort()
    every = -(-len(starts) // 6)
    figure: Figure = {"data": data, "layout": layout(colours, height=300, top=36)}
    figure["layout"]["showlegend"] = True
    figure["layout"]["xaxis"].update(
        showgrid=False,
        type="date",
        tickvals=[day.isoformat() for day in starts][::every],
        ticktext=[fmt.day(day, year=len(starts) > 60) for day in starts][::every],
    )
    figure["layout"]["yaxis"].update(ticks(what.unit), nticks=6)
    left_out = len(sizes) - len(groups)
    return Chart(
        name=f"{what.key}-by-{fmt.slug(noun)}-and-{grain}",
        title=_finding(
            drawn.filter(pl.col(by).is_in(groups, nulls_equal=True)), what, by, noun, grain, labels
        ),
        subtitle=f"{GRAIN_WORDS[grain]} {fmt.in_sentence(what.label)} by {noun}{in_unit(what, currency)}; "
        "hollow is provisional" + (f"; the {len(groups)} largest of {len(sizes)}" if left_out else ""),
        figure=figure,
        table=rows,
        alt=f"Lines of {what.label} by {grain} for "
        f"{fmt.listing([name_of(group, labels) for group in groups])}.",
    )


def _finding(
    drawn: pl.DataFrame, what: Any, by: str, noun: str, grain: str, labels: Mapping[str, str] | None
) -> str:
    led = insight.periods_led(drawn, by=by, better=what.better)
    if led is None or what.kind in ADDITIVE:
        return f"{what.label} by {noun}, {grain} by {grain}"
    group, wins, periods = led
    return f"{name_of(group, labels)} was ahead in {wins} of {fmt.plural(periods, grain)}"
