"""The SELECTs of metrics that add up over days: from the sums that stand by day, else from the rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pipelines.metrics.catalogue import MetricDefinition
from pipelines.metrics.days import DAY_PARTS, DayTable, day_parts, table_of
from pipelines.metrics.query import (
    DAY_SOURCES,
    LAST_DAYS,
    PERIODS,
    Query,
    group_by,
    group_columns,
    select_units,
)
from pipelines.metrics.request import MetricRequest
from pipelines.metrics.together import day_sums

# By kind: how the sums of days add up to those of a period, by place of the metric.
_SUMS = {
    "proportion": "cast(coalesce(sum({total}), 0) as bigint) as total_{0}",
    "mean": "sum({total}) as total_{0}, sum({squares}) as squares_{0}",
    "sum": "sum({total}) as total_{0}, "
    "count(distinct {currency}) filter (where {n_mature} > 0) as n_currencies_{0}",
}


def grouped_together(
    metrics: Sequence[MetricDefinition], request: MetricRequest
) -> tuple[str, dict[str, Any]]:
    """The query that groups the units of metrics of one group of `together.in_groups`, and its parameters.

    Units are counted by day first: what is joined and cut into periods is then days, not rows.

    Returns:
        A SELECT of period_start, the dimensions, then by place of the metric n_mature_0, n_pending_0,
        is_open_0 and, by kind, total_0, squares_0 and n_currencies_0.
    """
    query = Query.of(metrics[0], request)
    if query.is_from_days:
        return _from_days(metrics, query), query.parameters
    days = day_sums(metrics, query.raw(metrics[0].dimensions), query.days())
    names = [
        {"currency": "currency", **{part: f"{part}_{place}" for part in DAY_PARTS}}
        for place in range(len(metrics))
    ]
    return (
        f"with days as ({days}), units as ({select_units(metrics[0], query, 'days')}) "
        f"select {group_columns(request)}{_added_up(metrics, names, 'is_open')} "
        f"from units{group_by(request, 'true')}"
    ), query.parameters


def _from_days(metrics: Sequence[MetricDefinition], query: Query) -> str:
    """The same from the sums that stand by day: one short SELECT, since planning costs more than reading."""
    request = query.request
    names = [
        {"currency": "metric_rows.currency", **{part: f"{metric.key}_{part}" for part in DAY_PARTS}}
        for metric in metrics
    ]
    is_open = f"coalesce({LAST_DAYS[request.grain]} >= programs.as_of_date, false)"
    keys = [
        *([] if request.grain == "all" else [f"{PERIODS[request.grain]} as period_start"]),
        *(f"{query.column(name)} as {name}" for name in request.by),
    ]
    period = ["cast(null as date) as period_start"] if request.grain == "all" else []
    places = [str(place) for place in range(1 + len(period), 1 + len(period) + len(keys))]
    grouping = f" group by {', '.join(places)}" if places else ""
    order = f" order by {', '.join(f'{place} asc nulls last' for place in places)}" if places else ""
    return (
        f"select {', '.join([*period, *keys, _added_up(metrics, names, is_open)])} "
        f"from {table_of(metrics[0]).name} as metric_rows "
        "left join programs on programs.program_id = metric_rows.program_id "
        f"where {query.where(metrics[0].dimensions)}{grouping}{order}"
    )


def days_and_programs(
    table: DayTable, filters: Mapping[str, Sequence[str | None]]
) -> tuple[str, dict[str, Any]]:
    """The query of a whole table of sums by day and program, and its parameters.

    Returns:
        A SELECT of event_date, program_id, currency where the table has one, and the sums of its metrics.
    """
    query = Query(MetricRequest(metrics=(), filters=filters), sources=DAY_SOURCES)
    money = ["currency"] if any(metric.kind == "sum" for metric in table.metrics) else []
    sums = [
        f"cast(sum({metric.key}_{part}) as bigint) as {metric.key}_{part}"
        if part.startswith("n_") or metric.kind in ("proportion", "per_orders")
        else f"sum({metric.key}_{part}) as {metric.key}_{part}"
        for metric in table.metrics
        for part in day_parts(metric)
    ]
    keys = ", ".join(["event_date", "program_id", *money])
    return (
        f"select {keys}, {', '.join(sums)} from {table.name} as metric_rows "
        f"where {query.where(tuple(filters))} group by {keys}"
    ), query.parameters


def _added_up(metrics: Sequence[MetricDefinition], names: Sequence[Mapping[str, str]], is_open: str) -> str:
    """Sums over days of each metric's own sums, whose columns are named by part."""
    return ", ".join(
        f"cast(coalesce(sum({own['n_mature']}), 0) as bigint) as n_mature_{place}, "
        f"cast(coalesce(sum({own['n_pending']}), 0) as bigint) as n_pending_{place}, "
        f"coalesce(bool_or({is_open}) filter (where {own['n_mature']} > 0 or {own['n_pending']} > 0), false) "
        f"as is_open_{place}, {_SUMS[metric.kind].format(place, **own)}"
        for place, (metric, own) in enumerate(zip(metrics, names, strict=True))
    )
