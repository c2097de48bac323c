"""Rows of one key put together as one, such as the lines of an invoice as an order; imports casting only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from pipelines.canonical import Table
from pipelines.sources.casting import LOCAL_MASK
from pipelines.sources.reading import LINE

_ROW = "_row"


def fold_rows(typed: Path, table: Table, fold: Mapping[str, str]) -> int:
    """Rewrite a typed file so that each key has one row, in the place of its first.

    A row whose key is not complete stays as it is: what is wrong with it is said later.

    Args:
        typed: Parquet file of typed rows, as `pipelines.sources.casting` makes them.
        table: Their table.
        fold: Field to sum, min, max, first or last; of other fields the first value that is not empty is
            kept, of `_line` the first.

    Returns:
        How many rows there are fewer.
    """
    rows = pl.read_parquet(typed).with_row_index(_ROW)
    needed = [name for name in table.key if table[name].required]
    is_whole = pl.all_horizontal(pl.col(needed).is_not_null())
    whole = rows.filter(is_whole)
    folded = whole.group_by(table.key).agg(
        pl.col(_ROW).min(),
        pl.col(LINE).min(),
        *(
            _put_together(column.name, fold.get(column.name, "first"))
            for column in table.columns
            if column.name not in table.key
        ),
        _mask(table, fold).cast(pl.Int32).alias(LOCAL_MASK),
    )
    if folded.height == whole.height:
        return 0
    together = pl.concat([folded.select(rows.columns).cast(rows.schema), rows.filter(~is_whole)])
    together.sort(_ROW).drop(_ROW).write_parquet(typed)
    return rows.height - together.height


def _put_together(name: str, how: str) -> pl.Expr:
    column = pl.col(name)
    if how == "sum":
        return pl.when(column.count() > 0).then(column.sum())
    return column.get(_chosen(name, how)).alias(name)


def _chosen(name: str, how: str) -> pl.Expr:
    """Place within a key's rows of the value to keep; of the first row where none has one."""
    column = pl.col(name)
    places = {
        "first": column.is_not_null().arg_max(),
        "last": pl.len() - 1 - column.is_not_null().reverse().arg_max(),
        "min": column.arg_min(),
        "max": column.arg_max(),
    }
    return places[how].fill_null(0)


def _mask(table: Table, fold: Mapping[str, str]) -> pl.Expr:
    """Each kept timestamp brings along whether it was a local one."""
    bits = [
        (pl.col(LOCAL_MASK) & (1 << place)).get(_chosen(name, fold.get(name, "first")))
        for place, name in enumerate(table.timestamps)
    ]
    return pl.sum_horizontal(bits) if bits else pl.lit(0)
