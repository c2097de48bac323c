"""What a reader says of customers after a contact: who orders again, and ratings by concession.

A mixin of `pipelines.reader.Reader`, apart only to keep both short. Arguments are plain and hashable, so that
a page may remember answers.
"""

from __future__ import annotations

from datetime import date

import duckdb
import polars as pl

from pipelines.metrics import MetricRequest
from pipelines.metrics.loyalty import concession_cells, repurchase, repurchase_without_contact
from pipelines.reader_explain import Filters


class LoyaltyQuestions:
    """Questions on loyalty; whoever mixes this in has `_cursor`."""

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        raise NotImplementedError

    def repurchase(
        self, start: date | None = None, end: date | None = None, filters: Filters = ()
    ) -> pl.DataFrame:
        """Customers by what came of their contact; columns as `pipelines.metrics.loyalty.repurchase` says."""
        with self._cursor() as cursor:
            return repurchase(cursor, _request(start, end, filters))

    def repurchase_without_contact(
        self, start: date | None = None, end: date | None = None, filters: Filters = ()
    ) -> pl.DataFrame:
        """Customers with an order and no contact in the same days: one row of n, again, pending."""
        with self._cursor() as cursor:
            return repurchase_without_contact(cursor, _request(start, end, filters))

    def concession_cells(
        self, start: date | None = None, end: date | None = None, filters: Filters = ()
    ) -> pl.DataFrame:
        """Rated contacts by issue, channel and whether anything was conceded after them."""
        with self._cursor() as cursor:
            return concession_cells(cursor, _request(start, end, filters))


def _request(start: date | None, end: date | None, filters: Filters) -> MetricRequest:
    return MetricRequest(metrics=("repeat_purchase_rate",), start=start, end=end, filters=dict(filters))
