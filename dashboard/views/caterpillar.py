"""Calibrated agents: value with interval, band by colour and shape, raw beside; who changes, and why."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Any

import polars as pl

from dashboard import format as fmt
from dashboard.theme import Palette
from dashboard.views.chart import Chart, Figure, layout, ticks
from dashboard.views.compare import name_of
from dashboard.views.funnel import named
from dashboard.views.trend import in_unit

ALL_NAMED = 26
"""Up to so many agents every row has its name; above, those outside the program's band have."""
MOST_LISTED = 8
"""Agents in a short list; the table has all of them."""
SYMBOLS = {"above": "triangle-up", "within": "circle", "below": "triangle-down", "unknown": "circle-open"}
BAND_WORDS = {"above": "above the program", "within": "within noise of it", "below": "below the program"}


def unit_noun(what: Any) -> str:
    """What is counted of an agent: reviews, or contacts."""
    return "review" if what.key == "qa_score" else "contact"


def caterpillar(
    rows: pl.DataFrame, what: Any, colours: Palette, *, program: str, labels: Mapping[str, str]
) -> Chart | None:
    """One program's agents by their calibrated value; None where none has one.

    Args:
        rows: `CalibratedAgents.rows` of one program.
        what: The metric's definition.
        program: Name of the program.
        labels: Names of agents.
    """
    drawn = rows.filter(pl.col("value").is_not_null()).sort("value", "agent_id")
    if drawn.height == 0:
        return None
    drawn = drawn.with_columns(
        pl.col("band").fill_null("unknown"), place=pl.int_range(pl.len(), dtype=pl.Int64)
    )
    data: list[Figure] = [_raw(drawn, colours)]
    for band, symbol in SYMBOLS.items():
        of = drawn.filter(pl.col("band") == band)
        if of.height:
            data.append(_dots(of, what, symbol, colours, labels))
    each = 17 if drawn.height <= ALL_NAMED else 11
    figure: Figure = {"data": data, "layout": layout(colours, height=max(190, 64 + each * drawn.height))}
    figure["layout"]["xaxis"].update(ticks(what.unit), nticks=6)
    shown = _named_rows(drawn)
    figure["layout"]["yaxis"].update(
        tickvals=shown["place"].to_list(),
        ticktext=[escape(name_of(agent, labels)) for agent in shown["agent_id"]],
        range=[-0.8, drawn.height - 0.2],
        showgrid=False,
        showline=False,
        tickfont={"size": 11.5, "color": colours.ink},
    )
    reference = drawn["reference"][0]
    if reference is not None:
        figure["layout"]["shapes"] = [
            {
                "type": "line",
                "x0": reference,
                "x1": reference,
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "line": {"color": colours.accent, "width": 1.6},
            }
        ]
    counts = {band: drawn.filter(pl.col("band") == band).height for band in SYMBOLS}
    return Chart(
        name=f"{what.key}-calibrated-{fmt.slug(program)}",
        title=f"{program}: {counts['above']} above, {counts['within']} within, {counts['below']} below",
        subtitle=f"{what.label}, calibrated, with 95% interval{in_unit(what)}; the line is the program, "
        f"{fmt.value(what.unit, reference)}; rings are raw",
        figure=figure,
        table=named(drawn.drop("place"), labels),
        alt=f"Calibrated {what.label} of {drawn.height} agents of {program} with intervals: "
        f"{counts['above']} above the program, {counts['within']} within, {counts['below']} below.",
    )


def changed_chart(
    rows: pl.DataFrame, what: Any, labels: Mapping[str, str], link: Callable[[str], str]
) -> Chart | None:
    """Who changes band by calibration, and why; None where nobody does."""
    changed = rows.filter("band_changed").sort((pl.col("value") - pl.col("raw")).abs(), descending=True)
    body = "".join(
        _changed(row, what, labels, link) for row in changed.head(MOST_LISTED).iter_rows(named=True)
    )
    more = changed.height - MOST_LISTED
    return Chart(
        name=f"{what.key}-band-changes",
        title=f"Calibration changes the band of {fmt.count(changed.height)} of "
        f"{fmt.plural(rows.height, 'agent')}",
        subtitle="What moved the value most, where it crosses a band",
        figure={},
        html=_table(("Agent, and because of what", "Raw", "Calibrated"), body),
        table=named(changed, labels),
        alt="Agents whose band changes.",
        note=f"and {more} more in the table" if more > 0 else "",
    )


def untold_chart(
    rows: pl.DataFrame, what: Any, labels: Mapping[str, str], link: Callable[[str], str]
) -> Chart | None:
    """Who can be told from the program with how many more reviews or contacts; None where there is nobody."""
    noun = unit_noun(what)
    untold = rows.filter(pl.col("band") == "within")
    near = untold.filter(pl.col("more") > 0).sort("more", "agent_id")
    if near.height == 0:
        return None
    body = "".join(
        f'<tr><th scope="row">{_linked(row["agent_id"], labels, link)}</th>'
        f"<td><b>{fmt.plural(row['more'], f'more {noun}', f'more {noun}s')}</b></td>"
        f"<td>{fmt.change(what.unit, row['deviation'])}"
        f"<span>{fmt.plural(row['n'], noun)} so far</span></td></tr>"
        for row in near.head(MOST_LISTED).iter_rows(named=True)
    )
    return Chart(
        name=f"{what.key}-more-to-tell",
        title=f"{fmt.plural(untold.height, 'agent')} cannot be told from the program yet",
        subtitle=f"The {noun}s at which their band would be decided, among so many agents, if they are what "
        "they seem; the nearest first",
        figure={},
        html=_table(("Agent", "It would take", "Seems to be"), body),
        table=named(untold, labels),
        alt="Agents within noise of their program and what it takes to tell them.",
    )


def _linked(agent: str, labels: Mapping[str, str], link: Callable[[str], str]) -> str:
    return f'<a href="{escape(link(agent))}" target="_self">{escape(name_of(agent, labels))}</a>'


def _changed(row: Mapping[str, Any], what: Any, labels: Mapping[str, str], link: Callable[[str], str]) -> str:
    mood = {"better": "pl-is-better", "worse": "pl-is-worse"}.get(row["standing"] or "", "")
    why = (row["because"] or "").replace(": -", f": {fmt.MINUS}")
    return (
        f'<tr><th scope="row">{_linked(row["agent_id"], labels, link)}<span>{escape(why)}</span></th>'
        f"<td>{fmt.value(what.unit, row['raw'])}<span>{row['raw_band'] or 'unknown'}</span></td>"
        f'<td class="{mood}"><b>{fmt.value(what.unit, row["value"])}</b>'
        f"<span>{row['band'] or 'unknown'}</span></td>"
        "</tr>"
    )


def _table(heads: tuple[str, ...], body: str) -> str:
    head = "".join(f'<th scope="col">{word}</th>' for word in heads)
    return (
        '<div class="pl-scroll" tabindex="0" role="region" aria-label="Agents">'
        f'<table class="pl-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _raw(drawn: pl.DataFrame, colours: Palette) -> Figure:
    return {
        "type": "scatter",
        "mode": "markers",
        "name": "raw",
        "x": drawn["raw"].to_list(),
        "y": drawn["place"].to_list(),
        "marker": {"size": 5, "symbol": "circle-open", "color": colours.muted, "opacity": 0.7},
        "hoverinfo": "skip",
    }


def _dots(of: pl.DataFrame, what: Any, symbol: str, colours: Palette, labels: Mapping[str, str]) -> Figure:
    value = of["value"]
    colour = colours.judged(of["standing"][0] or "neither")
    return {
        "type": "scatter",
        "mode": "markers",
        "name": of["band"][0],
        "x": value.to_list(),
        "y": of["place"].to_list(),
        "error_x": {
            "type": "data",
            "symmetric": False,
            "array": (of["upper"] - value).to_list(),
            "arrayminus": (value - of["lower"]).to_list(),
            "thickness": 1.4,
            "width": 0,
            "color": colours.fade(colour, 0.6),
        },
        "marker": {"size": 8, "symbol": symbol, "color": colour},
        "text": [_hover(row, what, labels) for row in of.iter_rows(named=True)],
        "hovertemplate": "%{text}<extra></extra>",
    }


def _named_rows(drawn: pl.DataFrame) -> pl.DataFrame:
    """Rows that carry a name: all of few; of many those outside, two rows apart."""
    if drawn.height <= ALL_NAMED:
        return drawn
    outside = drawn.filter(pl.col("band").is_in(["above", "below"]))
    return outside.filter(pl.col("place") % 2 == 0) if outside.height else outside


def _hover(row: Mapping[str, Any], what: Any, labels: Mapping[str, str]) -> str:
    return (
        f"<b>{escape(name_of(row['agent_id'], labels))}</b><br>{fmt.value(what.unit, row['value'])} · "
        f"{fmt.interval(what.unit, row['lower'], row['upper'])}<br>raw {fmt.value(what.unit, row['raw'])} · "
        f"{fmt.plural(row['n'], unit_noun(what))} · {row['band']}"
    )
