"""One agent: where they stand, criteria against the program, and contacts to listen to first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import polars as pl

from dashboard import format as fmt
from dashboard.theme import Palette
from dashboard.views.caterpillar import BAND_WORDS, unit_noun
from dashboard.views.chart import Chart, Figure, layout, wrapped
from dashboard.views.compare import name_of


def headline_html(
    name: str, standings: Sequence[tuple[Any, Mapping[str, Any]]], criteria: pl.DataFrame
) -> str:
    """An agent in one computed sentence: what is told from the program, and what would help most.

    Args:
        name: The agent's.
        standings: Definitions with the agent's row of `CalibratedAgents`.
        criteria: `agent_criteria` of the agent.
    """
    moods: dict[str, list[str]] = {"better": [], "worse": []}
    for what, row in standings:
        if row["standing"] in moods:
            moods[row["standing"]].append(fmt.in_sentence(what.label))
    said = [f"{word} on {fmt.listing(labels)}" for word, labels in moods.items() if labels]
    first = (
        f"<strong>{escape(name)} is {escape(' and '.join(said))}</strong> than the program"
        if said
        else f"<strong>{escape(name)} cannot be told from the program</strong> on anything here"
    )
    help_most = criteria.filter(pl.col("upper") < 0, pl.col("points") < 0).head(1)
    edge = "worse" if moods["worse"] and not moods["better"] else "better" if moods["better"] else "neither"
    then = (
        f"; what would help most is “{escape(help_most['label'][0])}”, which costs "
        f"{abs(help_most['points'][0]):.1f} points of a review"
        if help_most.height
        else ""
    )
    return f'<section class="pl-headline pl-edge-{edge}"><p class="pl-sentence">{first}{then}.</p></section>'


def standings_chart(name: str, standings: Sequence[tuple[Any, Mapping[str, Any]]]) -> Chart:
    """An agent's calibrated metrics beside the raw ones and the program."""
    body = "".join(_standing(what, row) for what, row in standings)
    head = "".join(
        f'<th scope="col">{word}</th>' for word in ("", "Calibrated", "Program", "Raw", "More to tell")
    )
    told = sum(row["band"] in ("above", "below") for _, row in standings)
    table = pl.DataFrame([{"metric": what.key, **row} for what, row in standings], infer_schema_length=None)
    return Chart(
        name="agent-standings",
        title=f"{told} of {fmt.plural(len(standings), 'metric')} can be told from the program",
        subtitle=f"{name}, for the program's contact mix and the average or expert grader, with 95% interval",
        figure={},
        html='<div class="pl-scroll" tabindex="0" role="region" aria-label="Calibrated metrics">'
        f'<table class="pl-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>',
        table=table,
        alt=f"Calibrated metrics of {name}.",
    )


def criteria_chart(criteria: pl.DataFrame, colours: Palette, *, name: str) -> Chart | None:
    """An agent's criteria against the other agents of the program; None without reviews."""
    if criteria.height == 0:
        return None
    drawn = criteria.reverse()
    labels = [wrapped(label) for label in drawn["label"]]
    moods = [
        "better" if low > 0 else "worse" if high < 0 else "neither"
        for low, high in zip(drawn["lower"].fill_null(-1.0), drawn["upper"].fill_null(1.0), strict=True)
    ]
    difference = drawn["difference"]
    figure: Figure = {
        "data": [
            {
                "type": "scatter",
                "mode": "markers",
                "x": difference.to_list(),
                "y": labels,
                "error_x": {
                    "type": "data",
                    "symmetric": False,
                    "array": (drawn["upper"] - difference).fill_null(0.0).to_list(),
                    "arrayminus": (difference - drawn["lower"]).fill_null(0.0).to_list(),
                    "thickness": 1.6,
                    "width": 0,
                    "color": colours.noise,
                },
                "marker": {"size": 11, "color": [colours.judged(mood) for mood in moods]},
                "text": [
                    f"<b>{escape(row['label'])}</b><br>{fmt.value('share', row['value'])} of the scale, "
                    f"others {fmt.value('share', row['reference'])}<br>{fmt.plural(row['n'], 'review')}"
                    for row in drawn.iter_rows(named=True)
                ],
                "hovertemplate": "%{text}<extra></extra>",
            }
        ],
        "layout": layout(colours, height=max(200, 60 + 44 * drawn.height)),
    }
    figure["layout"]["xaxis"].update(
        tickformat="+.0%", nticks=5, zeroline=True, zerolinecolor=colours.accent, zerolinewidth=1.6
    )
    figure["layout"]["yaxis"].update(
        tickfont={"size": 12.5, "color": colours.ink}, showgrid=False, showline=False
    )
    behind = criteria.filter(pl.col("upper") < 0)
    return Chart(
        name="agent-criteria",
        title=f"Behind the program on {fmt.plural(behind.height, 'criterion', 'criteria')}, most on "
        f"“{behind['label'][0]}”"
        if behind.height
        else "Behind the program on no criterion that can be told",
        subtitle="Difference from the program's other agents in routine reviews, as a share of each "
        "criterion's scale, with 95% interval; as given by the graders",
        figure=figure,
        table=criteria,
        alt=f"Criteria of {name} against the program. "
        + " ".join(
            f"{row['label']}: {fmt.change('share', row['difference'])}."
            for row in criteria.iter_rows(named=True)
        ),
    )


def listen_chart(contacts: pl.DataFrame, name: str) -> Chart:
    """Contacts to listen to first."""
    body = "".join(
        f'<tr><th scope="row">{escape(row["contact_id"])}<span>{fmt.day(row["opened_date"])}</span></th>'
        f"<td>{escape(name_of(row['issue']))}<span>{escape(name_of(row['channel']))}</span></td>"
        f"<td>{escape(row['what_happened'])}"
        f"<span>{'reviewed' if row['is_reviewed'] else 'not reviewed'}</span></td></tr>"
        for row in contacts.head(6).iter_rows(named=True)
    )
    head = "".join(f'<th scope="col">{word}</th>' for word in ("Contact", "About", "What happened"))
    return Chart(
        name="agent-listen",
        title=f"Listen to {contacts['contact_id'][0]} first" if contacts.height else "No contact went wrong",
        subtitle="Contacts that went wrong in most ways, those nobody has reviewed first, then the newest",
        figure={},
        html='<div class="pl-scroll" tabindex="0" role="region" aria-label="Contacts to listen to">'
        f'<table class="pl-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
        if body
        else "<p class='pl-note'>Nothing to listen to in this period.</p>",
        table=contacts,
        alt=f"Contacts of {name} to listen to first.",
    )


def _standing(what: Any, row: Mapping[str, Any]) -> str:
    mood = {"better": "pl-is-better", "worse": "pl-is-worse"}.get(row["standing"] or "", "")
    more = row["more"]
    noun = unit_noun(what)
    told = (
        "told already"
        if more == 0
        else "too near to tell"
        if more is None
        else fmt.plural(more, f"more {noun}")
    )
    return (
        f'<tr><th scope="row">{escape(what.label)}</th>'
        f'<td class="{mood}"><b>{fmt.value(what.unit, row["value"])}</b>'
        f"<span>{fmt.interval(what.unit, row['lower'], row['upper'])}</span>"
        f"<span>{BAND_WORDS.get(row['band'] or '', 'no band')}</span></td>"
        f"<td>{fmt.value(what.unit, row['reference'])}</td>"
        f"<td>{fmt.value(what.unit, row['raw'])}<span>{fmt.plural(row['n'], noun)}</span></td>"
        f"<td>{told}</td></tr>"
    )
