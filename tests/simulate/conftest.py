"""One simulated retailer, small enough for every test to read whole."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.canonical import tables
from pipelines.simulate import make_plan, simulate

CONTACTS = 30_000


@dataclass(frozen=True)
class Retailer:
    """The files of one simulation, as typed frames, and what was put in."""

    root: Path
    frames: dict[str, pl.DataFrame]
    truth: dict[str, Any]
    counts: dict[str, int]

    def __getitem__(self, table: str) -> pl.DataFrame:
        return self.frames[table]


def read_typed(path: Path, table: str) -> pl.DataFrame:
    """A canonical CSV file read as text and cast strictly: a cell that does not fit its type fails."""
    casts = {
        "text": lambda column: column,
        "integer": lambda column: column.cast(pl.Int64),
        "number": lambda column: column.cast(pl.Float64),
        "money": lambda column: column.cast(pl.Decimal(18, 4)),
        "rate": lambda column: column.cast(pl.Decimal(18, 10)),
        "boolean": lambda column: column.replace_strict(
            {"true": True, "false": False}, return_dtype=pl.Boolean
        ),
        "timestamp": lambda column: column.str.to_datetime("%Y-%m-%dT%H:%M:%SZ", time_unit="us"),
        "date": lambda column: column.str.to_date("%Y-%m-%d"),
    }
    text = pl.read_csv(path, infer_schema=False)
    return text.select(casts[tables()[table][name].type](pl.col(name)).alias(name) for name in text.columns)


@pytest.fixture(scope="session")
def retailer(tmp_path_factory: pytest.TempPathFactory) -> Retailer:
    root = tmp_path_factory.mktemp("retailer")
    counts = simulate(root, make_plan(contacts=CONTACTS, seed=11))
    frames = {table: read_typed(root / f"{table}.csv", table) for table in tables()}
    truth = json.loads((root / "truth.json").read_text("utf-8"))
    return Retailer(root, frames, truth, counts)
