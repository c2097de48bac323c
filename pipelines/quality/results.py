"""What the expectations found, as frozen values; imports nothing of ours and no Great Expectations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

Severity = Literal["critical", "warning"]

BAD_ROWS_SCHEMA = {
    "_row": pl.UInt32(),
    "column": pl.String(),
    "value": pl.String(),
    "reason": pl.String(),
}


@dataclass(frozen=True)
class ExpectationResult:
    """One expectation of one suite, run once.

    Attributes:
        suite: Name of the suite, `contacts` or `contacts.shape` for landed rows, `marts.contacts` for marts.
        expectation: Great Expectations' own name of what was expected.
        column: The column it speaks of, several joined by a comma, or None for the whole table.
        severity: `critical` rejects the row (landed) or stops the build (marts); `warning` is reported.
        success: Whether every row looked at kept it.
        checked: Rows looked at; a missing cell is not, unless the expectation is about missing cells.
        failed: Rows that broke it.
        note: Why it is expected.
    """

    suite: str
    expectation: str
    column: str | None
    severity: Severity
    success: bool
    checked: int
    failed: int
    note: str


@dataclass(frozen=True)
class FrameCheck:
    """Outcome of the expectations over one typed frame.

    Attributes:
        results: One result an expectation, in the order of the suites.
        bad_rows: One line a row that broke a critical expectation, in the order of the frame: `_row` (index
            in the frame, from 0), `column`, `value` (as text; null for a missing cell), `reason` in words.
            A row that broke several is listed under the first.
    """

    results: tuple[ExpectationResult, ...]
    bad_rows: pl.DataFrame
