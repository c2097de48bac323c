"""What the reader in memory answers about partners: contract periods, one of them restated, and mixes."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import polars as pl

from pipelines.metrics import MetricRequest
from pipelines.reader_partners import MIX, OPERATION

SCORED = ("fcr", "csat", "refund_avoidance", "escalation_rate", "qa_score")


class FakePartners:
    """Answers from `rows` and `metrics`."""

    rows: pl.DataFrame

    def metrics(self, request: Any) -> pl.DataFrame:
        raise NotImplementedError

    def cells(self, metric: str, by: tuple[str, ...] = (), *question: Any) -> pl.DataFrame:
        raise NotImplementedError

    def contract_periods(self, grain: str) -> pl.DataFrame:
        """Periods that ended are frozen; the csat of P2's newest frozen one has moved since."""
        rows = self.metrics(MetricRequest(metrics=SCORED, by=("program_id",), grain=grain))
        frozen = pl.col("status") == "final"
        newest = rows.filter(frozen)["period_start"].max()
        moved = (
            frozen
            & (pl.col("metric") == "csat")
            & (pl.col("program_id") == "P2")
            & (pl.col("period_start") == newest)
        )
        return rows.with_columns(
            frozen.alias("is_frozen"),
            pl.when(frozen).then(pl.lit("8f31c2d0")).alias("build_id"),
            pl.when(frozen).then(pl.lit(datetime(2026, 7, 3, 20))).alias("as_of"),
            pl.when(frozen).then(pl.lit("What it meant.")).alias("meaning"),
            pl.when(moved).then(pl.lit(0.5)).alias("now_value"),
            pl.when(moved).then(pl.lit(0.45)).alias("now_lower"),
            pl.when(moved).then(pl.lit(0.55)).alias("now_upper"),
            pl.when(moved).then(pl.lit(99)).alias("now_denominator"),
            pl.when(moved).then(pl.lit("late rows")).alias("cause"),
            pl.when(moved).then(pl.lit("9a")).alias("noticed_in"),
        ).sort("program_id", "period_start")

    def mix(
        self, metric: str, group: str, start: date | None = None, end: date | None = None, filters: Any = ()
    ) -> pl.DataFrame:
        """Sums by group, issue and channel."""
        column = "program_id" if group == OPERATION else group
        found = self.cells(metric, (column, *MIX), start, end, filters)
        if group != OPERATION:
            return found
        names = {"P1": "In-house", "P2": "Contact Partner"}
        return found.rename({column: group}).with_columns(pl.col(group).replace_strict(names))
