"""What an explanation asks of a published warehouse: sums by group, and the rows behind a number.

A mixin of `pipelines.reader.Reader`, apart only to keep both short. Arguments are plain and hashable, so that
a page may remember answers.
"""

from __future__ import annotations

from datetime import date
from typing import Any

import duckdb
import polars as pl

from pipelines.metrics import MetricRequest
from pipelines.metrics.ledger import ledger, ledger_rows, stake_units
from pipelines.metrics.units import cells, unit_rows

Filters = tuple[tuple[str, tuple[str | None, ...]], ...]
Group = tuple[tuple[str, str | None], ...]

MOST_ROWS = 500
"""Rows behind a number that are shown; the number of all is said beside them."""


class ExplanationQuestions:
    """Questions of an explanation; whoever mixes this in has `_cursor` and `_frame`."""

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        raise NotImplementedError

    def _frame(self, sql: str, parameters: dict[str, Any] | None = None) -> pl.DataFrame:
        raise NotImplementedError

    def cells(
        self,
        metric: str,
        by: tuple[str, ...] = (),
        start: date | None = None,
        end: date | None = None,
        filters: Filters = (),
    ) -> pl.DataFrame:
        """Sums of a proportion's or a mean's mature units by group; parts add up to the whole.

        Columns as `pipelines.metrics.units.cells` says: the dimensions, n, total, squares, pending. A unit
        that counts once, as an order of chargeback_rate, is in the group of its first contact over all.
        """
        request = MetricRequest(metrics=(metric,), by=by, start=start, end=end, filters=dict(filters))
        with self._cursor() as cursor:
            return cells(cursor, request)

    def rows_behind(
        self,
        metric: str,
        start: date | None = None,
        end: date | None = None,
        filters: Filters = (),
        group: Group = (),
        limit: int = MOST_ROWS,
    ) -> tuple[pl.DataFrame, int]:
        """The units behind one number of a metric, newest first, and how many there are without the limit.

        Columns as `pipelines.metrics.units.unit_rows` says: contact ids with whether each counts and how.

        Args:
            metric: Its key.
            start: First local day, included.
            end: Last local day, included.
            filters: As of the metric.
            group: Values of dimensions (tenure too) that the units have; None is unknown.
            limit: Most rows returned.
        """
        request = MetricRequest(metrics=(metric,), start=start, end=end, filters=dict(filters))
        with self._cursor() as cursor:
            return unit_rows(cursor, request, dict(group), limit=limit)

    def ledger(
        self,
        by: tuple[str, ...] = (),
        start: date | None = None,
        end: date | None = None,
        filters: Filters = (),
    ) -> pl.DataFrame:
        """The refund ledger by group and currency; columns as `pipelines.metrics.ledger.ledger` says."""
        with self._cursor() as cursor:
            return ledger(cursor, _stakes(by, start, end, filters))

    def ledger_rows(
        self,
        figure: str,
        start: date | None = None,
        end: date | None = None,
        filters: Filters = (),
        group: Group = (),
        limit: int = MOST_ROWS,
    ) -> tuple[pl.DataFrame, int]:
        """The stakes behind one figure of the ledger, largest amount first, and how many there are.

        Args:
            figure: Its key, as `pipelines.metrics.ledger.FIGURES` has it.
            start: First local day, included.
            end: Last local day, included.
            filters: As of the ledger.
            group: Values of dimensions, or of currency, that the stakes have; None is unknown.
            limit: Most rows returned.
        """
        with self._cursor() as cursor:
            return ledger_rows(cursor, _stakes((), start, end, filters), figure, dict(group), limit=limit)

    def stake_units(
        self, start: date | None = None, end: date | None = None, filters: Filters = ()
    ) -> pl.DataFrame:
        """Mature stakes with the mix they come in; columns as `pipelines.metrics.ledger.stake_units` says."""
        with self._cursor() as cursor:
            return stake_units(cursor, _stakes((), start, end, filters))


def _stakes(by: tuple[str, ...], start: date | None, end: date | None, filters: Filters) -> MetricRequest:
    return MetricRequest(metrics=("value_retained",), by=by, start=start, end=end, filters=dict(filters))
