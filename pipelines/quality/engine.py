"""A Great Expectations execution engine on Polars: all counts of a suite from one lazy scan.

Great Expectations asks its engine for metrics in waves (columns, then conditions, then counts).
`resolve_metrics`, the documented entry point of an engine, answers each wave whole: conditions become
expressions that cost nothing, and all counts that are asked for together come from one streaming pass. A
uniqueness takes a pass of its own over 64-bit hashes, which costs half of grouping the values; the few
candidates are then compared exactly.

Results carry counts and never values, so that nobody's data ends up in a stored result.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd
import polars as pl
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.execution_engine.pandas_batch_data import PandasBatchData

from pipelines.errors import ModelError
from pipelines.quality.conditions import Comparable, Condition, condition_for, rows_of

ROW = "_row"

_COUNTS = (".unexpected_count", ".filtered_row_count")


class PolarsExecutionEngine(PandasExecutionEngine):
    """Answers Great Expectations' metrics for one lazy frame.

    It derives from the pandas engine because metrics are registered by engine class, and the pandas ones
    declare which other metrics they rest on. No pandas frame is ever made of the data.
    """

    def __init__(
        self, frame: pl.LazyFrame, *, comparable: Comparable | None = None, unique: Sequence[str] = ()
    ) -> None:
        # An empty stand-in: the batch manager insists on pandas data, nothing reads it.
        super().__init__(batch_data_dict={"frame": PandasBatchData(self, pd.DataFrame())})
        self.frame = frame
        self.indexed = frame.with_row_index(ROW)
        self.schema = frame.collect_schema()
        self._comparable = comparable
        self._unique = frozenset(unique)  # columns that are known not to repeat together
        self._conditions: dict[str, Condition] = {}

    def condition(self, metric: str, kwargs: Mapping[str, Any]) -> Condition:
        """The condition of a map metric, with uniqueness already settled; made once for each question.

        Args:
            metric: Name without its suffix, such as `column_values.unique`.
            kwargs: Domain and parameters of the metric together.

        Raises:
            ModelError: If the metric is unknown, or names a column that the frame lacks.
        """
        key = f"{metric} {json.dumps(dict(kwargs), sort_keys=True, default=repr)}"
        if key not in self._conditions:
            condition = condition_for(metric, kwargs, comparable=self._comparable)
            missing = [name for name in condition.columns if name not in self.schema]
            if missing:
                raise ModelError(
                    f"an expectation names column '{missing[0]}', which its table does not have."
                )
            self._conditions[key] = self._settled(condition) if condition.unique else condition
        return self._conditions[key]

    def resolve_metrics(
        self,
        metrics_to_resolve: Iterable[Any],
        metrics: dict[Any, Any] | None = None,
        runtime_configuration: dict[str, Any] | None = None,
    ) -> dict[Any, Any]:
        """Values of the metrics of one wave, by metric id; see the base class."""
        known = metrics or {}
        values: dict[Any, Any] = {}
        counted: dict[Any, pl.Expr] = {}
        for metric in metrics_to_resolve:
            name = metric.metric_name
            if name == "table.columns":
                values[metric.id] = self.schema.names()
            elif name == "table.column_types":
                values[metric.id] = [{"name": key, "type": str(kind)} for key, kind in self.schema.items()]
            elif name == "table.row_count":
                counted[metric.id] = rows_of(metric.metric_domain_kwargs.get("row_condition"))
            elif name.endswith(".condition"):
                kwargs = {**metric.metric_domain_kwargs, **metric.metric_value_kwargs}
                values[metric.id] = (self.condition(name.removesuffix(".condition"), kwargs), {}, {})
            elif name.endswith(_COUNTS):
                condition = known[metric.metric_dependencies["unexpected_condition"].id][0]
                is_broken = name.endswith(".unexpected_count")
                counted[metric.id] = condition.broken if is_broken else condition.applies
            elif name.endswith(".unexpected_values"):
                values[metric.id] = []
            else:
                raise ModelError(
                    f"an expectation rests on '{name}', which the Polars engine does not compute; "
                    "add it to pipelines/quality/engine.py or use another expectation."
                )
        return values | self._counts(counted)

    def _counts(self, counted: Mapping[Any, pl.Expr]) -> dict[Any, int]:
        if not counted:
            return {}
        # Anchored to a column of the frame: a literal True alone would sum to 1 whatever the frame's height.
        anchor = pl.col(ROW).is_not_null()
        sums = [(anchor & rows).sum().alias(str(i)) for i, rows in enumerate(counted.values())]
        row = self.indexed.select(sums).collect(engine="streaming").row(0)
        return {metric: int(count or 0) for metric, count in zip(counted, row, strict=True)}

    def _settled(self, condition: Condition) -> Condition:
        repeated = self._repeated_rows(condition)
        keeps = ~pl.col(ROW).is_in(repeated.implode()) if len(repeated) else pl.lit(True)
        return Condition(condition.columns, condition.applies, keeps)

    def _repeated_rows(self, condition: Condition) -> pl.Series:
        """Indices of the rows whose columns, together, occur in another row that the condition looks at."""
        if self._unique and self._unique <= {*condition.columns}:
            return pl.Series(ROW, [], dtype=pl.UInt32)
        columns = [pl.col(name) for name in condition.columns]
        hashed = columns[0].hash(0) if len(columns) == 1 else pl.struct(columns).hash(0)
        rows = self.indexed.filter(condition.applies)
        twice = (
            rows.select(hashed.alias("hash"))
            .group_by("hash")
            .len()
            .filter(pl.col("len") > 1)
            .select("hash")
            .collect(engine="streaming")
            .to_series()
        )
        if twice.is_empty():
            return pl.Series(ROW, [], dtype=pl.UInt32)
        candidates = (
            rows.filter(hashed.is_in(twice.implode()))
            .select(ROW, *condition.columns)
            .collect(engine="streaming")
        )
        return candidates.filter(candidates.select(condition.columns).is_duplicated())[ROW]
