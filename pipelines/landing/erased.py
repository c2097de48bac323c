"""Customers who were erased: the list that keeps them out, and their way out of what was landed.

`erased.txt` in the state folder holds one keyed hash a line: `c_…` customers, `o_…` their orders, `k_…` their
contacts. It says of nobody who they are, and lets a later export of the same person be recognised row by row,
also where a row names the order or the contact only. Rows left out are counted as rejected, so that
read = landed + rejected holds.

An erasure under way leaves the file `erasing`. The next load finds it and completes the work.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from pipelines.landing.batch import Batch, read_batches, replace_rows, replace_text, write_account
from pipelines.settings import Workspace
from pipelines.sources.casting import REJECT_SCHEMA
from pipelines.sources.pseudonyms import workspace_key
from pipelines.sources.reading import LINE

LIST = "erased.txt"
UNDER_WAY = "erasing"
REASON = "its customer was erased"
TABLES = ("orders", "contacts", "order_outcomes", "qa_ratings")
_CUSTOMER, _ORDER, _CONTACT = "c_", "o_", "k_"


@dataclass(frozen=True)
class Erased:
    """Keyed hashes of what was erased, and the key that makes them."""

    key: bytes
    hashes: frozenset[str]

    @staticmethod
    def nobody() -> Erased:
        """An empty list."""
        return Erased(b"", frozenset())

    @staticmethod
    def read(state: Path, key: bytes) -> Erased:
        """The list of a workspace."""
        with suppress(FileNotFoundError):
            return Erased(key, frozenset((state / LIST).read_text("ascii").split()))
        return Erased(key, frozenset())

    def among(self, table: str, rows: pl.DataFrame) -> pl.Series:
        """Which rows of a canonical table belong to an erased customer.

        Args:
            table: The table's name.
            rows: Its rows, customers as pseudonyms.
        """
        gone = pl.Series("gone", [False]).new_from_index(0, rows.height)
        if not self.hashes or table not in TABLES:
            return gone
        if "customer_id" in rows.columns:
            gone = gone | rows["customer_id"].is_in(list(self.hashes)).fill_null(False)
        if table in ("orders", "order_outcomes"):
            gone = gone | self._named(rows["order_id"], _ORDER)
        if table in ("contacts", "qa_ratings"):
            gone = gone | self._named(rows["contact_id"], _CONTACT)
        if table == "contacts":
            # A contact that names nobody, but an order of somebody who was erased, is that person's.
            gone = gone | (rows["customer_id"].is_null() & self._named(rows["order_id"], _ORDER))
        return gone

    def _named(self, names: pl.Series, prefix: str) -> pl.Series:
        if not any(word.startswith(prefix) for word in self.hashes):
            return pl.Series("gone", [False]).new_from_index(0, len(names))
        plain = names.drop_nulls().unique().to_list()
        found = [name for name in plain if hashed(self.key, prefix, name) in self.hashes]
        return names.is_in(found).fill_null(False)


@dataclass(frozen=True)
class Belongings:
    """What is kept of one customer: plain ids of orders and contacts, and how many rows of each table."""

    orders: frozenset[str]
    contacts: frozenset[str]
    rows: dict[str, int]


def hashed(key: bytes, prefix: str, name: str) -> str:
    """The keyed hash of an order's or a contact's id."""
    digest = hashlib.blake2b((prefix + name).encode("utf-8"), key=key, digest_size=16)
    return prefix + digest.hexdigest()


def belongings(workspace: Workspace, pseudonym: str) -> Belongings:
    """What the landing zone holds of a customer, in all batches, those of earlier mappings too."""
    batches = [batch for batch in read_batches(workspace.landing) if batch.table in TABLES]
    mine = pl.col("customer_id") == pseudonym
    orders = _ids(batches, "orders", "order_id", mine)
    by_order = pl.col("customer_id").is_null() & pl.col("order_id").is_in(list(orders))
    contacts = _ids(batches, "contacts", "contact_id", mine | by_order)
    rows = {
        "contacts": _count(batches, "contacts", pl.col("contact_id").is_in(list(contacts))),
        "orders": _count(batches, "orders", pl.col("order_id").is_in(list(orders))),
        "order_outcomes": _count(batches, "order_outcomes", pl.col("order_id").is_in(list(orders))),
        "qa_ratings": _count(batches, "qa_ratings", pl.col("contact_id").is_in(list(contacts))),
    }
    return Belongings(orders, contacts, rows)


def begin(workspace: Workspace, pseudonym: str, owned: Belongings) -> None:
    """Put a customer on the list and mark the erasure as under way, both on the disk before this returns."""
    key = workspace_key(workspace.state / "key", landed=True)
    replace_text(workspace.state / UNDER_WAY, "")
    words = [pseudonym]
    words += sorted(hashed(key, _ORDER, name) for name in owned.orders)
    words += sorted(hashed(key, _CONTACT, name) for name in owned.contacts)
    known = Erased.read(workspace.state, key).hashes
    new = [word for word in words if word not in known]
    path = workspace.state / LIST
    before = path.read_text("ascii") if path.exists() else ""
    if before and not before.endswith("\n"):
        before += "\n"
    replace_text(path, before + "".join(f"{word}\n" for word in new))


def is_under_way(workspace: Workspace) -> bool:
    """Whether an erasure was begun and not completed."""
    return (workspace.state / UNDER_WAY).exists()


def sweep(workspace: Workspace) -> int:
    """Rewrite every batch that holds a row of somebody on the list; to be called under the landing's lock.

    Can be cut short at any point and run again: rejects are written first, then the rows, then the account,
    and each follows from what is on the disk.

    Returns:
        Rows removed.
    """
    key = workspace_key(workspace.state / "key", landed=True)
    erased = Erased.read(workspace.state, key)
    return sum(
        _sweep(batch, erased, workspace.landing)
        for batch in read_batches(workspace.landing)
        if batch.table in TABLES
    )


def complete(workspace: Workspace, *, keep: Path | None) -> None:
    """Remove every warehouse but the one that was built without the erased, and end the erasure."""
    for path in workspace.warehouse.glob("*.duckdb*"):
        if keep is None or path.name != keep.name:
            path.unlink(missing_ok=True)
    (workspace.state / UNDER_WAY).unlink(missing_ok=True)


def rejects_of(lines: pl.Series) -> pl.DataFrame:
    """Rejects that say of some lines that their customer was erased, and nothing else."""
    told: dict[str, list[str | None]] = {"column": [None], "value": [None], "reason": [REASON]}
    cells = {name: value * len(lines) for name, value in told.items()}
    return pl.DataFrame({"line": lines, **cells}, schema=REJECT_SCHEMA)


def _sweep(batch: Batch, erased: Erased, landing: Path) -> int:
    named = [name for name in _columns(batch.data) if name in ("customer_id", "order_id", "contact_id")]
    gone = erased.among(batch.table, pl.read_parquet(batch.data, columns=named))
    removed = int(gone.sum())
    if removed:
        rows = pl.read_parquet(batch.data)
        rejects = pl.read_parquet(batch.rejects)
        told = rejects.filter(reason=REASON)["line"]
        lines = rows.filter(gone)[LINE]
        new = rejects_of(lines.filter(~lines.is_in(told.to_list()))).select(
            pl.lit(batch.file).alias("file"), "line", "column", "value", "reason",
            pl.lit(batch.table).alias("table_name"),
        )  # fmt: skip
        replace_rows(pl.concat([rejects, new]).sort("line", maintain_order=True), batch.rejects)
        replace_rows(rows.filter(~gone), batch.data)
    landed = pq.ParquetFile(batch.data).metadata.num_rows
    if landed != batch.rows_landed:
        write_account(replace(batch, rows_landed=landed, rows_rejected=batch.rows_read - landed), landing)
    return removed


def _columns(path: Path) -> list[str]:
    return list(pq.ParquetFile(path).schema_arrow.names)


def _ids(batches: Iterable[Batch], table: str, column: str, condition: pl.Expr) -> frozenset[str]:
    found: set[str] = set()
    for batch in batches:
        if batch.table == table:
            found.update(
                pl.scan_parquet(batch.data).filter(condition).select(column).collect()[column].to_list()
            )
    return frozenset(found)


def _count(batches: Iterable[Batch], table: str, condition: pl.Expr) -> int:
    return sum(
        int(pl.scan_parquet(batch.data).filter(condition).select(pl.len()).collect().item())
        for batch in batches
        if batch.table == table
    )
