"""What contacts do to customers: whether they order again, and what was conceded for a good rating.

Units are those of the metrics: `repurchase` counts the customers of repeat_purchase_rate by what came of
their contact, `concession_cells` the rated contacts of csat that name an order.
"""

from __future__ import annotations

from dataclasses import replace

import duckdb
import polars as pl

from pipelines.metrics.catalogue import CONTACT_DIMENSIONS, PROGRAM_DIMENSIONS, definition
from pipelines.metrics.query import Query
from pipelines.metrics.request import MetricRequest
from pipelines.metrics.sql import unit_ctes

TOP_TWO, MIDDLE, BOTTOM_TWO, UNRATED = "top two", "middle", "bottom two", "not rated"
"""Boxes of the normalised rating: from 4 on, between, up to 2."""

_RATING = f"""case
    when contacts.csat >= 4 then '{TOP_TWO}'
    when contacts.csat <= 2 then '{BOTTOM_TWO}'
    when contacts.csat is not null then '{MIDDLE}'
    else '{UNRATED}' end"""
_COUNTS = (
    "count(*) filter (where in_denominator) as n, "
    "count(*) filter (where in_denominator and in_numerator) as again, "
    "count(*) filter (where is_pending) as pending"
)


def repurchase(con: duckdb.DuckDBPyConnection, request: MetricRequest) -> pl.DataFrame:
    """Customers by what came of their first handled contact in the period, and who of them ordered again.

    Args:
        con: A cursor on a published warehouse.
        request: Days and filters; the rest is not looked at.

    Returns:
        fcr_state (resolved, repeated, unresolved, pending; empty where that contact is no first contact of a
        problem), rating (top two, middle, bottom two, not rated), n (mature customers), again (of them those
        who ordered in the window), pending. Sums are those of repeat_purchase_rate.

    Raises:
        UsageError: If a filter is unknown.
    """
    asked = replace(request, metrics=("repeat_purchase_rate",), by=(), grain="all")
    asked.definitions()
    sql, parameters = unit_ctes(definition("repeat_purchase_rate"), asked)
    return con.sql(
        f"""with {sql}
        select contacts.fcr_state, {_RATING} as rating, {_COUNTS}
        from units inner join contacts on contacts.contact_id = units.contact_id
        group by all order by fcr_state nulls last, rating""",
        params=parameters,
    ).pl()


def repurchase_without_contact(con: duckdb.DuckDBPyConnection, request: MetricRequest) -> pl.DataFrame:
    """Customers with an order in the period and no contact of any kind in it, and who ordered again.

    Each counts once, at the first order in the period; ordered again is another order after that one, up to
    the end of the repeat purchase window.

    Args:
        con: A cursor on a published warehouse.
        request: Days, and filters of which only those of programs apply: who has no contact has no channel.

    Returns:
        One row: n, again, pending, as `repurchase` has them.
    """
    kept = {name: values for name, values in request.filters.items() if name in PROGRAM_DIMENSIONS}
    query = Query(replace(request, metrics=("repeat_purchase_rate",), by=(), grain="all", filters=kept))
    return con.sql(
        f"""with metric_rows as (
            select program_id, customer_id, ordered_at, ordered_date as event_date from orders
        ),
        buyers as (
            select metric_rows.program_id, metric_rows.customer_id, min(metric_rows.ordered_at) as first_at
            from metric_rows left join programs on programs.program_id = metric_rows.program_id
            where {query.where(PROGRAM_DIMENSIONS)}
            group by all
        ),
        spoken as (
            select distinct program_id, customer_id
            from (select program_id, customer_id, opened_date as event_date from contacts)
            where {query.days()} and customer_id is not null
        ),
        silent as (select * from buyers anti join spoken using (program_id, customer_id)),
        followed as (
            select silent.first_at, min(orders.ordered_at) as next_at
            from silent left join orders
                on orders.program_id = silent.program_id
                and orders.customer_id = silent.customer_id
                and orders.ordered_at > silent.first_at
            group by silent.program_id, silent.customer_id, silent.first_at
        ),
        judged as (
            select followed.first_at + build.repeat_purchase_window <= build.as_of as in_denominator,
                followed.first_at + build.repeat_purchase_window > build.as_of as is_pending,
                coalesce(followed.next_at <= followed.first_at + build.repeat_purchase_window, false)
                    as in_numerator
            from followed cross join internal.build as build
        )
        select {_COUNTS} from judged""",
        params=query.parameters,
    ).pl()


def concession_cells(con: duckdb.DuckDBPyConnection, request: MetricRequest) -> pl.DataFrame:
    """Rated contacts about an order by issue, channel and whether anything was conceded after them.

    A contact counts where it was handled, is rated and names a known order of its program. It got a
    concession where its order has a store credit, discount, replacement, reshipment or exchange within the
    refund window after its opening; it is mature when that window is over.

    Args:
        con: A cursor on a published warehouse.
        request: Days and filters; the rest is not looked at.

    Returns:
        issue, channel, has_concession, n (mature), top (of them those rated in the top two boxes), pending.

    Raises:
        UsageError: If a filter is unknown.
    """
    asked = replace(request, metrics=("csat",), by=(), grain="all")
    asked.definitions()
    query = Query(asked)
    return con.sql(
        f"""with metric_rows as (
            select contacts.contact_id, contacts.program_id, contacts.agent_id, contacts.channel,
                contacts.issue, contacts.order_id, contacts.opened_at, contacts.opened_date as event_date,
                contacts.opened_at + build.refund_window as window_ends_at, contacts.csat >= 4 as is_top,
                contacts.opened_at + build.refund_window <= build.as_of as is_mature
            from contacts cross join internal.build as build
            where contacts.csat is not null and contacts.is_handled and contacts.has_own_order
        ),
        conceded as (
            select distinct metric_rows.contact_id
            from metric_rows inner join order_outcomes
                on order_outcomes.order_id = metric_rows.order_id
                and order_outcomes.occurred_at > metric_rows.opened_at
                and order_outcomes.occurred_at <= metric_rows.window_ends_at
            where order_outcomes.is_concession
        )
        select metric_rows.issue, metric_rows.channel, conceded.contact_id is not null as has_concession,
            count(*) filter (where metric_rows.is_mature) as n,
            count(*) filter (where metric_rows.is_mature and metric_rows.is_top) as top,
            count(*) filter (where not metric_rows.is_mature) as pending
        from metric_rows
        left join conceded on conceded.contact_id = metric_rows.contact_id
        left join programs on programs.program_id = metric_rows.program_id
        left join agents on agents.agent_id = metric_rows.agent_id
        where {query.where(CONTACT_DIMENSIONS)}
        group by all order by all""",
        params=query.parameters,
    ).pl()
