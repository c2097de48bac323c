"""Which of a file's typed rows may be landed: expectations, and one row a key; imports quality."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from pipelines.canonical import Table
from pipelines.quality import ExpectationResult, FrameCheck, check_frame
from pipelines.sources.casting import REJECT_SCHEMA
from pipelines.sources.masking import MASKED, shown
from pipelines.sources.reading import LINE

INDEX = "_index"
RANK = "_rank"
_NONE_REPEATED = pl.DataFrame(schema={INDEX: pl.Int64, "_key": pl.UInt32, RANK: pl.UInt32})


@dataclass(frozen=True)
class Verdict:
    """What is to happen to the rows of a typed file.

    Attributes:
        out: Indices of the rows that are not landed, from 0, ascending.
        rejects: Why, one row each: line, column, value, reason.
        duplicates: How many of them lost to another row with their key.
        results: What was expected, and how it went.
    """

    out: pl.Series
    rejects: pl.DataFrame
    duplicates: int
    results: tuple[ExpectationResult, ...]


def judge(table: Table, rows: Path) -> Verdict:
    """Check a typed file against its table's expectations and settle which row of a key wins.

    The newest `updated_at` wins, else the later line; a row that breaks an expectation wins over nobody, so
    behind it the next of its key is looked at.
    """
    hashes = pl.scan_parquet(rows).select(_hash(table)).collect(engine="streaming").to_series()
    keys_differ = hashes.n_unique() == len(hashes)
    repeated = _NONE_REPEATED if keys_differ else _repeated(table, rows, hashes)
    if repeated.is_empty():
        check = check_frame(table.name, rows, keys_differ=keys_differ)
        broken = check.bad_rows.rename({"_row": INDEX}).with_columns(pl.col(INDEX).cast(pl.Int64))
        return _verdict(table, rows, broken, repeated, check.results)
    contending = repeated.filter(pl.col(RANK) > 0)
    frame = pl.scan_parquet(rows).with_row_index(INDEX).with_columns(pl.col(INDEX).cast(pl.Int64))
    first = frame.join(contending.lazy().select(INDEX), on=INDEX, how="anti", maintain_order="left")
    broken, results = _check(table, first, ())
    rank = 0
    # Runners-up are looked at only where every row before them was bad.
    open_keys = _keys_of(repeated, broken)
    while not open_keys.is_empty():
        rank += 1
        promoted = repeated.filter((pl.col(RANK) == rank) & pl.col("_key").is_in(open_keys.implode()))
        if promoted.is_empty():
            break
        chosen = frame.join(promoted.lazy().select(INDEX), on=INDEX, how="semi", maintain_order="left")
        again, results = _check(table, chosen, results)
        broken = pl.concat([broken, again])
        open_keys = _keys_of(repeated.filter(pl.col(RANK) == rank), again)
    return _verdict(table, rows, broken, repeated, results)


def _check(
    table: Table, frame: pl.LazyFrame, before: tuple[ExpectationResult, ...]
) -> tuple[pl.DataFrame, tuple[ExpectationResult, ...]]:
    check: FrameCheck = check_frame(table.name, frame.drop(INDEX))
    bad = check.bad_rows
    indices = (
        frame.select(INDEX).collect(engine="streaming")[INDEX]
        if bad.height
        else pl.Series([], dtype=pl.Int64)
    )
    broken = bad.select(
        indices.gather(bad["_row"]).alias(INDEX) if bad.height else pl.lit(None, pl.Int64).alias(INDEX),
        "column",
        "value",
        "reason",
    )
    if not before:
        return broken, check.results
    merged = tuple(
        replace(
            old,
            checked=old.checked + new.checked,
            failed=old.failed + new.failed,
            success=old.success and new.success,
        )
        for old, new in zip(before, check.results, strict=True)
    )
    return broken, merged


def _repeated(table: Table, rows: Path, hashes: pl.Series) -> pl.DataFrame:
    """The rows whose key comes more than once: `_index`, `_key` (a number a key), `_rank` (0 wins)."""
    keys = [pl.col(name) for name in table.key]
    suspects = hashes.is_duplicated().arg_true().cast(pl.Int64)
    newest = pl.col("updated_at") if "updated_at" in table.column_names else pl.lit(None)
    rows_of_keys = (
        pl.scan_parquet(rows)
        .select(*keys, newest.alias("_updated"), LINE)
        .with_row_index(INDEX)
        .with_columns(pl.col(INDEX).cast(pl.Int64))
        .filter(pl.col(INDEX).is_in(suspects.implode()))
        .collect(engine="streaming")
        .with_columns(pl.struct(table.key).rank("dense").alias("_key").cast(pl.UInt32))
        # A key with an empty required cell is no key; the expectations reject such rows.
        .filter(pl.all_horizontal(keys_needed) if (keys_needed := _needed(table)) else pl.lit(True))
    )
    ranked = rows_of_keys.sort("_updated", INDEX, descending=True, nulls_last=True).with_columns(
        pl.int_range(pl.len(), dtype=pl.UInt32).over("_key").alias(RANK), pl.len().over("_key").alias("_rows")
    )
    return ranked.filter(pl.col("_rows") > 1).select(INDEX, "_key", RANK)


def _needed(table: Table) -> list[pl.Expr]:
    return [pl.col(name).is_not_null() for name in table.key if table[name].required]


def _hash(table: Table) -> pl.Expr:
    if len(table.key) == 1:
        return pl.col(table.key[0]).hash(seed=1)
    return pl.struct(table.key).hash(seed=1)


def _keys_of(repeated: pl.DataFrame, broken: pl.DataFrame) -> pl.Series:
    return repeated.filter(pl.col(INDEX).is_in(broken[INDEX].implode()))["_key"].unique()


def _verdict(
    table: Table,
    rows: Path,
    broken: pl.DataFrame,
    repeated: pl.DataFrame,
    results: tuple[ExpectationResult, ...],
) -> Verdict:
    live = repeated.join(broken, on=INDEX, how="anti").sort("_key", RANK)
    winners = live.unique("_key", keep="first", maintain_order=True)
    losers = live.join(winners, on=INDEX, how="anti").join(
        winners.select("_key", pl.col(INDEX).alias("_winner")), on="_key", how="left"
    )
    out = pl.concat([broken[INDEX].cast(pl.Int64), losers[INDEX]]).sort()
    if out.is_empty():
        return Verdict(out, pl.DataFrame(schema=REJECT_SCHEMA), 0, results)
    lines = pl.scan_parquet(rows).select(LINE).collect(engine="streaming")[LINE]
    personal = [column.name for column in table.columns if column.personal]
    from_checks = broken.select(
        lines.gather(broken[INDEX]).alias("line"),
        pl.col("column"),
        pl.when(pl.col("column").is_in(personal) & pl.col("value").is_not_null())
        .then(pl.lit(MASKED))
        .otherwise(shown(pl.col("value")))
        .alias("value"),
        pl.col("reason"),
    )
    return Verdict(
        out=out,
        rejects=pl.concat([from_checks, _lost(table, rows, losers, lines)]),
        duplicates=losers.height,
        results=results,
    )


def _lost(table: Table, rows: Path, losers: pl.DataFrame, lines: pl.Series) -> pl.DataFrame:
    if losers.is_empty():
        return pl.DataFrame(schema=REJECT_SCHEMA)
    losers = losers.sort(INDEX)
    keys = (
        pl.scan_parquet(rows)
        .select(table.key)
        .with_row_index(INDEX)
        .filter(pl.col(INDEX).is_in(losers[INDEX].implode()))
        .collect(engine="streaming")
        .sort(INDEX)
    )
    name = ", ".join(table.key)
    return pl.DataFrame(
        {
            "line": lines.gather(losers[INDEX]),
            "column": pl.Series([name]).new_from_index(0, losers.height),
            "value": keys.select(
                shown(
                    pl.concat_str(
                        [pl.col(key).cast(pl.String) for key in table.key], separator=", ", ignore_nulls=True
                    )
                )
            ).to_series(),
            "reason": pl.select(
                pl.concat_str(
                    pl.lit(f"the same {name} again on line "),
                    pl.lit(lines.gather(losers["_winner"])).cast(pl.String),
                    pl.lit(", which wins"),
                )
            ).to_series(),
        }
    )
