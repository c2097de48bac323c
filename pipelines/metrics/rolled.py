"""Periods rolled up from days that are kept in memory: one query answers many questions of one page.

A page asks the same metrics of this period, of the one before, by week and by quarter, of all programs and of
one. All follow from sums by day and program, so these are read once for a set of filters and added up here.
They give the same rows as `pipelines.metrics.by_day`, which answers whatever is split further.
"""

from __future__ import annotations

from collections.abc import Callable

import duckdb
import polars as pl

from pipelines.metrics.by_day import days_and_programs
from pipelines.metrics.catalogue import PROGRAM_DIMENSIONS, MetricDefinition
from pipelines.metrics.days import DAY_DIMENSIONS, ORDERS, DayTable, day_parts, stands_by_day, table_of
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

    def sums(
        self, con: duckdb.DuckDBPyConnection, metric: MetricDefinition, request: MetricRequest
    ) -> pl.DataFrame:
        """Sums of one metric by period and group, as the query of `by_day.grouped_together` gives them.

        Args:
            con: A cursor on the warehouse, always the same one's.
            metric: A metric of which `rolls_up` is true.
            request: The question.
        """
        filters: _Filters = tuple(
            sorted(
                (name, tuple(values))
                for name, values in request.filters.items()
                if name not in PROGRAM_DIMENSIONS and name in metric.dimensions
            )
        )
        rows = _own(metric, self._frame(con, table_of(metric), filters))
        if metric.kind == "per_orders":
            orders = self._frame(con, None, ()).lazy()
            contacts = rows.filter(pl.col("total") > 0)
            rows = pl.concat(
                [
                    contacts.with_columns(pl.lit(0, pl.Int64).alias("n_mature")),
                    orders.select(
                        *_SHARED, pl.lit(0, pl.Int64).alias("total"), pl.col("n").alias("n_mature")
                    ),
                ]
            ).with_columns(pl.lit(0, pl.Int64).alias("n_pending"))
        return _rolled(metric, request, rows).collect(engine="in-memory")  # so few rows need no streaming

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


def _own(metric: MetricDefinition, frame: pl.DataFrame) -> pl.LazyFrame:
    currency = ["currency"] if metric.kind == "sum" else []
    parts = [pl.col(f"{metric.key}_{part}").alias(part) for part in day_parts(metric)]
    return frame.lazy().select(*_SHARED, *currency, *parts)


def _rolled(metric: MetricDefinition, request: MetricRequest, rows: pl.LazyFrame) -> pl.LazyFrame:
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
    has_units = (pl.col("n_mature") > 0) | (pl.col("n_pending") > 0)
    is_open = (last >= pl.col("as_of_date")).fill_null(False)
    sums = [
        pl.col("n_mature").sum(),
        pl.col("n_pending").sum(),
        (is_open & (has_units if metric.kind != "per_orders" else pl.lit(True))).any().alias("is_open"),
        pl.col("total").sum(),
    ]
    if metric.kind == "mean":
        sums.append(pl.col("squares").sum())
    if metric.kind == "sum":
        currencies = pl.col("currency").filter(pl.col("n_mature") > 0)
        sums.append(currencies.n_unique().alias("n_currencies"))
    lazy = (rows.filter(*kept) if kept else rows).with_columns(period.alias("period_start"))
    keys = [*([] if request.grain == "all" else ["period_start"]), *request.by]
    if not keys:
        return lazy.select(pl.lit(None, pl.Date).alias("period_start"), *sums)
    found = lazy.group_by(keys).agg(*sums)
    if metric.kind != "per_orders":
        found = found.filter(has_units)
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
