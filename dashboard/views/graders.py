"""Graders in one sentence, and how far they agree by criterion."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import polars as pl

from dashboard import format as fmt
from dashboard.theme import Palette
from dashboard.views.chart import Chart, Figure, layout, wrapped

COEFFICIENTS = (
    ("krippendorff_alpha", "alpha", "circle"),
    ("gwet_ac", "AC1/AC2", "diamond"),
    ("percent_exact", "all the same", "square"),
)
RELIABLE, TENTATIVE = 0.800, 0.667
"""Krippendorff's customary limits, drawn as lines."""
VERDICTS = {"clear": "better", "watch": "neither", "rewrite": "worse"}


def headline_html(agreement: pl.DataFrame, severity: pl.DataFrame | None, alerts: pl.DataFrame | None) -> str:
    """Graders in one computed sentence.

    Args:
        agreement: `grader_agreement`.
        severity: Severity of graders, or None where there is too little.
        alerts: Drift of graders with their alerts, or None.
    """
    parts = []
    if agreement.height:
        clear = agreement.filter(pl.col("verdict") == "clear").height
        parts.append(
            f"<strong>Graders read {clear} of {fmt.plural(agreement.height, 'criterion', 'criteria')} "
            "alike</strong>"
        )
    else:
        parts.append("<strong>No contact has two graders yet</strong>, so nobody knows how far they agree")
    edge = "neither"
    if severity is not None and severity.height:
        off = severity.filter(pl.col("verdict") != "inside")
        edge = "worse" if off.height else "better"
        spread = f"{severity['severity'].max() - severity['severity'].min():.1f}"  # type: ignore[operator]
        parts.append(
            f"the same review costs {spread} points more with {escape(severity['grader_id'][0])} than with "
            f"{escape(severity['grader_id'][-1])}"
        )
    if alerts is not None and (moving := alerts.filter(pl.col("alert") != "")).height:
        named = fmt.listing(
            [f"{row['grader_id']} {row['alert']}" for row in moving.iter_rows(named=True)][:2]
        )
        parts.append(escape(named))
    said = f'<p class="pl-sentence">{"; ".join(parts)}.</p>'
    return f'<section class="pl-headline pl-edge-{edge}">{said}</section>'


def agreement_chart(agreement: pl.DataFrame, colours: Palette) -> Chart:
    """Alpha, AC1 or AC2 and percent agreement side by side, by criterion."""
    drawn = agreement.sort("krippendorff_alpha", nulls_last=False)
    rewrite = agreement.filter(pl.col("verdict") == "rewrite").height
    clear = agreement.filter(pl.col("verdict") == "clear").height
    data: list[Figure] = []
    order = [wrapped(label) for label in drawn["label"]]
    for step, (key, name, symbol) in enumerate(COEFFICIENTS):
        value = drawn[key].cast(pl.Float64)
        data.append(
            {
                "type": "scatter",
                "mode": "markers",
                "name": name,
                "x": value.to_list(),
                "y": [place + 0.22 * (1 - step) for place in range(drawn.height)],
                "error_x": arms(value, drawn[f"{key}_lower"], drawn[f"{key}_upper"], colours.series[step]),
                "marker": {"size": 9, "symbol": symbol, "color": colours.series[step]},
                "text": [
                    f"<b>{escape(row['label'])}</b><br>{name} {_two(row[key])} "
                    f"({_two(row[f'{key}_lower'])} to {_two(row[f'{key}_upper'])})"
                    for row in drawn.iter_rows(named=True)
                ],
                "hovertemplate": "%{text}<extra></extra>",
            }
        )
    figure: Figure = {"data": data, "layout": layout(colours, height=84 + 50 * drawn.height)}
    figure["layout"].update(showlegend=True)
    figure["layout"]["margin"]["t"] = 34
    figure["layout"]["xaxis"].update(tickformat=".1f", range=[min(-0.05, _lowest(drawn)), 1.04])
    figure["layout"]["yaxis"].update(
        tickvals=list(range(drawn.height)),
        ticktext=order,
        range=[-0.6, drawn.height - 0.4],
        showgrid=False,
        showline=False,
        tickfont={"size": 12.5, "color": colours.ink},
    )
    figure["layout"]["shapes"] = [upright(RELIABLE, colours.better), upright(TENTATIVE, colours.worse)]
    return Chart(
        name="agreement",
        title=f"Graders read {clear} of {fmt.plural(agreement.height, 'criterion', 'criteria')} alike; "
        f"{rewrite or 'none'} need{'s' if rewrite == 1 else ''} rewriting",
        subtitle="Agreement by criterion with 95% interval: Krippendorff's alpha, Gwet's AC1 or AC2, and "
        "the share of contacts on which all graders agree; from .80 clear, below .67 not",
        figure=figure,
        table=agreement,
        alt="Agreement by criterion. "
        + " ".join(
            f"{row['label']}: alpha {_two(row['krippendorff_alpha'])}, {row['verdict'] or 'too few'}."
            for row in agreement.iter_rows(named=True)
        ),
    )


def verdicts_chart(agreement: pl.DataFrame) -> Chart:
    """The verdict on each criterion in words, why, and the prevalence paradox where there is one."""
    order = pl.col("verdict").replace_strict(
        {"rewrite": 0, "watch": 1, "clear": 2}, default=3, return_dtype=pl.Int8
    )
    rows = agreement.sort(order, "krippendorff_alpha", nulls_last=True)
    body = "".join(_verdict(row) for row in rows.iter_rows(named=True))
    first = rows.filter(pl.col("verdict") == "rewrite").head(1)
    return Chart(
        name="verdicts",
        title=f"Rewrite “{first['label'][0]}” first" if first.height else "No criterion needs rewriting",
        subtitle="What to do with each criterion, and which two levels are confused by whom",
        figure={},
        html=table(("Criterion", "Verdict, and why"), body, "Verdicts by criterion"),
        table=rows.select("criterion_id", "label", "verdict", "why", "prevalence", "units", "raters"),
        alt="Verdicts by criterion.",
    )


def _verdict(row: Mapping[str, Any]) -> str:
    why = " ".join(part for part in (row["why"], row["prevalence"] or "") if part)
    mood = VERDICTS.get(row["verdict"] or "", "neither")
    return (
        f'<tr><th scope="row">{escape(row["label"])}'
        f"<span>{fmt.plural(row['units'], 'contact')}, {fmt.plural(row['raters'], 'grader')}</span></th>"
        f'<td class="pl-is-{mood}"><b>{row["verdict"] or "too few to say"}</b>'
        f"<span>alpha {_two(row['krippendorff_alpha'])} · AC {_two(row['gwet_ac'])} · all the same "
        f"{fmt.value('share', row['percent_exact'])}</span><span>{escape(why)}</span></td></tr>"
    )


def levels_chart(levels: pl.DataFrame, colours: Palette) -> Chart | None:
    """Agreement on whole reviews over time, with sections and sessions in the table; None without any."""
    whole = levels.filter(pl.col("level") == "review")
    if whole.height == 0:
        return None
    # One quarter is the whole over again.
    several = levels.filter(pl.col("level") == "quarter").height > 1
    shown = ["review", "section", "quarter"] if several else ["review", "section"]
    drawn = levels.filter(pl.col("level").is_in(shown)).reverse()
    value = drawn["krippendorff_alpha"].cast(pl.Float64)
    lower, upper = drawn["krippendorff_alpha_lower"], drawn["krippendorff_alpha_upper"]
    looks = {"review": colours.accent, "section": colours.series[2], "quarter": colours.noise}
    figure: Figure = {
        "data": [
            {
                "type": "scatter",
                "mode": "markers",
                "x": value.to_list(),
                "y": drawn["name"].to_list(),
                "error_x": arms(value, lower, upper, colours.noise),
                "marker": {"size": 10, "color": [looks[level] for level in drawn["level"]]},
                "text": [
                    f"<b>{escape(row['name'])}</b><br>alpha {_two(row['krippendorff_alpha'])}, ICC "
                    f"{_two(row['icc_2_1'])}<br>{fmt.plural(row['units'], 'contact')}"
                    for row in drawn.iter_rows(named=True)
                ],
                "hovertemplate": "%{text}<extra></extra>",
            }
        ],
        "layout": layout(colours, height=max(120, 60 + 28 * drawn.height)),
    }
    least = min(float(one) for one in [0.6, *value.drop_nulls(), *lower.cast(pl.Float64).drop_nulls()])
    figure["layout"]["xaxis"].update(tickformat=".1f", nticks=6, range=[least - 0.05, 1.04])
    figure["layout"]["yaxis"].update(
        type="category", showgrid=False, showline=False, tickfont={"size": 12.5, "color": colours.ink}
    )
    figure["layout"]["shapes"] = [upright(RELIABLE, colours.better), upright(TENTATIVE, colours.worse)]
    one = whole.row(0, named=True)
    return Chart(
        name="agreement-levels",
        title=f"On a whole review alpha is {_two(one['krippendorff_alpha'])}; "
        f"{fmt.value('share', one['percent_adjacent'])} of contacts are within 5 points for all",
        subtitle="Krippendorff's alpha of the score in points, with 95% interval: whole reviews, sections "
        "where the scorecard has them, quarters where there are several; sessions are in the table",
        figure=figure,
        table=levels,
        alt="Agreement on reviews, sections and by quarter. "
        + " ".join(
            f"{row['name']}: {_two(row['krippendorff_alpha'])}." for row in drawn.iter_rows(named=True)
        ),
    )


def pairs_chart(pairs: pl.DataFrame) -> Chart | None:
    """Which two graders are furthest apart, and on what; None without a shared contact."""
    if pairs.height == 0:
        return None
    by = pl.struct("exact", "label").sort_by("exact")
    two = (
        pairs.group_by("grader_a", "grader_b")
        .agg(
            n=pl.col("n").sum(),
            exact=(pl.col("exact") * pl.col("n")).sum() / pl.col("n").sum(),
            worst=by.first(),
        )
        .sort("exact", "grader_a", "grader_b")
    )
    body = "".join(
        f'<tr><th scope="row">{escape(row["grader_a"])} and {escape(row["grader_b"])}</th>'
        f"<td><b>{fmt.value('share', row['exact'])}</b><span>of {fmt.plural(row['n'], 'score')}</span></td>"
        f"<td>{escape(row['worst']['label'])}"
        f"<span>{fmt.value('share', row['worst']['exact'])} the same</span></td></tr>"
        for row in two.head(6).iter_rows(named=True)
    )
    first = two.row(0, named=True)
    return Chart(
        name="grader-pairs",
        title=f"{first['grader_a']} and {first['grader_b']} agree least: "
        f"{fmt.value('share', first['exact'])} of their scores are the same",
        subtitle="Pairs of graders over the contacts and criteria that both scored; kappas by criterion are "
        "in the table",
        figure={},
        html=table(("Pair", "The same score", "Least on"), body, "Pairs of graders"),
        table=pairs,
        alt="Pairs of graders by exact agreement.",
        note=f"the {min(6, two.height)} that agree least of {fmt.plural(two.height, 'pair')}",
    )


def arms(value: pl.Series, lower: pl.Series, upper: pl.Series, colour: str) -> Figure:
    """Intervals as error bars; none where an end is unknown."""
    return {
        "type": "data",
        "symmetric": False,
        "array": (upper.cast(pl.Float64) - value).fill_null(0.0).to_list(),
        "arrayminus": (value - lower.cast(pl.Float64)).fill_null(0.0).to_list(),
        "thickness": 1.6,
        "width": 0,
        "color": colour,
    }


def upright(x: float, colour: str) -> Figure:
    """A dotted line from top to bottom."""
    line = {"color": colour, "width": 1.4, "dash": "dot"}
    return {"type": "line", "x0": x, "x1": x, "yref": "paper", "y0": 0, "y1": 1, "line": line}


def _lowest(drawn: pl.DataFrame) -> float:
    lows = [drawn[f"{key}_lower"].cast(pl.Float64).min() for key, _, _ in COEFFICIENTS]
    return min((float(low) for low in lows if low is not None), default=0.0) - 0.04  # type: ignore[arg-type]


def _two(value: float | None) -> str:
    return fmt.MISSING if value is None else f"{value:.2f}".replace("-", fmt.MINUS)


def table(heads: Sequence[str], body: str, label: str) -> str:
    """A table of HTML that scrolls sideways on a narrow screen."""
    head = "".join(f'<th scope="col">{word}</th>' for word in heads)
    return (
        f'<div class="pl-scroll" tabindex="0" role="region" aria-label="{escape(label)}">'
        f'<table class="pl-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )
