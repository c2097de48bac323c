"""Puts rows of Python values into a table in one statement; imports nothing of ours."""

from __future__ import annotations

from collections.abc import Iterable

import duckdb
import polars as pl


def insert_rows(con: duckdb.DuckDBPyConnection, table: str, rows: Iterable[tuple[object, ...]]) -> None:
    """Insert rows whose values stand in the order of the table's columns.

    Args:
        con: A connection that may write.
        table: Name, with its schema where it is not the current one.
        rows: Values that fit the columns; none at all is fine.
    """
    frame = pl.DataFrame(list(rows), orient="row", infer_schema_length=None)
    if frame.is_empty():
        return
    con.register("rows_to_insert", frame.to_arrow())
    con.execute(f"insert into {table} select * from rows_to_insert")
    con.unregister("rows_to_insert")
