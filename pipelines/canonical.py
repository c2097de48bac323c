"""The canonical tables as Python objects, read from canonical.yml.

Every other place that needs a column's name, type, values or meaning asks here.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from pipelines.definitions import parsed

MONEY_SCALE = 4
RATE_SCALE = 10

DUCKDB_TYPES = {
    "text": "varchar",
    "integer": "bigint",
    "number": "double",
    "money": f"decimal(18,{MONEY_SCALE})",
    "rate": f"decimal(18,{RATE_SCALE})",
    "boolean": "boolean",
    "timestamp": "timestamp",
    "date": "date",
}


@dataclass(frozen=True)
class Column:
    """One canonical column."""

    name: str
    type: str
    meaning: str
    required: bool = False
    values: tuple[str, ...] = ()
    signed: bool = False
    personal: str | None = None

    @property
    def is_numeric(self) -> bool:
        """Whether the column holds numbers."""
        return self.type in ("integer", "number", "money", "rate")


@dataclass(frozen=True)
class Table:
    """One canonical table: its columns in their printed order, and its key."""

    name: str
    meaning: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    zone: str | None = None

    def __getitem__(self, name: str) -> Column:
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)

    @property
    def column_names(self) -> tuple[str, ...]:
        """Names of the columns, in order."""
        return tuple(column.name for column in self.columns)

    @property
    def timestamps(self) -> tuple[str, ...]:
        """Names of the timestamp columns, in order: bit i of `_local_mask` speaks of the i-th."""
        return tuple(column.name for column in self.columns if column.type == "timestamp")


def _table(name: str, spec: dict[str, Any]) -> Table:
    columns = tuple(
        Column(name=key, **{**fields, "values": tuple(fields.get("values", ()))})
        for key, fields in spec["columns"].items()
    )
    return Table(
        name=name, meaning=spec["meaning"], key=tuple(spec["key"]), columns=columns, zone=spec.get("zone")
    )


@cache
def tables() -> dict[str, Table]:
    """All canonical tables by name, in the order of the file."""
    text = resources.files("pipelines").joinpath("canonical.yml").read_text("utf-8")
    return {name: _table(name, spec) for name, spec in parsed(text).items()}
