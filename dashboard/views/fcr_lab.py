"""Every definition of first-contact resolution: two tiles, why they differ, and the grid of all."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import polars as pl

from dashboard import format as fmt
from dashboard.filters import Window
from dashboard.theme import Palette
from dashboard.views.grid import SMALLEST, shaded
from pipelines.metrics.fcr_definitions import (
    EXCLUSIONS,
    RULES,
    Definition,
    exclusion,
    rule,
    window_key,
    window_words,
)

Row = Mapping[str, Any]

STATES = {
    "repeat": "no first contact, a repeat",
    "pending": "pending",
    "failed": "failed",
    "resolved": "resolved",
}
ASPECTS = {"window": "the window", "rule": "the match rule", "exclusion": "the exclusion"}


def headline(grid: pl.DataFrame, window: Window) -> str:
    """What the value in use is, and between which values other definitions would put it."""
    (used,) = grid.filter(pl.col("is_in_use")).to_dicts()
    known = grid.filter(pl.col("denominator") >= SMALLEST).sort("value")
    if used["value"] is None or known.height == 0:
        main = f"No first contact is mature {window.name} under the definition in use"
        rest = f": {fmt.plural(used['pending'], 'first contact')} still wait for their window."
    else:
        low, high = known.row(0, named=True), known.row(-1, named=True)
        main = f"First-contact resolution is {_share(used['value'])} {window.name} as it is defined here"
        rest = (
            f"; other definitions put the same contacts between {_share(low['value'])} "
            f"({short(low)}) and {_share(high['value'])} ({short(high)})."
        )
    return (
        '<section class="pl-headline pl-edge-neither" aria-label="In one sentence"><p class="pl-sentence">'
        f"<strong>{escape(main)}</strong>{escape(rest)}</p></section>"
    )


def short(row: Row) -> str:
    """A row's definition in a few words."""
    said = f"{window_words(row['window'])}, {rule(row['rule']).label.lower()}"
    return said if row["exclusion"] == "none" else f"{said}, {_small(exclusion(row['exclusion']).label)}"


def tile(name: str, row: Row, asked: Definition) -> str:
    """One definition's value with its interval, n, pending, status and the definition in words."""
    pill = f'<span class="pl-status pl-{escape(row["status"])}">{escape(row["status"])}</span>'
    used = " · in use" if row["is_in_use"] else ""
    value = fmt.MISSING if row["value"] is None else _share(row["value"])
    basis = [f"95%: {fmt.interval('share', row['lower'], row['upper'])}"] if row["value"] is not None else []
    basis.append(f"n {fmt.count(row['denominator'])}")
    basis.append(f"{fmt.count(row['pending'])} pending")
    return (
        f'<article class="pl-card"><div class="pl-card-head"><h3>{escape(name)}{used}</h3>{pill}</div>'
        f'<p class="pl-value{" pl-none" if row["value"] is None else ""}">{value}</p>'
        f'<p class="pl-why">{escape(asked.sentence)}</p>'
        f'<p class="pl-basis">{escape(" · ".join(basis))}</p></article>'
    )


def finding(first: Row, second: Row, both: int) -> tuple[str, str]:
    """Heading and subtitle of the reconciliation."""
    if first["value"] is None or second["value"] is None:
        title = "One of the two has no mature first contact, so there is no difference to state"
    elif (first["numerator"], first["denominator"]) == (second["numerator"], second["denominator"]):
        title = "The two definitions give the same number"
    else:
        moved = fmt.change("share", second["value"] - first["value"])
        title = f"The second definition is {moved} from the first"
    only_first = first["first_contacts"] - both
    only_second = second["first_contacts"] - both
    return title, (
        f"{fmt.plural(both, 'first contact')} in both, {fmt.count(only_first)} only in the first, "
        f"{fmt.count(only_second)} only in the second; the lines add up from the first to the second"
    )


def reconciliation(moved: pl.DataFrame, first: Row, second: Row) -> str:
    """From the first definition's counts to the second's, one line a kind of difference."""
    heads = ("What differs", "Because of", "Contacts", "Mature", "Resolved", "Pending", "For example")
    head = "".join(f'<th scope="col">{word}</th>' for word in heads)
    body = [_line(row) for row in moved.sort("contacts", descending=True, maintain_order=True).to_dicts()]
    if not body:
        body = ['<tr><th scope="row">No contact differs</th><td colspan="6"></td></tr>']
    return (
        '<div class="pl-scroll" tabindex="0" role="region" aria-label="Why the two definitions differ">'
        f'<table class="pl-table pl-recon"><thead><tr>{head}</tr></thead><tbody>'
        f"{_total('First definition', first)}{''.join(body)}{_total('Second definition', second)}"
        "</tbody></table></div>"
    )


def because(reason: str) -> str:
    """A reason of `FcrLab.reconcile` in words.

    >>> because("window"), because("window+rule"), because("window|rule")
    ('the window', 'the window and the match rule together', 'the window or the match rule, either is enough')
    """
    sets = [each.split("+") for each in reason.split("|")]
    said = [fmt.listing([ASPECTS[name] for name in each]) for each in sets]
    if len(sets) > 1:
        return f"{' or '.join(said)}, {'either' if len(sets) == 2 else 'any'} is enough"
    return f"{said[0]} together" if len(sets[0]) > 1 else said[0]


def reconciliation_table(moved: pl.DataFrame) -> pl.DataFrame:
    """The same as rows to download; examples joined by spaces."""
    return moved.with_columns(
        pl.Series("reason", [because(reason) for reason in moved["reason"]], dtype=pl.String),
        pl.col("examples").list.join(" "),
    )


def grid_html(
    grid: pl.DataFrame,
    colours: Palette,
    *,
    marks: Mapping[Definition, str],
    links: Mapping[Definition, str],
) -> str:
    """All definitions: windows across, rules down, a block an exclusion.

    Args:
        grid: As `FcrLab.grid` gives it.
        marks: A letter on each picked cell.
        links: Where a cell leads.
    """
    cells = {(row["exclusion"], row["rule"], row["window"]): row for row in grid.iter_rows(named=True)}
    across = grid["window"].unique().sort().to_list()
    solid = grid.filter(pl.col("denominator") >= SMALLEST)["value"]
    ends = (float(solid.min()), float(solid.max())) if solid.len() else (0.0, 1.0)  # type: ignore[arg-type]
    head = "".join(f'<th scope="col">{window_words(window)}</th>' for window in across)
    blocks = []
    for choice in EXCLUSIONS:
        said = f"<b>{escape(choice.label)}</b> {escape(choice.meaning)}"
        lines = [
            f'<tr><th class="pl-lab-block" colspan="{len(across) + 1}" scope="rowgroup">{said}</th></tr>'
        ]
        for down in RULES:
            drawn = "".join(
                _cell(cells[(choice.key, down.key, window)], ends, colours, marks=marks, links=links)
                for window in across
            )
            lines.append(f'<tr><th scope="row">{escape(down.label)}</th>{drawn}</tr>')
        blocks.append(f"<tbody>{''.join(lines)}</tbody>")
    return (
        '<div class="pl-scroll" tabindex="0" role="region" aria-label="First-contact resolution under every '
        f'definition"><table class="pl-grid pl-lab"><thead><tr><td></td>{head}</tr></thead>'
        f"{''.join(blocks)}</table></div>"
    )


def grid_table(grid: pl.DataFrame) -> pl.DataFrame:
    """The grid as rows to download, each with its definition in words."""
    asked = [Definition(row["window"], row["rule"], row["exclusion"]) for row in grid.iter_rows(named=True)]
    return grid.with_columns(
        pl.Series("window", [window_key(each.window) for each in asked]),
        pl.Series("definition", [each.sentence for each in asked]),
    )


def _cell(
    row: Row,
    ends: tuple[float, float],
    colours: Palette,
    *,
    marks: Mapping[Definition, str],
    links: Mapping[Definition, str],
) -> str:
    asked = Definition(row["window"], row["rule"], row["exclusion"])
    few = row["denominator"] < SMALLEST
    style = ""
    if not few:
        shade, ink = shaded(row["value"], *ends, colours)
        style = f' style="background:{shade};color:{ink}"'
    kinds = " ".join(
        kind
        for kind, holds in (("pl-few", few), ("pl-worst", row["is_in_use"]), ("pl-picked", asked in marks))
        if holds
    )
    badge = f'<i class="pl-mark">{escape(marks[asked])}</i>' if asked in marks else ""
    value = "" if row["value"] is None else f"<b>{_share(row['value'])}</b>"
    spread = (
        "" if row["value"] is None else f"<span>{fmt.interval('share', row['lower'], row['upper'])}</span>"
    )
    units = f"<span>n {fmt.count(row['denominator'])}</span><span>{fmt.count(row['pending'])} pending</span>"
    return (
        f'<td class="{kinds}"{style}><a href="{escape(links[asked])}" target="_self" '
        f'title="{escape(asked.sentence)} {escape(row["status"])}.">{badge}{value}{spread}{units}</a></td>'
    )


def _line(row: Row) -> str:
    change = f"{_first_up(STATES[row['before']])}<span>becomes {STATES[row['after']]}</span>"
    moves = "".join(_moved(row[name]) for name in ("denominator", "numerator", "pending"))
    shown = "".join(f"<span>{escape(each)}</span>" for each in row["examples"])
    return (
        f'<tr><th scope="row">{change}</th><td>{escape(because(row["reason"]))}</td>'
        f'<td>{fmt.count(row["contacts"])}</td>{moves}<td class="pl-examples">{shown}</td></tr>'
    )


def _total(name: str, row: Row) -> str:
    value = fmt.MISSING if row["value"] is None else _share(row["value"])
    return (
        f'<tr class="pl-total"><th scope="row">{name}<span>{escape(short(row))}</span></th>'
        f"<td>{value}</td><td></td><td>{fmt.count(row['denominator'])}</td>"
        f"<td>{fmt.count(row['numerator'])}</td><td>{fmt.count(row['pending'])}</td><td></td></tr>"
    )


def _moved(number: int) -> str:
    return (
        f"<td>{'+' if number > 0 else ''}{fmt.count(number)}</td>"
        if number
        else '<td class="pl-quiet">0</td>'
    )


def _share(value: float) -> str:
    return fmt.value("share", value)


def _small(label: str) -> str:
    return label[:1].lower() + label[1:]


def _first_up(words: str) -> str:
    return words[:1].upper() + words[1:]
