"""The SELECTs that group a metric's units; nothing is divided here.

Every query returns period_start, the dimensions asked for, then the sums that `rows` turns into
values. Names that are pasted into SQL come from the catalogue only; everything else is a parameter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pipelines.metrics.catalogue import PROGRAM_DIMENSIONS, MetricDefinition
from pipelines.metrics.days import (
    DAY_DIMENSIONS,
    DAY_PARTS,
    ORDERS,
    DayTable,
    day_parts,
    numbered_units,
    stands_by_day,
    table_of,
)
from pipelines.metrics.request import MetricRequest
from pipelines.metrics.together import day_sums

PERIODS = {
    "day": "event_date",
    "week": "cast(date_trunc('week', event_date) as date)",
    "month": "cast(date_trunc('month', event_date) as date)",
    "quarter": "cast(date_trunc('quarter', event_date) as date)",
    "all": "cast(null as date)",
}
LAST_DAYS = {
    "day": "event_date",
    "week": "cast(date_trunc('week', event_date) + interval 6 day as date)",
    "month": "cast(date_trunc('month', event_date) + interval 1 month - interval 1 day as date)",
    "quarter": "cast(date_trunc('quarter', event_date) + interval 3 month - interval 1 day as date)",
    # without a period there is no last day that could still be running
    "all": "cast(null as date)",
}
_SOURCES = {
    **dict.fromkeys(("program_id", "agent_id", "channel", "issue"), "metric_rows"),
    **dict.fromkeys(("site", "team", "region"), "agents"),
    "operating_model": "programs",
}
# The sums by day know the site.
_DAY_SOURCES = {**_SOURCES, "site": "metric_rows"}
# Dimensions that no row has itself.
_OWN = ("operating_model",)


@dataclass
class Query:
    """A SELECT under construction with its parameters."""

    request: MetricRequest
    parameters: dict[str, Any] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=lambda: _SOURCES)

    @classmethod
    def of(cls, metric: MetricDefinition, request: MetricRequest) -> Query:
        """A query of a metric's rows, or of the sums by day where they keep apart all that is asked."""
        if stands_by_day(metric) and {*request.by, *request.filters} <= {*DAY_DIMENSIONS}:
            return cls(request, sources=_DAY_SOURCES)
        return cls(request)

    @property
    def is_from_days(self) -> bool:
        """Whether the sums by day are read."""
        return self.sources is _DAY_SOURCES

    def column(self, name: str) -> str:
        """A dimension as a column of what is read, joined with what it lacks."""
        return f"{self.sources[name]}.{name}"

    def agents(self, rows: str) -> str:
        """The join with `agents`, where a dimension asked for is theirs."""
        if any(self.sources[name] == "agents" for name in (*self.request.by, *self.request.filters)):
            return f"left join agents on agents.agent_id = {rows}.agent_id"
        return ""

    def raw(self, dimensions: Sequence[str]) -> list[str]:
        """Program and the columns of the rows themselves that the request's dimensions rest on, sorted."""
        asked = (*self.request.by, *self.request.filters)
        names = {"agent_id" if self.sources[name] == "agents" else name for name in asked}
        return sorted({"program_id"} | {name for name in names if name in dimensions and name not in _OWN})

    def days(self) -> str:
        """Conditions of the request's days."""
        conditions = []
        if self.request.start:
            conditions.append("event_date >= $start")
            self.parameters["start"] = self.request.start
        if self.request.end:
            conditions.append("event_date <= $end")
            self.parameters["end"] = self.request.end
        return " and ".join(conditions) or "true"

    def where(self, dimensions: Sequence[str]) -> str:
        """Conditions of the request's days and of its filters on `dimensions`."""
        conditions = [self.days()]
        for name, values in self.request.filters.items():
            if name in dimensions:
                conditions.append(self._one_of(name, values))
        return " and ".join(conditions)

    def _one_of(self, name: str, values: Sequence[str | None]) -> str:
        known = [value for value in values if value is not None]
        column = self.column(name)
        tests = []
        if known:
            self.parameters[f"only_{name}"] = known
            tests.append(f"list_contains($only_{name}, {column})")
        if None in values:
            tests.append(f"{column} is null")
        return f"({' or '.join(tests) or 'false'})"


def grouped(metric: MetricDefinition, request: MetricRequest) -> tuple[str, dict[str, Any]]:
    """The query that groups the units of a metric that does not add up over days, and its parameters.

    Returns:
        A SELECT of period_start, the dimensions, n_mature, n_pending, is_open and, by kind,
        total, quantile, log_survival, has_none_left or variance.
    """
    query = Query.of(metric, request)
    if metric.kind == "per_orders":
        return _per_orders(metric, query), query.parameters
    if metric.kind == "pairs":
        return _pairs(metric, query), query.parameters
    if metric.kind == "survival":
        return _survival(metric, query), query.parameters
    if metric.once:
        return _from_first_units(metric, query), query.parameters
    return _from_units(metric, query), query.parameters


def unit_ctes(metric: MetricDefinition, request: MetricRequest) -> tuple[str, dict[str, Any]]:
    """CTEs that end in `units`, the rows that count in one row over its days, and the parameters."""
    query = Query(replace(request, by=(), grain="all"))
    return _units(metric, query), query.parameters


def column_of(dimension: str) -> str:
    """A dimension as a column of the rows joined with `agents` and `programs`."""
    return f"{_SOURCES[dimension]}.{dimension}"


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
        f"with days as ({days}), units as ({_select_units(metrics[0], query, 'days')}) "
        f"select {_group_columns(request)}{_added_up(metrics, names, 'is_open')} "
        f"from units{_group_by(request, 'true')}"
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
    query = Query(MetricRequest(metrics=(), filters=filters), sources=_DAY_SOURCES)
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


def _from_first_units(metric: MetricDefinition, query: Query) -> str:
    """Orders or customers, each counted once in a row at its first contact there (fine print 12).

    Of two contacts in one instant the smaller contact_id would be the first. It need not be looked for:
    what a unit's windows hold depends on the instant alone, so both say the same.
    """
    request = query.request
    group = ", ".join(["period_start", *(f"by_{name}" for name in request.by)])
    return f"""
        with metric_rows as (from {numbered_units(metric)}),
        candidates as ({_select_units(metric, query, "metric_rows")}),
        units as (
            -- a unit is one program's, so its rows in a period are open together
            select {group}, arg_min(flags + 8 * cast(is_open as utinyint), opened_at) as flags
            from candidates group by {group}, unit
        )
        select {_group_columns(request)} count(*) filter (where flags & 1 = 1) as n_mature,
            count(*) filter (where flags & 4 = 4) as n_pending,
            coalesce(bool_or(flags & 8 = 8), false) as is_open, count(*) filter (where flags & 2 = 2) as total
        from units{_group_by(request, "n_mature > 0 or n_pending > 0")}
    """


def _from_units(metric: MetricDefinition, query: Query) -> str:
    """Units grouped row by row, where days do not add up."""
    sums = f"quantile_cont(value, {metric.percentile}) filter (where in_denominator) as quantile"
    return (
        f"with {_units(metric, query)} select {_group_columns(query.request)} "
        "count(*) filter (where in_denominator) as n_mature, "
        "count(*) filter (where is_pending) as n_pending, "
        f"coalesce(bool_or(is_open), false) as is_open, {sums} from units"
        f"{_group_by(query.request, 'n_mature > 0 or n_pending > 0')}"
    )


def _units(metric: MetricDefinition, query: Query) -> str:
    """CTEs `metric_rows` and `units`: the rows that the request keeps, with period and dimensions."""
    select = _select_units(metric, query, "metric_rows")
    if not metric.once:
        return f"metric_rows as ({metric.sql}), units as ({select})"
    group = ", ".join(["period_start", *(f"by_{name}" for name in query.request.by), *metric.once])
    return (
        f"metric_rows as ({metric.sql}), candidates as ({select}), units as ("
        "select * from (select *, row_number() over "
        f"(partition by {group} order by opened_at, contact_id) as position from candidates) "
        "where position = 1)"
    )


def _select_units(metric: MetricDefinition, query: Query, table: str) -> str:
    """Rows or days that the request keeps, with period, dimensions and whether the period still runs."""
    request = query.request
    columns = [
        "metric_rows.*",
        *(f"{query.column(name)} as by_{name}" for name in request.by),
        f"{PERIODS[request.grain]} as period_start",
        f"coalesce({LAST_DAYS[request.grain]} >= programs.as_of_date, false) as is_open",
    ]
    return (
        f"select {', '.join(columns)} from {table} as metric_rows "
        "left join programs on programs.program_id = metric_rows.program_id "
        f"{query.agents('metric_rows')} where {query.where(metric.dimensions)}"
    )


def _group_columns(request: MetricRequest) -> str:
    names = [f"by_{name} as {name}" for name in request.by]
    period = "cast(null as date) as period_start" if request.grain == "all" else "period_start"
    return ", ".join([period, *names]) + ", "


def _group_by(request: MetricRequest, keep: str) -> str:
    """GROUP BY, HAVING and ORDER BY; a single row is always printed without period and split."""
    names = [*([] if request.grain == "all" else ["period_start"]), *(f"by_{name}" for name in request.by)]
    if not names:
        return ""
    order = ", ".join(f"{name} asc nulls last" for name in names)
    return f" group by {', '.join(names)} having {keep} order by {order}"


def _pairs(metric: MetricDefinition, query: Query) -> str:
    """Agreeing pairs of different agents within program, issue and value band (fine print 15).

    Pairs of different agents = all pairs − pairs of one agent, and the same for agreeing pairs.
    """
    request = query.request
    names = [f"by_{name}" for name in request.by]
    group = ", ".join(["period_start", *names])
    stratum = f"{group}, program_id, issue, value_band"
    return f"""
        with {_units(metric, query)},
        cells as (
            select {stratum}, agent_id, resolution, count(*) as n, bool_or(is_open) as is_open
            from units group by {stratum}, agent_id, resolution
        ),
        by_agent as (select {stratum}, agent_id, sum(n) as n from cells group by {stratum}, agent_id),
        by_resolution as (
            select {stratum}, resolution, sum(n) as n from cells group by {stratum}, resolution
        ),
        pairs as (
            select {stratum}, sum(n) as n, bool_or(is_open) as is_open, 0 as every_pair, 0 as equal_pair,
                sum(n * (n - 1)) as same_both, 0 as same_agent
            from cells group by {stratum}
            union all
            select {stratum}, 0, false, 0, 0, 0, sum(n * (n - 1)) from by_agent group by {stratum}
            union all
            select {stratum}, 0, false, 0, sum(n * (n - 1)), 0, 0 from by_resolution group by {stratum}
        ),
        strata as (
            select {stratum}, sum(n) as n, bool_or(is_open) as is_open,
                cast(sum(n) * (sum(n) - 1) - sum(same_agent) as double) as different,
                cast(sum(equal_pair) - sum(same_both) as double) as agreeing
            from pairs group by {stratum}
        )
        select {_group_columns(request)}
            cast(coalesce(sum(n) filter (where different > 0), 0) as bigint) as n_mature,
            cast(0 as bigint) as n_pending,
            coalesce(bool_or(is_open) filter (where different > 0), false) as is_open,
            sum(cast(n * (agreeing / nullif(different, 0)) as decimal(26, 12))) filter (where different > 0)
                as total
        from strata{_group_by(request, "n_mature > 0")}
    """


def _survival(metric: MetricDefinition, query: Query) -> str:
    """Kaplan and Meier's product over the times of failure, as a sum of logarithms (fine print 23).

    Who fails and who leaves at one instant are both at risk then: failures come before censorings.
    The terms are added as decimals, so that the sum does not depend on their order.
    """
    request = query.request
    group = ", ".join(["period_start", *(f"by_{name}" for name in request.by)])
    return f"""
        with {_units(metric, query)},
        times as (
            select {group}, observed_for, count(*) as leaving, count(*) filter (where is_failure) as failing,
                count(*) filter (where is_pending) as n_pending, bool_or(is_open) as is_open
            from units group by {group}, observed_for
        ),
        at_risk as (
            select *, sum(leaving) over (
                partition by {group} order by observed_for desc rows unbounded preceding
            ) as n from times
        ),
        terms as (
            select *, failing > 0 and failing = n as is_last,
                case when failing > 0 and failing < n
                    then cast(ln(1 - failing / n) as decimal(38, 18)) end as log_term,
                case when failing > 0 and failing < n
                    then cast(failing / (n * (n - failing)) as decimal(38, 18)) end as variance_term
            from at_risk
        )
        select {_group_columns(request)}
            cast(coalesce(sum(leaving), 0) as bigint) as n_mature,
            cast(coalesce(sum(n_pending), 0) as bigint) as n_pending,
            coalesce(bool_or(is_open), false) as is_open,
            cast(coalesce(sum(log_term), 0) as double) as log_survival,
            cast(coalesce(sum(variance_term), 0) as double) as variance,
            coalesce(bool_or(is_last), false) as has_none_left
        from terms{_group_by(request, "true")}
    """


def _per_orders(metric: MetricDefinition, query: Query) -> str:
    """Contacts of a group beside all orders of its period and program (fine prints 13 and 27)."""
    request = query.request
    programs = tuple(name for name in request.by if name in PROGRAM_DIMENSIONS)
    is_split = len(programs) < len(request.by)
    contact_where = query.where(metric.dimensions)
    order_where = query.where(PROGRAM_DIMENSIONS)
    period, is_open = (
        PERIODS[request.grain],
        f"coalesce({LAST_DAYS[request.grain]} >= programs.as_of_date, false)",
    )

    def side(days: str, names: Sequence[str], where: str, joins: str) -> str:
        columns = "".join(f"{query.column(name)} as by_{name}, " for name in names)
        group = ", ".join(["1", *(str(index + 2) for index in range(len(names)))])
        return (
            f"select {period} as period_start, {columns}sum(metric_rows.n) as n, "
            f"bool_or({is_open}) as is_open from ({days}) as metric_rows "
            "left join programs on programs.program_id = metric_rows.program_id "
            f"{joins} where {where} group by {group}"
        )

    raw = ", ".join(["event_date", *query.raw(metric.dimensions)])
    if query.is_from_days:
        count = f"{metric.key}_total"
        contact_days = f"select {raw}, {count} as n from {table_of(metric).name} where {count} > 0"
    else:
        # days first: what is joined and cut into periods is then days, not rows
        contact_days = f"select {raw}, count(*) as n from ({metric.sql}) where {query.days()} group by {raw}"
    order_days = f"select event_date, program_id, n from {ORDERS}"
    keys = ["period_start", *(f"by_{name}" for name in programs)]
    match = " and ".join(f"per_contact.{key} is not distinct from per_order.{key}" for key in keys)
    join = "left join" if is_split else "full outer join"
    columns = [f"coalesce(per_contact.{key}, per_order.{key}) as {key}" for key in keys]
    columns += [f"per_contact.by_{name} as by_{name}" for name in request.by if name not in programs]
    return f"""
        with per_contact as ({side(contact_days, request.by, contact_where, query.agents("metric_rows"))}),
        per_order as ({side(order_days, programs, order_where, "")}),
        joined as (
            select {", ".join(columns)},
                coalesce(per_contact.n, 0) as contacts,
                coalesce(per_order.n, 0) as orders,
                coalesce(per_contact.is_open, false) or coalesce(per_order.is_open, false) as is_open
            from per_contact {join} per_order on {match}
        )
        select {_group_columns(request)} cast(coalesce(sum(orders), 0) as bigint) as n_mature,
            cast(0 as bigint) as n_pending,
            coalesce(bool_or(is_open), false) as is_open,
            cast(coalesce(sum(contacts), 0) as bigint) as total
        from joined{_group_by(request, "true")}
    """
