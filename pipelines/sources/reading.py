"""Reading a source file as frames of text, some thousand records at a time.

Everything is read as text and cast later (`pipelines.sources.casting`): it is faster than letting the reader
parse, and the value that cannot be cast is still there to be shown.
"""

from __future__ import annotations

import difflib
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from pipelines.errors import DataRefusedError
from pipelines.sources.config import Part, Source
from pipelines.sources.files import kind_of, text_blocks
from pipelines.sources.gate import NOT_UTF8, Gate, LineReject, split_leniently
from pipelines.sources.ndjson import read_ndjson

LINE = "_line"
DELIMITERS = (",", ";", "\t", "|")
PARQUET_ROWS = 131_072
MAX_HEADER_LINES = 50


@dataclass(frozen=True)
class Chunk:
    """Some consecutive records of a file.

    Attributes:
        frame: A column for each name that was asked for and is there, and `_line`: the physical line on which
            the record starts (Parquet: the row, from 1).
        rejects: Lines that are no record.
        trimmed: Whether it is known that no cell has spaces around it, and that empty ones are null.
        at_signs: Whether any cell may hold an @.
    """

    frame: pl.DataFrame
    rejects: tuple[LineReject, ...] = ()
    trimmed: bool = False
    at_signs: bool = True


@dataclass(frozen=True)
class Header:
    """What a file says about its columns.

    Attributes:
        kind: csv, ndjson or parquet.
        names: Column names as written, trimmed; None where records name their own (NDJSON).
        delimiter: What separates fields (CSV).
        first_line: Physical line on which the records start.
    """

    kind: str
    names: tuple[str, ...] | None
    delimiter: str = ","
    first_line: int = 2

    def find(self, name: str) -> int | None:
        """Position of a column by its name, without regard to case and surrounding spaces.

        Raises:
            DataRefusedError: If several columns carry the name.
        """
        names = self.names or ()
        found = [index for index, known in enumerate(names) if known == name]
        found = found or [index for index, known in enumerate(names) if _plain(known) == _plain(name)]
        if len(found) > 1:
            raise DataRefusedError(f"column '{name}' stands {len(found)} times in the header; name it once")
        return found[0] if found else None

    def suggestion(self, name: str) -> str:
        """Words that offer the nearest column, or an empty text."""
        names = {_plain(known): known for known in self.names or ()}
        close = difflib.get_close_matches(_plain(name), names, n=1, cutoff=0.6)
        return f" (is it '{names[close[0]]}'?)" if close else ""


def _plain(name: str) -> str:
    return name.strip().casefold()


def same_name(name: str) -> str:
    """A header name as a canonical field would be written: `Contact ID` as `contact_id`."""
    return re.sub(r"[\s\-]+", "_", _plain(name))


def read_header(path: Path, source: Source) -> Header:
    """What kind of file it is and which columns it has.

    Raises:
        DataRefusedError: If there is no header, or it cannot be read as text.
    """
    kind = kind_of(path, source.format)
    if kind == "ndjson":
        return Header(kind=kind, names=None, first_line=1)
    if kind == "parquet":
        try:
            schema = pq.ParquetFile(path).schema_arrow
        except (OSError, ValueError):
            raise DataRefusedError("the file is no Parquet file, or is cut short") from None
        return Header(kind=kind, names=tuple(schema.names), first_line=1)
    lines, first_line = _header_lines(path, source)
    try:
        text = lines.decode("utf-8")
    except UnicodeDecodeError:
        raise DataRefusedError(
            "the header is not UTF-8 text; save the file as UTF-8 or set 'encoding', such as 'cp1252'"
        ) from None
    declared = source.delimiter
    mark = re.fullmatch(r"sep=(.)\s*", text)
    if mark:
        declared = declared or mark[1]
        skipped = lines.count(b"\n") + 1
        lines, first_line = _header_lines(path, source, skip=skipped)
        text = lines.decode("utf-8", "replace")
    if not text.strip():
        raise DataRefusedError("the file has no header")
    if "\0" in text:
        raise DataRefusedError("the file is not text: its first line holds NUL bytes")
    unquoted = re.sub(r'"(?:[^"]|"")*"', "", text)
    delimiter = declared or max(DELIMITERS, key=unquoted.count)
    cells = split_leniently(lines, delimiter.encode())
    if cells is None:
        raise DataRefusedError("the header opens a quotation mark and never closes it")
    names = tuple(cell.decode("utf-8").strip().strip("\ufeff") for cell in cells)
    return Header(kind="csv", names=names, delimiter=delimiter, first_line=first_line)


def _header_lines(path: Path, source: Source, skip: int = 0) -> tuple[bytes, int]:
    """The header without its line end, and the line after it."""
    text = b""
    for block in text_blocks(path, source.encoding):
        text += block
        lines = text.split(b"\n", skip + MAX_HEADER_LINES)
        if len(lines) > skip + MAX_HEADER_LINES:
            break
    lines = text.split(b"\n", skip + MAX_HEADER_LINES)[skip : skip + MAX_HEADER_LINES]
    header = lines[0] if lines else b""
    used = 1
    while header.count(b'"') % 2 and used < len(lines):
        header += b"\n" + lines[used]
        used += 1
    return header, skip + used + 1


def read_chunks(
    path: Path, source: Source, part: Part, header: Header, names: Sequence[str]
) -> Iterator[Chunk]:
    """The records of a file, with the columns that are asked for by name.

    Raises:
        DataRefusedError: If the file turns out not to be what it claims.
    """
    if header.kind == "csv":
        yield from _csv_chunks(path, source, header, names)
    elif header.kind == "parquet":
        yield from _parquet_chunks(path, header, names)
    else:
        blocks = text_blocks(path, source.encoding)
        for frame, rejects in read_ndjson(blocks, names, record_path=part.record_path, explode=part.explode):
            yield Chunk(frame, rejects)


def _csv_chunks(path: Path, source: Source, header: Header, names: Sequence[str]) -> Iterator[Chunk]:
    if header.names is None:
        raise AssertionError("a CSV file has a header")
    positions = {name: header.find(name) for name in names}
    found = {name: index for name, index in positions.items() if index is not None}
    separator = header.delimiter.encode()
    gate = Gate(separator=separator, fields=len(header.names), first_line=header.first_line)
    body = _without_first_lines(text_blocks(path, source.encoding), header.first_line - 1)
    for records in gate.records(body):
        frame = pl.DataFrame({LINE: pl.Series(records.lines, dtype=pl.Int64)})
        if len(records.lines):
            cells = _parse(records.text, header, sorted(set(found.values())), quoted=records.quoted)
            if cells.height != len(records.lines):
                raise DataRefusedError(
                    f"the text around line {int(records.lines[0])} cannot be split into rows reliably"
                )
            frame = frame.with_columns(cells[f"c{index}"].alias(name) for name, index in found.items())
        else:
            frame = frame.with_columns(pl.lit(None, pl.String).alias(name) for name in found)
        yield Chunk(frame, records.rejects, trimmed=records.tidy, at_signs=records.at_signs)


def _parse(text: bytes, header: Header, columns: list[int], *, quoted: bool) -> pl.DataFrame:
    names = [f"c{index}" for index in range(len(header.names or ()))]
    return pl.read_csv(
        io.BytesIO(text),
        has_header=False,
        infer_schema=False,
        separator=header.delimiter,
        quote_char='"' if quoted else None,
        columns=columns or [0],
        new_columns=names,
    )


def _without_first_lines(blocks: Iterator[bytes], count: int) -> Iterator[bytes]:
    left = count
    for block in blocks:
        position = 0
        while left:
            end = block.find(b"\n", position)
            if end < 0:
                position = len(block)
                break
            position = end + 1
            left -= 1
        if position < len(block):
            yield block[position:]


def _parquet_chunks(path: Path, header: Header, names: Sequence[str]) -> Iterator[Chunk]:
    found = {name: index for name in names if (index := header.find(name)) is not None}
    written = header.names or ()
    columns = sorted({written[index] for index in found.values()})
    row = 1
    try:
        file = pq.ParquetFile(path)
        for batch in file.iter_batches(batch_size=PARQUET_ROWS, columns=columns or None):
            cells = pl.DataFrame(pl.from_arrow(batch))
            frame = pl.DataFrame({LINE: pl.int_range(row, row + batch.num_rows, eager=True)})
            frame = frame.with_columns(cells[written[index]].alias(name) for name, index in found.items())
            row += batch.num_rows
            yield Chunk(frame)
    except (OSError, ValueError):
        raise DataRefusedError("the file is a damaged Parquet file; export it again") from None


def is_encoding_reject(reject: LineReject) -> bool:
    """Whether a line was rejected for not being UTF-8."""
    return reject.reason == NOT_UTF8
