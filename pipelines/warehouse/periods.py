"""Contract periods: what a month or quarter said when it became final, kept as it was printed.

A scorecard that was signed is not to change under those who signed it. So the first final row of every
period, program and metric of the scorecard is kept for ever, with the build, the as-of and the definition it
came from; what it would be by now is kept beside it, with the cause, where that differs.
"""

from __future__ import annotations

from datetime import datetime

import duckdb
import polars as pl

from pipelines.metrics import MetricRequest, definition, metric_rows
from pipelines.metrics.rolled import DaySums
from pipelines.metrics.scorecard import PERIODS, SCORECARD
from pipelines.warehouse.restate import cause_of_move, definition_mark, has_moved, settings_mark

COLUMNS = (
    "grain varchar, metric varchar, program_id varchar, period_start date, value double, lower double, "
    "upper double, numerator double, denominator bigint, definition varchar, meaning varchar, "
    "build_id varchar, as_of timestamp, now_value double, now_lower double, now_upper double, "
    "now_numerator double, now_denominator bigint, cause varchar, noticed_in varchar"
)


def freeze_periods(
    con: duckdb.DuckDBPyConnection, *, build_id: str, as_of: datetime, is_continued: bool, days: DaySums
) -> None:
    """Make `internal.closed_periods`: what is final for the first time, and what was, with what it is now.

    Args:
        con: The build's connection; with `is_continued` the last warehouse is attached as `previous`.
        build_id: This build.
        as_of: Naive UTC. A build for an earlier moment than the last one's closes nothing and judges nothing.
        is_continued: Whether there is a last warehouse.
        days: Sums by day of this build, kept for what is asked next.
    """
    con.execute(f"create table internal.closed_periods ({COLUMNS})")
    kept = is_continued and _is_kept(con)
    if kept:
        last = con.sql("select max(as_of) from previous.internal.build").fetchall()[0][0]
        if last > as_of:
            con.execute("insert into internal.closed_periods select * from previous.internal.closed_periods")
            return
    con.register("final_periods", _final_rows(con, days).to_arrow())
    if kept:
        con.execute(_CARRIED, {"build_id": build_id})
    con.execute(_CLOSED, {"build_id": build_id, "as_of": as_of})
    con.unregister("final_periods")


def _is_kept(con: duckdb.DuckDBPyConnection) -> bool:
    """Whether the last warehouse has the table with the columns of today; older ones have none."""
    found = con.sql(
        "select count(*) from duckdb_columns() where database_name = 'previous' "
        "and schema_name = 'internal' and table_name = 'closed_periods'"
    ).fetchall()
    return bool(found == [(len(COLUMNS.split(", ")),)])


def _final_rows(con: duckdb.DuckDBPyConnection, days: DaySums) -> pl.DataFrame:
    settings = settings_mark(con)
    metrics = [definition(key) for key in SCORECARD]
    marks = {metric.key: definition_mark(metric, settings) for metric in metrics}
    meanings = {metric.key: f"{metric.definition} Window: {metric.window}." for metric in metrics}
    asked = [MetricRequest(metrics=SCORECARD, by=("program_id",), grain=grain) for grain in PERIODS]
    rows = pl.concat(metric_rows(con, request, days=days) for request in asked)
    return rows.filter(pl.col("status") == "final").select(
        "grain", "metric", "program_id", "period_start", "value", "lower", "upper", "numerator",
        "denominator",
        pl.col("metric").replace_strict(marks, return_dtype=pl.String).alias("definition"),
        pl.col("metric").replace_strict(meanings, return_dtype=pl.String).alias("meaning"),
    )  # fmt: skip


_SAME_KEY = """
        new.grain = old.grain
        and new.metric = old.metric
        and new.program_id is not distinct from old.program_id
        and new.period_start = old.period_start
"""
_HAS_MOVED = has_moved("old", "new")
# A restatement is dated by the build that noticed it first: one that says the same again is no new one.
_IS_NOTED = """(
            old.cause is not null
            and old.now_numerator is not distinct from new.numerator
            and old.now_denominator is not distinct from new.denominator
            and old.now_value is not distinct from new.value
        )"""
_CARRIED = f"""
    insert into internal.closed_periods
    select
        old.grain, old.metric, old.program_id, old.period_start, old.value, old.lower, old.upper,
        old.numerator, old.denominator, old.definition, old.meaning, old.build_id, old.as_of,
        case when {_HAS_MOVED} then new.value end,
        case when {_HAS_MOVED} then new.lower end,
        case when {_HAS_MOVED} then new.upper end,
        case when {_HAS_MOVED} then new.numerator end,
        case when {_HAS_MOVED} then new.denominator end,
        case when {_HAS_MOVED} then {cause_of_move("old", "new")} end,
        case when {_HAS_MOVED} then case when {_IS_NOTED} then old.noticed_in else $build_id end end
    from previous.internal.closed_periods as old
    left join final_periods as new on {_SAME_KEY}
"""
_CLOSED = f"""
    insert into internal.closed_periods by name
    select new.*, $build_id as build_id, cast($as_of as timestamp) as as_of
    from final_periods as new
    where not exists (select 1 from internal.closed_periods as old where {_SAME_KEY})
"""
