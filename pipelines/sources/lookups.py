"""Columns of another file, found by a key that both have; imports config, reading and files.

[source.lookups.paid]                 # its columns become "paid.<column>" of the source's file
files = "payments_*.csv"              # a glob, or a list, relative to the workspace
key = "order_id"                      # the column that both have
their_key = "OrderRef"                # optional: its name there, where it differs
columns = ["method"]                  # taken as they are; of several rows with a key the last one's
sum = ["amount"]                      # numbers that are added up over all rows with a key

[source.columns]
amount = "paid.amount"
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from pipelines.errors import DataRefusedError
from pipelines.sources.config import Lookup, Part, Source
from pipelines.sources.files import hash_file
from pipelines.sources.reading import Chunk, Header, read_chunks, read_header

_KEY = "_key"
_SUM_SCALE = 4


def located(lookup: Lookup, root: Path) -> Lookup:
    """A lookup with the files that it finds in a workspace, and the hash of what they hold."""
    paths = sorted({path for pattern in lookup.files for path in root.glob(pattern) if path.is_file()})
    digest = hashlib.blake2b(digest_size=16)
    for path in paths:
        digest.update(hash_file(path)[0].encode("ascii"))
    return replace(lookup, paths=tuple(str(path) for path in paths), digest=digest.hexdigest())


def with_lookups(header: Header, lookups: Mapping[str, Lookup]) -> Header:
    """A file's header and, behind its own columns, those that the lookups add."""
    if header.names is None:
        return header
    return replace(header, names=(*header.names, *_added(lookups)))


def own_columns(reads: Sequence[str], lookups: Mapping[str, Lookup]) -> tuple[str, ...]:
    """Of the columns to read, those of the file itself, and the keys of its lookups."""
    added = set(_added(lookups))
    keys = [lookup.key for lookup in lookups.values()]
    return tuple(dict.fromkeys([*(name for name in reads if name not in added), *keys]))


def looked_up(chunks: Iterator[Chunk], lookups: Mapping[str, Lookup], source: Source) -> Iterator[Chunk]:
    """The chunks with the columns of their lookups; a key that is not found gives empty cells.

    Raises:
        DataRefusedError: If a lookup finds no file or lacks a column, or a chunk lacks its key.
    """
    tables = {name: _table(name, lookup, source) for name, lookup in lookups.items()}
    for chunk in chunks:
        frame = chunk.frame
        for name, table in tables.items():
            key = lookups[name].key
            if key not in frame.columns:
                raise DataRefusedError(f"it has no column '{key}', by which it looks up '{name}'")
            plain = pl.col(key).cast(pl.String).str.strip_chars()
            frame = frame.with_columns(plain.alias(_KEY)).join(
                table, on=_KEY, how="left", maintain_order="left"
            )
            frame = frame.drop(_KEY)
        yield replace(chunk, frame=frame)


def _added(lookups: Mapping[str, Lookup]) -> tuple[str, ...]:
    return tuple(f"{name}.{column}" for name, one in lookups.items() for column in (*one.columns, *one.sum))


def _table(name: str, lookup: Lookup, source: Source) -> pl.DataFrame:
    """One row a key, with the columns under their new names."""
    if not lookup.paths:
        raise DataRefusedError(f"its lookup '{name}' finds no file {' or '.join(lookup.files)}")
    wanted = (lookup.their_key or lookup.key, *lookup.columns, *lookup.sum)
    frames = [_read(name, Path(path), wanted, source) for path in lookup.paths]
    rows = pl.concat(frames).with_columns(pl.all().cast(pl.String).str.strip_chars())
    keyed = rows.rename({wanted[0]: _KEY}).filter(pl.col(_KEY).is_not_null() & (pl.col(_KEY) != ""))
    return keyed.group_by(_KEY).agg(
        *(pl.col(column).last().alias(f"{name}.{column}") for column in lookup.columns),
        *(_sum(column).alias(f"{name}.{column}") for column in lookup.sum),
    )


def _sum(column: str) -> pl.Expr:
    """The sum of numbers written as text, exact to four decimals, as text; empty where there is none."""
    numbers = pl.col(column).cast(pl.Decimal(28, _SUM_SCALE), strict=False)
    return pl.when(numbers.count() > 0).then(numbers.sum().cast(pl.String))


def _read(name: str, path: Path, wanted: Sequence[str], source: Source) -> pl.DataFrame:
    plain = Source(name=name, files=(), parts=(), encoding=source.encoding)
    header = read_header(path, plain)
    absent = [column for column in wanted if header.names is not None and header.find(column) is None]
    if absent:
        raise DataRefusedError(f"the file of its lookup '{name}' lacks the column '{absent[0]}'")
    part = Part(
        name=name, table=None, columns={}, values={}, formats={}, constants={}, expressions={}, prefix={}
    )
    frames = [chunk.frame.select(wanted) for chunk in read_chunks(path, plain, part, header, wanted)]
    return pl.concat(frames) if frames else pl.DataFrame(schema=dict.fromkeys(wanted, pl.String))
