"""What the reader in memory answers to explanations: sums by group and the rows behind them."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from pipelines.metrics.units import TENURE_BANDS


class FakeExplanations:
    """Answers from `rows`, one column a metric, null where a contact does not count."""

    rows: pl.DataFrame

    def cells(
        self,
        metric: str,
        by: tuple[str, ...] = (),
        start: date | None = None,
        end: date | None = None,
        filters: Any = (),
    ) -> pl.DataFrame:
        """Sums by group."""
        counted = self._counted(metric, start, end, filters)
        value = pl.col(metric).cast(pl.Float64)
        sums = [
            pl.len().cast(pl.Int64).alias("n"),
            value.sum().alias("total"),
            (value * value).sum().alias("squares"),
            pl.lit(0, dtype=pl.Int64).alias("pending"),
        ]
        return counted.group_by(by).agg(sums).sort(by, nulls_last=True) if by else counted.select(sums)

    def rows_behind(
        self,
        metric: str,
        start: date | None = None,
        end: date | None = None,
        filters: Any = (),
        group: Any = (),
        limit: int = 500,
    ) -> tuple[pl.DataFrame, int]:
        """The contacts of a group, newest first."""
        found = self._counted(metric, start, end, filters)
        for name, value in group:
            found = found.filter(pl.col(name).eq_missing(pl.lit(value)))
        shown = found.sort("day", descending=True).select(
            pl.col("day").alias("event_date"), "program_id", "site", "agent_id", "channel", "issue", metric
        )
        return shown.head(limit), shown.height

    def _counted(self, metric: str, start: date | None, end: date | None, filters: Any) -> pl.DataFrame:
        found = self.rows.filter(pl.col(metric).is_not_null()).with_columns(
            pl.lit(TENURE_BANDS[1]).alias("tenure")
        )
        for name, values in filters:
            found = found.filter(pl.col(name).is_in(list(values), nulls_equal=True))
        if start:
            found = found.filter(pl.col("day") >= start)
        if end:
            found = found.filter(pl.col("day") <= end)
        return found
