"""What refunds asked for were worth: the ledger as a sentence, as steps, as parts and as a table."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import polars as pl

from dashboard import format as fmt
from dashboard.filters import Window
from dashboard.theme import Palette
from dashboard.views.chart import Chart, Figure, layout, ticks, wrapped
from dashboard.views.compare import name_of
from pipelines.metrics.ledger import FIGURES

LABELS = {each.key: each.label for each in FIGURES}
KEPT = ("healthy", "deflected", "undecided", "partly")
COLUMNS = ("at_stake", "refunds", "chargebacks", "retained", "concessions", "net", "claw_backs")

Row = Mapping[str, Any]


def sentence(row: Row, window: Window) -> tuple[str, str]:
    """What was at stake and what became of it, as a main clause and the rest.

    Args:
        row: One row of `reader.ledger`, of one currency.
        window: The period.
    """
    currency = row["currency"]
    if not row["n_stakes"]:
        waiting = fmt.plural(row["n_pending"], "ask")
        return f"Nothing is settled {window.name}", f": {waiting} still wait for their refund window."
    money = {key: fmt.money(row[key], currency) for key in (*COLUMNS, *KEPT)}
    kept = _share(row["retained"], row["at_stake"])
    main = (
        f"Of {money['at_stake']} at stake {window.name}, {money['retained']} ({kept}) was kept, "
        f"{money['net']} after concessions"
    )
    decided = row["healthy"] + row["deflected"]
    rest = []
    if decided > 0:
        rest.append(
            f"of what was kept and can be judged, {_share(row['healthy'], decided)} was kept in health and "
            f"{_share(row['deflected'], decided)} by deflection"
        )
    if row["claw_backs"] > 0:
        rest.append(f"{money['claw_backs']} was clawed back later")
    return main, "".join(f"; {clause}" for clause in rest) + "."


def headline(rows: pl.DataFrame, window: Window) -> str:
    """A sentence for each currency."""
    said = []
    for row in rows.iter_rows(named=True):
        main, rest = sentence(row, window)
        said.append(f'<p class="pl-sentence"><strong>{escape(main)}</strong>{escape(rest)}</p>')
    return (
        f'<section class="pl-headline pl-edge-neither" aria-label="In one sentence">{"".join(said)}</section>'
    )


def steps(row: Row, colours: Palette) -> Chart:
    """From what was at stake to what was kept net, and what came back later."""
    currency = row["currency"]
    lines = (
        ("at_stake", row["at_stake"], 0.0, "total"),
        ("refunds", -row["refunds"], row["at_stake"], "loss"),
        ("chargebacks", -row["chargebacks"], row["at_stake"] - row["refunds"], "loss"),
        ("retained", row["retained"], 0.0, "total"),
        ("concessions", -row["concessions"], row["retained"], "loss"),
        ("net", row["net"], 0.0, "total"),
        ("claw_backs", -row["claw_backs"], row["net"], "later"),
    )
    tints = {"total": colours.accent, "loss": colours.noise, "later": colours.target}
    names = [LABELS[key] for key, *_ in lines]
    texts = [fmt.money(amount, currency) for _, amount, *_ in lines]
    figure: Figure = {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "y": list(range(len(lines))),
                "x": [amount for _, amount, *_ in lines],
                "base": [base for *_, base, _ in lines],
                "width": 0.56,
                "marker": {"color": [tints[kind] for *_, kind in lines], "cornerradius": 3},
                "customdata": [
                    f"<b>{name}</b> {text}<br>{wrapped(_meaning(key), 44)}"
                    for (key, *_), name, text in zip(lines, names, texts, strict=True)
                ],
                "hovertemplate": "%{customdata}<extra></extra>",
            }
        ],
        "layout": layout(colours, height=310, right=16),
    }
    figure["layout"]["annotations"] = [
        {
            "x": max(base, base + amount),
            "y": place,
            "text": text,
            "showarrow": False,
            "xanchor": "left",
            "xshift": 5,
            "font": {"color": colours.ink, "size": 13},
        }
        for place, ((_, amount, base, _), text) in enumerate(zip(lines, texts, strict=True))
    ]
    figure["layout"]["xaxis"].update(ticks("money"), nticks=5, range=[0, 1.42 * max(row["at_stake"], 1)])
    figure["layout"]["yaxis"].update(_names(names, colours))
    back = row["refunds"] + row["chargebacks"]
    return Chart(
        name=f"ledger-{fmt.slug(currency)}",
        title=f"{_share(back, row['at_stake'])} went back, "
        f"{_share(row['net'], row['at_stake'])} was kept after concessions",
        subtitle=f"{fmt.count(row['n_stakes'])} asks whose refund window is over, in {currency}; "
        "what was clawed back later is shown and never folded in",
        figure=figure,
        table=ledger_table(row),
        alt="Steps of the refund ledger. "
        + " ".join(f"{name}: {text}." for name, text in zip(names, texts, strict=True)),
        note=_pending(row),
    )


def kept(row: Row, colours: Palette) -> Chart | None:
    """How what was retained was kept: in health, by deflection, too early to say; None where nothing was."""
    if row["retained"] <= 0:
        return None
    currency = row["currency"]
    tints = (colours.better, colours.worse, colours.noise, colours.fade(colours.noise, 0.5))
    names = [LABELS[key] for key in KEPT]
    texts = [f"{fmt.money(row[key], currency)} · {_share(row[key], row['retained'])}" for key in KEPT]
    figure: Figure = {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "y": list(range(len(KEPT))),
                "x": [row[key] for key in KEPT],
                "width": 0.52,
                "marker": {"color": list(tints), "cornerradius": 3},
                "text": texts,
                "textposition": "outside",
                "textfont": {"color": colours.ink, "size": 13},
                "cliponaxis": False,
                "customdata": [
                    f"<b>{name}</b> {text}<br>{wrapped(_meaning(key), 44)}"
                    for key, name, text in zip(KEPT, names, texts, strict=True)
                ],
                "hovertemplate": "%{customdata}<extra></extra>",
            }
        ],
        "layout": layout(colours, height=230),
    }
    most = max(row[key] for key in KEPT)
    figure["layout"]["xaxis"].update(showgrid=False, showticklabels=False, range=[0, 2 * most])
    figure["layout"]["yaxis"].update(_names(names, colours))
    decided = row["n_decided"]
    title = (
        f"{_share(row['n_healthy'], decided)} of refunds asked for were avoided in health, "
        f"{_share(row['n_deflected'], decided)} deflected"
        if decided
        else "It is too early to say what was kept in health"
    )
    return Chart(
        name=f"kept-{fmt.slug(currency)}",
        title=title,
        subtitle=f"What was retained, in {currency}; in health: the customer neither came back, charged back "
        f"nor rated 1–2; the title is of {fmt.count(decided)} asks whose windows are all over",
        figure=figure,
        table=pl.DataFrame(
            {
                "kept": list(KEPT),
                "meaning": [_meaning(key) for key in KEPT],
                "value": [row[key] for key in KEPT],
            }
        ),
        alt="Bars of how money was kept. "
        + " ".join(f"{name}: {text}." for name, text in zip(names, texts, strict=True)),
    )


def by_html(rows: pl.DataFrame, by: str, noun: str, labels: Mapping[str, str] | None) -> str:
    """The ledger by one dimension, one line a group and currency."""
    several = rows["currency"].n_unique() > 1
    head = "".join(f'<th scope="col">{LABELS[key]}</th>' for key in COLUMNS)
    body = []
    for row in rows.iter_rows(named=True):
        name = escape(name_of(row[by], labels))
        if several:
            name += f"<span>{escape(row['currency'])}</span>"
        cells = "".join(
            f"<td>{escape(fmt.money(row[key], row['currency']))}{_below(row, key)}</td>" for key in COLUMNS
        )
        body.append(f'<tr><th scope="row">{name}<span>n {fmt.count(row["n_stakes"])}</span></th>{cells}</tr>')
    first = f'<th scope="col">{escape(noun.capitalize())}</th>'
    return (
        f'<div class="pl-scroll" tabindex="0" role="region" aria-label="The ledger by {escape(noun)}">'
        f'<table class="pl-table"><thead><tr>{first}{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _below(row: Row, key: str) -> str:
    return "" if key == "at_stake" else f"<span>{_share(row[key], row['at_stake'])}</span>"


def ledger_table(row: Row) -> pl.DataFrame:
    """The lines of a ledger with their meaning."""
    return pl.DataFrame(
        {
            "figure": [each.key for each in FIGURES],
            "label": [each.label for each in FIGURES],
            "meaning": [each.meaning for each in FIGURES],
            "currency": [row["currency"]] * len(FIGURES),
            "value": [row[each.key] for each in FIGURES],
        }
    )


def _meaning(key: str) -> str:
    return next(each.meaning for each in FIGURES if each.key == key)


def _pending(row: Row) -> str:
    if not row["n_pending"]:
        return ""
    money = fmt.money(row["pending"], row["currency"])
    return f"{fmt.plural(row['n_pending'], 'more ask')} with {money} at stake wait for their refund window."


def _share(part: float, whole: float) -> str:
    return fmt.value("share", part / whole) if whole else fmt.MISSING


def _names(names: list[str], colours: Palette) -> Figure:
    return {
        "showgrid": False,
        "showline": False,
        "autorange": "reversed",
        "tickvals": list(range(len(names))),
        "ticktext": [wrapped(name, 18) for name in names],
        "tickfont": {"size": 13, "color": colours.ink},
    }
