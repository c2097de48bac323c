"""csat_adjusted: ratings reweighted to all handled contacts, so that who answers does not make the number."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import polars as pl

from pipelines.metrics.catalogue import CONTACT_DIMENSIONS
from pipelines.metrics.query import LAST_DAYS, PERIODS, Query
from pipelines.metrics.request import MetricRequest
from pipelines.stats.intervals import Z95

LEAST_RATINGS = 5
"""Ratings of a stratum below which it is put together with others."""
# What strata are made of, the finest first; what is too few at one level is put together at the next.
_LEVELS: tuple[tuple[str, ...], ...] = (
    ("s_solved", "s_issue", "s_channel"),
    ("s_solved", "s_issue"),
    ("s_solved",),
    (),
)


def csat_adjusted(con: duckdb.DuckDBPyConnection, request: MetricRequest) -> pl.DataFrame:
    """Adjusted satisfaction by period and group.

    Args:
        con: A cursor on a published warehouse.
        request: Splits, days, grain and filters; its metrics are not looked at.

    Returns:
        period_start, the dimensions, value, lower, upper, n (ratings), contacts (handled), is_open; groups
        without a rating are left out.
    """
    return post_stratified_rows(satisfaction_strata(con, request), ("period_start", *request.by))


def satisfaction_strata(con: duckdb.DuckDBPyConnection, request: MetricRequest) -> pl.DataFrame:
    """Handled contacts, their ratings and top-two ratings by period, group and stratum.

    Returns:
        period_start, the dimensions, s_solved, s_issue, s_channel, contacts, ratings, satisfied, is_open.
    """
    query = Query(request)
    columns = [f"{query.column(name)} as {name}" for name in request.by]
    group = ", ".join([f"{PERIODS[request.grain]} as period_start", *columns])
    sql = f"""
        select {group},
            not (coalesce(resolution = 'unresolved', false) or reopens > 0 or repeat_contact_id is not null)
                as s_solved,
            metric_rows.issue as s_issue, metric_rows.channel as s_channel,
            count(*) as contacts, count(csat) as ratings, count(*) filter (where csat >= 4) as satisfied,
            coalesce(bool_or({LAST_DAYS[request.grain]} >= programs.as_of_date), false) as is_open
        from (select *, opened_date as event_date from contacts where is_handled) as metric_rows
        left join programs on programs.program_id = metric_rows.program_id
        {query.agents("metric_rows")}
        where {query.where(CONTACT_DIMENSIONS)}
        group by all
        order by all
    """
    return con.sql(sql, params=query.parameters).pl()


def post_stratified_rows(strata: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """Adjusted means of each group from its strata, the thin ones put together.

    The mean of a group is Σ N·p / Σ N, its squared error n/(n − 1) · Σ N²·p·(1 − p)/r / (Σ N)², with N
    contacts, r ratings and n the ratings of all its strata: post-stratification with linearised errors, as
    `pipelines.stats.poststratify` computes it from the ratings one by one.

    Args:
        strata: As `satisfaction_strata` returns them.
        keys: Columns that name a group.

    Source: Lumley (2010), Complex Surveys, section 7.2.
    """
    names = list(keys)
    merged = _merged(strata, names)
    share = pl.col("satisfied") / pl.col("ratings")
    size = pl.col("contacts").sum()
    n = pl.col("ratings").sum()
    return (
        merged.group_by(*names, maintain_order=True)
        .agg(
            value=(pl.col("contacts") * share).sum() / size,
            error=((pl.col("contacts") ** 2 * share * (1 - share) / pl.col("ratings")).sum()).sqrt() / size,
            n=n,
            contacts=size,
            is_open=pl.col("is_open").any(),
        )
        .with_columns(error=pl.col("error") * (pl.col("n") / (pl.col("n") - 1)).sqrt())
        .with_columns(
            error=pl.when(pl.col("n") > 1).then("error"),
        )
        .select(
            *names,
            "value",
            lower=(pl.col("value") - Z95 * pl.col("error")).clip(0, 1),
            upper=(pl.col("value") + Z95 * pl.col("error")).clip(0, 1),
            n=pl.col("n").cast(pl.Int64),
            contacts=pl.col("contacts").cast(pl.Int64),
            is_open="is_open",
        )
    )


def _merged(strata: pl.DataFrame, names: list[str]) -> pl.DataFrame:
    """Strata with enough ratings, group by group; what is left at the end joins the group's largest."""
    counts = [pl.col(name).sum() for name in ("contacts", "ratings", "satisfied")]
    rest, kept = strata, []
    for level in _LEVELS:
        own = [*names, *level]
        # nulls are values here: an unknown channel is a channel
        found = rest.group_by(own or [pl.lit(0)], maintain_order=True).agg(*counts, pl.col("is_open").any())
        enough = found.filter(pl.col("ratings") >= LEAST_RATINGS)
        kept.append(enough.select(*names, "contacts", "ratings", "satisfied", "is_open"))
        if own:
            rest = rest.join(enough.select(own), on=own, how="anti", nulls_equal=True, maintain_order="left")
        elif enough.height:
            rest = rest.head(0)
    left = rest.group_by(names or [pl.lit(0)], maintain_order=True).agg(*counts, pl.col("is_open").any())
    left = left.select(*names, "contacts", "ratings", "satisfied", "is_open")
    whole = pl.concat([*kept, left]).with_row_index("place")
    # The remainder has fewer than five ratings: it goes to the largest stratum there is in its group.
    largest = (
        whole.with_columns(is_left=pl.col("place") >= whole.height - left.height)
        .sort("is_left", "contacts", "place", descending=[False, True, False])
        .with_columns(first=pl.col("place").first().over(names) if names else pl.col("place").first())
        .with_columns(stratum=pl.when("is_left").then("first").otherwise("place"))
    )
    pooled = (
        largest.sort("place")
        .group_by(*names, "stratum", maintain_order=True)
        .agg(*counts, pl.col("is_open").any())
    )
    return pooled.filter(pl.col("ratings") > 0)
