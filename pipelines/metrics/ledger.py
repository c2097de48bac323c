"""The refund ledger: what was at stake, what went back, what was kept and at what price; and the rows.

Sums of `stakes` that are mature, by group and always by currency; amounts of several currencies are never
added. The figures are those of the metrics: retained is value_retained, net is net_value_retained.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb
import polars as pl

from pipelines.errors import UsageError, did_you_mean
from pipelines.metrics.catalogue import CONTACT_DIMENSIONS
from pipelines.metrics.query import Query, column_of
from pipelines.metrics.request import MetricRequest

_METRIC = "value_retained"  # whose units are stakes: says which dimensions a stake has


@dataclass(frozen=True)
class Figure:
    """One line of the ledger.

    Attributes:
        key: Column of the ledger.
        label: What it is called.
        meaning: What it counts, in one sentence.
        condition: Which stakes take part, in SQL.
        amount: What each of them brings, in SQL.
    """

    key: str
    label: str
    meaning: str
    condition: str
    amount: str


FIGURES = (
    Figure(
        "at_stake",
        "At stake",
        "Value of the orders on which a refund was asked for, less what had gone back before.",
        "is_mature",
        "at_stake",
    ),
    Figure(
        "refunds",
        "Refunded",
        "Refunds in the window after the ask, at most what was at stake.",
        "is_mature",
        "refunded - charged_back",
    ),
    Figure(
        "chargebacks",
        "Charged back",
        "Chargebacks in the window, at most what was at stake.",
        "is_mature",
        "charged_back",
    ),
    Figure(
        "retained",
        "Retained",
        "At stake and neither refunded nor charged back in the window.",
        "is_mature",
        "retained",
    ),
    Figure(
        "concessions",
        "Concessions",
        "Store credits, discounts, replacements, reshipments and exchanges given in the window.",
        "is_mature",
        "concessions",
    ),
    Figure("net", "Net retained", "Retained less concessions.", "is_mature", "retained - concessions"),
    Figure(
        "claw_backs",
        "Clawed back",
        "Refunds and chargebacks after the window: shown, never folded in.",
        "is_mature",
        "clawed_back",
    ),
    Figure(
        "healthy",
        "Kept in health",
        "Retained on avoided refunds after which the customer neither came back, charged back nor rated 1–2.",
        "is_healthy_mature and is_healthy",
        "retained",
    ),
    Figure(
        "deflected",
        "Kept by deflection",
        "Retained on avoided refunds after which the customer came back, charged back or rated 1–2.",
        "is_healthy_mature and is_avoided and not is_healthy",
        "retained",
    ),
    Figure(
        "undecided",
        "Kept, too early to say how",
        "Retained on avoided refunds whose chargeback or first-contact window is still open.",
        "is_mature and not is_healthy_mature and is_avoided",
        "retained",
    ),
    Figure(
        "partly",
        "Rest of partial refunds",
        "Retained where a part was refunded or charged back.",
        "is_mature and not is_avoided",
        "retained",
    ),
    Figure(
        "pending",
        "At stake, window open",
        "At stake on asks whose refund window is still open; in no other figure.",
        "not is_mature",
        "at_stake",
    ),
)
"""Lines of the ledger: at_stake = refunds + chargebacks + retained; net = retained − concessions;
retained = healthy + deflected + undecided + partly."""

_COUNTS = {
    "n_stakes": "is_mature",
    "n_avoided": "is_mature and is_avoided",
    "n_healthy": "is_healthy_mature and is_healthy",
    "n_deflected": "is_healthy_mature and is_avoided and not is_healthy",
    "n_decided": "is_healthy_mature",
    "n_pending": "not is_mature",
}
_ROWS = """
    charged as (
        select stakes.contact_id, sum(order_outcomes.program_amount) as amount
        from stakes
        inner join order_outcomes
            on order_outcomes.order_id = stakes.order_id
            and order_outcomes.occurred_at > stakes.opened_at
            and order_outcomes.occurred_at <= stakes.window_ends_at
        where order_outcomes.kind = 'chargeback'
        group by stakes.contact_id
    ),
    metric_rows as (
        select stakes.*, stakes.opened_date as event_date,
            least(coalesce(charged.amount, 0), stakes.refunded) as charged_back
        from stakes
        left join charged on charged.contact_id = stakes.contact_id
    )
"""
_JOINED = (
    "from metric_rows left join programs on programs.program_id = metric_rows.program_id "
    "left join agents on agents.agent_id = metric_rows.agent_id"
)
_SHOWN = (
    "contact_id", "order_id", "event_date", "program_id", "agent_id", "channel", "issue", "currency",
    "order_amount", "at_stake", "refunded", "charged_back", "retained", "concessions", "clawed_back",
    "is_avoided", "has_repeat", "has_chargeback", "is_csat_low",
)  # fmt: skip


def figure(key: str) -> Figure:
    """One line of the ledger.

    Raises:
        UsageError: If there is none of that key.
    """
    keys = [each.key for each in FIGURES]
    if key not in keys:
        raise UsageError(
            f"the ledger has no figure '{key}'; it has: {', '.join(keys)}.{did_you_mean(key, keys)}"
        )
    return FIGURES[keys.index(key)]


def ledger(con: duckdb.DuckDBPyConnection, request: MetricRequest) -> pl.DataFrame:
    """The ledger by group and currency.

    Args:
        con: A cursor on a published warehouse.
        request: Dimensions to split by, days and filters; its metrics and grain are not looked at.

    Returns:
        The dimensions, currency, then n_stakes, n_avoided, n_healthy, n_deflected, n_decided (stakes mature
        in all windows) and n_pending, then an amount a figure in the currency's unit; ordered by currency and
        the dimensions, unknown last.

    Raises:
        UsageError: If a dimension is unknown.
    """
    query = _query(request)
    names = "".join(f"{column_of(name)} as {name}, " for name in request.by)
    counts = ", ".join(f"count(*) filter (where {condition}) as {key}" for key, condition in _COUNTS.items())
    sums = ", ".join(
        f"cast(coalesce(sum({each.amount}) filter (where {each.condition}), 0) as double) as {each.key}"
        for each in FIGURES
    )
    keys = ", ".join([column_of(name) for name in request.by] + ["metric_rows.currency"])
    order = ", ".join(["currency", *(f"{name} nulls last" for name in request.by)])
    return con.sql(
        f"with {_ROWS} select {names}metric_rows.currency as currency, {counts}, {sums} {_JOINED} "
        f"where {query.where(CONTACT_DIMENSIONS)} group by {keys} order by {order}",
        params=query.parameters,
    ).pl()


def ledger_rows(
    con: duckdb.DuckDBPyConnection,
    request: MetricRequest,
    key: str,
    group: Mapping[str, str | None],
    *,
    limit: int,
) -> tuple[pl.DataFrame, int]:
    """The stakes behind one figure, the largest amounts first, and how many there are.

    Args:
        con: A cursor on a published warehouse.
        request: Days and filters.
        key: The figure.
        group: Values of dimensions, or of currency, that the stakes have; None is unknown.
        limit: Most rows returned.

    Returns:
        Rows with `amount`, what each brings to the figure (none is 0), then its contact, order and money; and
        the number of rows without the limit.

    Raises:
        UsageError: If the figure or a dimension is unknown.
    """
    what = figure(key)
    query = _query(MetricRequest(
        metrics=request.metrics, by=tuple(name for name in group if name != "currency"),
        start=request.start, end=request.end, filters=request.filters,
    ))  # fmt: skip
    conditions = [query.where(CONTACT_DIMENSIONS), f"({what.condition})", f"{what.amount} <> 0"]
    parameters = {**query.parameters, "most": limit}
    for place, (name, value) in enumerate(group.items()):
        column = "metric_rows.currency" if name == "currency" else column_of(name)
        conditions.append(f"{column} is not distinct from $group_{place}")
        parameters[f"group_{place}"] = value
    columns = ", ".join(f"metric_rows.{name}" for name in _SHOWN)
    rows = con.sql(
        f"with {_ROWS} select {what.amount} as amount, agents.site as site, {columns}, "
        f"count(*) over () as n_rows {_JOINED} where {' and '.join(conditions)} "
        "order by amount desc, metric_rows.contact_id limit $most",
        params=parameters,
    ).pl()
    return rows.drop("n_rows"), int(rows["n_rows"][0]) if rows.height else 0


def _query(request: MetricRequest) -> Query:
    asked = MetricRequest(
        metrics=(_METRIC,), by=request.by, start=request.start, end=request.end, filters=request.filters
    )
    asked.definitions()
    return Query(asked)


def stake_units(con: duckdb.DuckDBPyConnection, request: MetricRequest) -> pl.DataFrame:
    """Mature stakes with what a refund may depend on before anybody handled them.

    Args:
        con: A cursor on a published warehouse.
        request: Days and filters; the rest is not looked at.

    Returns:
        Rows by contact_id with event_date, program_id, site, team, channel, issue, currency, customer (a
        number that means nothing but the same customer within this answer), at_stake, retained, is_avoided,
        was_part_refunded (money had gone back before), days_since_order, days_late (of the delivery against
        its promise, as known at the opening), is_delivered (by the opening) and earlier_orders (of the
        customer in the program).
    """
    query = _query(request)
    return con.sql(
        f"""with {_ROWS}, ranked as (
            select order_id, ordered_at, promised_at, delivered_at,
                row_number() over (partition by program_id, customer_id order by ordered_at, order_id) - 1
                    as earlier_orders
            from orders
        )
        select metric_rows.contact_id, metric_rows.event_date, metric_rows.program_id, agents.site,
            agents.team, metric_rows.channel, metric_rows.issue, metric_rows.currency,
            dense_rank() over (order by metric_rows.program_id, metric_rows.customer_id) as customer,
            cast(metric_rows.at_stake as double) as at_stake,
            cast(metric_rows.retained as double) as retained,
            metric_rows.is_avoided, metric_rows.at_stake < metric_rows.order_amount as was_part_refunded,
            date_diff('hour', ranked.ordered_at, metric_rows.opened_at) / 24.0 as days_since_order,
            greatest(0, coalesce(date_diff(
                'hour', ranked.promised_at,
                least(coalesce(ranked.delivered_at, metric_rows.opened_at), metric_rows.opened_at)
            ), 0)) / 24.0 as days_late,
            coalesce(ranked.delivered_at <= metric_rows.opened_at, false) as is_delivered,
            ranked.earlier_orders
        {_JOINED} inner join ranked on ranked.order_id = metric_rows.order_id
        where metric_rows.is_mature and {query.where(CONTACT_DIMENSIONS)}
        order by metric_rows.contact_id""",
        params=query.parameters,
    ).pl()
