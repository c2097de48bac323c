"""Rows on standard output, the same way in every command; imports nothing of ours.

`table` is for eyes: aligned, rounded, cut to the terminal. `json` and `csv` are for programs: every digit,
ISO dates, durations in seconds, null (json) or an empty cell (csv) where there is no value.
"""

from __future__ import annotations

import json
import math
import shutil
import sys
import unicodedata
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Literal, TextIO

import polars as pl

Format = Literal["table", "json", "csv"]
FORMATS: tuple[Format, ...] = ("table", "json", "csv")

NARROWEST = 8
"""A text column is never cut below this many characters to make a table fit."""


def print_rows(frame: pl.DataFrame, *, format: Format, file: TextIO | None = None) -> None:
    """Write the rows of a frame.

    Args:
        frame: What to print; its column order is kept.
        format: `table`, `json` (a list of objects) or `csv`.
        file: Where to; standard output when left out.
    """
    out = sys.stdout if file is None else file
    if format == "json":
        out.writelines(json_lines(frame))
    elif format == "csv":
        out.write(csv_text(frame))
    else:
        width = shutil.get_terminal_size((0, 0)).columns if out.isatty() else 0
        out.writelines(table_lines(frame, width=width or None))
    out.flush()


def json_lines(frame: pl.DataFrame) -> Iterator[str]:
    """A JSON list of objects, one object a line; decimals are numbers with every digit."""
    names = [json.dumps(name, ensure_ascii=False) for name in frame.columns]
    columns = [_json_column(frame[name]) for name in frame.columns]
    yield "["
    separator = "\n"
    for row in zip(*columns, strict=True):
        cells = ", ".join(f"{name}: {value}" for name, value in zip(names, row, strict=True))
        yield f"{separator}{{{cells}}}"
        separator = ",\n"
    yield "\n]\n" if frame.height else "]\n"


def csv_text(frame: pl.DataFrame) -> str:
    """Comma-separated rows under a header; null is an empty cell, an empty text is `""`."""
    return frame.with_columns(_csv_column(column) for column in frame.get_columns()).write_csv()


def table_lines(frame: pl.DataFrame, *, width: int | None = None) -> Iterator[str]:
    """Aligned lines: names, a rule, the rows; numbers to the right.

    Args:
        frame: What to show.
        width: Characters a line may have; longer texts are cut with an ellipsis. None cuts nothing.
    """
    cells = [_table_column(frame[name]) for name in frame.columns]
    names = [_visible(name) for name in frame.columns]
    is_right = [frame[name].dtype.is_numeric() for name in frame.columns]
    widths = [max([_width(name), *map(_width, column)]) for name, column in zip(names, cells, strict=True)]
    if width:
        _shrink(widths, [not right for right in is_right], width)

    def line(values: tuple[str, ...] | list[str]) -> str:
        parts = (
            _fit(text, size, right=right) for text, size, right in zip(values, widths, is_right, strict=True)
        )
        return "  ".join(parts).rstrip() + "\n"

    yield line(names)
    yield line(["─" * size for size in widths])
    for row in zip(*cells, strict=True):
        yield line(row)


def _json_column(column: pl.Series) -> list[str]:
    values = column.to_list()
    dtype = column.dtype
    if dtype.is_float():
        return ["null" if v is None or not math.isfinite(v) else repr(v) for v in values]
    if dtype.is_integer() or dtype.is_decimal():
        return ["null" if v is None else format(v, "f") if isinstance(v, Decimal) else str(v) for v in values]
    if dtype == pl.String:
        return ["null" if v is None else json.dumps(v, ensure_ascii=False) for v in values]
    return [_json_value(v) for v in values]


def _json_value(value: Any) -> str:
    """One value as JSON, nested ones too; Python's own encoder cannot write a decimal as a number."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else "null"
    if isinstance(value, Decimal):
        return format(value, "f") if value.is_finite() else "null"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(str(k))}: {_json_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, timedelta):
        return repr(value.total_seconds())
    if isinstance(value, list | tuple | pl.Series):
        return "[" + ", ".join(_json_value(item) for item in value) + "]"
    return json.dumps(_plain(value), ensure_ascii=False)


def _csv_column(column: pl.Series) -> pl.Series:
    if column.dtype == pl.Decimal or column.dtype.is_float():
        finite = column.cast(pl.String)
        # "NaN" and "inf" are no numbers to a program that reads the file.
        return finite.set(~column.is_finite(), None) if column.dtype.is_float() else finite
    if column.dtype.is_integer() or column.dtype in (pl.String, pl.Boolean):
        return column
    if column.dtype == pl.Duration:
        return column.dt.total_microseconds() / 1_000_000
    if column.dtype.is_nested():
        return pl.Series(
            column.name, [None if v is None else _json_value(v) for v in column.to_list()], dtype=pl.String
        )
    return pl.Series(
        column.name, [None if v is None else _plain(v) for v in column.to_list()], dtype=pl.String
    )


def _table_column(column: pl.Series) -> list[str]:
    values = column.to_list()
    dtype = column.dtype
    if dtype.is_float() or dtype.is_decimal():
        sizes = [abs(float(v)) for v in values if v is not None and math.isfinite(v)]
        digits = _digits(sizes)
        # shares beside large sums keep their digits
        is_mixed = digits == 2 and any(0 < size < 1 for size in sizes)
        return [
            "" if v is None or not math.isfinite(v) else f"{v:.{_digits([abs(v)]) if is_mixed else digits}f}"
            for v in values
        ]
    if dtype.is_nested():
        return ["" if v is None else _visible(_json_value(v)) for v in values]
    if dtype == pl.Boolean:
        return ["" if v is None else "yes" if v else "no" for v in values]
    return ["" if v is None else _visible(_plain(v)) for v in values]


def _digits(sizes: list[float]) -> int:
    """Decimals that a column needs to be read by a person: none, two, or four for small numbers."""
    if all(size == int(size) for size in sizes):
        return 0
    return 4 if max(sizes) < 10 else 2  # of one value, its own size decides


def _plain(value: Any) -> str:
    """A value as text: ISO for dates and times, hexadecimal for bytes."""
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return f"{value.total_seconds():.6f}".rstrip("0").rstrip(".") + " s"
    if isinstance(value, bytes):
        return value.hex()
    return str(value)


def _visible(text: str) -> str:
    """Text without control characters, since a terminal would obey those that an export brought along."""
    if text.isprintable():
        return text
    return "".join(mark if mark.isprintable() else "↵" if mark == "\n" else "�" for mark in text)


def _width(text: str) -> int:
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(mark) else 2 if unicodedata.east_asian_width(mark) in "WF" else 1
        for mark in text
    )


def _shrink(widths: list[int], may_shrink: list[bool], limit: int) -> None:
    """Take characters from the widest text columns until the line fits, or no column can give more."""
    excess = sum(widths) + 2 * (len(widths) - 1) - limit
    while excess > 0:
        able = [i for i, yes in enumerate(may_shrink) if yes and widths[i] > NARROWEST]
        if not able:
            return
        widths[max(able, key=lambda i: widths[i])] -= 1
        excess -= 1


def _fit(text: str, size: int, *, right: bool) -> str:
    if _width(text) > size:
        while _width(text) > size - 1:
            text = text[:-1]
        text += "…"
    padding = " " * (size - _width(text))
    return padding + text if right else text + padding
