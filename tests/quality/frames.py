"""Typed canonical frames for tests: hand-written rows, and dirty random ones."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from pipelines import canonical

POLARS_TYPES: Mapping[str, pl.DataType] = {
    "text": pl.String(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "money": pl.Decimal(18, 4),
    "rate": pl.Decimal(18, 10),
    "boolean": pl.Boolean(),
    "timestamp": pl.Datetime("us"),
    "date": pl.Date(),
}


def typed(table: str, rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Rows as landing hands them over: all canonical columns in their types, missing cells null."""
    columns = canonical.tables()[table].columns
    schema = {column.name: POLARS_TYPES[column.type] for column in columns}
    schema |= {"_line": pl.Int64(), "_local_mask": pl.Int32()}
    filled = [{"_line": i + 2, "_local_mask": 0, **row} for i, row in enumerate(rows)]
    return pl.DataFrame(filled, schema=schema)


def dirty(table: str, *, rows: int, seed: int) -> pl.DataFrame:
    """Random rows in which every expectation has a fair chance to be broken."""
    rng = random.Random(f"{table} {seed}")
    columns = canonical.tables()[table].columns
    return typed(table, [{column.name: _cell(rng, column) for column in columns} for _ in range(rows)])


def _cell(rng: random.Random, column: canonical.Column) -> Any:
    if rng.random() < 0.15:
        return None
    if column.values:
        return rng.choice([*column.values, "something else"])
    match column.type:
        case "text":
            return rng.choice(["Europe/London", "Mars/Base", "USD", "usd", "cart_velocity", "Cart", "7"])
        case "boolean":
            return rng.random() < 0.5
        case "timestamp":
            return datetime(2026, 1, 1) + timedelta(minutes=rng.randint(0, 5))
        case "date":
            return date(2026, 1, 1) + timedelta(days=rng.randint(0, 5))
        case "integer":
            return rng.randint(-2, 4)
        case "number":
            return rng.choice([-1.5, 0.0, 1.0, 2.5, 5.0, 6.0, 90_000.0])
        case _:
            return rng.choice([Decimal("-3.10"), Decimal(0), Decimal("12.25")])
