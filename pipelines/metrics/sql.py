"""The SELECTs of metrics that are no sums of days: counted once, percentiles, pairs, survival, per orders.

Every query returns period_start, the dimensions asked for, then the sums that `rows` turns into
values; nothing is divided here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from pipelines.metrics.catalogue import PROGRAM_DIMENSIONS, MetricDefinition
from pipelines.metrics.days import ORDERS, table_of
from pipelines.metrics.query import (
    LAST_DAYS,
    PERIODS,
    Query,
    group_by,
    group_columns,
    rows_and_units,
    select_units,
)
from pipelines.metrics.request import MetricRequest


def grouped(metric: MetricDefinition, request: MetricRequest) -> tuple[str, dict[str, Any]]:
    """The query that groups the units of a metric that does not add up over days, and its parameters.

    Returns:
        A SELECT of period_start, the dimensions, n_mature, n_pending, is_open and, by kind,
        total, log_survival, has_none_left or variance.
    """
    query = Query.of(metric, request)
    if metric.kind == "per_orders":
        return _per_orders(metric, query), query.parameters
    if metric.kind == "pairs":
        return _pairs(metric, query), query.parameters
    if metric.kind == "survival":
        return _survival(metric, query), query.parameters
    return _from_first_units(metric, query), query.parameters


def grouped_percentiles(
    metrics: Sequence[MetricDefinition], request: MetricRequest
) -> tuple[str, dict[str, Any]]:
    """The query of percentiles of the same values, which are put in order once, and its parameters.

    Returns:
        A SELECT of period_start, the dimensions, then by place of the metric n_mature_0, n_pending_0,
        is_open_0 and quantile_0.
    """
    query = Query.of(metrics[0], request)
    shares = ", ".join(str(metric.percentile) for metric in metrics)
    sums = ", ".join(
        f"count(*) filter (where in_denominator) as n_mature_{place}, "
        f"count(*) filter (where is_pending) as n_pending_{place}, "
        f"coalesce(bool_or(is_open), false) as is_open_{place}, "
        f"(quantile_cont(value, [{shares}]) filter (where in_denominator))[{place + 1}] as quantile_{place}"
        for place in range(len(metrics))
    )
    return (
        f"with {rows_and_units(metrics[0], query)} select {group_columns(request)}{sums} from units"
        f"{group_by(request, 'true')}"
    ), query.parameters


def unit_ctes(metric: MetricDefinition, request: MetricRequest) -> tuple[str, dict[str, Any]]:
    """CTEs that end in `units`, the rows that count in one row over its days, and the parameters."""
    query = Query(replace(request, by=(), grain="all"))
    return rows_and_units(metric, query), query.parameters


def _from_first_units(metric: MetricDefinition, query: Query) -> str:
    """Orders or customers, each counted once in a row at its first contact there (fine print 12).

    Of two contacts in one instant the smaller contact_id would be the first. It need not be looked for:
    what a unit's windows hold depends on the instant alone, so both say the same.

    A unit is a 64-bit hash, since names are grouped more slowly: that two of 10 million units share one has a
    chance of 3 in a million. `flags` says that it is mature (1), in the numerator (2), pending (4), open (8).
    """
    request = query.request
    group = ", ".join(["period_start", *(f"by_{name}" for name in request.by)])
    return f"""
        with metric_rows as (
            select event_date, program_id, agent_id, channel, issue, opened_at,
                hash({", ".join(metric.once)}) as unit,
                cast(
                    cast(in_denominator as utinyint) + 2 * cast(in_denominator and in_numerator as utinyint)
                        + 4 * cast(is_pending as utinyint) as utinyint
                ) as flags
            from ({metric.sql})
        ),
        candidates as ({select_units(metric, query, "metric_rows")}),
        units as (
            -- a unit is one program's, so its rows in a period are open together; the first row's flags stand
            -- behind its time in one number, whose least is found faster than a row by its time
            select {group},
                min(16 * epoch_us(opened_at) + 8 * cast(is_open as utinyint) + flags) as flags
            from candidates group by {group}, unit
        )
        select {group_columns(request)} count(*) filter (where flags & 1 = 1) as n_mature,
            count(*) filter (where flags & 4 = 4) as n_pending,
            coalesce(bool_or(flags & 8 = 8), false) as is_open, count(*) filter (where flags & 2 = 2) as total
        from units{group_by(request, "n_mature > 0 or n_pending > 0")}
    """


def _pairs(metric: MetricDefinition, query: Query) -> str:
    """Agreeing pairs of different agents within program, issue and value band (fine print 15).

    Pairs of different agents = all pairs − pairs of one agent, and the same for agreeing pairs.
    """
    request = query.request
    names = ["period_start", *(f"by_{name}" for name in request.by)]
    same = ", ".join(f"any_value({name}) as {name}" for name in names)
    return f"""
        with {rows_and_units(metric, query)},
        keyed as (
            -- a few thousand strata: as numbers they are grouped faster, and no two share one
            select {", ".join(names)}, hash({", ".join(names)}, program_id, issue, value_band) as stratum,
                agent_id, resolution, is_open
            from units
        ),
        cells as (
            select stratum, agent_id, resolution, count(*) as n, bool_or(is_open) as is_open, {same}
            from keyed group by stratum, agent_id, resolution
        ),
        by_agent as (select stratum, sum(n) as n from cells group by stratum, agent_id),
        by_resolution as (select stratum, sum(n) as n from cells group by stratum, resolution),
        agent_pairs as (select stratum, sum(n * (n - 1)) as pairs from by_agent group by stratum),
        resolution_pairs as (select stratum, sum(n * (n - 1)) as pairs from by_resolution group by stratum),
        whole as (
            select stratum, sum(n) as n, sum(n * (n - 1)) as pairs_of_both, bool_or(is_open) as is_open,
                {same}
            from cells group by stratum
        ),
        strata as (
            select whole.*,
                cast(n * (n - 1) - agent_pairs.pairs as double) as different,
                cast(resolution_pairs.pairs - pairs_of_both as double) as agreeing
            from whole
            inner join agent_pairs on agent_pairs.stratum = whole.stratum
            inner join resolution_pairs on resolution_pairs.stratum = whole.stratum
        )
        select {group_columns(request)}
            cast(coalesce(sum(n) filter (where different > 0), 0) as bigint) as n_mature,
            cast(0 as bigint) as n_pending,
            coalesce(bool_or(is_open) filter (where different > 0), false) as is_open,
            sum(cast(n * (agreeing / nullif(different, 0)) as decimal(26, 12))) filter (where different > 0)
                as total
        from strata{group_by(request, "n_mature > 0")}
    """


def _survival(metric: MetricDefinition, query: Query) -> str:
    """Kaplan and Meier's product over the times of failure, as a sum of logarithms (fine print 23).

    Who fails and who leaves at one instant are both at risk then: failures come before censorings.
    The terms are added as decimals, so that the sum does not depend on their order.
    """
    request = query.request
    group = ", ".join(["period_start", *(f"by_{name}" for name in request.by)])
    return f"""
        with {rows_and_units(metric, query)},
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
        select {group_columns(request)}
            cast(coalesce(sum(leaving), 0) as bigint) as n_mature,
            cast(coalesce(sum(n_pending), 0) as bigint) as n_pending,
            coalesce(bool_or(is_open), false) as is_open,
            cast(coalesce(sum(log_term), 0) as double) as log_survival,
            cast(coalesce(sum(variance_term), 0) as double) as variance,
            coalesce(bool_or(is_last), false) as has_none_left
        from terms{group_by(request, "true")}
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
        select {group_columns(request)} cast(coalesce(sum(orders), 0) as bigint) as n_mature,
            cast(0 as bigint) as n_pending,
            coalesce(bool_or(is_open), false) as is_open,
            cast(coalesce(sum(contacts), 0) as bigint) as total
        from joined{group_by(request, "true")}
    """
