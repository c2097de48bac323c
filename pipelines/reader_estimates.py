"""The model estimates of a published warehouse, as rows that stand beside those of the metrics.

A mixin of `pipelines.reader.Reader`, over its questions of quality and of explanations.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl

from pipelines.metrics import MetricRequest
from pipelines.metrics.estimates import EstimateDefinition, check_question, estimate, estimates, is_estimate
from pipelines.metrics.rows import MEASURES
from pipelines.reader_explain import Filters
from pipelines.stats.intervals import wilson

if TYPE_CHECKING:
    from pipelines.calibration.agents import CalibratedAgents


class EstimateQuestions:
    """Model estimates; whoever mixes this in has the questions that are named first."""

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        raise NotImplementedError

    def metrics(self, request: MetricRequest) -> pl.DataFrame:
        raise NotImplementedError

    def calibrated_agents(
        self, metric: str, start: date | None = None, end: date | None = None, filters: Filters = ()
    ) -> CalibratedAgents:
        raise NotImplementedError

    def stake_units(
        self, start: date | None = None, end: date | None = None, filters: Filters = ()
    ) -> pl.DataFrame:
        raise NotImplementedError

    def repurchase_without_contact(
        self, start: date | None = None, end: date | None = None, filters: Filters = ()
    ) -> pl.DataFrame:
        raise NotImplementedError

    @property
    def estimates(self) -> tuple[EstimateDefinition, ...]:
        """All model estimates, by key."""
        return estimates()

    def answers(self, request: MetricRequest) -> pl.DataFrame:
        """Rows of metrics and estimates alike, in the order in which they are asked for.

        Columns are those of `metrics`. An estimate has no numerator; its denominator is what it was estimated
        from (reviews, contacts, ratings, stakes, customers).

        Raises:
            UsageError: If one of them cannot be answered; nothing is computed then.
        """
        check_question(request)
        given: dict[str, Callable[[EstimateDefinition, MetricRequest], pl.DataFrame]] = {
            "calibrated": self._calibrated,
            "csat_adjusted": self._csat_adjusted,
            "caused": self._caused,
            "no_contact": self._no_contact,
        }
        tables = []
        for key in request.metrics:
            one = replace(request, metrics=(key,))
            if is_estimate(key):
                asked = estimate(key)
                tables.append(_printed(given[asked.answer](asked, one), asked, one))
            else:
                tables.append(self.metrics(one))
        return pl.concat(tables)

    def _calibrated(self, asked: EstimateDefinition, request: MetricRequest) -> pl.DataFrame:
        found = self.calibrated_agents(asked.base, request.start, request.end, _filters(request)).rows
        # What is pending, and whether the row is final, is the base metric's own.
        base = self.metrics(replace(request, metrics=(asked.base,), by=("agent_id",)))
        return found.select("program_id", "agent_id", "value", "lower", "upper", denominator="n").join(
            base.select("agent_id", "pending", "status"), on="agent_id", how="left"
        )

    def _csat_adjusted(self, asked: EstimateDefinition, request: MetricRequest) -> pl.DataFrame:
        from pipelines.metrics.adjusted import csat_adjusted

        with self._cursor() as cursor:
            found = csat_adjusted(cursor, request)
        open_rows = pl.when("is_open").then(pl.lit("provisional")).otherwise(pl.lit("final"))
        return found.rename({"n": "denominator"}).with_columns(status=open_rows)

    def _caused(self, asked: EstimateDefinition, request: MetricRequest) -> pl.DataFrame:
        from pipelines.explain.caused import caused

        stakes = self.stake_units(request.start, request.end, _filters(request))
        (dimension,) = request.by
        rows: list[dict[str, Any]] = []
        for group in stakes[dimension].unique().sort(nulls_last=True):
            found = caused(stakes, pl.col(dimension).eq_missing(pl.lit(group)))
            told = (found.avoided.value, found.avoided.lower, found.avoided.upper)
            if asked.unit == "money":
                told = found.total or (None, None, None)
            value, lower, upper = told if found.is_claimed else (None, None, None)
            own = {dimension: group, "denominator": found.stakes}
            rows.append({**own, "value": value, "lower": lower, "upper": upper})
        if not rows:
            return pl.DataFrame()
        base = self.metrics(replace(request, metrics=("refund_avoidance",)))
        return pl.DataFrame(rows, infer_schema_length=None).join(
            base.select(dimension, "pending", "status"), on=dimension, how="left", nulls_equal=True
        )

    def _no_contact(self, asked: EstimateDefinition, request: MetricRequest) -> pl.DataFrame:
        """Customers without a contact, as the Money page counts them, program by program where asked."""
        filters = _filters(request)
        groups: list[tuple[dict[str, str | None], Filters]] = [({}, filters)]
        if request.by:
            base = self.metrics(replace(request, metrics=(asked.base,)))
            own = base.select(request.by).unique(maintain_order=True).to_dicts()
            others = tuple(one for one in filters if one[0] not in request.by)
            groups = [(one, (*others, *((name, (value,)) for name, value in one.items()))) for one in own]
        tables = [
            self.repurchase_without_contact(request.start, request.end, kept).with_columns(
                pl.lit(value, pl.String).alias(name) for name, value in one.items()
            )
            for one, kept in groups
        ]
        counted = pl.concat(tables) if tables else pl.DataFrame(schema={"n": pl.Int64, "again": pl.Int64})
        lower, upper = wilson(counted["again"].to_numpy(), counted["n"].to_numpy())
        return counted.rename({"n": "denominator"}).with_columns(
            value=pl.col("again") / pl.col("denominator"), lower=pl.Series(lower), upper=pl.Series(upper)
        )


def _filters(request: MetricRequest) -> Filters:
    return tuple(sorted((name, tuple(values)) for name, values in request.filters.items()))


def _printed(found: pl.DataFrame, asked: EstimateDefinition, request: MetricRequest) -> pl.DataFrame:
    """Rows in the columns and order of the metrics; one empty row where a question without split has none."""
    columns = {"metric": pl.String, "grain": pl.String, "period_start": pl.Date}
    schema = {**columns, **dict.fromkeys(request.by, pl.String), **MEASURES}
    if found.height == 0:
        rows = 1 if request.grain == "all" and not request.by else 0
        found = pl.DataFrame({"denominator": [0] * rows}, schema={"denominator": pl.Int64})
    given = [pl.col(name) if name in found.columns else pl.lit(None).alias(name) for name in schema]
    empty = pl.col("value").is_null() & (pl.col("denominator") == 0)
    untold = pl.when(pl.col("pending") > 0).then(pl.lit("provisional")).otherwise(pl.lit("final"))
    return (
        found.select(given)
        .with_columns(metric=pl.lit(asked.key), grain=pl.lit(request.grain))
        .cast(schema)  # type: ignore[arg-type]  # types by name
        .with_columns(
            pl.col("value", "lower", "upper").fill_nan(None),
            pending=pl.col("pending").fill_null(0),
            status=pl.when(empty).then(pl.lit("empty")).otherwise(pl.coalesce("status", untold)),
        )
        .sort("period_start", *request.by, nulls_last=True)
    )
