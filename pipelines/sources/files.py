"""Opening a source file as a stream of bytes, whatever it is packed in; imports errors only."""

from __future__ import annotations

import codecs
import gzip
import hashlib
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

import pyarrow as pa

from pipelines.errors import DataRefusedError

BLOCK_BYTES = 8 << 20  # larger ones cost fresh memory, smaller ones a start of every operation
GZIP, ZSTD, PARQUET = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1"
_FOREIGN = {
    b"PK\x03\x04": "a zip archive or an Excel workbook; save the sheet as CSV",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook; save the sheet as CSV",
    b"%PDF": "a PDF; export the data as CSV",
    b"BZh": "compressed by bzip2; use gzip or zstd",
    b"\xfd7zXZ": "compressed by xz; use gzip or zstd",
}


def hash_file(path: Path) -> tuple[str, int]:
    """Hash of a file's bytes (BLAKE2b, 128 bits, hex) and their number."""
    digest = hashlib.blake2b(digest_size=16)
    size = 0
    with path.open("rb") as stream:
        while block := stream.read(4 << 20):
            digest.update(block)
            size += len(block)
    return digest.hexdigest(), size


def open_bytes(path: Path) -> BinaryIO:
    """A stream of a file's bytes, unpacked when it is gzip or zstd."""
    with path.open("rb") as stream:
        magic = stream.read(4)
    if magic.startswith(GZIP):
        return cast(BinaryIO, gzip.open(path, "rb"))
    if magic == ZSTD:
        return cast(BinaryIO, pa.CompressedInputStream(pa.OSFile(str(path)), "zstd"))
    return path.open("rb")


def read_head(path: Path, size: int = 1 << 16) -> bytes:
    """The first bytes of a file, unpacked."""
    with open_bytes(path) as stream:
        return next(_blocks(stream, size), b"")


def kind_of(path: Path, declared: str | None) -> str:
    """Whether a file is csv, ndjson or parquet: as declared, else by its bytes and its name.

    Raises:
        DataRefusedError: If it is empty or something else altogether.
    """
    head = read_head(path)
    if not head:
        raise DataRefusedError("the file is empty")
    for magic, what in _FOREIGN.items():
        if head.startswith(magic):
            raise DataRefusedError(f"the file is {what}")
    if declared:
        return declared
    if head.startswith(PARQUET):
        return "parquet"
    names = {suffix.lower() for suffix in path.suffixes}
    if names & {".ndjson", ".jsonl", ".json"}:
        return "ndjson"
    if not names & {".csv", ".tsv", ".txt"} and head.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"{"):
        return "ndjson"
    return "csv"


def text_blocks(path: Path, encoding: str | None) -> Iterator[bytes]:
    """A file's text as UTF-8 bytes, block by block, without a byte order mark, lines ending in LF.

    Bytes of a file that claims nothing are passed on as they are, so that the line which is not UTF-8 can be
    told. A block may end anywhere.

    Raises:
        DataRefusedError: If the file is cut short, or is not in the encoding that it declares.
    """
    with open_bytes(path) as stream:
        blocks = _blocks(stream, BLOCK_BYTES)
        first = next(blocks, b"")
        name = encoding or _encoding_by_mark(first)
        plain = codecs.lookup(name).name in ("utf-8", "ascii") if name else True
        if plain:
            yield from _unix_lines(_chain(first.removeprefix(codecs.BOM_UTF8), blocks))
        else:
            yield from _unix_lines(_recoded(_chain(first, blocks), str(name)))


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _blocks(stream: BinaryIO, size: int) -> Iterator[bytes]:
    try:
        while block := stream.read(size):
            yield block
    except (EOFError, zlib.error, gzip.BadGzipFile, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise
        raise DataRefusedError("the compressed file is damaged or cut short; copy it again") from None


def _encoding_by_mark(first: bytes) -> str | None:
    """The encoding that the first bytes give away, or None for UTF-8 or unknown."""
    if first.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    sample = first[:2000]
    if len(sample) >= 4 and sample[1::2].count(0) > len(sample) * 0.4 and not sample[0::2].count(0):
        return "utf-16-le"
    if len(sample) >= 4 and sample[0::2].count(0) > len(sample) * 0.4 and not sample[1::2].count(0):
        return "utf-16-be"
    return None


def _recoded(blocks: Iterator[bytes], encoding: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    first = True
    try:
        for block in blocks:
            text = decoder.decode(block)
            yield (text.removeprefix("\ufeff") if first else text).encode("utf-8")
            first = False
        yield decoder.decode(b"", final=True).encode("utf-8")
    except UnicodeError:
        raise DataRefusedError(f"the file is not {encoding} text all through; check its encoding") from None


def _unix_lines(blocks: Iterator[bytes]) -> Iterator[bytes]:
    """CR LF becomes LF; where lines end in CR alone, as old Macs wrote them, that becomes LF."""
    held = b""
    lone: bool | None = None
    for block in blocks:
        block = held + block
        held = b""
        if lone is None and (b"\n" in block or b"\r" in block[:-1]):
            lone = b"\n" not in block
        if b"\r" in block:
            if lone:
                block = block.replace(b"\r", b"\n")
            else:
                if block.endswith(b"\r"):
                    block, held = block[:-1], b"\r"
                block = block.replace(b"\r\n", b"\n")
        yield block
    if held:
        yield b"\n" if lone else held
