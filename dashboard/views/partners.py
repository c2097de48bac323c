"""Partners: the scorecard of a contract period, and groups compared on the same contacts, as tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from html import escape
from typing import Any

import polars as pl

from dashboard import format as fmt
from pipelines.partners import Fair, last_day
from pipelines.wording import change_interval

Row = Mapping[str, Any]
SIGNS = {"met": "✓ ", "missed": "✗ "}


def period_name(start: date, grain: str) -> str:
    """A contract period in words.

    >>> period_name(date(2026, 4, 1), "quarter"), period_name(date(2026, 4, 1), "month")
    ('Q2 2026', 'Apr 2026')
    """
    return f"Q{(start.month + 2) // 3} {start.year}" if grain == "quarter" else f"{start:%b} {start.year}"


def headline(rows: pl.DataFrame, grain: str, names: Mapping[str, str]) -> str:
    """What the newest period with a final number says of each program's targets."""
    frozen = rows.filter(pl.col("status") == "final")
    if frozen.height == 0:
        main, rest = (
            "No contract period is final yet",
            ": every one of them still runs or waits for its windows.",
        )
    else:
        newest = frozen["period_start"].max()
        shown = frozen.filter(pl.col("period_start") == newest)
        main = f"In {period_name(newest, grain)}"  # type: ignore[arg-type]  # dates have a largest
        said = []
        for (program,), of in shown.group_by("program_id", maintain_order=True):
            counts = {
                state: of.filter(pl.col("verdict") == state).height for state in ("met", "missed", "open")
            }
            said.append(
                f"{names.get(str(program), str(program))} met {counts['met']}, missed {counts['missed']} and "
                f"left {counts['open']} open"
            )
        rest = f", of the targets whose numbers are final, {'; '.join(said)}."
    moved = rows.filter(pl.col("cause").is_not_null()).height
    if moved:
        rest += f" {fmt.plural(moved, 'printed number')} would be another one by now."
    return (
        '<section class="pl-headline pl-edge-neither" aria-label="In one sentence"><p class="pl-sentence">'
        f"<strong>{escape(main)}</strong>{escape(rest)}</p></section>"
    )


def scorecard_html(
    rows: pl.DataFrame, definitions: Sequence[Any], grain: str, *, name: str, currency: str | None
) -> str:
    """One program's scorecard: metrics down, contract periods across, the newest last.

    Args:
        rows: Rows of `pipelines.partners.judged` of one program.
        definitions: The metrics, in order.
        grain: quarter or month.
        name: The program's.
        currency: The program's.
    """
    periods = rows["period_start"].unique().sort().to_list()
    cells = {(row["metric"], row["period_start"]): row for row in rows.iter_rows(named=True)}
    head = "".join(
        f'<th scope="col">{period_name(each, grain)}<span>{fmt.days(each, last_day(each, grain))}</span></th>'
        for each in periods
    )
    body = "".join(
        f'<tr><th scope="row">{escape(what.label)}</th>'
        + "".join(_cell(what, cells.get((what.key, each)), currency) for each in periods)
        + "</tr>"
        for what in definitions
        if any((what.key, each) in cells for each in periods)
    )
    return (
        f'<div class="pl-scroll" tabindex="0" role="region" aria-label="Scorecard of {escape(name)}">'
        f'<table class="pl-table"><thead><tr><th scope="col">Metric</th>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _cell(what: Any, row: Row | None, currency: str | None) -> str:
    if row is None or row["value"] is None:
        pending = int(row["pending"]) if row else 0
        return f'<td class="pl-quiet">{fmt.MISSING}<span>{fmt.count(pending)} pending</span></td>'
    lines = []
    if row["lower"] is not None:
        lines.append(f"<span>{escape(fmt.interval(what.unit, row['lower'], row['upper']))}</span>")
    waiting = f" · {fmt.count(row['pending'])} pending" if row["pending"] else ""
    lines.append(f"<span>n {fmt.count(row['denominator'])}{waiting}</span>")
    if row["target"] is not None:
        aim = escape(fmt.value(what.unit, row["target"], currency=currency))
        word = {"met": "met", "missed": "missed", "open": "open"}.get(row["verdict"], "")
        sign = SIGNS.get(row["verdict"], "")
        lines.append(f'<i class="pl-target-{row["verdict"]}">{sign}target {aim} {word}</i>')
    if row["cause"] is not None:
        now = fmt.value(what.unit, row["now_value"], currency=currency)
        lines.append(f'<i class="pl-moved">now {escape(now)}: {escape(row["cause"])}</i>')
    said = (
        f"Printed by build {row['build_id']}, data as of {fmt.moment(row['as_of'])}. {row['meaning']}"
        if row["is_frozen"]
        else f"{row['status']}: not printed yet, the number may still move."
    )
    kind = "" if row["status"] == "final" else ' class="pl-open"'
    value = escape(fmt.value(what.unit, row["value"], currency=currency))
    return f'<td{kind} title="{escape(said)}"><b>{value}</b>{"".join(lines)}</td>'


def provenance(rows: pl.DataFrame, grain: str) -> str:
    """Which builds first printed the final numbers, in a sentence; empty where there is none."""
    frozen = rows.filter(pl.col("is_frozen")).sort("period_start")
    said = []
    for (build, as_of), of in frozen.group_by("build_id", "as_of", maintain_order=True):
        periods = [period_name(each, grain) for each in of["period_start"].unique().sort()]
        said.append(f"{fmt.listing(periods)} by build {build} (data as of {fmt.moment(as_of)})")  # type: ignore[arg-type]
    if not said:
        return ""
    moved = frozen.filter(pl.col("noticed_in").is_not_null())["noticed_in"].unique().sort().to_list()
    since = f" What moved since was noticed by build {fmt.listing(moved)}." if moved else ""
    return (
        f"Final numbers as first printed: {'; '.join(said)}.{since} Hover a number for its definition then."
    )


def scorecard_table(rows: pl.DataFrame, names: Mapping[str, str]) -> pl.DataFrame:
    """The scorecard as rows to download, with where each printed number came from."""
    return rows.with_columns(
        pl.col("program_id").replace_strict(names, default=pl.col("program_id")).alias("program_name"),
        pl.Series(
            "period_end",
            [last_day(row["period_start"], row["grain"]) for row in rows.iter_rows(named=True)],
            dtype=pl.Date,
        ),
    ).select(
        "program_id", "program_name", "metric", "grain", "period_start", "period_end", "value", "lower",
        "upper", "numerator", "denominator", "pending", "status", "target", "verdict", "is_frozen",
        "build_id", "as_of", "meaning", "now_value", "now_lower", "now_upper", "now_denominator", "cause",
        "noticed_in",
    )  # fmt: skip


def fair_html(compared: Sequence[tuple[Any, str, Fair]], groups: Sequence[str], noun: str) -> str:
    """Groups across, metrics down: the value on the common mix, the raw one under it, and the verdict.

    Args:
        compared: Definition, label and comparison of each metric.
        groups: Names of the groups, in order.
        noun: What a group is.
    """
    head = "".join(f'<th scope="col">{escape(group)}</th>' for group in groups)
    body = []
    for what, label, found in compared:
        rows = {row["group"]: row for row in found.groups.iter_rows(named=True)}
        basis = (
            f"same {fmt.listing(found.strata)}; {fmt.value('share', found.covered)} or more of each covered"
            if found.strata
            else found.note
        )
        cells = "".join(_fair_cell(what, rows.get(group)) for group in groups)
        body.append(f'<tr><th scope="row">{escape(label)}<span>{escape(basis)}</span></th>{cells}</tr>')
    return (
        '<div class="pl-scroll" tabindex="0" role="region" '
        f'aria-label="Each {escape(noun)} on the same contacts">'
        f'<table class="pl-table"><thead><tr><th scope="col">On the same contacts</th>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _fair_cell(what: Any, row: Row | None) -> str:
    if row is None:
        return f'<td class="pl-quiet">{fmt.MISSING}<span>no units</span></td>'
    raw = f"<span>raw {fmt.value(what.unit, row['raw'])} · n {fmt.count(row['n'])}</span>"
    if row["standardised"] is None:
        return f'<td class="pl-quiet">{fmt.MISSING}{raw}</td>'
    lower, upper = row["difference_lower"], row["difference_upper"]
    state = "neither"
    if (lower > 0 or upper < 0) and what.better in ("higher", "lower"):
        state = "better" if (lower > 0) == (what.better == "higher") else "worse"
    kind = "" if state == "neither" else f' class="pl-is-{state}"'
    against = f"{fmt.change(what.unit, row['difference'])} against the others"
    ends = change_interval(what.unit, lower, upper)
    return (
        f"<td{kind}><b>{fmt.value(what.unit, row['standardised'])}</b>"
        f"<span>{fmt.interval(what.unit, row['lower'], row['upper'])}</span>"
        f"<span>{against}, {ends}</span>{raw}</td>"
    )


def fair_table(compared: Sequence[tuple[Any, str, Fair]], noun: str) -> pl.DataFrame:
    """The comparison as rows to download."""
    return pl.concat(
        [
            found.groups.rename({"group": noun}).select(
                pl.lit(what.key).alias("metric"),
                pl.lit(label).alias("measure"),
                pl.all(),
                pl.lit(" × ".join(found.strata)).alias("same_mix_of"),
                pl.lit(found.covered if found.strata else None, dtype=pl.Float64).alias("covered"),
                pl.lit(found.note or None, dtype=pl.String).alias("not_compared_because"),
            )
            for what, label, found in compared
        ],
        how="vertical_relaxed",
    )
