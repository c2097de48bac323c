"""Signal or noise, drawn: the weeks that were judged, their level and limits, and what broke a rule."""

from __future__ import annotations

from typing import Any

import polars as pl

from dashboard import format as fmt
from dashboard.theme import Palette
from dashboard.views.chart import Chart, Figure, layout, ticks
from dashboard.views.trend import unit_words
from pipelines.explain import Verdict


def control(found: Verdict, what: Any, colours: Palette, *, currency: str | None = None) -> Chart | None:
    """The control chart of one metric; None where it is too early for limits.

    Args:
        found: Its verdict.
        what: Its definition.
        currency: Currency of a money metric, or None.
    """
    points = found.points.filter(pl.col("center").is_not_null())
    if points.height == 0:
        return None
    x = [day.isoformat() for day in points["period_start"]]
    value = points["value"].to_list()
    tint = colours.judged(found.judged(what.better))
    since = found.since.isoformat() if found.since else None
    marks = [
        tint if since and day >= since else colours.target if beyond else colours.accent
        for day, beyond in zip(x, points["is_beyond"].to_list(), strict=True)
    ]
    line = {"color": colours.accent, "width": 2}
    limit = {"color": colours.muted, "width": 1, "dash": "dot"}
    data: list[Figure] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": x,
            "y": points[end].to_list(),
            "line": limit,
            "hoverinfo": "skip",
        }
        for end in ("lower", "upper")
    ]
    data += [
        {
            "type": "scatter",
            "mode": "lines",
            "x": x,
            "y": points["center"].to_list(),
            "line": {"color": colours.muted, "width": 1.4},
            "hoverinfo": "skip",
        },
        {"type": "scatter", "mode": "lines", "x": x, "y": value, "line": line, "hoverinfo": "skip"},
        {
            "type": "scatter",
            "mode": "markers",
            "x": x,
            "y": value,
            "marker": {"size": 8, "color": marks, "line": {"color": colours.card, "width": 1}},
            "text": [
                f"<b>{fmt.value(what.unit, row['value'], currency=currency)}</b> · "
                f"week of {fmt.day(row['period_start'])}<br>expected "
                f"{fmt.value(what.unit, row['center'], currency=currency)}, limits "
                f"{fmt.value(what.unit, row['lower'], currency=currency)} to "
                f"{fmt.value(what.unit, row['upper'], currency=currency)}"
                for row in points.iter_rows(named=True)
            ],
            "hovertemplate": "%{text}<extra></extra>",
        },
    ]
    figure: Figure = {"data": data, "layout": layout(colours, height=280)}
    every = -(-len(x) // 6)
    figure["layout"]["xaxis"].update(
        showgrid=False,
        type="date",
        tickvals=x[::every],
        ticktext=[fmt.day(day) for day in points["period_start"]][::every],
    )
    figure["layout"]["yaxis"].update(ticks(what.unit), nticks=5)
    season = ", season included" if found.is_seasonal else ""
    return Chart(
        name=f"{what.key}-control",
        title=f"{what.label}: {found.words}",
        subtitle=f"Final weeks, {unit_words(what.unit, currency)}; {found.chart} chart: grey is the level "
        f"expected{season}, dotted its three-sigma limits",
        figure=figure,
        table=found.points,
        alt=f"Control chart of {what.label} by week: {found.words}. {found.why}",
        note=found.why,
    )
