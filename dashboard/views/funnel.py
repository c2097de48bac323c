"""Agents against their program: value over number of units, with the funnel that chance alone would fill."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import polars as pl

from dashboard import format as fmt
from dashboard.theme import Palette
from dashboard.views.chart import Chart, Figure, layout, ticks
from dashboard.views.compare import name_of
from dashboard.views.trend import in_unit
from pipelines import insight

LABELLED = 6
"""Names written into one chart; every name is in the table and under the pointer."""


def funnel(
    rows: pl.DataFrame,
    what: Any,
    colours: Palette,
    *,
    program: str,
    labels: Mapping[str, str],
    currency: str | None = None,
) -> Chart | None:
    """One program's agents; None where none has a value.

    Args:
        rows: Rows by agent with `reference` and `band`, as `insight.bands` makes them.
        what: The metric's definition.
        program: Name of the program.
        labels: Names of agents.
    """
    drawn = rows.filter(pl.col("value").is_not_null() & pl.col("agent_id").is_not_null())
    if drawn.height == 0:
        return None
    reference = drawn["reference"][0]
    most = float(drawn["denominator"].max())  # type: ignore[arg-type]
    data: list[Figure] = []
    if what.kind == "proportion" and reference is not None:
        data += _limits(reference, most, colours)
    judged = {
        "above": "better" if what.better == "higher" else "worse" if what.better == "lower" else "neither",
        "below": "worse" if what.better == "higher" else "better" if what.better == "lower" else "neither",
    }
    for band, symbol in (
        ("unknown", "circle-open"),
        ("within", "circle"),
        ("above", "triangle-up"),
        ("below", "triangle-down"),
    ):
        of = drawn.filter(pl.col("band") == band)
        if of.height:
            colour = colours.judged(judged.get(band, "neither"))
            data.append(_points(of, what, band, symbol, colour, labels, currency))
    figure: Figure = {"data": data, "layout": layout(colours, height=330, right=24, top=14)}
    figure["layout"]["xaxis"].update(
        range=[0, most * 1.12], nticks=6, showgrid=False, tickformat=",~r", title={"text": "mature units (n)"}
    )
    figure["layout"]["xaxis"]["title"] = {
        "text": "units (n)",
        "font": {"size": 12.5, "color": colours.muted},
        "standoff": 6,
    }
    figure["layout"]["yaxis"].update(ticks(what.unit), nticks=6)
    notes = _names(drawn, what, labels, colours)
    if reference is not None:
        figure["layout"]["shapes"] = [
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "y0": reference,
                "y1": reference,
                "line": {"color": colours.accent, "width": 1.6},
            }
        ]
    figure["layout"]["annotations"] = notes
    counts = {band: drawn.filter(pl.col("band") == band).height for band in insight.BANDS}
    funnel_words = "; dashed is where 95% fall by chance" if what.kind == "proportion" else ""
    return Chart(
        name=f"{what.key}-agents-{fmt.slug(program)}",
        title=(
            f"{program}: {counts['above']} above, {counts['within']} within, {counts['below']} below"
            if counts["unknown"] < drawn.height
            else f"{program}: {fmt.plural(drawn.height, 'agent')}, none told apart"
        ),
        subtitle=f"{what.label} of each agent{in_unit(what, currency)}; the line is the program, "
        f"{fmt.value(what.unit, reference, currency=currency)}{funnel_words}",
        figure=figure,
        table=named(drawn, labels),
        alt=f"Funnel of {drawn.height} agents of {program} by number of units: {counts['above']} above the "
        f"program, {counts['within']} within, {counts['below']} below.",
    )


def named(rows: pl.DataFrame, labels: Mapping[str, str]) -> pl.DataFrame:
    """Rows of agents in alphabetical order of their names: bands are given, ranks are not."""
    names = pl.Series("agent", [name_of(agent, labels) for agent in rows["agent_id"]], dtype=pl.String)
    shown = rows.with_columns(names).sort("agent", "agent_id", nulls_last=True)
    front = [name for name in ("agent", "agent_id", "program_id", "site", "team") if name in shown.columns]
    return shown.select(*front, *(name for name in shown.columns if name not in front))


def bands_html(rows: pl.DataFrame, what: Any) -> str:
    """How many agents are in each band, as a strip."""
    good, bad = ("above", "below") if what.better != "lower" else ("below", "above")
    words = {
        "above": "above their program",
        "within": "within noise of it",
        "below": "below it",
        "unknown": "too few to say",
    }
    moods = {good: "better", bad: "worse"} if what.better != "neither" else {}
    cells = []
    for band in ("above", "within", "below", "unknown"):
        number = rows.filter(pl.col("band") == band).height
        if band == "unknown" and not number:
            continue
        cells.append(
            f'<div class="pl-band pl-band-{moods.get(band, "neither")}"><b>{fmt.count(number)}</b>'
            f"<span>{escape(words[band])}</span></div>"
        )
    return f'<section class="pl-bands" aria-label="Agents by band">{"".join(cells)}</section>'


def _limits(reference: float, most: float, colours: Palette) -> list[Figure]:
    first = max(4.0, most / 60)
    sizes = [first * (most * 1.12 / first) ** (step / 48) for step in range(49)]
    lower, upper = insight.funnel_limits(reference, sizes)
    line = {"color": colours.noise, "width": 1.3, "dash": "dash"}
    return [
        {"type": "scatter", "mode": "lines", "x": sizes, "y": ends, "line": line, "hoverinfo": "skip"}
        for ends in (lower, upper)
    ]


def _points(
    of: pl.DataFrame,
    what: Any,
    band: str,
    symbol: str,
    colour: str,
    labels: Mapping[str, str],
    currency: str | None,
) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": band,
        "x": of["denominator"].to_list(),
        "y": of["value"].to_list(),
        "marker": {"size": 8 if band == "within" else 12, "symbol": symbol, "color": colour, "opacity": 0.9},
        "text": [
            f"<b>{escape(name_of(row['agent_id'], labels))}</b><br>"
            f"{fmt.value(what.unit, row['value'], currency=currency)} · "
            f"{fmt.interval(what.unit, row['lower'], row['upper'])}<br>"
            f"n {fmt.count(row['denominator'])} · {row['status']} · {band}"
            for row in of.iter_rows(named=True)
        ],
        "hovertemplate": "%{text}<extra></extra>",
    }


def _names(drawn: pl.DataFrame, what: Any, labels: Mapping[str, str], colours: Palette) -> list[Figure]:
    """Names of agents outside their program's band, those with the most units, kept apart from each other."""
    outside = drawn.filter(pl.col("band").is_in(["above", "below"])).sort("denominator", descending=True)
    most = float(drawn["denominator"].max())  # type: ignore[arg-type]
    low, high = float(drawn["value"].min()), float(drawn["value"].max())  # type: ignore[arg-type]
    tall = (high - low) or 1.0
    placed: list[tuple[float, float]] = []
    notes: list[Figure] = []
    for row in outside.iter_rows(named=True):
        at = (row["denominator"] / most, (row["value"] - low) / tall)
        is_free = all(abs(at[0] - x) > 0.34 or abs(at[1] - y) > 0.11 for x, y in placed)
        if len(notes) < LABELLED and is_free:
            placed.append(at)
            notes.append(
                {
                    "x": row["denominator"],
                    "y": row["value"],
                    "text": escape(name_of(row["agent_id"], labels)),
                    "showarrow": False,
                    "yshift": 14 if row["band"] == "above" else -14,
                    "font": {"size": 12, "color": colours.ink},
                }
            )
    return notes
