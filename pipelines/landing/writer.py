"""One file as one batch: read, map, cast, judge, written beside its final name; imports sources and judge."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.canonical import Table
from pipelines.errors import DataRefusedError
from pipelines.landing.batch import COMPRESSION, RejectReason, data_path, rejects_path
from pipelines.landing.erased import Erased, rejects_of
from pipelines.landing.folding import fold_rows
from pipelines.landing.judge import judge
from pipelines.quality import ExpectationResult
from pipelines.settings import Settings
from pipelines.sources import mapping
from pipelines.sources.casting import LOCAL_MASK, REJECT_SCHEMA, TYPES, cast_rows
from pipelines.sources.config import Part, Source
from pipelines.sources.gate import LineReject
from pipelines.sources.lookups import looked_up, own_columns, with_lookups
from pipelines.sources.mapping import FileWarning
from pipelines.sources.pseudonyms import Pseudonymiser
from pipelines.sources.reading import LINE, Chunk, Header, is_encoding_reject, read_chunks

NOT_UTF8_SHARE = 0.1
REASONS_KEPT = 50


@dataclass(frozen=True)
class Written:
    """A batch's files, complete but not yet under their final names, and its counts."""

    data: Path
    rejects: Path
    rows_read: int
    rows_landed: int
    rows_rejected: int
    rows_duplicate: int
    reasons: tuple[RejectReason, ...]
    warnings: tuple[FileWarning, ...]
    expectations: tuple[ExpectationResult, ...]


@dataclass
class _Tally:
    """What adds up while a file is read."""

    typed: int = 0
    skipped: int = 0
    folded: int = 0
    not_utf8: int = 0
    erased: int = 0
    rejects: list[pl.DataFrame] = field(default_factory=list)


def write_batch(
    path: Path,
    file: str,
    source: Source,
    part: Part,
    table: Table,
    header: Header,
    *,
    identity: str,
    landing: Path,
    key: bytes,
    settings: Settings,
    erased: Erased,
) -> Written:
    """Read a file for one of its tables and write its rows and rejects beside their final names.

    Raises:
        DataRefusedError: If the file breaks an expectation of the whole file; nothing is left behind.
    """
    plan = mapping.plan(part, table, with_lookups(header, part.lookups))
    chunks = read_chunks(path, source, part, header, own_columns(plan.reads, part.lookups))
    if part.lookups:
        chunks = looked_up(chunks, part.lookups, source)
    return write_rows(
        chunks,
        plan,
        file,
        identity=identity,
        landing=landing,
        key=key,
        settings=settings,
        erased=erased,
    )


def write_rows(
    chunks: Iterator[Chunk],
    plan: mapping.Plan,
    file: str,
    *,
    identity: str,
    landing: Path,
    key: bytes,
    settings: Settings,
    erased: Erased,
) -> Written:
    """Write the rows and rejects of chunks, mapped by a plan, beside their final names."""
    table = plan.table
    data = data_path(landing, table.name, identity)
    rejects = rejects_path(landing, table.name, identity)
    data.parent.mkdir(parents=True, exist_ok=True)
    typed = data.with_name(data.name + ".typed")
    data, rejects = (item.with_name(item.name + ".part") for item in (data, rejects))
    try:
        tally = _write_typed(chunks, plan, typed, key, erased)
        _refuse_encoding(tally, settings)
        if plan.part.fold is not None:
            tally.folded = fold_rows(typed, table, plan.part.fold)
            tally.typed -= tally.folded
        verdict = judge(table, typed)
        if verdict.out.is_empty():
            typed.replace(data)
        else:
            _write_without(typed, verdict.out, data)
        found = pl.concat([*tally.rejects, verdict.rejects]).sort("line", maintain_order=True)
        landed = tally.typed - len(verdict.out)
        read = landed + found.height
        # Neither a row that comes again nor one of an erased customer speaks against the file.
        _refuse_share(found, verdict.duplicates + tally.erased, read, settings)
        found.select(
            pl.lit(file).alias("file"),
            "line",
            "column",
            "value",
            "reason",
            pl.lit(table.name).alias("table_name"),
        ).write_parquet(rejects, compression=COMPRESSION)
        return Written(
            data=data,
            rejects=rejects,
            rows_read=read,
            rows_landed=landed,
            rows_rejected=found.height,
            rows_duplicate=verdict.duplicates,
            reasons=_reasons(found),
            warnings=_warnings(plan, tally),
            expectations=verdict.results,
        )
    except BaseException:
        for path in (data, rejects):
            path.unlink(missing_ok=True)
        raise
    finally:
        typed.unlink(missing_ok=True)


def _write_typed(
    chunks: Iterator[Chunk], plan: mapping.Plan, typed: Path, key: bytes, erased: Erased
) -> _Tally:
    part, tally, pseudonyms = plan.part, _Tally(), Pseudonymiser(key)
    with pq.ParquetWriter(
        typed,
        _schema(plan.table),
        compression=COMPRESSION,
        use_dictionary=_repetitive(plan.table),
        # nothing filters by them, and they cost a fifth of the writing
        write_statistics=False,
    ) as writer:
        for chunk in chunks:
            if chunk.rejects:
                tally.not_utf8 += sum(is_encoding_reject(reject) for reject in chunk.rejects)
                tally.rejects.append(_line_rejects(chunk.rejects))
            if chunk.frame.is_empty():
                continue
            rows, skipped = mapping.apply(plan, chunk.frame)
            tally.skipped += skipped
            cast = cast_rows(
                rows,
                plan.table,
                pseudonyms=pseudonyms,
                formats=part.formats,
                zone=part.zone,
                decimal=part.decimal,
                trimmed=chunk.trimmed and not part.is_computed,
                at_signs=chunk.at_signs or part.adds_text,
            )
            gone = erased.among(plan.table.name, cast.rows)
            kept = cast.rows.filter(~gone) if gone.any() else cast.rows
            tally.typed += kept.height
            tally.erased += cast.rows.height - kept.height
            tally.rejects += [
                frame for frame in (cast.rejects, rejects_of(cast.rows.filter(gone)[LINE])) if frame.height
            ]
            if kept.height:
                arrow = kept.to_arrow(compat_level=pl.CompatLevel.newest())
                writer.write_table(arrow, row_group_size=1 << 20)
    return tally


def _repetitive(table: Table) -> list[str]:
    """Columns with few distinct values, which a dictionary makes small; for the others it costs time."""
    unique = {*table.key, "customer_id", "order_id", "contact_id", "comment"}
    few = ("text", "integer", "boolean", "date")
    columns = [c.name for c in table.columns if c.type in few and c.name not in unique]
    return [*columns, LOCAL_MASK, *(name for name in table.column_names if name.startswith("csat_s"))]


def _schema(table: Table) -> pa.Schema:
    columns = {column.name: TYPES[column.type] for column in table.columns}
    empty = pl.DataFrame(schema={**columns, LINE: pl.Int64(), LOCAL_MASK: pl.Int32()})
    return empty.to_arrow(compat_level=pl.CompatLevel.newest()).schema


def _line_rejects(rejects: tuple[LineReject, ...]) -> pl.DataFrame:
    # The line itself is not kept: it may hold a customer's name anywhere.
    return pl.DataFrame(
        {
            "line": [reject.line for reject in rejects],
            "column": [None] * len(rejects),
            "value": [None] * len(rejects),
            "reason": [reject.reason for reject in rejects],
        },
        schema=REJECT_SCHEMA,
    )


def _write_without(typed: Path, out: pl.Series, data: Path) -> None:
    # Rows stay in their order: a later line means a later row.
    (
        pl.scan_parquet(typed)
        .with_row_index("_row")
        .join(
            out.cast(pl.UInt32).alias("_row").to_frame().lazy(), on="_row", how="anti", maintain_order="left"
        )
        .drop("_row")
        .sink_parquet(data, compression=COMPRESSION, maintain_order=True)
    )


def _reasons(rejects: pl.DataFrame) -> tuple[RejectReason, ...]:
    alike = pl.col("reason").str.replace(r" on line \d+", " on another line").str.replace(r" \([^()]*\)$", "")
    groups = (
        rejects.group_by("column", alike.alias("reason"))
        .agg(pl.len().alias("rows"), pl.col("line").min().alias("first_line"))
        .sort("rows", "first_line", descending=[True, False])
        .head(REASONS_KEPT)
    )
    return tuple(RejectReason(**row) for row in groups.iter_rows(named=True))


def _refuse_encoding(tally: _Tally, settings: Settings) -> None:
    read = tally.typed + sum(frame.height for frame in tally.rejects)
    most = read and tally.not_utf8 / read > (
        NOT_UTF8_SHARE if read >= settings.max_reject_share_min_rows else 0.5
    )
    if most:
        raise DataRefusedError(
            f"it is not UTF-8 text ({tally.not_utf8:,} of {read:,} rows are not); "
            "save it as UTF-8, or set 'encoding' of its source, such as 'cp1252'"
        )


def _refuse_share(found: pl.DataFrame, harmless: int, read: int, settings: Settings) -> None:
    bad = found.height - harmless
    if read < settings.max_reject_share_min_rows or bad <= settings.max_reject_share * read:
        return
    most = _reasons(found)[0]
    where = f"column {most.column}: {most.reason}" if most.column else most.reason
    raise DataRefusedError(
        f"{bad:,} of its {read:,} rows are rejected, more than the allowed share of "
        f"{settings.max_reject_share:.0%}; most often ({most.rows:,} rows) {where}"
    )


def _warnings(plan: mapping.Plan, tally: _Tally) -> tuple[FileWarning, ...]:
    notes = [*plan.warnings]
    if tally.skipped:
        notes.append(
            FileWarning(f"rows are deliberately no {plan.table.name} (skip, or empty cells)", tally.skipped)
        )
    if tally.folded:
        notes.append(FileWarning("rows were put together with others of the same key", tally.folded))
    return tuple(notes)
