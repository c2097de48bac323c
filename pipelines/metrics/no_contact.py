"""The comparison group of repeat_purchase_rate: customers with an order and no contact in the same weeks."""

from __future__ import annotations

import duckdb
import numpy as np
import polars as pl

from pipelines.metrics.request import MetricRequest
from pipelines.metrics.sql import Query
from pipelines.stats.poststratify import post_stratified

# A customer and week of the program's own days; the first order of the week opens the window.
_SQL = """
    with spans as (select as_of, repeat_purchase_window as span from internal.build),
    met as (
        select program_id, customer_id, cast(date_trunc('week', opened_date) as date) as week,
            min(opened_date) as event_date, min(opened_at) as opened_at
        from contacts where is_handled and customer_id is not null group by all
    ),
    placed as (
        select program_id, customer_id, ordered_at, ordered_date as event_date,
            cast(date_trunc('week', ordered_date) as date) as week,
            lead(ordered_at) over (partition by program_id, customer_id order by ordered_at, order_id)
                as next_at
        from orders where customer_id is not null
    ),
    bought as (
        select placed.* from placed anti join met using (program_id, customer_id, week)
        qualify row_number() over (partition by program_id, customer_id, week order by ordered_at) = 1
    ),
    metric_rows as (
        select program_id, customer_id, week, event_date, false as has_contact, ordered_at as at,
            coalesce(next_at <= ordered_at + span, false) as again, ordered_at + span <= as_of as is_mature
        from bought cross join spans
        union all
        select program_id, customer_id, min(week), min(event_date), true, min(opened_at), false,
            min(opened_at) + any_value(span) <= any_value(as_of)
        from met cross join spans where {met_days} group by program_id, customer_id
    )
"""


def repeat_purchase_without_contact(con: duckdb.DuckDBPyConnection, request: MetricRequest) -> pl.DataFrame:
    """Share of customers without a contact who order again, weighted as those with one are over the weeks.

    Args:
        con: A cursor on a published warehouse.
        request: Splits (program_id, operating_model), days and filters.

    Returns:
        The dimensions, value, lower, upper, denominator (customers without a contact, by week), pending.
    """
    query = Query(request)
    group = ", ".join(f"{query.column(name)} as {name}" for name in request.by)
    group = f"{group}, " if group else ""
    rows = con.sql(
        _SQL.replace("{met_days}", query.days()) + f"select {group}week, has_contact, is_mature, again, "
        "hash(metric_rows.program_id, customer_id) as customer "
        "from metric_rows left join programs on programs.program_id = metric_rows.program_id "
        f"where {query.where(('program_id', 'operating_model'))}",
        params=query.parameters,
    ).pl()
    parts = []
    names = list(request.by)
    groups = rows.group_by(names, maintain_order=True) if names else [((), rows)]
    for key, own in groups:
        parts.append({**dict(zip(names, key, strict=True)), **_weighted(own)})
    return pl.DataFrame(parts, infer_schema_length=None)


def _weighted(rows: pl.DataFrame) -> dict[str, float | int | None]:
    pending = rows.filter(~pl.col("has_contact"), ~pl.col("is_mature")).height
    mature = rows.filter("is_mature")
    people = mature.filter("has_contact").group_by("week").agg(contacts=pl.len())
    without = mature.filter(~pl.col("has_contact")).join(people, on="week")
    nothing: dict[str, float | int | None] = dict.fromkeys(("value", "lower", "upper"))
    nothing |= {"denominator": without.height, "pending": pending}
    # Weeks in which nobody without a contact ordered say nothing, and are left out on both sides.
    people = people.join(without.select("week").unique(), on="week", how="semi").sort("week")
    if without["customer"].n_unique() < 2 or people.height == 0:
        return nothing
    week = without["week"].replace_strict(people["week"], np.arange(people.height), return_dtype=pl.Int64)
    found = post_stratified(
        without["again"].to_numpy().astype(np.float64),
        week.to_numpy(),
        people["contacts"].to_numpy(),
        cluster=without["customer"].to_numpy(),
    )
    limits = np.clip([found.lower, found.upper], 0, 1)
    return {**nothing, "value": found.mean, "lower": float(limits[0]), "upper": float(limits[1])}
