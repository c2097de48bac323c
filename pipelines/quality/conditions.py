"""Great Expectations' row conditions as Polars expressions.

Each row-level expectation of Great Expectations rests on one "condition" metric. `condition_for` turns such a
metric, with its domain and its parameters, into the expressions that say which rows it speaks of and which of
those break it. Meanings follow Great Expectations' own pandas engine, so that both give the same results.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl
from great_expectations.expectations.row_conditions import (
    AndCondition,
    ComparisonCondition,
    NullityCondition,
    OrCondition,
    deserialize_row_condition,
)

from pipelines.errors import ModelError

Comparable = Callable[[str, str], pl.Expr | None]
"""Given two columns, the rows in which they may be compared, or None for all."""


@dataclass(frozen=True)
class Condition:
    """One row-level condition.

    Attributes:
        columns: The columns it speaks of.
        applies: Rows it looks at, never null.
        keeps: Whether a row it looks at keeps it; null counts as broken.
        unique: True where keeping it depends on other rows: `columns` must not repeat together.
    """

    columns: tuple[str, ...]
    applies: pl.Expr
    keeps: pl.Expr
    unique: bool = False

    @property
    def broken(self) -> pl.Expr:
        """Rows that break it, never null; for a uniqueness the engine has to find them."""
        return self.applies & ~self.keeps.fill_null(False)


def condition_for(
    metric: str, kwargs: Mapping[str, Any], *, comparable: Comparable | None = None
) -> Condition:
    """The condition behind a Great Expectations map metric.

    Args:
        metric: Name without its suffix, such as `column_values.between`.
        kwargs: Domain and parameters together: `column`, `row_condition`, `min_value`, and so on.
        comparable: Further restricts comparisons of two columns.

    Raises:
        ModelError: If the metric is one that this engine does not know.
    """
    domain = rows_of(kwargs.get("row_condition"))
    if metric == "compound_columns.unique":
        return _compound(kwargs, domain)
    if metric.startswith("column_pair_values."):
        return _pair(metric.removeprefix("column_pair_values."), kwargs, domain, comparable)
    if metric.startswith("column_values."):
        return _single(metric.removeprefix("column_values."), kwargs, domain)
    raise _unknown(metric)


def _unknown(metric: str) -> ModelError:
    return ModelError(
        f"an expectation rests on '{metric}', which the Polars engine does not compute; "
        "add it to pipelines/quality/conditions.py or use another expectation."
    )


def _single(kind: str, kwargs: Mapping[str, Any], domain: pl.Expr) -> Condition:
    name = kwargs["column"]
    column = pl.col(name)
    if kind == "nonnull":
        return Condition((name,), domain, column.is_not_null())
    present = domain & column.is_not_null()
    if kind == "unique":
        return Condition((name,), present, pl.lit(True), unique=True)
    keeps: Mapping[str, Callable[[], pl.Expr]] = {
        "null": lambda: pl.lit(False),
        "in_set": lambda: column.is_in(list(kwargs["value_set"])),
        "not_in_set": lambda: ~column.is_in(list(kwargs["value_set"])),
        "between": lambda: _between(column, kwargs),
        "match_regex": lambda: column.str.contains(kwargs["regex"]),
    }
    if kind not in keeps:
        raise _unknown(f"column_values.{kind}")
    return Condition((name,), present, keeps[kind]())


def _between(column: pl.Expr, kwargs: Mapping[str, Any]) -> pl.Expr:
    keeps = pl.lit(True)
    low, high = kwargs.get("min_value"), kwargs.get("max_value")
    if low is not None:
        keeps = keeps & (column > low if kwargs.get("strict_min") else column >= low)
    if high is not None:
        keeps = keeps & (column < high if kwargs.get("strict_max") else column <= high)
    return keeps


def _pair(kind: str, kwargs: Mapping[str, Any], domain: pl.Expr, comparable: Comparable | None) -> Condition:
    names = (kwargs["column_A"], kwargs["column_B"])
    first, second = pl.col(names[0]), pl.col(names[1])
    ignored = kwargs.get("ignore_row_if") or "both_values_are_missing"
    if ignored == "either_value_is_missing":
        domain = domain & first.is_not_null() & second.is_not_null()
    elif ignored == "both_values_are_missing":
        domain = domain & (first.is_not_null() | second.is_not_null())
    certain = comparable(*names) if comparable else None
    if certain is not None:
        domain = domain & certain.fill_null(False)
    if kind == "a_greater_than_b":
        return Condition(names, domain, first >= second if kwargs.get("or_equal") else first > second)
    if kind == "equal":
        return Condition(names, domain, first == second)
    raise _unknown(f"column_pair_values.{kind}")


def _compound(kwargs: Mapping[str, Any], domain: pl.Expr) -> Condition:
    names = tuple(kwargs["column_list"])
    present = [pl.col(name).is_not_null() for name in names]
    ignored = kwargs.get("ignore_row_if") or "all_values_are_missing"
    if ignored == "all_values_are_missing":
        domain = domain & pl.any_horizontal(present)
    elif ignored == "any_value_is_missing":
        domain = domain & pl.all_horizontal(present)
    return Condition(names, domain, pl.lit(True), unique=True)


def rows_of(condition: Any) -> pl.Expr:
    """Rows that a Great Expectations `row_condition` keeps, never null; all rows for None.

    Raises:
        ModelError: If the condition is a string; conditions are written with `Column("name")`.
    """
    if condition is None:
        return pl.lit(True)
    return _row_condition(deserialize_row_condition(condition)).fill_null(False)


def _row_condition(condition: Any) -> pl.Expr:
    if isinstance(condition, AndCondition):
        return pl.all_horizontal([_row_condition(part).fill_null(False) for part in condition.conditions])
    if isinstance(condition, OrCondition):
        return pl.any_horizontal([_row_condition(part).fill_null(False) for part in condition.conditions])
    if isinstance(condition, NullityCondition):
        column = pl.col(condition.column.name)
        return column.is_null() if condition.is_null else column.is_not_null()
    if isinstance(condition, ComparisonCondition):
        return _comparison(condition)
    raise ModelError(
        "a row_condition is not written with great_expectations' Column(...); rewrite it that way."
    )


def _comparison(condition: ComparisonCondition) -> pl.Expr:
    column, parameter = pl.col(condition.column.name), condition.parameter
    # `use_enum_values` leaves the operator a plain string; in pandas a missing cell differs from every value.
    operator = str(condition.operator)
    if operator == "IN":
        return column.is_in(list(parameter))
    if operator == "NOT_IN":
        return ~column.is_in(list(parameter)).fill_null(False)
    comparisons: Mapping[str, Callable[[], pl.Expr]] = {
        "==": lambda: column == parameter,
        "!=": lambda: column.ne_missing(parameter),
        "<": lambda: column < parameter,
        "<=": lambda: column <= parameter,
        ">": lambda: column > parameter,
        ">=": lambda: column >= parameter,
    }
    return comparisons[operator]()
