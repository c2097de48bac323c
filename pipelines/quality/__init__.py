"""Runs the declared expectations on landed frames and on marts, and splits good rows from bad.

May import canonical, errors and, lazily because it takes seconds, Great Expectations with the suites of
`expectations`. Importing this package costs nothing; calling it does.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from pipelines.quality.importing import prepare
from pipelines.quality.results import ExpectationResult, FrameCheck

if TYPE_CHECKING:
    import duckdb

__all__ = ["ExpectationResult", "FrameCheck", "check_frame", "check_marts"]


def check_frame(table: str, frame: pl.LazyFrame | Path, *, keys_differ: bool = False) -> FrameCheck:
    """What the suites of a canonical table say of one typed frame.

    Args:
        table: Canonical table, such as `contacts`.
        frame: The rows as they are landed, or the path of a Parquet file that holds them: every canonical
            column in its type, missing cells null. With a column `_local_mask` (bit i set: the i-th timestamp
            column is a local wall time) two timestamps are compared only where their order is certain
            before the zone is known; the build looks at the rest.
        keys_differ: Whether it is known that no two rows have the same key; it is then not looked for.

    Returns:
        All results, and the rows that broke a critical expectation.

    Raises:
        UsageError: If the table is not canonical.
    """
    prepare()
    from pipelines.quality.frames import check_canonical

    rows = pl.scan_parquet(frame) if isinstance(frame, Path) else frame
    return check_canonical(table, rows, keys_differ=keys_differ)


def check_marts(con: duckdb.DuckDBPyConnection) -> tuple[ExpectationResult, ...]:
    """What the suites of the marts say of a warehouse that was just built.

    Args:
        con: Connection to the warehouse; only read from.

    Returns:
        All results; the build must not be published if one is critical and not a success.
    """
    prepare()
    from pipelines.quality.marts import check_all

    return check_all(con)
