"""A landed batch and its account on disk; imports quality's results and mapping's warnings."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

import polars as pl

from pipelines.errors import StateError
from pipelines.quality.results import ExpectationResult
from pipelines.sources.mapping import FileWarning

FORMAT_VERSION = 1
COMPRESSION: Literal["lz4"] = "lz4"  # zstd makes a third less and takes twice as long


@dataclass(frozen=True)
class RejectReason:
    """Rejects of one column for one reason, without what differs from row to row."""

    column: str | None
    reason: str
    rows: int
    first_line: int


@dataclass(frozen=True)
class Batch:
    """One source file as rows of one canonical table, with its account.

    Attributes:
        batch_id: Hash of the file's bytes, the mapping, the table and the format of batches.
        table: Canonical table.
        file: Path of the source file relative to the workspace, with forward slashes.
        source: Name of the source.
        part: Name of the part of the source's mapping.
        seq: Order of landing; of two rows with one key the later batch's wins.
        landed_at: When, ISO 8601 in UTC.
        bytes: Size of the source file.
        rows_read: Rows of the file that are meant for this table; landed and rejected add up to it.
        rows_duplicate: Of the rejected, rows whose key comes again in the file.
        reasons: Why rows were rejected, the most frequent first.
        data: Parquet file of the rows.
        rejects: Parquet file of the rejects.
        is_new: Whether this run landed it.
    """

    batch_id: str
    table: str
    file: str
    source: str
    part: str
    seq: int
    landed_at: str
    bytes: int
    file_hash: str
    mapping_hash: str
    rows_read: int
    rows_landed: int
    rows_rejected: int
    rows_duplicate: int
    warnings: tuple[FileWarning, ...]
    expectations: tuple[ExpectationResult, ...]
    data: Path = field(compare=False)
    rejects: Path = field(compare=False)
    is_new: bool = field(default=False, compare=False)
    reasons: tuple[RejectReason, ...] = ()


NOT_IN_ACCOUNT = ("data", "rejects", "is_new")


def batch_id(*, file_hash: str, mapping_hash: str, table: str) -> str:
    """The address of a batch."""
    text = "\n".join([str(FORMAT_VERSION), file_hash, mapping_hash, table])
    return hashlib.blake2b(text.encode("ascii"), digest_size=16).hexdigest()


def data_path(landing: Path, table: str, identity: str) -> Path:
    """Where a batch's rows are."""
    return landing / table / f"{identity}.parquet"


def rejects_path(landing: Path, table: str, identity: str) -> Path:
    """Where a batch's rejects are."""
    return landing / table / f"{identity}.rejects.parquet"


def account_path(landing: Path, table: str, identity: str) -> Path:
    """Where a batch's account is; the batch exists when this file does."""
    return landing / table / f"{identity}.json"


def write_account(batch: Batch, landing: Path) -> None:
    """Write the account, last of a batch's files."""
    account = {key: value for key, value in asdict(batch).items() if key not in NOT_IN_ACCOUNT}
    text = json.dumps(account, indent=1, ensure_ascii=False) + "\n"
    path = account_path(landing, batch.table, batch.batch_id)
    beside = path.with_name(path.name + ".part")
    beside.write_text(text, "utf-8")
    publish(beside, path)


def read_account(path: Path) -> Batch:
    """The batch whose account this is.

    Raises:
        StateError: If the account cannot be read.
    """
    try:
        account: dict[str, Any] = json.loads(path.read_text("utf-8"))
        known = {item.name for item in fields(Batch)}
        account = {key: value for key, value in account.items() if key in known}
        account["warnings"] = tuple(FileWarning(**item) for item in account["warnings"])
        account["expectations"] = tuple(ExpectationResult(**item) for item in account["expectations"])
        account["reasons"] = tuple(RejectReason(**item) for item in account.get("reasons", ()))
        landing = path.parent.parent
        return Batch(
            **account,
            data=data_path(landing, account["table"], account["batch_id"]),
            rejects=rejects_path(landing, account["table"], account["batch_id"]),
        )
    except (ValueError, KeyError, TypeError):
        raise StateError(f"{path} is damaged; delete it, and the next load reads its file again.") from None


def read_batches(landing: Path) -> tuple[Batch, ...]:
    """All landed batches, in the order of landing."""
    found = [read_account(path) for path in sorted(landing.glob("*/*.json"))]
    return tuple(sorted(found, key=lambda batch: (batch.seq, batch.landed_at, batch.batch_id)))


def publish(beside: Path, path: Path) -> None:
    """Give a finished file its name, so that it is there whole or not at all, after a crash too."""
    flush(beside)
    beside.replace(path)
    flush(path.parent)


def replace_rows(rows: pl.DataFrame, path: Path) -> None:
    """Put other rows in a landed file's place, in one step."""
    beside = path.with_name(path.name + ".part")
    rows.write_parquet(beside, compression=COMPRESSION)
    publish(beside, path)


def replace_text(path: Path, text: str) -> None:
    """Put another text in a file's place, in one step; ASCII."""
    beside = path.with_name(path.name + ".part")
    beside.write_text(text, "ascii")
    publish(beside, path)


def flush(path: Path) -> None:
    """Have the operating system write a file or folder to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
