"""What quality is worth: which criteria predict outcomes, and whether a problem gets one answer."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import polars as pl

from dashboard import format as fmt
from dashboard.theme import Palette
from dashboard.views.chart import Chart, Figure, layout, wrapped
from dashboard.views.compare import name_of
from dashboard.views.graders import table

OUTCOMES = {
    "fcr": "First contact",
    "csat": "CSAT",
    "escalation": "Escalation",
    "refund": "Refund",
    "repeat_purchase": "Repeat purchase",
}
IN_WORDS = {
    "fcr": "first-contact resolution",
    "csat": "CSAT",
    "escalation": "escalation",
    "refund": "refunds",
    "repeat_purchase": "repeat purchase",
}
MOODS = {
    "earns its weight": "better",
    "weighs little, predicts": "better",
    "weighs much, predicts nothing": "worse",
    "works backwards": "worse",
}
PARTS = {"agent_id": "agents", "site": "sites", "contact": "contacts of one agent"}
MOST_PAIRS = 6
"""Pairs of groups shown; the table has all of them."""


def weight_chart(words: pl.DataFrame, colours: Palette) -> Chart:
    """Weight of each criterion, coloured by whether it predicts anything."""
    drawn = words.reverse()
    idle = words.filter(pl.col("word") == "weighs much, predicts nothing")
    earns = words.filter(pl.col("predicts").list.len() > 0)
    shares = drawn["weight_share"].fill_null(0.0)
    figure: Figure = {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "x": shares.to_list(),
                "y": [wrapped(label) for label in drawn["label"]],
                "marker": {"color": [colours.judged(MOODS.get(word, "neither")) for word in drawn["word"]]},
                "text": [f" {word}" for word in drawn["word"]],
                "textposition": "outside",
                "cliponaxis": False,
                "textfont": {"size": 12, "color": colours.muted},
                "hovertemplate": "%{y}: %{x:.0%} of the weight<extra></extra>",
            }
        ],
        "layout": layout(colours, height=max(200, 60 + 40 * drawn.height)),
    }
    # room for the words behind the longest bar
    widest = max(shares.to_list(), default=1.0) or 1.0
    figure["layout"]["xaxis"].update(tickformat=".0%", nticks=5, range=[0, 1.9 * widest])
    figure["layout"]["yaxis"].update(
        showgrid=False, showline=False, tickfont={"size": 12.5, "color": colours.ink}
    )
    share = float(idle["weight_share"].sum() or 0.0)
    return Chart(
        name="weight-and-worth",
        title=f"{fmt.value('share', share)} of the weight sits on criteria that predict nothing"
        if idle.height
        else f"{fmt.plural(earns.height, 'criterion predicts', 'criteria predict')} an outcome, and no heavy "
        "one is idle",
        subtitle="Share of the scorecard's weight; teal predicts an outcome, orange weighs much for nothing "
        "or works backwards, grey is light or has too few reviews",
        figure=figure,
        table=words.with_columns(pl.col("predicts").list.join(", ")),
        alt="Weight of criteria. "
        + " ".join(f"{row['label']}: {row['word']}." for row in words.iter_rows(named=True)),
    )


def odds_chart(validity: pl.DataFrame) -> Chart:
    """What each criterion predicts: odds ratios with intervals, those that survive multiplicity in colour."""
    cells = {(row["criterion_id"], row["outcome"]): row for row in validity.iter_rows(named=True)}
    labels = dict(validity.select("criterion_id", "label").iter_rows())
    outcomes = [key for key in OUTCOMES if key in set(validity["outcome"])]
    body = "".join(
        f'<tr><th scope="row">{escape(label)}</th>'
        + "".join(_odds(cells.get((key, outcome))) for outcome in outcomes)
        + "</tr>"
        for key, label in labels.items()
    )
    heads = ("Criterion", *(OUTCOMES[one] for one in outcomes))
    found = validity.filter(pl.col("finding") == "predicts").sort("p_value").head(1)
    return Chart(
        name="criteria-predict",
        title=f"“{found['label'][0]}” says most about {IN_WORDS[found['outcome'][0]]}"
        if found.height
        else "No criterion predicts an outcome that can be told from chance",
        subtitle="Odds of the outcome for a contact scored one standard deviation better, after contact mix "
        "and grader, with 95% interval; coloured where it survives correction for asking so often",
        figure={},
        html=table(heads, body, "Odds ratios"),
        table=validity,
        alt="Odds ratios of outcomes by criterion.",
    )


def answers_chart(by_issue: pl.DataFrame, overall: pl.DataFrame, colours: Palette) -> Chart | None:
    """How often two agents give the same answer, by issue; None without a pair to compare."""
    drawn = by_issue.filter(pl.col("value").is_not_null()).sort("value", descending=True)
    if drawn.height == 0:
        return None
    whole = overall["value"][0]
    least = drawn.row(-1, named=True)
    figure: Figure = {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "x": drawn["value"].to_list(),
                "y": [wrapped(name_of(issue)) for issue in drawn["issue"]],
                "marker": {"color": colours.accent},
                "text": [f"{fmt.value('share', value)}" for value in drawn["value"]],
                "textposition": "outside",
                "cliponaxis": False,
                "textfont": {"size": 12, "color": colours.ink},
                "hovertext": [
                    f"{fmt.plural(row['n_agents'], 'agent')}; most often {row['common']}, "
                    f"{fmt.value('share', row['common_share'])}"
                    for row in drawn.iter_rows(named=True)
                ],
                "hovertemplate": "%{y}: %{x:.1%}<br>%{hovertext}<extra></extra>",
            }
        ],
        "layout": layout(colours, height=max(200, 56 + 28 * drawn.height)),
    }
    figure["layout"]["xaxis"].update(tickformat=".0%", nticks=5, range=[0, 1.12])
    figure["layout"]["yaxis"].update(
        showgrid=False, showline=False, tickfont={"size": 12.5, "color": colours.ink}
    )
    figure["layout"]["shapes"] = [
        {
            "type": "line",
            "x0": whole,
            "x1": whole,
            "yref": "paper",
            "y0": 0,
            "y1": 1,
            "line": {"color": colours.muted, "width": 1.4, "dash": "dot"},
        }
    ]
    return Chart(
        name="answers-by-issue",
        title=f"{name_of(least['issue'])}: two agents give the same answer "
        f"{fmt.value('share', least['value'])} of the time",
        subtitle="Chance that two contacts of one issue, program and order value got the same resolution "
        f"from different agents; dotted is all issues, {fmt.value('share', whole)}",
        figure=figure,
        table=by_issue,
        alt="Answer consistency by issue. "
        + " ".join(
            f"{name_of(row['issue'])}: {fmt.value('share', row['value'])}."
            for row in by_issue.iter_rows(named=True)
        ),
    )


def pairs_chart(pairs: pl.DataFrame, group: str, programs: Mapping[str, str]) -> Chart | None:
    """Pairs of sites or teams that answer one problem differently, with contacts; None without any."""
    if pairs.height == 0:
        return None
    body = "".join(_pair(row, programs) for row in pairs.head(MOST_PAIRS).iter_rows(named=True))
    first = pairs.row(0, named=True)
    more = pairs.height - MOST_PAIRS
    return Chart(
        name=f"{group}s-that-differ",
        title=f"{first['group_a']} and {first['group_b']} answer “{name_of(first['issue'])}” differently",
        subtitle=f"Pairs of {group}s whose share of a resolution differs by more than chance on the same "
        "issue, program and order value, the largest difference first",
        figure={},
        html=table(("Problem", "Gives more often", "Than", "Contacts to read"), body, f"Pairs of {group}s"),
        table=pairs.with_columns(pl.col("examples_a", "examples_b").list.join(", ")),
        alt=f"Pairs of {group}s that answer the same problem differently.",
        note=f"and {more} more in the table" if more > 0 else "",
    )


def shares_html(shares: Any) -> str:
    """Where the spread of first-contact resolution sits, in one sentence; empty where there is too little."""
    if shares is None:
        return ""
    said = [
        f"{fmt.value('share', row['share'])} between {PARTS.get(row['part'], row['part'])}"
        for row in shares.shares.iter_rows(named=True)
    ]
    return (
        '<section class="pl-headline pl-edge-neither"><p class="pl-sentence"><strong>Of the spread of '
        f"first-contact resolution that contact mix leaves, {fmt.listing(said)}</strong> lies, over "
        f"{fmt.count(shares.n)} contacts.</p></section>"
    )


def _odds(row: Mapping[str, Any] | None) -> str:
    if row is None or row["odds_ratio"] is None:
        return f'<td class="pl-quiet">{fmt.MISSING}<span>{escape(row["note"]) if row else ""}</span></td>'
    mood = {"predicts": "better", "predicts the wrong way": "worse"}.get(row["finding"])
    value = f"{row['odds_ratio']:.2f}×"
    shown = f"<b>{value}</b>" if mood else value
    return (
        f"<td{f' class={chr(34)}pl-is-{mood}{chr(34)}' if mood else ''}>{shown}"
        f"<span>{row['lower']:.2f} to {row['upper']:.2f}</span></td>"
    )


def _pair(row: Mapping[str, Any], programs: Mapping[str, str]) -> str:
    examples = ", ".join([*(row["examples_a"] or [])[:1], *(row["examples_b"] or [])[:1]])
    return (
        f'<tr><th scope="row">{escape(name_of(row["issue"]))}<span>{escape(row["value_band"])} · '
        f"{escape(name_of(row['program_id'], programs))}</span></th>"
        f"<td><b>{escape(name_of(row['resolution']))}</b><span>{escape(row['group_a'])}: "
        f"{fmt.value('share', row['share_a'])} of {fmt.count(row['n_a'])}</span></td>"
        f"<td>{escape(row['group_b'])}<span>{fmt.value('share', row['share_b'])} of {fmt.count(row['n_b'])}; "
        f"{fmt.change('share', row['difference'])}</span></td><td>{escape(examples)}</td></tr>"
    )
