"""Severity of graders: who is harsh, on what, how it changes, and who cannot be compared."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

import polars as pl

from dashboard import format as fmt
from dashboard.theme import Palette
from dashboard.views.chart import Chart, Figure, layout
from dashboard.views.graders import arms, table, upright


def severity_chart(severity: pl.DataFrame, drift: pl.DataFrame, colours: Palette) -> Chart:
    """Severity of graders with interval, those outside the tolerance coloured."""
    shown = severity.join(
        drift.select("grader_id", "per_30_days", "alert"), on="grader_id", how="left", maintain_order="left"
    )
    drawn = severity.reverse()
    value = drawn["severity"]
    symbols = {"strict": "triangle-right", "lenient": "triangle-left"}
    figure: Figure = {
        "data": [
            {
                "type": "scatter",
                "mode": "markers",
                "x": value.to_list(),
                "y": drawn["grader_id"].to_list(),
                "error_x": arms(value, drawn["lower"], drawn["upper"], colours.noise),
                "marker": {
                    "size": 12,
                    "symbol": [symbols.get(one, "circle") for one in drawn["verdict"]],
                    "color": [
                        colours.noise if one == "inside" else colours.worse for one in drawn["verdict"]
                    ],
                },
                "text": [
                    f"<b>{escape(row['grader_id'])}</b><br>{fmt.change('score', row['severity'])} "
                    f"({fmt.interval('score', row['lower'], row['upper'])}) · {row['verdict']}<br>"
                    f"{fmt.plural(row['n_reviews'], 'review')} of {fmt.plural(row['n_agents'], 'agent')}"
                    for row in drawn.iter_rows(named=True)
                ],
                "hovertemplate": "%{text}<extra></extra>",
            }
        ],
        "layout": layout(colours, height=max(190, 64 + 32 * drawn.height)),
    }
    figure["layout"]["xaxis"].update(tickformat="+d", nticks=7)
    figure["layout"]["yaxis"].update(
        type="category", showgrid=False, showline=False, tickfont={"size": 12.5, "color": colours.ink}
    )
    figure["layout"]["shapes"] = [upright(0.0, colours.accent)]
    strict, lenient = (
        severity.filter(pl.col("verdict") == word)["grader_id"].to_list() for word in ("strict", "lenient")
    )
    said = [f"{_some(who)} {word}" for who, word in ((strict, "strict"), (lenient[::-1], "lenient")) if who]
    return Chart(
        name="severity",
        title=f"{'; '.join(said)}" if said else "No grader is stricter or milder than the others",
        subtitle="Points of 100 that a review loses with each grader, agent and contact mix being equal, "
        "with 95% interval; 0 is the average grader",
        figure=figure,
        table=shown,
        alt="Severity of graders. "
        + " ".join(
            f"{row['grader_id']}: {fmt.change('score', row['severity'])}, {row['verdict']}."
            for row in severity.iter_rows(named=True)
        ),
    )


def control_chart(points: pl.DataFrame, drift: pl.DataFrame, grader: str, colours: Palette) -> Chart:
    """One grader's severity by month, with control limits and signals."""
    drawn = points.filter(pl.col("grader_id") == grader).sort("period_start")
    own = drift.filter(pl.col("grader_id") == grader)
    alert = own["alert"][0] if own.height else ""
    x = [day.isoformat() for day in drawn["period_start"]]
    edge = {"color": colours.noise, "width": 1.3, "dash": "dash"}
    data: list[Figure] = [
        {
            "type": "scatter",
            "mode": "lines",
            "x": x,
            "y": drawn[name].to_list(),
            "line": {**edge, "dash": "dot"} if name == "center" else {**edge, "shape": "hvh"},
            "hoverinfo": "skip",
        }
        for name in ("lower", "upper", "center")
    ]
    data.append(
        {
            "type": "scatter",
            "mode": "lines+markers",
            "x": x,
            "y": drawn["severity"].to_list(),
            "line": {"color": colours.accent, "width": 2},
            "marker": {
                "size": [12 if one else 8 for one in drawn["signal"]],
                "color": [colours.worse if one else colours.accent for one in drawn["signal"]],
                "symbol": ["diamond" if one else "circle" for one in drawn["signal"]],
            },
            "text": [
                f"<b>{row['period_start']:%b %Y}</b><br>{fmt.change('score', row['severity'])} · "
                f"{fmt.plural(row['n_reviews'], 'review')}{' · ' + row['signal'] if row['signal'] else ''}"
                for row in drawn.iter_rows(named=True)
            ],
            "hovertemplate": "%{text}<extra></extra>",
        }
    )
    figure: Figure = {"data": data, "layout": layout(colours, height=270)}
    figure["layout"]["yaxis"].update(tickformat="+d", nticks=6)
    figure["layout"]["xaxis"].update(type="date", tickformat="%b %y", nticks=6, showgrid=False)
    return Chart(
        name=f"control-{fmt.slug(grader)}",
        title=f"{grader} {alert}" if alert else f"{grader} stays within their own band",
        subtitle="Points lost by month, against agent and contact mix; dashed are limits 3 standard errors "
        "around the grader's own mean, diamonds lie outside them or end 8 months on one side. A team of "
        "steady graders is given a false alarm less than once in ten years",
        figure=figure,
        table=drawn,
        alt=f"Control chart of {grader} over {drawn.height} months: {alert or 'no alert'}.",
    )


def by_criterion_chart(rows: pl.DataFrame, order: Sequence[str]) -> Chart | None:
    """In which criteria severity sits: criteria by graders, in percent of the scale; None without rows."""
    if rows.height == 0:
        return None
    cells = {(row["criterion_id"], row["grader_id"]): row for row in rows.iter_rows(named=True)}
    labels = dict(rows.select("criterion_id", "label").iter_rows())
    graders = [grader for grader in order if grader in set(rows["grader_id"])]
    body = "".join(
        f'<tr><th scope="row">{escape(label)}</th>'
        + "".join(_severity_cell(cells.get((key, grader))) for grader in graders)
        + "</tr>"
        for key, label in labels.items()
    )
    off = rows.filter(pl.col("verdict") != "inside")
    told = off.sort(pl.col("severity").abs(), descending=True).head(1)
    return Chart(
        name="severity-by-criterion",
        title=f"{told['grader_id'][0]} is furthest off on “{told['label'][0]}”"
        if told.height
        else "No grader is off on any single criterion",
        subtitle="Severity by criterion in percent of its scale, above 0 stricter than the average grader; "
        "coloured where it is told from 0 and 2 or more",
        figure={},
        html=table(("Criterion", *map(escape, graders)), body, "Severity by criterion"),
        table=rows,
        alt="Severity by criterion and grader.",
    )


def parts_html(joins: Any) -> str:
    """What cannot be compared, and the fewest shared contacts that would join it; empty where all can."""
    if joins.parts.height < 2:
        return ""
    asked = [
        f"let {row['grader_id']} score contact {row['contact_id']} too"
        for row in joins.proposals.iter_rows(named=True)
    ]
    groups = fmt.listing(
        [" and ".join(row["graders"][:3]) for row in joins.parts.head(4).iter_rows(named=True)]
    )
    return (
        '<section class="pl-headline pl-edge-worse"><p class="pl-sentence"><strong>The reviews fall into '
        f"{joins.parts.height} parts that share no contact and no agent</strong> ({escape(groups)}), so "
        f"their scores cannot be compared; to join them, {escape(fmt.listing(asked))}. To compare within 2 "
        f"points it takes about {fmt.plural(joins.contacts_for_precision, 'shared contact')}.</p></section>"
    )


def _severity_cell(row: dict[str, Any] | None) -> str:
    if row is None:
        return f'<td class="pl-quiet">{fmt.MISSING}</td>'
    mood = ' class="pl-is-worse"' if row["verdict"] != "inside" else ""
    value = fmt.change("score", row["severity"])
    return (
        f"<td{mood}>{f'<b>{value}</b>' if mood else value}<span>n {fmt.count(row['n_reviews'])}</span></td>"
    )


def _some(names: Sequence[str]) -> str:
    shown = fmt.listing(names if len(names) <= 3 else [*names[:2], f"{len(names) - 2} more"])
    return f"{shown} {'is' if len(names) == 1 else 'are'}"
