"""What is made once a build so that questions are quick: sums by day.

They are kept by day, program, site, channel and issue; most questions are answered from them.

A question about agents, teams or regions, and every metric whose days do not add up, is answered from the
rows instead; both ways give the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import duckdb

from pipelines.metrics.catalogue import MetricDefinition, catalogue
from pipelines.metrics.together import adds_up, day_sums, in_groups, units_of

DAY_DIMENSIONS = ("program_id", "operating_model", "site", "channel", "issue")
"""Dimensions that the sums by day keep apart."""

ORDERS = "internal.days_orders"
DAY_PARTS = ("n_mature", "n_pending", "total", "squares")
"""What is summed of a metric by day; squares of a mean alone."""


@dataclass(frozen=True)
class DayTable:
    """One table of sums by day, whose columns are named by metric and part: `fcr_n_mature`.

    Attributes:
        name: With its schema.
        metrics: Metrics that it holds, whose units are rows of one table.
    """

    name: str
    metrics: tuple[MetricDefinition, ...]

    def create(self, con: duckdb.DuckDBPyConnection) -> None:
        """Make the table from the marts."""
        has_agents = "agent_id" in self.metrics[0].dimensions
        raw = ("program_id", "channel", "issue") if has_agents else ("program_id",)
        kept = [*raw, *(["site"] if has_agents else [])]
        if any(metric.kind == "sum" for metric in self.metrics):
            kept.append("currency")
        sums = [
            f"{part}_{place} as {metric.key}_{part}"
            for place, metric in enumerate(self.metrics)
            for part in day_parts(metric)
        ]
        con.execute(
            f"create table {self.name} as select event_date, {', '.join([*kept, *sums])} "
            f"from ({day_sums(self.metrics, raw, with_site=has_agents)})"
        )


def stands_by_day(metric: MetricDefinition) -> bool:
    """Whether the sums by day hold a metric: it adds up over days, or is a count per order."""
    return adds_up(metric) or metric.kind == "per_orders"


def day_parts(metric: MetricDefinition) -> Sequence[str]:
    """Which of `DAY_PARTS` are kept of a metric."""
    if metric.kind == "per_orders":
        return ("total",)
    return DAY_PARTS if metric.kind == "mean" else DAY_PARTS[:-1]


@cache
def day_tables() -> tuple[DayTable, ...]:
    """The tables of sums by day, one a table whose rows are units."""
    kept = [metric for metric in catalogue() if stands_by_day(metric)]
    return tuple(DayTable(f"internal.days_{_word(group)}", tuple(group)) for group in in_groups(kept))


def _word(group: Sequence[MetricDefinition]) -> str:
    table = units_of(group[0]).table
    return table if table.isidentifier() else group[0].key


def table_of(metric: MetricDefinition) -> DayTable:
    """The table of sums by day that holds a metric that adds up, or one per order."""
    return next(table for table in day_tables() if metric in table.metrics)


def create_days(con: duckdb.DuckDBPyConnection) -> None:
    """Make sums by day, and the orders of each day and program, from the marts of a build."""
    for table in day_tables():
        table.create(con)
    con.execute(
        f"create table {ORDERS} as select ordered_date as event_date, program_id, count(*) as n "
        "from orders group by ordered_date, program_id"
    )
