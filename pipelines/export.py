"""Rows as a file for other programs: CSV, Parquet, XLSX; imports errors only.

A text that starts like a formula is made harmless in CSV, since a spreadsheet would run it; XLSX and Parquet
know texts from formulas, so there the text stays as it is. Numbers are never touched.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa

from pipelines.errors import UsageError, did_you_mean

MAX_SHEET_ROWS = 1_048_576
MAX_SHEET_COLUMNS = 16_384
MAX_CELL_CHARACTERS = 32_767
FORMULA_STARTS = r"^[=+\-@\t\r]"

_DATE_FORMAT = "yyyy-mm-dd"
_TIME_FORMAT = "yyyy-mm-dd hh:mm:ss"
_EXACT_DIGITS = 2**53


def to_csv(table: pa.Table | pl.DataFrame) -> bytes:
    """UTF-8 CSV with a header, every digit, ISO dates, empty cells for null.

    Args:
        table: The rows. Text that starts with = + - @, a tab or a carriage return gets a ' before it.
    """
    frame = _flat(as_frame(table))
    texts = [name for name, dtype in frame.schema.items() if dtype == pl.String]
    safe = frame.with_columns(_harmless(pl.col(name)).alias(name) for name in texts)
    renamed = safe.rename({name: _harmless_name(name) for name in safe.columns})
    return renamed.write_csv().encode()


def to_parquet(table: pa.Table | pl.DataFrame) -> bytes:
    """A Parquet file of the rows, types and all."""
    out = io.BytesIO()
    as_frame(table).write_parquet(out)
    return out.getvalue()


def to_xlsx(table: pa.Table | pl.DataFrame, title: str = "rows") -> bytes:
    """A workbook of one sheet: header frozen, dates as dates, times in UTC, no formula, no link.

    Args:
        table: The rows. Whole numbers too long for a spreadsheet's 15 digits are written as text.
        title: Name of the sheet; what a sheet's name may not hold is left out.

    Raises:
        UsageError: If there are more rows or columns than a sheet has.
    """
    return to_workbook({title: table})


def to_workbook(sheets: Mapping[str, pa.Table | pl.DataFrame]) -> bytes:
    """A workbook of several sheets, each as `to_xlsx` writes one.

    Args:
        sheets: Rows by name of their sheet, in order; names differ in their first 31 characters.

    Raises:
        UsageError: If there are more rows or columns than a sheet has.
    """
    import xlsxwriter  # takes a while, and CSV needs none of it

    frames = {title: as_frame(table) for title, table in sheets.items()}
    for frame in frames.values():
        _fits(frame)
    out = io.BytesIO()
    options = {
        "in_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "nan_inf_to_errors": False,
        "remove_timezone": True,
        "default_date_format": _TIME_FORMAT,
    }
    with xlsxwriter.Workbook(out, options) as workbook:
        bold = workbook.add_format({"bold": True, "bottom": 1})
        for title, frame in frames.items():
            sheet = workbook.add_worksheet(_sheet_name(title))
            for at, name in enumerate(frame.columns):
                sheet.write_string(0, at, name, bold)
                _write_column(workbook, sheet, at, frame[name])
            sheet.freeze_panes(1, 0)
            if frame.height and frame.width:
                sheet.autofilter(0, 0, frame.height, frame.width - 1)
    return out.getvalue()


def _fits(frame: pl.DataFrame) -> None:
    if frame.height + 1 > MAX_SHEET_ROWS:
        raise UsageError(
            f"{frame.height:,} rows do not fit a sheet, which has {MAX_SHEET_ROWS:,} with its header; "
            "narrow the rows, or take CSV or Parquet."
        )
    if frame.width > MAX_SHEET_COLUMNS:
        raise UsageError(f"{frame.width:,} columns do not fit a sheet, which has {MAX_SHEET_COLUMNS:,}.")


WRITERS: dict[str, Callable[[pa.Table | pl.DataFrame], bytes]] = {
    ".csv": to_csv,
    ".parquet": to_parquet,
    ".xlsx": to_xlsx,
}


def writer_for(path: Path) -> Callable[[pa.Table | pl.DataFrame], bytes]:
    """What writes the kind of file that a name ends with.

    Raises:
        UsageError: If no kind of file ends so.
    """
    ending = path.suffix.lower()
    if ending not in WRITERS:
        raise UsageError(
            f"cannot tell the kind of file of '{path.name}'; end it with {', '.join(WRITERS)}."
            f"{did_you_mean(ending, list(WRITERS))}"
        )
    return WRITERS[ending]


def as_frame(table: pa.Table | pl.DataFrame) -> pl.DataFrame:
    """Rows as a Polars frame, categories as text.

    Raises:
        UsageError: If a column has a type that no file can hold.
    """
    try:
        frame = table if isinstance(table, pl.DataFrame) else pl.DataFrame(pl.from_arrow(table))
    except (pl.exceptions.PolarsError, pa.ArrowException, TypeError, ValueError) as error:
        raise UsageError(f"a column has a type that cannot be shown ({error}); cast it to text.") from None
    words = [name for name, dtype in frame.schema.items() if dtype in (pl.Categorical, pl.Enum)]
    return frame.with_columns(pl.col(words).cast(pl.String)) if words else frame


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with columns that a line of text can hold: lists and structs as JSON, lengths as seconds."""
    return frame.with_columns(_flat_column(frame[name]) for name in frame.columns)


def _flat_column(column: pl.Series) -> pl.Series | pl.Expr:
    dtype, cell = column.dtype, pl.col(column.name)
    if dtype.is_nested() or dtype == pl.Binary:
        return pl.Series(column.name, _texts(column), dtype=pl.String)
    if dtype == pl.Duration:
        return cell.dt.total_microseconds() / 1_000_000
    if isinstance(dtype, pl.Datetime):
        return cell.dt.to_string("iso:strict")
    if dtype.is_float():
        return pl.when(cell.is_finite()).then(cell).alias(column.name)
    return cell


def _texts(column: pl.Series) -> list[str | None]:
    return [None if value is None else _text(value) for value in column.to_list()]


def _text(value: Any) -> str:
    if isinstance(value, bytes):
        return value.hex()
    return json.dumps(
        value.to_list() if isinstance(value, pl.Series) else value, default=str, ensure_ascii=False
    )


def _harmless(text: pl.Expr) -> pl.Expr:
    return pl.when(text.str.contains(FORMULA_STARTS)).then("'" + text).otherwise(text)


def _harmless_name(name: str) -> str:
    return f"'{name}" if name[:1] in ("=", "+", "-", "@", "\t", "\r") else name


def _sheet_name(title: str) -> str:
    name = "".join(mark for mark in title if mark not in "[]:*?/\\").strip("' ")[:31]
    return name or "rows"


def _write_column(workbook: Any, sheet: Any, at: int, column: pl.Series) -> None:
    """Write one column below its name, and make it wide enough to read."""
    dtype = column.dtype
    style = None
    if dtype == pl.Date:
        style = workbook.add_format({"num_format": _DATE_FORMAT})
    elif isinstance(dtype, pl.Datetime):
        style = workbook.add_format({"num_format": _TIME_FORMAT})
        if dtype.time_zone:
            column = column.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    elif dtype == pl.Time:
        style = workbook.add_format({"num_format": "hh:mm:ss"})
    elif dtype == pl.Duration:
        column = column.dt.total_microseconds() / 1_000_000
    elif dtype.is_nested() or dtype == pl.Binary:
        column = pl.Series(column.name, _texts(column), dtype=pl.String)
    longest = len(column.name) + 2
    for row, value in enumerate(column.to_list(), start=1):
        if value is not None:
            longest = max(longest, _write_cell(sheet, row, at, value, style))
    sheet.set_column(at, at, min(60, longest + 1))


def _write_cell(sheet: Any, row: int, at: int, value: Any, style: Any) -> int:
    """Write one value as what it is; returns about how many characters it shows."""
    if isinstance(value, bool):
        sheet.write_boolean(row, at, value)
        return 5
    if isinstance(value, str):
        sheet.write_string(row, at, value[:MAX_CELL_CHARACTERS])
        return len(value)
    if style is not None:
        sheet.write_datetime(row, at, value, style)
        return 19
    if isinstance(value, int) and abs(value) > _EXACT_DIGITS:
        # A spreadsheet would round it, and an order's number with other digits is another order.
        sheet.write_string(row, at, str(value))
        return len(str(value))
    number = float(value)
    if number != number or number in (float("inf"), float("-inf")):
        return 0
    sheet.write_number(row, at, number)
    return min(12, len(str(value)))
