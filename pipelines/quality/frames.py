"""Checks one landed frame: runs its suites, then names the rows that broke a critical expectation."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl
from great_expectations.expectations.expectation import Expectation

from pipelines import canonical
from pipelines.errors import UsageError, did_you_mean
from pipelines.quality.conditions import Comparable
from pipelines.quality.engine import ROW, PolarsExecutionEngine
from pipelines.quality.reasons import reason_for
from pipelines.quality.results import BAD_ROWS_SCHEMA, FrameCheck
from pipelines.quality.run import run_suites
from pipelines.quality.suites import suites_of

LOCAL_MASK = "_local_mask"

# Clock changes happen at night and move the clock by two hours at most. Two local times less than that apart,
# the earlier of them in those hours, may stand the other way round in UTC: the build, which knows the zone,
# decides.
_CLOCK_CHANGE_ENDS_BEFORE_HOUR = 5
_CLOCK_CHANGE_HOURS = 2


def check_canonical(table: str, frame: pl.LazyFrame, *, keys_differ: bool = False) -> FrameCheck:
    """See `pipelines.quality.check_frame`."""
    tables = canonical.tables()
    if table not in tables:
        raise UsageError(
            f"no canonical table '{table}'; there are {', '.join(tables)}.{did_you_mean(table, list(tables))}"
        )
    definition = tables[table]
    suites = suites_of(table)
    engine = PolarsExecutionEngine(
        frame, comparable=_comparable(definition, frame), unique=definition.key if keys_differ else ()
    )
    results = run_suites(engine, suites)
    asked = [expectation for suite in suites for expectation in suite.expectations]
    broken = [
        expectation
        for expectation, result in zip(asked, results, strict=True)
        if result.severity == "critical" and result.failed
    ]
    return FrameCheck(results=results, bad_rows=_bad_rows(engine, broken))


def _comparable(table: canonical.Table, frame: pl.LazyFrame) -> Comparable | None:
    if LOCAL_MASK not in frame.collect_schema():
        return None
    if not frame.select((pl.col(LOCAL_MASK) != 0).any()).collect(engine="streaming").item():
        return None  # all times are in UTC
    bits = {name: 1 << i for i, name in enumerate(table.timestamps)}

    def certain(first: str, second: str) -> pl.Expr | None:
        if first not in bits or second not in bits:
            return None
        mask = pl.col(LOCAL_MASK)
        first_local, second_local = ((mask & bits[name]) != 0 for name in (first, second))
        earlier = pl.min_horizontal(first, second)
        near = (pl.col(first) - pl.col(second)).abs() < pl.duration(hours=_CLOCK_CHANGE_HOURS)
        at_night = earlier.dt.hour() < _CLOCK_CHANGE_ENDS_BEFORE_HOUR
        return (first_local == second_local) & ~(first_local & near & at_night)

    return certain


def _bad_rows(engine: PolarsExecutionEngine, broken: Sequence[Expectation]) -> pl.DataFrame:
    """One line a row that broke any of the expectations, under the first it broke, in the frame's order."""
    if not broken:
        return pl.DataFrame(schema=BAD_ROWS_SCHEMA)
    conditions = [
        engine.condition(str(getattr(expectation, "map_metric", "")), expectation.dict())
        for expectation in broken
    ]
    reasons = [reason_for(expectation, engine.schema) for expectation in broken]
    first = pl.coalesce([pl.when(condition.broken).then(i) for i, condition in enumerate(conditions)])
    rows = engine.indexed.with_columns(first.alias("_first")).filter(pl.col("_first").is_not_null())
    is_first = [pl.col("_first") == i for i in range(len(broken))]

    def pick(said: Sequence[pl.Expr]) -> pl.Expr:
        return pl.coalesce([pl.when(here).then(text) for here, text in zip(is_first, said, strict=True)])

    return (
        rows.select(
            pl.col(ROW).cast(pl.UInt32),
            pick([pl.lit(reason.column) for reason in reasons]).cast(pl.String).alias("column"),
            pick([reason.value for reason in reasons]).cast(pl.String).alias("value"),
            pick([reason.words for reason in reasons]).cast(pl.String).alias("reason"),
        )
        .sort(ROW)
        .collect(engine="streaming")
    )
