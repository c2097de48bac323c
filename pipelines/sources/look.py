"""A first look at a file that nobody has described yet: what it is, its columns, some of their values.

Imports files, reading and config of this package, and errors.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.errors import DataRefusedError
from pipelines.sources.config import Part, Source
from pipelines.sources.files import kind_of, read_head
from pipelines.sources.reading import LINE, read_chunks, read_header

SAMPLE_ROWS = 2_000
_SAMPLE_BYTES = 4 << 20
_PAGES = ("tickets", "orders", "data", "results", "records", "items")


@dataclass(frozen=True)
class Look:
    """What one file looks like.

    Attributes:
        path: The file, relative to the workspace.
        kind: csv, ndjson or parquet.
        columns: Names of its columns; for NDJSON the paths into a record.
        sample: Up to some thousand of its first rows, all as text, empty cells null.
        encoding: Encoding that has to be declared, None where none has.
        record_path: NDJSON whose lines are pages: the key that holds the records.
    """

    path: Path
    kind: str
    columns: tuple[str, ...]
    sample: pl.DataFrame
    encoding: str | None = None
    record_path: str | None = None


def look_at(root: Path, path: Path) -> Look:
    """A first look at a file of a workspace.

    Raises:
        DataRefusedError: If it is no table that Plumbline can read; the message says why.
    """
    full = root / path
    kind = kind_of(full, None)
    if kind == "ndjson":
        return _look_at_ndjson(full, path)
    encoding = None if kind == "parquet" else _encoding_of(full)
    source = Source(name=str(path), files=(), parts=(), encoding=encoding)
    header = read_header(full, source)
    names = tuple(name for name in header.names or () if name)
    if len(names) < 2 and kind == "csv":
        raise DataRefusedError("its first line has fewer than two columns")
    unique = tuple(name for name in dict.fromkeys(names) if names.count(name) == 1)
    chunk = next(read_chunks(full, source, _PART, header, unique), None)
    frame = pl.DataFrame({name: [] for name in unique}) if chunk is None else chunk.frame.drop(LINE)
    return Look(path=path, kind=kind, columns=names, sample=_as_text(frame), encoding=encoding)


_PART = Part(name="", table=None, columns={}, values={}, formats={}, constants={}, expressions={}, prefix={})


def _encoding_of(path: Path) -> str | None:
    """The encoding to declare for a text that is not UTF-8; Windows' western one is the usual culprit."""
    head = read_head(path, _SAMPLE_BYTES)
    if b"\0" in head[:2000] or head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return None
    try:
        # The head may be cut within a character; only its last bytes can be.
        head[:-4].decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return None


def _as_text(frame: pl.DataFrame) -> pl.DataFrame:
    text = frame.head(SAMPLE_ROWS).with_columns(pl.all().cast(pl.String, strict=False).str.strip_chars())
    return text.with_columns(pl.when(pl.all() != "").then(pl.all()))


def _look_at_ndjson(full: Path, path: Path) -> Look:
    records: list[Mapping[str, Any]] = []
    record_path = None
    for value in _objects(full):
        key = next((key for key in _PAGES if isinstance(value.get(key), list)), None)
        if key is not None and all(isinstance(item, dict) for item in value[key]):
            record_path = key
            records += value[key]
        else:
            records.append(value)
        if len(records) >= SAMPLE_ROWS:
            break
    if not records:
        raise DataRefusedError("no line of it is a JSON object; write one record a line")
    rows = [dict(_paths(record)) for record in records[:SAMPLE_ROWS]]
    names = tuple(dict.fromkeys(name for row in rows for name in row))
    sample = pl.DataFrame(
        {name: [row.get(name) for row in rows] for name in names},
        schema_overrides=dict.fromkeys(names, pl.String),
    )
    return Look(path=path, kind="ndjson", columns=names, sample=_as_text(sample), record_path=record_path)


def _objects(path: Path) -> Iterator[dict[str, Any]]:
    head = read_head(path, _SAMPLE_BYTES)
    lines = head.split(b"\n")
    for line in lines if len(head) < _SAMPLE_BYTES else lines[:-1]:
        try:
            value = json.loads(line)
        except ValueError:
            continue
        if isinstance(value, dict):
            yield value


def _paths(record: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, str | None]]:
    """The paths of a record that end in a plain value; lists end a path and show as JSON."""
    for key, value in record.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            yield from _paths(value, f"{name}.")
        elif value is None or isinstance(value, str):
            yield name, value
        else:
            yield name, json.dumps(value, ensure_ascii=False)
