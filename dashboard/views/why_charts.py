"""Why a number moved, drawn: steps from one value to the other, and the effect of each group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import polars as pl

from dashboard import format as fmt
from dashboard.theme import Palette
from dashboard.views.chart import Chart, Figure, layout, ticks, wrapped
from dashboard.views.trend import unit_words
from dashboard.views.why import Labels, Sides, first_up, group_name, groups_word, judged
from pipelines.explain import Effect, Explanation

MOST_BARS = 12
"""Groups drawn; the others are added up in the note under the chart, and all stand in the table."""


def steps(found: Explanation, what: Any, sides: Sides, colours: Palette) -> Chart:
    """From one value to the other: the mix (of each dimension where two are crossed), then the rates."""
    mixes = found.mix_by or ((found.by[0], found.mix),)
    effects = [(f"Mix of {groups_word([name])}", effect) for name, effect in mixes]
    effects.append((f"Rates within {groups_word(found.by)}", found.rate))
    ends = [(first_up(sides.before), found.before), (first_up(sides.now), found.after)]
    names = [ends[0][0], *(name for name, _ in effects), ends[1][0]]
    places = [wrapped(name, 11) for name in names]
    starts = [found.before]
    for _, effect in effects:
        starts.append(starts[-1] + effect.value)
    tints = [colours.judged(judged(effect, what.better)) for _, effect in effects]
    bars: Figure = {
        "type": "bar",
        "x": places[1:-1],
        "base": starts[:-1],
        "y": [effect.value for _, effect in effects],
        "width": 0.5,
        "marker": {"color": [colours.fade(tint, 0.75) for tint in tints], "cornerradius": 3},
        "error_y": _arms([effect for _, effect in effects], colours),
        "customdata": [_hover(effect, what) for _, effect in effects],
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    values: Figure = {
        "type": "scatter",
        "mode": "markers+text",
        "x": [places[0], places[-1]],
        "y": [found.before, found.after],
        "marker": {"size": 13, "color": colours.accent},
        "text": [f"<b>{fmt.value(what.unit, value)}</b>" for _, value in ends],
        "textposition": "top center",
        "textfont": {"color": colours.ink, "size": 13.5},
        "cliponaxis": False,
        "hovertemplate": "%{x}: %{text}<extra></extra>",
    }
    figure: Figure = {"data": [bars, values], "layout": layout(colours, height=300, top=22)}
    figure["layout"]["shapes"] = [
        {
            "type": "line",
            "x0": place,
            "x1": place + 1,
            "y0": level,
            "y1": level,
            "line": {"color": colours.muted, "width": 1, "dash": "dot"},
            "layer": "below",
        }
        for place, level in enumerate(starts)
    ]
    figure["layout"]["annotations"] = [
        {
            "x": place,
            "y": max(start, start + effect.value, start + effect.upper),
            "text": fmt.change(what.unit, effect.value),
            "showarrow": False,
            "yanchor": "bottom",
            "yshift": 3,
            "font": {"color": colours.ink, "size": 13},
        }
        for place, start, (_, effect) in zip(places[1:-1], starts, effects, strict=False)
    ]
    figure["layout"]["xaxis"].update(
        showgrid=False,
        tickangle=0,
        categoryorder="array",
        categoryarray=places,
        tickfont={"size": 12, "color": colours.ink},
    )
    figure["layout"]["yaxis"].update(ticks(what.unit), nticks=5, rangemode="normal")
    table = pl.DataFrame(
        {
            "step": names,
            "value": [found.before, *(effect.value for _, effect in effects), found.after],
            "lower": [None, *(effect.lower for _, effect in effects), None],
            "upper": [None, *(effect.upper for _, effect in effects), None],
        }
    )
    told = [fmt.in_sentence(name) for name, effect in effects if effect.is_told]
    what_they_did = "set the two apart" if sides.are_programs else "moved it"
    title = f"{fmt.listing(told)} {what_they_did} beyond noise" if told else "No part is told from noise"
    return Chart(
        name=f"{what.key}-steps",
        title=title[:1].upper() + title[1:],
        subtitle=f"{what.label}, {unit_words(what.unit)}; steps add up exactly, whiskers are 95% intervals",
        figure=figure,
        table=table,
        alt="Steps from one value to the other. "
        + " ".join(f"{name}: {fmt.change(what.unit, effect.value)}." for name, effect in effects),
    )


def bars(found: Explanation, what: Any, labels: Labels, colours: Palette) -> Chart:
    """Effect of each group with its interval, largest first."""
    rows = found.parts.head(MOST_BARS).to_dicts()
    names = [group_name(row, found.by, labels) for row in rows]
    effects = [Effect(row["effect"], row["effect_lower"], row["effect_upper"]) for row in rows]
    scale = 100 if what.unit == "share" else 1
    figure: Figure = {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "x": [scale * effect.value for effect in effects],
                "y": list(range(len(rows))),
                "width": 0.5,
                "marker": {
                    "color": [colours.judged(judged(effect, what.better)) for effect in effects],
                    "cornerradius": 3,
                },
                "error_x": _arms(effects, colours, scale),
                "customdata": [_group_hover(row, name, what) for row, name in zip(rows, names, strict=True)],
                "hovertemplate": "%{customdata}<extra></extra>",
            }
        ],
        "layout": layout(colours, height=max(190, 64 + 36 * len(rows))),
    }
    figure["layout"]["xaxis"].update(
        nticks=5,
        zeroline=True,
        zerolinecolor=colours.muted,
        zerolinewidth=1.2,
        ticksuffix=" pts" if what.unit == "share" else "",
    )
    figure["layout"]["yaxis"].update(
        showgrid=False,
        showline=False,
        autorange="reversed",
        tickvals=list(range(len(rows))),
        ticktext=[wrapped(name) for name in names],
        tickfont={"size": 13, "color": colours.ink},
    )
    left = found.parts.slice(MOST_BARS)
    note = ""
    if left.height:
        together = fmt.change(what.unit, float(left["effect"].sum()))
        note = (
            f"{fmt.plural(left.height, 'smaller group')} not drawn add up to {together}; the table has them."
        )
    told = sum(effect.is_told for effect in effects)
    return Chart(
        name=f"{what.key}-by-{fmt.slug(' '.join(found.by))}",
        title=f"{names[0]} weighs most: {fmt.change(what.unit, effects[0].value)}"
        + ("" if told else ", and none is told from noise"),
        subtitle=f"Effect of each of the {groups_word(found.by)}, mix and rate together, with 95% interval; "
        "grey is inside the noise",
        figure=figure,
        table=found.parts,
        alt="Bars of the effect of each group. "
        + " ".join(
            f"{name}: {fmt.change(what.unit, effect.value)}{'' if effect.is_told else ', noise'}."
            for name, effect in zip(names, effects, strict=True)
        ),
        note=note,
    )


def _hover(effect: Effect, what: Any) -> str:
    return (
        f"<b>{fmt.change(what.unit, effect.value)}</b><br>{fmt.change(what.unit, effect.lower)} to "
        f"{fmt.change(what.unit, effect.upper)}"
    )


def _group_hover(row: Mapping[str, Any], name: str, what: Any) -> str:
    return (
        f"<b>{escape(name)}</b>: {fmt.change(what.unit, row['effect'])}<br>"
        f"mix {fmt.change(what.unit, row['mix'])}, rate {fmt.change(what.unit, row['rate'])}<br>"
        f"share {fmt.value('share', row['weight_before'])} to {fmt.value('share', row['weight_after'])}<br>"
        f"value {fmt.value(what.unit, row['value_before'])} to {fmt.value(what.unit, row['value_after'])}"
    )


def _arms(effects: Sequence[Effect], colours: Palette, scale: float = 1) -> Figure:
    return {
        "type": "data",
        "symmetric": False,
        "array": [scale * (effect.upper - effect.value) for effect in effects],
        "arrayminus": [scale * (effect.value - effect.lower) for effect in effects],
        "color": colours.ink,
        "thickness": 1.4,
        "width": 4,
    }
