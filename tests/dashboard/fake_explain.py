"""What the reader in memory answers to explanations: sums by group and the rows behind them."""

from __future__ import annotations

from datetime import date
from typing import Any

import polars as pl

from pipelines.metrics.ledger import FIGURES
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

    def repurchase(
        self, start: date | None = None, end: date | None = None, filters: Any = ()
    ) -> pl.DataFrame:
        """Each contact stands for a customer; fcr says what came of it."""
        found = self._counted("repeat_purchase_rate", start, end, filters)
        state = pl.when("fcr").then(pl.lit("resolved")).otherwise(pl.lit("repeated")).alias("fcr_state")
        box = (
            pl.when(pl.col("csat").is_null())
            .then(pl.lit("not rated"))
            .when("csat")
            .then(pl.lit("top two"))
            .otherwise(pl.lit("bottom two"))
            .alias("rating")
        )
        counts = (
            pl.len().cast(pl.Int64).alias("n"),
            pl.col("repeat_purchase_rate").cast(pl.Int64).sum().alias("again"),
            pl.lit(37, dtype=pl.Int64).alias("pending"),
        )
        return found.group_by(state, box).agg(counts).sort("fcr_state", "rating")

    def repurchase_without_contact(
        self, start: date | None = None, end: date | None = None, filters: Any = ()
    ) -> pl.DataFrame:
        """A fixed group."""
        return pl.DataFrame({"n": [1000], "again": [280], "pending": [120]})

    def concession_cells(
        self, start: date | None = None, end: date | None = None, filters: Any = ()
    ) -> pl.DataFrame:
        """Every third rated contact got something."""
        found = self._counted("csat", start, end, filters).with_row_index("row")
        counts = (
            pl.len().cast(pl.Int64).alias("n"),
            pl.col("csat").cast(pl.Int64).sum().alias("top"),
            pl.lit(2, dtype=pl.Int64).alias("pending"),
        )
        given = (pl.col("row") % 3 == 0).alias("has_concession")
        return (
            found.group_by("issue", "channel", given).agg(counts).sort("issue", "channel", "has_concession")
        )

    def ledger(
        self, by: tuple[str, ...] = (), start: date | None = None, end: date | None = None, filters: Any = ()
    ) -> pl.DataFrame:
        """The ledger by group."""
        asks = self._stakes(start, end, filters)
        sums = [pl.col(each.key).sum() for each in FIGURES]
        avoided = pl.col("refund_avoidance")
        counts = {
            "n_stakes": pl.len(),
            "n_avoided": avoided.sum(),
            "n_healthy": (avoided & (pl.col("healthy") > 0)).sum(),
            "n_deflected": (avoided & (pl.col("deflected") > 0)).sum(),
            "n_decided": pl.len(),
            "n_pending": pl.lit(3),
        }
        return (
            asks.group_by(*by, "currency")
            .agg(*(count.cast(pl.Int64).alias(name) for name, count in counts.items()), *sums)
            .sort("currency", *by, nulls_last=True)
        )

    def ledger_rows(
        self,
        figure: str,
        start: date | None = None,
        end: date | None = None,
        filters: Any = (),
        group: Any = (),
        limit: int = 500,
    ) -> tuple[pl.DataFrame, int]:
        """The asks behind a figure, the largest first."""
        found = self._stakes(start, end, filters).filter(pl.col(figure) != 0)
        for name, value in group:
            found = found.filter(pl.col(name).eq_missing(pl.lit(value)))
        shown = found.sort(figure, descending=True).select(
            pl.col(figure).alias("amount"), pl.col("day").alias("event_date"), "site", "issue", "currency"
        )
        return shown.head(limit), shown.height

    def stake_units(
        self, start: date | None = None, end: date | None = None, filters: Any = ()
    ) -> pl.DataFrame:
        """The asks with their mix."""
        return self._stakes(start, end, filters).select(
            pl.int_range(pl.len()).cast(pl.String).alias("contact_id"),
            pl.col("day").alias("event_date"),
            *("program_id", "site", "team", "channel", "issue", "currency"),
            pl.int_range(pl.len()).alias("customer"),
            *("at_stake", "retained"),
            pl.col("refund_avoidance").alias("is_avoided"),
            pl.lit(False).alias("was_part_refunded"),
            pl.lit(4.0).alias("days_since_order"),
            pl.lit(0.0).alias("days_late"),
            pl.lit(True).alias("is_delivered"),
            pl.lit(1).alias("earlier_orders"),
        )

    def _stakes(self, start: date | None, end: date | None, filters: Any) -> pl.DataFrame:
        avoided, stake = pl.col("refund_avoidance"), pl.col("amount") + 1
        none = pl.lit(0.0)
        amounts = {
            "at_stake": stake,
            "refunds": pl.when(avoided).then(0.0).otherwise(stake),
            "chargebacks": none,
            "retained": pl.when(avoided).then(stake).otherwise(0.0),
            "concessions": pl.when(avoided).then(stake / 10).otherwise(0.0),
            "net": pl.when(avoided).then(stake * 0.9).otherwise(0.0),
            "claw_backs": none,
            "healthy": pl.when(avoided & (pl.col("minutes") < 12)).then(stake).otherwise(0.0),
            "deflected": pl.when(avoided & (pl.col("minutes") >= 12)).then(stake).otherwise(0.0),
            "undecided": none,
            "partly": none,
            "pending": none,
        }
        return self._counted("refund_avoidance", start, end, filters).with_columns(
            pl.lit("USD").alias("currency"), *(amount.alias(name) for name, amount in amounts.items())
        )

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
