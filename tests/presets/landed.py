"""Lands one small file through a preset and gives back the rows, for the tests of presets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from pipelines.landing import LandingReport, land
from pipelines.settings import read_workspace

PROGRAM = """
[[program]]
program_id = "P1"
program_name = "One"
timezone = "America/New_York"
currency = "USD"
"""


def land_file(root: Path, name: str, text: str, source: str) -> LandingReport:
    """Land a file whose source is described by TOML text, in a workspace of one program."""
    (root / name).write_text(text, "utf-8")
    (root / "plumbline.toml").write_text(f'[[source]]\nfiles = "{name}"\n{source}\n{PROGRAM}', "utf-8")
    report = land(read_workspace(root))
    assert [file.reason for file in report.refused] == []
    return report


def rows(report: LandingReport, table: str) -> dict[str, dict[str, Any]]:
    """The landed rows of a table by their first key column."""
    frames = [pl.read_parquet(batch.data) for batch in report.batches if batch.table == table]
    frame = pl.concat(frames)
    return {row[frame.columns[0]]: row for row in frame.iter_rows(named=True)}


def rejects(report: LandingReport, table: str) -> list[tuple[int, str, str]]:
    """Line, column and reason of what was rejected."""
    frames = [pl.read_parquet(batch.rejects) for batch in report.batches if batch.table == table]
    return pl.concat(frames).select("line", "column", "reason").rows()
