"""Why a row is bad, in words: one expression an expectation that gives column, value and reason.

An expectation may bring its own words in `meta`: `reason`, said of the value, and `column`, where the cell to
look at is not the expectation's first column.
"""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
from great_expectations import expectations as gxe
from great_expectations.expectations.expectation import Expectation

from pipelines.quality.run import columns_of


@dataclass(frozen=True)
class Reason:
    """What to say of a row that breaks one expectation; `value` and `words` are text expressions."""

    column: str
    value: pl.Expr
    words: pl.Expr


def reason_for(expectation: Expectation, schema: pl.Schema) -> Reason:
    """The reason that a row-level expectation gives for a row that broke it.

    Args:
        expectation: An expectation about one column, a pair, or a key.
        schema: Types of the frame, which decide how a value is written.
    """
    columns = columns_of(expectation)
    meta = expectation.meta or {}
    column = str(meta.get("column", columns[0]))
    if "reason" in meta:
        words = pl.lit(str(meta["reason"]))
    elif isinstance(expectation, gxe.ExpectColumnPairValuesAToBeGreaterThanB):
        words = _against(expectation, schema)
    else:
        words = pl.lit(_plain(expectation))
    if isinstance(expectation, gxe.ExpectCompoundColumnsToBeUnique):
        value = pl.concat_str([as_text(name, schema) for name in columns], separator=", ", ignore_nulls=True)
        return Reason(column=", ".join(columns), value=value, words=words)
    return Reason(column=column, value=as_text(column, schema), words=words)


def _against(expectation: gxe.ExpectColumnPairValuesAToBeGreaterThanB, schema: pl.Schema) -> pl.Expr:
    other = expectation.column_B
    is_time = schema[other].is_temporal()
    relation = ("before" if is_time else "below") if expectation.or_equal else "not above"
    return pl.concat_str([pl.lit(f"{relation} {other} ("), as_text(other, schema), pl.lit(")")])


def _plain(expectation: Expectation) -> str:
    if isinstance(expectation, gxe.ExpectColumnValuesToNotBeNull):
        return "required, but the cell is empty"
    if isinstance(expectation, gxe.ExpectColumnValuesToBeInSet):
        return f"not one of {', '.join(str(value) for value in expectation.value_set)}"
    if isinstance(expectation, gxe.ExpectColumnValuesToBeBetween):
        return _outside(expectation)
    if isinstance(expectation, gxe.ExpectColumnValuesToBeUnique | gxe.ExpectCompoundColumnsToBeUnique):
        return "another row of the file has the same key"
    return str(expectation.notes or expectation.expectation_type)


def _outside(expectation: gxe.ExpectColumnValuesToBeBetween) -> str:
    low, high = expectation.min_value, expectation.max_value
    if low == 0 and high is None and not expectation.strict_min:
        return "negative"
    if high is None:
        return f"not above {low}" if expectation.strict_min else f"below {low}"
    if low is None:
        return f"not below {high}" if expectation.strict_max else f"above {high}"
    return f"not between {low} and {high}"


def as_text(column: str, schema: pl.Schema) -> pl.Expr:
    """A cell as a person would write it: no trailing zeros, no microseconds that are all zero."""
    kind = schema[column]
    cell = pl.col(column)
    if isinstance(kind, pl.Datetime):
        return cell.dt.to_string("%Y-%m-%d %H:%M:%S%.f")
    if kind.is_float() or kind.is_decimal():
        return cell.cast(pl.String).str.replace(r"(\.\d*?)0+$", "$1").str.replace(r"\.$", "")
    return cell.cast(pl.String)
