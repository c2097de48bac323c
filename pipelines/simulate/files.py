"""Writing the canonical files: blocks are set aside as they come, then merged by time a slice at a time."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO

import polars as pl
import pyarrow.parquet as pq

from pipelines.canonical import tables
from pipelines.errors import StateError, UsageError

TRUTH = "truth.json"
FORMATS = ("csv", "parquet")
STREAMED = {
    "orders": "ordered_at",
    "contacts": "opened_at",
    "order_outcomes": "occurred_at",
    "qa_ratings": "reviewed_at",
}
SPILL = ".simulating"


class Folder:
    """The folder that receives the files; nothing in it changes until all of them are written."""

    def __init__(self, root: Path, file_format: str) -> None:
        self.root = root
        self.format = file_format
        self.spill = root / SPILL

    def path(self, table: str) -> Path:
        """File of a canonical table."""
        return self.root / f"{table}.{self.format}"

    def is_complete(self) -> bool:
        """Whether every file of an earlier run is there."""
        return (self.root / TRUTH).exists() and all(self.path(table).exists() for table in tables())

    def open(self) -> None:
        """Make the folder ready.

        Raises:
            UsageError: If it holds canonical files that no simulation wrote.
            StateError: If it cannot be written.
        """
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            if not (self.root / TRUTH).exists():
                own = [path.name for table in tables() for path in sorted(self.root.glob(f"{table}.*"))]
                if own:
                    raise UsageError(
                        f"{self.root} holds {own[0]}, which no simulation wrote (no {TRUTH} lies beside it); "
                        "choose another folder, so that nobody's data is overwritten."
                    )
            shutil.rmtree(self.spill, ignore_errors=True)
            self.spill.mkdir()
        except OSError as error:
            raise StateError(f"cannot write in {self.root}: {error.strerror}.") from None

    def set_aside(self, table: str, block: int, frame: pl.DataFrame) -> None:
        """Keep a block's rows, already sorted by time, for the merge."""
        frame.write_parquet(
            self.spill / f"{table}-{block:05d}.parquet", compression="lz4", row_group_size=20_000
        )

    def write(self, table: str, frame: pl.DataFrame) -> None:
        """Write a small table whole."""
        with (self.spill / self.path(table).name).open("wb") as file:
            if self.format == "csv":
                _write_csv(frame, file, header=True)
            else:
                frame.write_parquet(file)

    def merge(self, table: str, edges: list[int], key: str) -> int:
        """Write a streamed table sorted by time, a slice between two edges at a time; returns its rows.

        Args:
            edges: Instants (seconds) that cut time into slices small enough to hold; the first and the
                last slice are open.
        """
        column = STREAMED[table]
        parts = sorted(self.spill.glob(f"{table}-*.parquet"))
        lazy = pl.scan_parquet(parts)
        times = [datetime.fromtimestamp(edge, UTC) for edge in edges]
        bounds = [pl.col(column) < times[0]] if times else [pl.lit(True)]
        bounds += [(pl.col(column) >= low) & (pl.col(column) < high) for low, high in pairwise(times)]
        bounds += [pl.col(column) >= times[-1]] if times else []
        rows = 0
        writer: pq.ParquetWriter | None = None
        with (self.spill / self.path(table).name).open("wb") as file:
            for number, bound in enumerate(bounds):
                frame = lazy.filter(bound).collect().sort(column, key, maintain_order=True)
                rows += frame.height
                if self.format == "csv":
                    _write_csv(frame, file, header=number == 0)
                    continue
                arrow = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
                writer = writer or pq.ParquetWriter(file, arrow.schema, compression="zstd")
                writer.write_table(arrow)
            if writer is not None:
                writer.close()
        for part in parts:
            part.unlink()
        return rows

    def discard(self) -> None:
        """Drop what was set aside; the files of an earlier run stay."""
        shutil.rmtree(self.spill, ignore_errors=True)

    def publish(self, truth: str) -> None:
        """Put all files in place, those of another format away, and the truth last."""
        (self.root / TRUTH).unlink(missing_ok=True)
        for table in tables():
            for other in FORMATS:
                if other != self.format:
                    (self.root / f"{table}.{other}").unlink(missing_ok=True)
            (self.spill / self.path(table).name).replace(self.path(table))
        written = self.spill / TRUTH
        written.write_text(truth, "utf-8")
        written.replace(self.root / TRUTH)
        self.discard()


def _write_csv(frame: pl.DataFrame, file: BinaryIO, *, header: bool) -> None:
    frame.write_csv(file, include_header=header, datetime_format="%Y-%m-%dT%H:%M:%SZ")
