"""Periods rolled up from days that are kept in memory: one query answers many questions of one page.

A page asks the same metrics of this period, of the one before, by week and by quarter, of all programs and of
one. All follow from sums by day and program, so these are read once for a set of filters and added up here.
They give the same rows as `pipelines.metrics.by_day`, which answers whatever is split further.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import duckdb
import polars as pl

from pipelines.metrics.by_day import days_and_programs
from pipelines.metrics.catalogue import PROGRAM_DIMENSIONS, MetricDefinition
from pipelines.metrics.days import DAY_DIMENSIONS, ORDERS, DayTable, stands_by_day, table_of
from pipelines.metrics.kept import KeptFrames
from pipelines.metrics.request import MetricRequest

MOST_FRAMES = 64

_TRUNCATED = {"week": "1w", "month": "1mo", "quarter": "1q"}
_SHARED = ("event_date", *PROGRAM_DIMENSIONS, "as_of_date")
_Filters = tuple[tuple[str, tuple[str | None, ...]], ...]


def rolls_up(metric: MetricDefinition, request: MetricRequest) -> bool:
    """Whether a question about a metric is answered from days in memory."""
    return (
        stands_by_day(metric)
        and {*request.by} <= {*PROGRAM_DIMENSIONS}
        and {*request.filters} <= {*DAY_DIMENSIONS}
    )


class DaySums:
    """Sums by day and program of one warehouse, as they were asked for; safe to share between threads."""

    def __init__(self) -> None:
        self._frames = KeptFrames(MOST_FRAMES)

    def together(
        self, con: duckdb.DuckDBPyConnection, metrics: Sequence[MetricDefinition], request: MetricRequest
    ) -> pl.DataFrame:
        """Sums of some metrics by period and group, as the query of `by_day.grouped_together` gives them.

        Args:
            con: A cursor on the warehouse, always the same one's.
            metrics: Metrics of one group of `in_groups` of which `rolls_up` is true.
            request: The question.

        Returns:
            Columns period_start, the dimensions, then by place of the metric n_mature_0 and so on.
        """
        rows = self._frame(con, table_of(metrics[0]), _filters(metrics[0], request)).lazy()
        sums = [
            each
            for place, metric in enumerate(metrics)
            for each in _sums(metric, f"{metric.key}_", f"_{place}")
        ]
        return _rolled(request, rows, sums).collect(engine="in-memory")  # so few rows need no streaming

    def per_orders(
        self, con: duckdb.DuckDBPyConnection, metric: MetricDefinition, request: MetricRequest
    ) -> pl.DataFrame:
        """The same of one metric that counts rows per order; its columns bear no place."""
        total = pl.col(f"{metric.key}_total").alias("total")
        contacts = self._frame(con, table_of(metric), _filters(metric, request)).lazy()
        nothing = pl.lit(0, pl.Int64)
        rows = pl.concat(
            [
                contacts.select(*_SHARED, total, nothing.alias("n_mature")).filter(pl.col("total") > 0),
                self._frame(con, None, ())
                .lazy()
                .select(*_SHARED, nothing.alias("total"), pl.col("n").alias("n_mature")),
            ]
        ).with_columns(nothing.alias("n_pending"))
        sums = _sums(metric, "", "")
        return _rolled(request, rows, sums).collect(engine="in-memory")

    def _frame(
        self, con: duckdb.DuckDBPyConnection, table: DayTable | None, filters: _Filters
    ) -> pl.DataFrame:
        def read() -> pl.DataFrame:
            if table is None:
                days = con.sql(f"select event_date, program_id, n from {ORDERS}").pl()
            else:
                sql, parameters = days_and_programs(table, dict(filters))
                days = con.sql(sql, params=parameters).pl()
            return days.join(self._programs(con), on="program_id", how="left", maintain_order="left")

        return self._kept((ORDERS if table is None else table.name, filters), read)

    def _programs(self, con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
        columns = ", ".join((*PROGRAM_DIMENSIONS, "as_of_date"))
        return self._kept(("programs", ()), lambda: con.sql(f"select {columns} from programs").pl())

    def _kept(self, key: tuple[str, _Filters], read: Callable[[], pl.DataFrame]) -> pl.DataFrame:
        frame = self._frames.get(key)
        return self._frames.put(key, read()) if frame is None else frame


def _filters(metric: MetricDefinition, request: MetricRequest) -> _Filters:
    return tuple(
        sorted(
            (name, tuple(values))
            for name, values in request.filters.items()
            if name not in PROGRAM_DIMENSIONS and name in metric.dimensions
        )
    )


def _sums(metric: MetricDefinition, before: str, after: str) -> list[pl.Expr]:
    """What is added up of one metric, whose columns are named with `before`, and with `after` in the end."""
    is_open = pl.col("is_open")
    n_mature, n_pending = pl.col(f"{before}n_mature"), pl.col(f"{before}n_pending")
    has_units = (n_mature > 0) | (n_pending > 0)
    sums = [
        n_mature.sum().alias(f"n_mature{after}"),
        n_pending.sum().alias(f"n_pending{after}"),
        (is_open if metric.kind == "per_orders" else is_open & has_units).any().alias(f"is_open{after}"),
        pl.col(f"{before}total").sum().alias(f"total{after}"),
    ]
    if metric.kind == "mean":
        sums.append(pl.col(f"{before}squares").sum().alias(f"squares{after}"))
    if metric.kind == "sum":
        sums.append(pl.col("currency").filter(n_mature > 0).n_unique().alias(f"n_currencies{after}"))
    return sums


def _rolled(request: MetricRequest, rows: pl.LazyFrame, sums: Sequence[pl.Expr]) -> pl.LazyFrame:
    day = pl.col("event_date")
    kept = [
        *([day >= request.start] if request.start else []),
        *([day <= request.end] if request.end else []),
        *(
            pl.col(name).is_in([value for value in values if value is not None])
            | (pl.col(name).is_null() if None in values else pl.lit(False))
            for name, values in request.filters.items()
            if name in PROGRAM_DIMENSIONS
        ),
    ]
    period, last = _period(request.grain)
    is_open = (last >= pl.col("as_of_date")).fill_null(False)
    lazy = (rows.filter(*kept) if kept else rows).with_columns(period.alias("period_start"))
    lazy = lazy.with_columns(is_open.alias("is_open"))
    keys = [*([] if request.grain == "all" else ["period_start"]), *request.by]
    if not keys:
        return lazy.select(pl.lit(None, pl.Date).alias("period_start"), *sums)
    found = lazy.group_by(keys).agg(*sums)
    if request.grain == "all":
        found = found.with_columns(pl.lit(None, pl.Date).alias("period_start"))
    return found.sort(keys, nulls_last=True)


def _period(grain: str) -> tuple[pl.Expr, pl.Expr]:
    """The first day of a row's period, and its last, which is empty without a period."""
    if grain == "all":
        return pl.lit(None, pl.Date), pl.lit(None, pl.Date)
    if grain == "day":
        return pl.col("event_date"), pl.col("event_date")
    first = pl.col("event_date").dt.truncate(_TRUNCATED[grain])
    return first, pl.col("period_start").dt.offset_by(_TRUNCATED[grain]).dt.offset_by("-1d")
