"""What the laboratory of definitions asks of a published warehouse.

A mixin of `pipelines.reader.Reader`, apart only to keep both short. Arguments are plain and hashable, so that
a page may remember answers.
"""

from __future__ import annotations

from datetime import date

import duckdb

from pipelines.metrics import MetricRequest
from pipelines.metrics.fcr_lab import FcrLab, fcr_lab
from pipelines.reader_explain import Filters


class LaboratoryQuestions:
    """Questions of the laboratory; whoever mixes this in has `_cursor`."""

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        raise NotImplementedError

    def fcr_lab(self, start: date | None = None, end: date | None = None, filters: Filters = ()) -> FcrLab:
        """First-contact resolution under every definition, of the contacts that the days and filters keep.

        Args:
            start: First local day, included.
            end: Last local day, included.
            filters: As of the metric fcr.
        """
        request = MetricRequest(metrics=("fcr",), start=start, end=end, filters=dict(filters))
        with self._cursor() as cursor:
            return fcr_lab(cursor, request)
