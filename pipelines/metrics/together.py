"""Sums by day for several metrics at once, from one scan of the table whose rows are their units.

A metric's SELECT stays the only place that says which units count. Where several of them are plain SELECTs
from the same table, their conditions become the filters of one aggregate query, which reads the table once
and is planned once; the numbers are the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import sqlglot
from sqlglot import exp

from pipelines.metrics.catalogue import MetricDefinition

# By kind that adds up over days: what its units carry beside in_denominator and is_pending.
_MEASURED = {"proportion": ("in_numerator",), "mean": ("value",), "sum": ("value", "currency")}
_KEYS = ("program_id", "agent_id", "channel", "issue", "event_date")
_PROGRAM_KEYS = ("program_id", "event_date")
_COLUMNS = ("in_denominator", "in_numerator", "is_pending", "value", "currency")


@dataclass(frozen=True)
class Units:
    """A metric's units as conditions and values over the rows of one table.

    Attributes:
        table: Table that is read, with its schema.
        keys: Expressions of program, agent, channel, issue and day.
        keeps: Condition of a row being a unit; None where every row is.
        columns: Expressions of in_denominator, in_numerator, is_pending, value and currency, as far as it has
            them.
    """

    table: str
    keys: tuple[str, ...]
    keeps: str | None
    columns: dict[str, str]


def adds_up(metric: MetricDefinition) -> bool:
    """Whether sums of days add up: a plain proportion, mean or sum without once-counted units."""
    return metric.kind in _MEASURED and not metric.once


def units_of(metric: MetricDefinition) -> Units:
    """The units of a metric; its whole SELECT stands as the table where it is not a plain one."""
    return _plain_units(metric.sql) or Units(
        table=f"({metric.sql}) as metric_rows",
        keys=_KEYS if "agent_id" in metric.dimensions else _PROGRAM_KEYS,
        keeps=None,
        columns={name: name for name in ("in_denominator", "is_pending", *_MEASURED[metric.kind])},
    )


@cache
def _plain_units(sql: str) -> Units | None:
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    source, where = tree.args.get("from_"), tree.args.get("where")
    others = {name for name, value in tree.args.items() if value} - {"expressions", "from_", "where"}
    if not isinstance(tree, exp.Select) or not isinstance(source, exp.From) or others:
        return None
    if not isinstance(source.this, exp.Table) or source.this.alias:
        return None
    named = {column.alias_or_name: _written(column.unalias()) for column in tree.expressions}
    if any(name not in named for name in _KEYS):
        return None
    return Units(
        table=_written(source.this),
        keys=tuple(named[name] for name in _KEYS),
        keeps=_written(where.this) if where else None,
        columns={name: named[name] for name in _COLUMNS if name in named},
    )


def _written(expression: exp.Expression) -> str:
    return expression.sql(dialect="duckdb", comments=False)


def in_groups(metrics: Sequence[MetricDefinition]) -> list[list[MetricDefinition]]:
    """Metrics that add up in groups that one query answers; groups and members in their first order."""
    groups: dict[object, list[MetricDefinition]] = {}
    for metric in metrics:
        units = units_of(metric)
        groups.setdefault((units.table, units.keys), []).append(metric)
    return list(groups.values())


def day_sums(
    metrics: Sequence[MetricDefinition], raw: Sequence[str], days: str = "true", *, with_site: bool = False
) -> str:
    """A SELECT of one table's units by day, for the metrics of one group.

    Args:
        metrics: Metrics of one group of `in_groups` that add up, or count rows per order.
        raw: Which of program_id, agent_id, channel and issue to keep apart.
        days: Condition on event_date.
        with_site: Keep the sites of agents apart too, as `site`.

    Returns:
        SQL that gives event_date, `raw`, site and currency where they are kept, then by place of the metric
        n_mature_0, n_pending_0, total_0 and, for a mean, squares_0; total_0 alone for a count of rows.
    """
    every = [units_of(metric) for metric in metrics]
    names = dict(
        zip(_KEYS if len(every[0].keys) == len(_KEYS) else _PROGRAM_KEYS, every[0].keys, strict=True)
    )
    keys = {name: names[name] for name in ("event_date", *raw)}
    if with_site:
        keys["site"] = "sites.site"
    if money := next((units.columns["currency"] for units in every if "currency" in units.columns), None):
        keys["currency"] = money
    rows = _Rows()
    sums = [
        part
        for place, (metric, units) in enumerate(zip(metrics, every, strict=True))
        for part in _sums(metric, units, rows, place)
    ]
    kept = [units.keeps for units in every]
    is_unit = "true" if None in kept else " or ".join(dict.fromkeys(f"({text})" for text in kept))
    columns = [*(f"{text} as {name}" for name, text in keys.items()), *rows.columns()]
    sites = (
        "left join (select agent_id as site_agent_id, site from agents) as sites "
        f"on sites.site_agent_id = {names['agent_id']} "
        if with_site
        else ""
    )
    kept_apart = ", ".join(keys)
    return (
        f"select {kept_apart}, {', '.join(sums)} "
        f"from (select {', '.join(columns)} from {every[0].table} {sites}where {is_unit}) "
        f"where {days} group by {kept_apart}"
    )


class _Rows:
    """Expressions over single rows, each named and computed once however many sums ask for it."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}

    def name(self, expression: str) -> str:
        return self._names.setdefault(expression, f"cell_{len(self._names)}")

    def columns(self) -> list[str]:
        return [f"{expression} as {name}" for expression, name in self._names.items()]

    def counted(self, *conditions: str | None) -> str:
        """A FILTER on all of some conditions; an empty text where none of them restricts."""
        held = [f"({text})" for text in conditions if text is not None and text.upper() != "TRUE"]
        return f" filter (where {self.name(' and '.join(held))})" if held else ""


def _sums(metric: MetricDefinition, units: Units, rows: _Rows, place: int) -> list[str]:
    columns, keeps = units.columns, units.keeps
    if metric.kind == "per_orders":
        return [f"count(*){rows.counted(keeps)} as total_{place}"]
    mature = rows.counted(keeps, columns["in_denominator"])
    is_never = columns["is_pending"].upper() == "FALSE"
    waiting = "0" if is_never else f"count(*){rows.counted(keeps, columns['is_pending'])}"
    sums = [f"count(*){mature} as n_mature_{place}", f"{waiting} as n_pending_{place}"]
    if metric.kind == "proportion":
        hit = rows.counted(keeps, columns["in_numerator"], columns["in_denominator"])
        return [*sums, f"count(*){hit} as total_{place}"]
    value = rows.name(columns["value"])
    if metric.kind == "sum":
        return [*sums, f"sum({value}){mature} as total_{place}"]
    # sums are exact, so they do not depend on the order of rows: twelve decimals, and their exact squares
    exact = f"cast({value} as decimal(18, 12))"
    return [
        *sums,
        f"sum(cast({value} as decimal(26, 12))){mature} as total_{place}",
        f"sum({exact} * {exact}){mature} as squares_{place}",
    ]
