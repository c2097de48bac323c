"""Newline-delimited JSON as frames of text: paths into nested records, one row an item of a list.

Numbers keep the digits they are written with. A line that is no JSON object is a reject.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipelines.sources.gate import BLANK, NOT_UTF8, LineReject

ROWS = 50_000
NO_JSON = "the line is no JSON object"
_SEGMENT = re.compile(r"(?P<key>[^.\[\]]+)(?:\[(?P<pick>[^\]]*)\])?(?:\.|$)")


@dataclass(frozen=True)
class Step:
    """One step of a path: into a key, and if there is a `pick`, into the list under it."""

    key: str
    pick: str | None = None


def parse_path(path: str) -> tuple[Step, ...]:
    """The steps of a path such as `via.channel`, `custom_fields[id=7].value`, `tags[]` or `items[0].sku`."""
    steps: list[Step] = []
    position = 0
    while position < len(path):
        match = _SEGMENT.match(path, position)
        if match is None:
            return (Step(path),)
        steps.append(Step(match["key"], match["pick"]))
        position = match.end()
    return tuple(steps)


def value_at(record: Any, steps: Sequence[Step]) -> Any:
    """What stands at the end of a path, None where the path leads nowhere."""
    value = record
    for step in steps:
        if not isinstance(value, dict):
            return None
        value = value.get(step.key)
        if step.pick is not None:
            value = _pick(value, step.pick)
        if value is None:
            return None
    return value


def _pick(value: Any, pick: str) -> Any:
    if not isinstance(value, list):
        return None
    if pick == "":
        return " ".join(text for item in value if (text := as_text(item)) is not None)
    if "=" in pick:
        key, wanted = pick.split("=", 1)
        matches = (item for item in value if isinstance(item, dict) and as_text(item.get(key)) == wanted)
        return next(matches, None)
    return value[int(pick)] if pick.isdigit() and int(pick) < len(value) else None


def as_text(value: Any) -> str | None:
    """A JSON value as the text a CSV cell would hold; lists and objects as JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value, ensure_ascii=False)


def _not_a_number(word: str) -> None:
    raise ValueError(word)


_decode: Callable[[str], Any] = json.JSONDecoder(
    parse_float=str, parse_int=str, parse_constant=_not_a_number
).decode


def read_ndjson(
    blocks: Iterator[bytes], names: Sequence[str], *, record_path: str | None, explode: str | None
) -> Iterator[tuple[pl.DataFrame, tuple[LineReject, ...]]]:
    """Frames of the values at the paths `names`, with `_line`, and the lines that are no record."""
    paths = {name: parse_path(name) for name in names}
    cells: dict[str, list[str | None]] = {name: [] for name in names}
    lines: list[int] = []
    rejects: list[LineReject] = []
    for number, raw in _lines(blocks):
        record, problem = _object(raw)
        if problem is not None:
            rejects.append(LineReject(number, problem))
        else:
            for row in _rows(record, record_path, explode):
                lines.append(number)
                for name, steps in paths.items():
                    value = row[name] if name in row else value_at(row, steps)
                    cells[name].append(as_text(value))
        if len(lines) >= ROWS:
            yield _frame(lines, cells), tuple(rejects)
            lines, rejects = [], []
            cells = {name: [] for name in names}
    yield _frame(lines, cells), tuple(rejects)


def _frame(lines: list[int], cells: dict[str, list[str | None]]) -> pl.DataFrame:
    columns = [pl.Series(name, values, dtype=pl.String) for name, values in cells.items()]
    return pl.DataFrame([pl.Series("_line", lines, dtype=pl.Int64), *columns])


def _lines(blocks: Iterator[bytes]) -> Iterator[tuple[int, bytes]]:
    number, rest = 0, b""
    for block in blocks:
        *whole, rest = (rest + block).split(b"\n")
        for line in whole:
            number += 1
            yield number, line
    if rest:
        yield number + 1, rest


def _object(raw: bytes) -> tuple[Any, str | None]:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        return None, NOT_UTF8
    if not text.strip():
        return None, BLANK
    try:
        record = _decode(text)
    except (ValueError, RecursionError):
        return None, NO_JSON
    return (record, None) if isinstance(record, dict) else (None, NO_JSON)


def _rows(record: dict[str, Any], record_path: str | None, explode: str | None) -> Iterator[dict[str, Any]]:
    """The records of a line, then one row an item of the exploded list; paths stay as they are."""
    records: list[Any] = [record]
    if record_path is not None:
        listed = value_at(record, parse_path(record_path))
        # Some exports write pages of records, some the records themselves: a line without the list is one.
        records = listed if isinstance(listed, list) else [record] if listed is None else []
    for item in records:
        if isinstance(item, dict):
            yield from _exploded(item, parse_path(explode)) if explode else (item,)


def _exploded(record: dict[str, Any], steps: Sequence[Step]) -> Iterator[dict[str, Any]]:
    if not steps:
        yield record
        return
    inner = record.get(steps[0].key)
    for item in inner if isinstance(inner, list) else [inner] if isinstance(inner, dict) else []:
        if isinstance(item, dict):
            for row in _exploded(item, steps[1:]):
                yield {**record, steps[0].key: row}
