"""Makes a query's rows into ones that every table library takes; imports nothing of ours.

DuckDB may name two columns alike, and its intervals have months, days and microseconds side by side, which
Polars, Parquet and spreadsheets cannot hold.
"""

from __future__ import annotations

from datetime import timedelta

import pyarrow as pa


def plain(table: pa.Table) -> pa.Table:
    """The same rows, columns named apart, intervals as durations (as text where months are in)."""
    columns = [
        _interval_free(column) if pa.types.is_interval(column.type) else column for column in table.columns
    ]
    return pa.table(columns, names=_distinct(table.column_names))


def _interval_free(column: pa.ChunkedArray) -> pa.ChunkedArray:
    values = column.to_pylist()
    if any(value is not None and value.months for value in values):
        texts = [None if value is None else _words(value) for value in values]
        return pa.chunked_array([pa.array(texts, pa.string())])
    lengths = [
        None if value is None else timedelta(days=value.days, microseconds=value.nanoseconds // 1000)
        for value in values
    ]
    return pa.chunked_array([pa.array(lengths, pa.duration("us"))])


def _words(value: pa.MonthDayNano) -> str:
    parts = [(value.months, "months"), (value.days, "days"), (value.nanoseconds / 1e9, "seconds")]
    return " ".join(f"{amount:g} {unit}" for amount, unit in parts if amount)


def _distinct(names: list[str]) -> list[str]:
    taken: set[str] = set()
    distinct = []
    for name in names:
        candidate, copy = name, 1
        while candidate in taken or (copy > 1 and candidate in names):
            candidate, copy = f"{name}_{copy}", copy + 1
        taken.add(candidate)
        distinct.append(candidate)
    return distinct
