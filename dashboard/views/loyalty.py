"""What contacts do to customers: who orders again by what came of it, and whether ratings are bought."""

from __future__ import annotations

from typing import Any

import polars as pl

from dashboard import format as fmt
from dashboard.theme import Palette
from dashboard.views.chart import Chart, Figure, layout, ticks, wrapped
from pipelines.explain import ConcessionCsat
from pipelines.explain.change import Effect
from pipelines.explain.loyalty import LEAST_OF_CELL, Rated

NAMES = {
    "every customer": "All with a contact",
    "resolved": "Resolved",
    "repeated": "Came back with it",
    "unresolved": "Unresolved or reopened",
    "top two": "Rated 4 or 5",
    "bottom two": "Rated 1 or 2",
    "without contact": "Without contact",
}


def repurchase(groups: pl.DataFrame, colours: Palette, *, note: str = "") -> Chart | None:
    """Dots with intervals of the share that ordered again, against customers without contact.

    Args:
        groups: Rows of `pipelines.explain.repurchase_groups`.
        note: What is said under the chart.

    Returns:
        None where no group is mature.
    """
    known = groups.filter(pl.col("value").is_not_null())
    drawn = known.filter(pl.col("kind") != "comparison")
    if drawn.height == 0:
        return None
    rows = drawn.to_dicts()
    names = [wrapped(NAMES[row["group"]]) for row in rows]
    figure: Figure = {
        "data": [
            {
                "type": "scatter",
                "mode": "markers",
                "x": [row["value"] for row in rows],
                "y": list(range(len(rows))),
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": [row["upper"] - row["value"] for row in rows],
                    "arrayminus": [row["value"] - row["lower"] for row in rows],
                    "color": colours.accent,
                    "thickness": 2.2,
                    "width": 0,
                },
                "marker": {"size": 11, "color": colours.accent},
                "text": [_hover(row) for row in rows],
                "hovertemplate": "%{text}<extra></extra>",
            }
        ],
        "layout": layout(colours, height=84 + 42 * len(rows)),
    }
    figure["layout"]["xaxis"].update(ticks("share"), nticks=6, showgrid=True, rangemode="tozero")
    figure["layout"]["yaxis"].update(
        autorange="reversed",
        showgrid=False,
        showline=False,
        tickvals=list(range(len(rows))),
        ticktext=names,
        tickfont={"size": 13, "color": colours.ink},
    )
    silent = known.filter(pl.col("kind") == "comparison").to_dicts()
    dotted = ""
    if silent:
        figure["layout"]["shapes"] = [_band(silent[0], colours), _line(silent[0], colours)]
        dotted = (
            f"; dotted is customers with an order and no contact in the same days, "
            f"{fmt.value('share', silent[0]['value'])} (n {fmt.count(silent[0]['denominator'])})"
        )
    return Chart(
        name="repurchase",
        title=_finding({row["group"]: row for row in rows}),
        subtitle=f"Share of customers who ordered again within the window after their first handled contact, "
        f"by what came of it, with 95% interval; mature only{dotted}",
        figure=figure,
        table=groups,
        alt="Dots of the share that ordered again. "
        + " ".join(
            f"{NAMES[row['group']]}: {fmt.value('share', row['value'])} of {fmt.count(row['denominator'])}."
            for row in known.to_dicts()
        ),
        note=note,
    )


def _finding(rows: dict[str, dict[str, Any]]) -> str:
    good, bad = rows.get("resolved"), rows.get("repeated")
    if good is None or bad is None:
        return f"{fmt.value('share', rows['every customer']['value'])} ordered again after a contact"
    said = (
        f"{fmt.value('share', good['value'])} ordered again after a problem resolved at once, "
        f"{fmt.value('share', bad['value'])} after one that came back"
    )
    apart = good["lower"] > bad["upper"] or bad["lower"] > good["upper"]
    return said if apart else f"{said}: their intervals overlap"


def _hover(row: dict[str, Any]) -> str:
    apart = ""
    if row["difference"] is not None:
        ends = [fmt.change("share", row[name]) for name in ("difference_lower", "difference_upper")]
        apart = (
            f"<br>{fmt.change('share', row['difference'])} on customers without contact ({' to '.join(ends)})"
        )
    return (
        f"<b>{fmt.value('share', row['value'])}</b> · {fmt.interval('share', row['lower'], row['upper'])}<br>"
        f"n {fmt.count(row['denominator'])} · {fmt.count(row['pending'])} pending{apart}"
    )


def _band(row: dict[str, Any], colours: Palette) -> Figure:
    return {
        "type": "rect",
        "x0": row["lower"],
        "x1": row["upper"],
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": {"width": 0},
        "fillcolor": colours.fade(colours.noise, 0.22),
        "layer": "below",
    }


def _line(row: dict[str, Any], colours: Palette) -> Figure:
    return {
        "type": "line",
        "x0": row["value"],
        "x1": row["value"],
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": {"color": colours.muted, "width": 1.4, "dash": "dot"},
    }


def concession_title(found: ConcessionCsat) -> str:
    """What concessions go along with, in one line."""
    if found.adjusted is None:
        return "Ratings with and without a concession cannot be compared yet"
    size = fmt.change("share", found.adjusted.value)
    if not found.adjusted.is_told:
        return f"Ratings after a concession are no different at the same mix ({size}, inside the noise)"
    way = "higher" if found.adjusted.value > 0 else "lower"
    return f"At the same mix, ratings after a concession are {way}: {size}"


def concession_html(found: ConcessionCsat) -> str:
    """CSAT with and without a concession, as they are and at the same mix of issue and channel."""
    body = "".join(
        (
            _side("With a concession", found.given),
            _side("Without one", found.none),
            f'<tr><th scope="row">Difference</th>{_effect(found.difference)}{_effect(found.adjusted)}</tr>',
        )
    )
    return (
        '<div class="pl-scroll" role="region" aria-label="CSAT with and without a concession" tabindex="0">'
        '<table class="pl-table"><thead><tr><th scope="col">Contact</th><th scope="col">CSAT, top two</th>'
        f'<th scope="col">At the same mix</th></tr></thead><tbody>{body}</tbody></table></div>'
    )


def concession_note(found: ConcessionCsat) -> str:
    """What is left out and what the difference is not."""
    left = (
        f"Not compared: {fmt.plural(found.n_left_out, 'contact')} of issues and channels with fewer than "
        f"{LEAST_OF_CELL} on one side. "
        if found.n_left_out
        else ""
    )
    waiting = (
        f"{fmt.plural(found.pending, 'rated contact')} more within the window for a concession. "
        if found.pending
        else ""
    )
    return (
        f"{left}{waiting}Who is given something is not drawn by lot: the difference goes along with a "
        "concession, it need not come from it."
    )


def _side(name: str, side: Rated) -> str:
    limits = fmt.interval("share", side.lower, side.upper)
    adjusted = f"<td>{fmt.MISSING}</td>"
    if side.adjusted is not None:
        adjusted = (
            f"<td><b>{fmt.value('share', side.adjusted.value)}</b>"
            f"<span>{fmt.interval('share', side.adjusted.lower, side.adjusted.upper)}</span></td>"
        )
    return (
        f'<tr><th scope="row">{name}</th><td><b>{fmt.value("share", side.value)}</b>'
        f"<span>{limits} · n {fmt.count(side.n)}</span></td>{adjusted}</tr>"
    )


def _effect(effect: Effect | None) -> str:
    if effect is None:
        return f"<td>{fmt.MISSING}</td>"
    return (
        f"<td><b>{fmt.change('share', effect.value)}</b><span>{fmt.change('share', effect.lower)} to "
        f"{fmt.change('share', effect.upper)}{'' if effect.is_told else ', noise'}</span></td>"
    )
