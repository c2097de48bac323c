"""The units behind a metric's number: their sums by group, and the rows themselves.

A unit that counts once in a row (an order, a customer) is chosen in the whole row first and split after, so
that parts add up to the whole; `metric_rows` chooses it in each group anew, as printed rows must.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

import duckdb
import polars as pl

from pipelines.errors import UsageError, did_you_mean
from pipelines.metrics.catalogue import MetricDefinition
from pipelines.metrics.query import column_of
from pipelines.metrics.request import MetricRequest
from pipelines.metrics.sql import unit_ctes

TENURE = "tenure"
"""Time from the agent's hiring to the unit's day, in bands; a dimension of these questions only."""

TENURE_BANDS = ("under 90 days", "90 days to 1 year", "1 to 2 years", "2 years or more")
GROUPED_KINDS = ("proportion", "mean")

_TENURE_SQL = f"""case
    when agents.hired_on is null then null
    when metric_rows.event_date < agents.hired_on + interval 90 day then '{TENURE_BANDS[0]}'
    when metric_rows.event_date < agents.hired_on + interval 365 day then '{TENURE_BANDS[1]}'
    when metric_rows.event_date < agents.hired_on + interval 730 day then '{TENURE_BANDS[2]}'
    else '{TENURE_BANDS[3]}' end"""
# What a row behind a number shows, as far as its metric has it; never the customer.
_SHOWN = ("contact_id", "order_id", "review_id", "event_id", "channel", "issue", "opened_at")
_MEASURES = ("in_numerator", "is_failure", "observed_for", "currency", "value")


def splits(metric: MetricDefinition) -> tuple[str, ...]:
    """Dimensions by which the units of a metric can be split, tenure included where it has agents."""
    return (*metric.dimensions, *((TENURE,) if "agent_id" in metric.dimensions else ()))


def cells(
    con: duckdb.DuckDBPyConnection, request: MetricRequest, *, means_of_percentiles: bool = False
) -> pl.DataFrame:
    """Sums of one metric's mature units by group.

    Args:
        con: A cursor on a published warehouse.
        request: One metric, of kind proportion or mean; `by` may name tenure too; the grain is not looked at.
        means_of_percentiles: Take a percentile's values too, whose mean is another measure than the metric.

    Returns:
        The dimensions, then n (mature units), total (of the numerator or of values), squares (of values; of
        a proportion its total again) and pending; ordered by the dimensions, unknown last.

    Raises:
        UsageError: If the request cannot be answered.
    """
    metric = _metric(request, request.by)
    if metric.kind not in (*GROUPED_KINDS, *(("percentile",) if means_of_percentiles else ())):
        raise UsageError(
            f"'{metric.key}' is a {metric.kind}, which has no mix and rate; ask for a proportion or a mean."
        )
    if metric.kind == "proportion":
        total = squares = "count(*) filter (where in_numerator and in_denominator)"
    else:
        total = "sum(cast(value as decimal(26, 12))) filter (where in_denominator)"
        squares = "sum(cast(value * value as decimal(26, 12))) filter (where in_denominator)"
    sql, parameters = unit_ctes(metric, request)
    names = ", ".join(f"{_expression(name)} as by_{name}" for name in request.by)
    columns = "".join(f"by_{name} as {name}, " for name in request.by)
    keys = ", ".join(f"by_{name}" for name in request.by)
    order = ", ".join(f"by_{name} nulls last" for name in request.by)
    grouping = f"group by {keys} having n > 0 or pending > 0 order by {order}" if keys else ""
    return con.sql(
        f"""with {sql}, placed as (select metric_rows.*{", " if names else ""}{names} {_joined(metric)})
        select {columns}count(*) filter (where in_denominator) as n,
            cast(coalesce({total}, 0) as double) as total,
            cast(coalesce({squares}, 0) as double) as squares,
            count(*) filter (where is_pending) as pending
        from placed {grouping}""",
        params=parameters,
    ).pl()


def unit_rows(
    con: duckdb.DuckDBPyConnection, request: MetricRequest, group: Mapping[str, str | None], *, limit: int
) -> tuple[pl.DataFrame, int]:
    """The mature units behind one number, newest first, and how many there are.

    Args:
        con: A cursor on a published warehouse.
        request: One metric; `by` is not looked at.
        group: Values of dimensions (tenure too) that the units have; None is unknown.
        limit: Most rows returned.

    Returns:
        Rows of event_date, program_id, site, agent_id, then what the metric has of contact_id, order_id,
        review_id, event_id, channel, issue, opened_at, in_numerator, value and the like; and the
        number of rows without the limit.

    Raises:
        UsageError: If the request cannot be answered.
    """
    metric = _metric(request, tuple(group))
    sql, parameters = unit_ctes(metric, request)
    found = con.sql(f"with {sql} select * from units limit 0", params=parameters).columns
    conditions = []
    for place, (name, value) in enumerate(group.items()):
        conditions.append(f"{_expression(name)} is not distinct from $group_{place}")
        parameters[f"group_{place}"] = value
    if "in_denominator" in found:
        conditions.append("metric_rows.in_denominator")
    where = " and ".join(conditions) or "true"
    own = [f"metric_rows.{name}" for name in (*_SHOWN, *_MEASURES) if name in found]
    agents = ["agents.site as site", "metric_rows.agent_id"] if "agent_id" in found else []
    columns = ["metric_rows.event_date", "metric_rows.program_id", *agents, *own]
    order = [name for name in ("opened_at", "contact_id", "review_id", "event_id") if name in found]
    rows = con.sql(
        f"with {sql} select {', '.join(columns)}, count(*) over () as n_rows {_joined(metric)} where {where} "
        f"order by metric_rows.event_date desc{''.join(f', metric_rows.{name} desc' for name in order)} "
        "limit $most",
        params={**parameters, "most": limit},
    ).pl()
    return rows.drop("n_rows"), int(rows["n_rows"][0]) if rows.height else 0


def _joined(metric: MetricDefinition) -> str:
    agents = "left join agents on agents.agent_id = metric_rows.agent_id"
    return (
        "from units as metric_rows left join programs on programs.program_id = metric_rows.program_id "
        f"{agents if 'agent_id' in metric.dimensions else ''}"
    )


def _metric(request: MetricRequest, dimensions: Collection[str]) -> MetricDefinition:
    if len(request.metrics) != 1:
        raise UsageError("the units of one metric at a time can be asked for.")
    (metric,) = replace(request, by=()).definitions()
    for name in dimensions:
        if name not in splits(metric):
            raise UsageError(
                f"'{metric.key}' cannot be split by '{name}'; it has: {', '.join(splits(metric))}."
                + did_you_mean(name, splits(metric))
            )
    return metric


def _expression(dimension: str) -> str:
    return _TENURE_SQL if dimension == TENURE else column_of(dimension)
