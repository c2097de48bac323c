"""What was final and moved: each build freezes its final weeks and compares them with the last build's."""

from __future__ import annotations

import hashlib
from datetime import datetime

import duckdb
import polars as pl

from pipelines.metrics import MetricDefinition, MetricRequest, catalogue, metric_rows
from pipelines.metrics.rolled import DaySums

FROZEN = (
    "metric varchar, program_id varchar, period_start date, value double, numerator double, "
    "denominator bigint, definition varchar"
)
GRAIN = "week"


def freeze(
    con: duckdb.DuckDBPyConnection, *, build_id: str, as_of: datetime, is_continued: bool, days: DaySums
) -> None:
    """Freeze the final weeks of every metric and program; list those that moved in `restatements`.

    Args:
        con: The build's connection; with `is_continued` the last warehouse is attached as `previous`.
        build_id: This build.
        as_of: Naive UTC. A build for an earlier moment than the last one's judges nothing: what was
            final then is not final now for no other reason than the question.
        is_continued: Whether there is a last warehouse.
        days: Sums by day of this build, kept for what is asked next.
    """
    con.execute(f"create table internal.frozen ({FROZEN})")
    if is_continued:
        last = con.sql("select max(as_of) from previous.internal.build").fetchall()[0][0]
        if last > as_of:
            con.execute("insert into internal.frozen by name select * from previous.internal.frozen")
            return
    final = _final_rows(con, days)
    con.register("final_rows", final.to_arrow())
    con.execute("insert into internal.frozen by name select * from final_rows")
    con.unregister("final_rows")
    if is_continued:
        con.execute(_MOVED, {"build_id": build_id, "grain": GRAIN})


def _final_rows(con: duckdb.DuckDBPyConnection, days: DaySums) -> pl.DataFrame:
    settings = settings_mark(con)
    # of an estimate of what is still open nothing is frozen: once final it says what its plain twin says
    marks = {
        metric.key: definition_mark(metric, settings) for metric in catalogue() if metric.kind != "survival"
    }
    asked = MetricRequest(metrics=tuple(marks), by=("program_id",), grain=GRAIN)
    rows = metric_rows(con, asked, days=days).filter(pl.col("status") == "final")
    return rows.select(
        "metric", "program_id", "period_start", "value", "numerator", "denominator",
        pl.col("metric").replace_strict(marks, return_dtype=pl.String).alias("definition"),
    )  # fmt: skip


def settings_mark(con: duckdb.DuckDBPyConnection) -> str:
    """The settings of the build at hand, as text that is the same where they are."""
    settings = repr(con.sql("select * exclude (build_id, as_of) from internal.build").fetchall())
    return settings + repr(con.sql("select * from internal.service_levels order by all").fetchall())


def definition_mark(metric: MetricDefinition, settings: str) -> str:
    """A mark of what a metric means: another one where its SQL or a setting has changed."""
    return hashlib.blake2b((metric.sql + settings).encode(), digest_size=8).hexdigest()


def cause_of_move(old: str, new: str) -> str:
    """SQL that names why a number that was final moved, from an old and a new row of it.

    Args:
        old: Name of the old row, with definition and denominator.
        new: Name of the new row, whose metric is null where there is none any more.
    """
    return f"""case
            when {new}.metric is null then 'rows withdrawn, or waiting again'
            when {new}.definition <> {old}.definition then 'definition or setting changed'
            when {new}.denominator > {old}.denominator then 'late rows'
            when {new}.denominator < {old}.denominator then 'rows corrected or withdrawn'
            else 'late outcome or correction'
        end"""


def has_moved(old: str, new: str) -> str:
    """SQL that says whether a number that was final is another now; names as for `cause_of_move`."""
    return f"""(
            {new}.metric is null
            or {new}.numerator is distinct from {old}.numerator
            or {new}.denominator <> {old}.denominator
            or {new}.value is distinct from {old}.value
        )"""


# A week that is no longer final, or no longer there, has moved too: its new value is empty.
_MOVED = f"""
    insert into restatements by name
    select
        $build_id as noticed_in,
        old.metric,
        $grain as grain,
        old.program_id,
        old.period_start,
        old.value as old_value,
        new.value as new_value,
        cast(old.denominator as double) as old_denominator,
        cast(new.denominator as double) as new_denominator,
        {cause_of_move("old", "new")} as cause
    from previous.internal.frozen as old
    left join internal.frozen as new
        on new.metric = old.metric
        and new.program_id is not distinct from old.program_id
        and new.period_start = old.period_start
    where {has_moved("old", "new")}
"""
