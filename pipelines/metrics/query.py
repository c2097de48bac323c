"""A SELECT of metric rows under construction: what is kept, split and cut into periods.

Names that are pasted into SQL come from the catalogue only; everything else is a parameter.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pipelines.metrics.catalogue import MetricDefinition
from pipelines.metrics.days import DAY_DIMENSIONS, stands_by_day
from pipelines.metrics.request import MetricRequest

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
DAY_SOURCES = {**_SOURCES, "site": "metric_rows"}
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
            return cls(request, sources=DAY_SOURCES)
        return cls(request)

    @property
    def is_from_days(self) -> bool:
        """Whether the sums by day are read."""
        return self.sources is DAY_SOURCES

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


def column_of(dimension: str) -> str:
    """A dimension as a column of the rows joined with `agents` and `programs`."""
    return f"{_SOURCES[dimension]}.{dimension}"


def rows_and_units(metric: MetricDefinition, query: Query) -> str:
    """CTEs `metric_rows` and `units`: the rows that the request keeps, with period and dimensions."""
    select = select_units(metric, query, "metric_rows")
    if not metric.once:
        return f"metric_rows as ({metric.sql}), units as ({select})"
    group = ", ".join(["period_start", *(f"by_{name}" for name in query.request.by), *metric.once])
    return (
        f"metric_rows as ({metric.sql}), candidates as ({select}), units as ("
        "select * from (select *, row_number() over "
        f"(partition by {group} order by opened_at, contact_id) as position from candidates) "
        "where position = 1)"
    )


def select_units(metric: MetricDefinition, query: Query, table: str) -> str:
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


def group_columns(request: MetricRequest) -> str:
    """Period and dimensions of a printed row, each column followed by a comma."""
    names = [f"by_{name} as {name}" for name in request.by]
    period = "cast(null as date) as period_start" if request.grain == "all" else "period_start"
    return ", ".join([period, *names]) + ", "


def group_by(request: MetricRequest, keep: str) -> str:
    """GROUP BY, HAVING and ORDER BY; a single row is always printed without period and split."""
    names = [*([] if request.grain == "all" else ["period_start"]), *(f"by_{name}" for name in request.by)]
    if not names:
        return ""
    order = ", ".join(f"{name} asc nulls last" for name in names)
    return f" group by {', '.join(names)} having {keep} order by {order}"
