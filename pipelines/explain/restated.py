"""Final values that moved, in the order of a reader's questions: which, when noticed, how far and why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import polars as pl

CAUSES = {
    "late rows": "Rows arrived after the week was final; they count in it now.",
    "rows corrected or withdrawn": "A later file corrected or withdrew rows that had counted.",
    "late outcome or correction": "The same units count, and what came of some was told later or corrected.",
    "rows withdrawn, or waiting again": "The week has no final value any more.",
    "definition or setting changed": "The metric's SQL or a setting is another than before, not the data.",
}
"""What each cause of `restatements` means."""


def restated(moved: pl.DataFrame, runs: pl.DataFrame) -> pl.DataFrame:
    """Restatements with the moment they were noticed and how far the value moved, newest first.

    Args:
        moved: Rows of `reader.restatements`.
        runs: Rows of `reader.load_runs`.

    Returns:
        noticed_at (naive UTC; empty where the load is no longer known), metric, program_id, period_start,
        old_value, new_value, change (empty where there is no new value), old_denominator, new_denominator,
        cause, noticed_in.
    """
    known = runs.select(pl.col("build_id").alias("noticed_in"), pl.col("finished").alias("noticed_at"))
    return (
        moved.join(known, on="noticed_in", how="left")
        .with_columns((pl.col("new_value") - pl.col("old_value")).alias("change"))
        .sort(
            pl.col("noticed_at"),
            pl.col("period_start"),
            pl.col("metric"),
            pl.col("program_id"),
            descending=[True, True, False, False],
            nulls_last=True,
        )
        .select(
            "noticed_at", "metric", "program_id", "period_start", "old_value", "new_value", "change",
            "old_denominator", "new_denominator", "cause", "noticed_in",
        )
    )  # fmt: skip


def kept(
    rows: pl.DataFrame,
    *,
    metric: str | None = None,
    programs: Sequence[str | None] = (),
    start: date | None = None,
    end: date | None = None,
) -> pl.DataFrame:
    """Those of one metric, of some programs, of weeks that reach into a period; each only where asked for."""
    asked = pl.lit(True)
    if metric is not None:
        asked &= pl.col("metric") == metric
    if programs:
        asked &= pl.col("program_id").is_in(list(programs), nulls_equal=True)
    if start is not None:
        asked &= pl.col("period_start") > start - timedelta(weeks=1)
    if end is not None:
        asked &= pl.col("period_start") <= end
    return rows.filter(asked)


def numbers(rows: pl.DataFrame) -> int:
    """How many numbers moved: a week's value that moved twice is one."""
    return rows.select("metric", "program_id", "period_start").n_unique()


def by_cause(rows: pl.DataFrame) -> list[tuple[str, int]]:
    """Causes with how many restatements each has, most first."""
    counted = rows.group_by("cause").len("n").sort("n", "cause", descending=[True, False])
    return list(counted.iter_rows())
