"""Programs by metric as one table: values with their intervals, held against each program's own target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

import polars as pl

from dashboard import format as fmt
from dashboard.views.compare import name_of
from pipelines import insight


def html(
    rows: pl.DataFrame,
    definitions: Sequence[Any],
    *,
    programs: pl.DataFrame,
    targets: Mapping[str, Mapping[str, float]],
) -> str:
    """The table.

    Args:
        rows: Rows of the metrics by program_id.
        definitions: The metrics, in the order of the columns.
        programs: Rows of `reader.programs`.
        targets: Targets by program, then metric.
    """
    cells = {(row["metric"], row["program_id"]): row for row in rows.iter_rows(named=True)}
    head = "".join(f'<th scope="col">{escape(what.label)}</th>' for what in definitions)
    body = []
    for program in programs.iter_rows(named=True):
        key = program["program_id"]
        about = [name_of(program["operating_model"])] if program["operating_model"] else []
        about += [program["partner"]] if program["partner"] else []
        said = f"<b>{escape(program['program_name'])}</b><span>{escape(' · '.join(about))}</span>"
        values = "".join(
            _cell(what, cells.get((what.key, key)), targets.get(key, {}).get(what.key), program["currency"])
            for what in definitions
        )
        body.append(f'<tr><th scope="row">{said}</th>{values}</tr>')
    return (
        '<div class="pl-scroll" tabindex="0" role="region" aria-label="Programs by metric">'
        f'<table class="pl-table"><thead><tr><th scope="col">Program</th>{head}</tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _cell(what: Any, row: Mapping[str, Any] | None, target: float | None, currency: str | None) -> str:
    if row is None or row["value"] is None:
        pending = int(row["pending"]) if row else 0
        why = f"{fmt.count(pending)} pending" if pending else "no units"
        return f'<td class="pl-quiet">{fmt.MISSING}<span>{why}</span></td>'
    measured = insight.Measured.of(row)
    state = insight.against_target(what.kind, measured, target, what.better)
    sign = {"met": "✓ ", "missed": "✗ "}.get(state, "")
    against = ""
    if target is not None:
        aim = escape(fmt.value(what.unit, target, currency=currency))
        against = f'<i class="pl-target-{state}">{sign}target {aim}</i>'
    basis = f"<span>n {fmt.count(measured.denominator)}</span>"
    if measured.lower is not None:
        basis = f"<span>{escape(fmt.interval(what.unit, measured.lower, measured.upper))}</span>{basis}"
    shape = ' class="pl-open"' if measured.status == "provisional" else ""
    return (
        f"<td{shape}><b>{escape(fmt.value(what.unit, measured.value, currency=currency))}</b>"
        f"{basis}{against}</td>"
    )
