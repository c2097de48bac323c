"""Why a number moved, as a sentence, two charts and a table of dimensions; computed, never written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import polars as pl

from dashboard import format as fmt
from dashboard.theme import Palette
from dashboard.views.chart import Chart, Figure, layout, ticks, wrapped
from dashboard.views.compare import name_of
from dashboard.views.trend import unit_words
from pipelines.explain import Effect, Explanation

MOST_BARS = 12
"""Groups drawn; the others are added up in the note under the chart, and all stand in the table."""

Labels = Mapping[str, Mapping[str, str]]
PLURALS = {"program_id": "programs", "agent_id": "agents", "tenure": "tenure bands", "region": "regions"}


@dataclass(frozen=True)
class Sides:
    """What is held against what, in words.

    Attributes:
        now: The one, as in "over the last 13 weeks" or "Home care".
        before: The other, as in "the 13 weeks before" or "Active care".
        are_programs: Two programs rather than two periods.
    """

    now: str
    before: str
    are_programs: bool = False


def groups_word(by: Sequence[str]) -> str:
    """Groups of a dimension, as a sentence says them."""
    words = [PLURALS.get(name, f"{name.replace('_', ' ')}s") for name in by]
    return fmt.listing(words) if len(words) == 1 else " × ".join(words)


def group_name(row: Mapping[str, Any], by: Sequence[str], labels: Labels) -> str:
    """The name of a group, of two dimensions joined."""
    return ", ".join(name_of(row[name], labels.get(name)) for name in by)


def judged(effect: Effect, better: str) -> str:
    """better, worse or neither: neither where it is not told from noise."""
    if not effect.is_told or better not in ("higher", "lower"):
        return "neither"
    return "better" if (effect.value > 0) == (better == "higher") else "worse"


def sentence(found: Explanation, what: Any, sides: Sides, labels: Labels) -> tuple[str, str]:
    """What moved and what made it, as a main clause and the rest."""
    size = fmt.change(what.unit, found.change.value).lstrip("+" + fmt.MINUS)
    now = fmt.value(what.unit, found.after)
    before = fmt.value(what.unit, found.before)
    if sides.are_programs:
        than = "higher" if found.change.value > 0 else "lower"
        main = (
            f"{what.label} is {size} {than} in {sides.now} ({now}) than in {sides.before} ({before})"
            if found.change.is_told
            else f"{what.label} of {sides.now} ({now}) and {sides.before} ({before}) cannot be told apart"
        )
    else:
        word = "rose" if found.change.value > 0 else "fell"
        main = (
            f"{what.label} {word} {size}, from {before} to {now}, against {sides.before}"
            if found.change.is_told
            else f"{what.label} is {now}, no different from {sides.before} ({before}) beyond noise"
        )
    parts = [_part(found.mix, f"the mix of {groups_word(found.by)}", what)]
    if found.has_rates_to_compare:
        parts.append(_part(found.rate, f"rates within {groups_word(found.by)}", what))
        top = found.parts.row(0, named=True)
        effect = fmt.change(what.unit, top["effect"])
        parts.append(f"most of it in {group_name(top, found.by, labels)} ({effect})")
    else:
        shared = fmt.value("share", found.shared)
        parts.append(f"only {shared} lie in {groups_word(found.by)} that both have, so no rates are compared")
    return main, f": {'; '.join(parts)}."


def _part(effect: Effect, name: str, what: Any) -> str:
    told = "" if effect.is_told else ", inside the noise"
    return f"{fmt.change(what.unit, effect.value)} from {name}{told}"


def headline(found: Explanation, what: Any, sides: Sides, labels: Labels) -> str:
    """The sentence as HTML, with Simpson's reversal called out under it where there is one."""
    main, rest = sentence(found, what, sides, labels)
    mood = judged(found.change, what.better)
    return (
        f'<section class="pl-headline pl-edge-{mood}" aria-label="In one sentence">'
        f'<p class="pl-sentence"><strong>{escape(main)}</strong>{escape(rest)}</p>'
        f"{_warning(reversal(found, sides))}</section>"
    )


def reversal(found: Explanation, sides: Sides) -> str:
    """Simpson's reversal, or rates that the mix hides, in words; empty where there is neither."""
    if not (found.reversal or found.masked) or not found.has_rates_to_compare:
        return ""
    fell, rose = ("is lower", "is higher") if sides.are_programs else ("fell", "rose")
    whole, other = (fell, rose) if found.change.value < 0 else (rose, fell)
    one = groups_word(found.by).removesuffix("s") if len(found.by) == 1 else "cell"
    hedge = "" if found.rate.is_told and found.change.is_told else " Chance alone could do this here."
    if found.reversal:
        return (
            f"Simpson's reversal: in no {one} the rate {whole}, yet the whole {whole}, by the mix alone."
            f"{hedge}"
        )
    return (
        f"The mix hides it: taken together, the rate within each {one} {other}, yet the whole {whole}.{hedge}"
    )


def _warning(text: str) -> str:
    return f'<p class="pl-warning" role="note">{escape(text)}</p>' if text else ""


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
    title = f"{fmt.listing(told)} moved it beyond noise" if told else "No part is told from noise"
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


def dimensions_html(every: Sequence[Explanation], what: Any, labels: Labels, links: Mapping[str, str]) -> str:
    """The same change by each dimension, that with the largest mix first; each opens its own charts."""
    body = []
    for found in every:
        name = escape(groups_word(found.by))
        link = f'<a href="{escape(links[found.by[0]])}" target="_self">{name[:1].upper() + name[1:]}</a>'
        top = found.parts.row(0, named=True)
        largest = Effect(top["effect"], top["effect_lower"], top["effect_upper"])
        rate = (
            _cell(found.rate, what)
            if found.has_rates_to_compare
            else '<td class="pl-quiet">not compared<span>hardly any in common</span></td>'
        )
        body.append(
            f'<tr><th scope="row">{link}</th>{_cell(found.mix, what)}{rate}'
            f"<td>{escape(group_name(top, found.by, labels))}<span>{fmt.change(what.unit, largest.value)}"
            f"{'' if largest.is_told else ', noise'}</span></td></tr>"
        )
    return (
        '<div class="pl-scroll" tabindex="0" role="region" aria-label="The change by each dimension">'
        '<table class="pl-table"><thead><tr><th scope="col">Split by</th><th scope="col">Mix</th>'
        '<th scope="col">Rates within</th><th scope="col">Weighs most</th></tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def dimensions_table(every: Sequence[Explanation]) -> pl.DataFrame:
    """The same as rows, in full precision."""
    return pl.DataFrame(
        [
            {
                "split_by": found.by[0],
                **{
                    f"{name}{end}": getattr(effect, part)
                    for name, effect in (("change", found.change), ("mix", found.mix), ("rate", found.rate))
                    for end, part in (("", "value"), ("_lower", "lower"), ("_upper", "upper"))
                },
                "shared": found.shared,
            }
            for found in every
        ]
    )


def _cell(effect: Effect, what: Any) -> str:
    state = judged(effect, what.better)
    kind = "" if state == "neither" else f' class="pl-is-{state}"'
    limits = f"{fmt.change(what.unit, effect.lower)} to {fmt.change(what.unit, effect.upper)}"
    return f"<td{kind}><b>{fmt.change(what.unit, effect.value)}</b><span>{limits}</span></td>"


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


def first_up(words: str) -> str:
    return words[:1].upper() + words[1:]
