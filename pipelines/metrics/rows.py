"""Values, intervals and status of metrics: the one place that divides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from decimal import localcontext
from typing import Any

import duckdb
import numpy as np
import polars as pl

from pipelines.metrics.by_day import grouped_together
from pipelines.metrics.catalogue import MetricDefinition
from pipelines.metrics.request import MetricRequest
from pipelines.metrics.rolled import DaySums, rolls_up
from pipelines.metrics.sql import grouped, grouped_percentiles
from pipelines.metrics.together import adds_up, in_groups
from pipelines.stats.intervals import normal_mean, wilson
from pipelines.stats.survival import log_log_limits

MEASURES = {
    "value": pl.Float64,
    "lower": pl.Float64,
    "upper": pl.Float64,
    "numerator": pl.Float64,
    "denominator": pl.Int64,
    "pending": pl.Int64,
    "status": pl.String,
}
"""Columns of a printed row behind its dimensions, with their types."""

_STATUSES = pl.Series(["final", "provisional", "empty"])
_SUMS = ("n_mature", "n_pending", "is_open", "total", "squares", "n_currencies", "quantile")


def metric_rows(
    con: duckdb.DuckDBPyConnection, request: MetricRequest, *, days: DaySums | None = None
) -> pl.DataFrame:
    """Rows of metrics by period and group.

    Args:
        con: A cursor on a published warehouse.
        request: What is asked.
        days: Where sums by day of this warehouse are kept for the next question; None keeps none.

    Returns:
        Columns metric, grain, period_start (null for grain all), the dimensions (null is unknown),
        value, lower, upper, numerator, denominator, pending, status (final, provisional, empty);
        ordered by metric as asked, period_start, then the dimensions, unknown last.

    Raises:
        UsageError: If the request cannot be answered.
    """
    wanted = request.definitions()
    return pl.concat(rows_of(metric, request, sums) for metric, sums in _sums(con, wanted, request, days))


def by_metric(rows: pl.DataFrame, keys: Sequence[str]) -> dict[str, pl.DataFrame]:
    """The rows of each of some metrics, in their order; none where a metric has no row."""
    own = rows.partition_by("metric", as_dict=True)
    return {key: own.get((key,), rows.clear()) for key in keys}


def _sums(
    con: duckdb.DuckDBPyConnection,
    wanted: Sequence[MetricDefinition],
    request: MetricRequest,
    days: DaySums | None,
) -> Iterator[tuple[MetricDefinition, pl.DataFrame]]:
    """The sums of each metric, in order; metrics that can share a scan of their table do."""
    found: dict[str, pl.DataFrame] = {}
    asked = tuple(dict.fromkeys(wanted))
    if days is not None:
        rolled = [metric for metric in asked if rolls_up(metric, request)]
        for group in in_groups([metric for metric in rolled if adds_up(metric)]):
            every = days.together(con, group, request)
            found |= {metric.key: own_sums(every, request, place) for place, metric in enumerate(group)}
        found |= {
            metric.key: days.per_orders(con, metric, request) for metric in rolled if not adds_up(metric)
        }
        asked = tuple(one for one in asked if one.key not in found)
    together = [
        *((group, grouped_together) for group in in_groups([metric for metric in asked if adds_up(metric)])),
        *((group, grouped_percentiles) for group in _of_same_values(asked)),
    ]
    for group, grouped_by in together:
        sql, parameters = grouped_by(group, request)
        every = con.sql(sql, params=parameters).pl()
        found |= {metric.key: own_sums(every, request, place) for place, metric in enumerate(group)}
    for metric in asked:
        if metric.key not in found:
            sql, parameters = grouped(metric, request)
            found[metric.key] = con.sql(sql, params=parameters).pl()
    return ((metric, found[metric.key]) for metric in wanted)


def _of_same_values(asked: Sequence[MetricDefinition]) -> list[list[MetricDefinition]]:
    """Percentiles in groups of the same values."""
    groups: dict[str, list[MetricDefinition]] = {}
    for metric in asked:
        if metric.kind == "percentile":
            groups.setdefault(metric.sql, []).append(metric)
    return list(groups.values())


def own_sums(every: pl.DataFrame, request: MetricRequest, place: int) -> pl.DataFrame:
    """The sums of the metric at a place in its group, without the rows in which it has no unit."""
    end = f"_{place}"
    own = every.select(
        "period_start",
        *request.by,
        *(
            pl.col(name).alias(name.removesuffix(end))
            for name in every.columns
            if name.endswith(end) and name.removesuffix(end) in _SUMS
        ),
    )
    if request.grain == "all" and not request.by:
        return own
    return own.filter((pl.col("n_mature") > 0) | (pl.col("n_pending") > 0))


def rows_of(metric: MetricDefinition, request: MetricRequest, sums: pl.DataFrame) -> pl.DataFrame:
    """Printed rows of one metric from its sums by period and group; see `metric_rows`."""
    # column by column, since a page asks for hundreds of small tables and each expression has its price
    words = {"metric": metric.key, "grain": request.grain}
    return pl.DataFrame(
        [
            *(pl.Series(name, [word]).new_from_index(0, sums.height) for name, word in words.items()),
            _as(sums["period_start"], pl.Date),
            *(_as(sums[name], pl.String) for name in request.by),
            *(
                pl.Series(name, column, dtype=MEASURES[name], nan_to_null=True)
                for name, column in _measures(metric, sums).items()
            ),
        ]
    )


def _measures(metric: MetricDefinition, sums: pl.DataFrame) -> dict[str, Any]:
    denominator, pending = (_as(sums[name], pl.Int64).to_numpy() for name in ("n_mature", "n_pending"))
    n = denominator.astype(float)
    none = np.full(len(n), np.nan)
    total = _floats(sums, "total", fill=0.0) if "total" in sums.columns else none
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(n > 0, total / n, np.nan)
    lower, upper, numerator = none, none, total
    if metric.kind == "proportion":
        lower, upper = wilson(total, n)
    elif metric.kind == "mean":
        lower, upper = normal_mean(value, _deviation(sums, n), n)
    elif metric.kind == "percentile":
        value, numerator = _floats(sums, "quantile"), none
    elif metric.kind == "survival":
        survived = np.where(sums["has_none_left"].to_numpy(), 0.0, np.exp(_floats(sums, "log_survival")))
        value = np.where(n > 0, survived, np.nan)
        lower, upper = log_log_limits(value, _floats(sums, "variance"))
        if metric.complement:
            value, lower, upper = 1 - value, 1 - upper, 1 - lower
    elif metric.kind == "sum":
        mixed = sums["n_currencies"].to_numpy() > 1
        numerator = np.where(mixed, np.nan, total)
        value = np.where(n > 0, numerator, np.nan)
    elif metric.kind == "per_orders":
        value = 100 * value
    is_empty = (denominator == 0) & (pending == 0)
    is_provisional = (pending > 0) | sums["is_open"].fill_null(False).to_numpy()
    status = _STATUSES.gather(np.where(is_empty, 2, np.where(is_provisional, 1, 0)))
    return {
        "value": value,
        "lower": lower,
        "upper": upper,
        "numerator": numerator,
        "denominator": denominator,
        "pending": pending,
        "status": status,
    }


def _as(column: pl.Series, kind: pl.DataType | type[pl.DataType]) -> pl.Series:
    return column if column.dtype == kind else column.cast(kind)


def _deviation(sums: pl.DataFrame, n: np.ndarray) -> np.ndarray:
    """Standard deviation over n - 1, nan below two values.

    Where values hardly differ, sum of squares and square of sum cancel, and doubles would leave noise where
    there is no spread at all: there the exact decimals are subtracted instead.
    """
    total, squares = _floats(sums, "total", fill=0.0), _floats(sums, "squares", fill=0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = squares - total * total / n
    exact_total, exact_squares = sums["total"], sums["squares"]
    with localcontext(prec=100):
        for index in np.flatnonzero((n > 1) & (spread < 1e-6 * squares)).tolist():
            spread[index] = float(exact_squares[index] - exact_total[index] ** 2 / int(n[index]))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(n > 1, np.sqrt(np.maximum(spread, 0) / (n - 1)), np.nan)


def _floats(sums: pl.DataFrame, name: str, *, fill: float | None = None) -> np.ndarray:
    column = _as(sums[name], pl.Float64)
    return (column if fill is None or not column.null_count() else column.fill_null(fill)).to_numpy()
