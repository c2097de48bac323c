"""A small workspace to land files in, for the tests of reading, mapping and landing."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.landing import Batch, LandingReport, land
from pipelines.settings import Workspace, read_workspace

CANONICAL = '[[source]]\nfiles = "*.*"\npreset = "canonical"\n'
CONTACTS = "contact_id,program_id,customer_id,channel,issue,opened_at\n"
ORDERS = "order_id,program_id,customer_id,ordered_at,amount\n"


@dataclass(frozen=True)
class Desk:
    """A workspace under construction."""

    root: Path

    def write(self, name: str, content: str | bytes) -> Path:
        """Put a file into the workspace."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8"))
        return path

    def configure(self, toml: str = "") -> Workspace:
        """Write plumbline.toml and read it; without text a canonical source of the whole folder."""
        self.write("plumbline.toml", toml or CANONICAL)
        return read_workspace(self.root)

    def land(self, toml: str = "") -> LandingReport:
        """Land everything."""
        return land(self.configure(toml))

    def land_one(self, toml: str = "") -> Batch:
        """Land what is exactly one batch, with nothing refused."""
        report = self.land(toml)
        assert report.refused == ()
        (batch,) = report.batches
        return batch

    def refusal(self, toml: str = "") -> str:
        """Why the one file is refused."""
        report = self.land(toml)
        assert report.batches == ()
        (refused,) = report.refused
        return refused.reason


def rows(batch: Batch) -> list[dict[str, Any]]:
    """The landed rows."""
    return pl.read_parquet(batch.data).to_dicts()


def column(batch: Batch, name: str) -> list[Any]:
    """One column of the landed rows."""
    return pl.read_parquet(batch.data)[name].to_list()


def rejects(batch: Batch) -> list[tuple[int, str | None, str | None, str]]:
    """Line, column, value and reason of each reject."""
    found = pl.read_parquet(batch.rejects)
    assert found.height == batch.rows_rejected
    assert batch.rows_read == batch.rows_landed + batch.rows_rejected
    return found.select("line", "column", "value", "reason").rows()


def is_local(batch: Batch, field: str) -> list[bool]:
    """Whether each landed row's timestamp is marked as a local time."""
    from pipelines.canonical import tables

    bit = 1 << tables()[batch.table].timestamps.index(field)
    return [mask & bit != 0 for mask in column(batch, "_local_mask")]
