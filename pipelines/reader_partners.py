"""What a partner's scorecard and a fair comparison ask of a published warehouse.

A mixin of `pipelines.reader.Reader`, apart only to keep both short. Arguments are plain and hashable, so that
a page may remember answers.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb
import polars as pl

from pipelines.metrics import MetricRequest, metric_rows
from pipelines.metrics.scorecard import PERIODS, SCORECARD
from pipelines.metrics.units import cells
from pipelines.reader_explain import Filters

OPERATION = "operation"
"""The group of a program in a comparison: its partner, or in-house."""

MIX = ("issue", "channel")
"""What a contact mix is made of, in a fair comparison."""

IN_HOUSE = "In-house"
_KEYS = ("grain", "metric", "program_id", "period_start")


class PartnerQuestions:
    """Questions about partners; whoever mixes this in has `_cursor` and `_frame`."""

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        raise NotImplementedError

    def _frame(self, sql: str, parameters: dict[str, Any] | None = None) -> pl.DataFrame:
        raise NotImplementedError

    def contract_periods(self, grain: str) -> pl.DataFrame:
        """The scorecard's metrics by program and contract period.

        A period that was final in a load is printed as it was then; what it is by now stands beside it.

        Args:
            grain: quarter or month.

        Returns:
            metric, grain, period_start, program_id, value, lower, upper, numerator, denominator, pending,
            status, as they are to be printed; is_frozen; then of frozen rows build_id, as_of (UTC),
            meaning (the definition then), and, where the number has moved since, now_value, now_lower,
            now_upper, now_denominator, cause and noticed_in. Ordered by program, period, metric.
        """
        closed = pl.DataFrame()
        if grain in PERIODS and self._has_closed_periods():
            closed = self._frame(
                "select closed_periods.* from internal.closed_periods cross join internal.build "
                "where grain = $grain and closed_periods.as_of <= build.as_of",
                {"grain": grain},
            )
        with self._cursor() as cursor:
            live = metric_rows(
                cursor, MetricRequest(metrics=SCORECARD, by=("program_id",), grain=grain)
            ).filter(pl.col("status") != "empty")
        order = pl.Enum(SCORECARD)
        if closed.height == 0:
            return live.with_columns(
                pl.lit(False).alias("is_frozen"), *(pl.lit(None, dtype=t).alias(n) for n, t in _LATER.items())
            ).sort("program_id", "period_start", pl.col("metric").cast(order), nulls_last=True)
        measures = ("value", "lower", "upper", "numerator", "denominator")
        frozen = closed.select(
            *_KEYS, *measures, *_LATER, pl.lit(0, dtype=pl.Int64).alias("pending"),
            pl.lit("final").alias("status"), pl.lit(True).alias("is_frozen"),
        ).cast({"denominator": pl.Int64, "now_denominator": pl.Int64})  # fmt: skip
        open_rows = live.join(frozen, on=list(_KEYS), how="anti", nulls_equal=True).with_columns(
            pl.lit(False).alias("is_frozen")
        )
        return (
            pl.concat([frozen, open_rows], how="diagonal")
            .select(*live.columns, "is_frozen", *_LATER)
            .sort("program_id", "period_start", pl.col("metric").cast(order), nulls_last=True)
        )

    def mix(
        self,
        metric: str,
        group: str,
        start: date | None = None,
        end: date | None = None,
        filters: Filters = (),
    ) -> pl.DataFrame:
        """Sums of a metric's mature units by group and contact mix, for a fair comparison.

        Args:
            metric: A proportion, a mean, or a percentile, of which the values' sums are given.
            group: site, or operation (the program's partner; In-house where it has none and is in-house; else
                the program's name).
            start: First local day, included.
            end: Last local day, included.
            filters: As of the metric.

        Returns:
            The group under its own name, issue, channel, n, total, squares, pending.
        """
        column = "program_id" if group == OPERATION else group
        request = MetricRequest(
            metrics=(metric,), by=(column, *MIX), start=start, end=end, filters=dict(filters)
        )
        with self._cursor() as cursor:
            found = cells(cursor, request, means_of_percentiles=True)
        if group != OPERATION:
            return found
        names = self._frame(
            "select program_id, coalesce(partner, case when operating_model = 'in_house' then $own end, "
            "program_name) as operation from programs",
            {"own": IN_HOUSE},
        )
        sums = [pl.col(name).sum() for name in ("n", "total", "squares", "pending")]
        return (
            found.join(names, on="program_id", how="left")
            .group_by(OPERATION, *MIX)
            .agg(sums)
            .sort(OPERATION, *MIX, nulls_last=True)
        )

    def _has_closed_periods(self) -> bool:
        """Warehouses of earlier versions have none."""
        found = self._frame(
            "select count(*) as n from duckdb_tables() "
            "where schema_name = 'internal' and table_name = 'closed_periods'"
        )
        return bool(found["n"][0])


_LATER = {
    "build_id": pl.String(),
    "as_of": pl.Datetime("us"),
    "meaning": pl.String(),
    "now_value": pl.Float64(),
    "now_lower": pl.Float64(),
    "now_upper": pl.Float64(),
    "now_denominator": pl.Int64(),
    "cause": pl.String(),
    "noticed_in": pl.String(),
}
