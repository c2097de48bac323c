"""Customers under a keyed hash: a workspace's key and the pseudonyms made with it; imports errors only."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
from pathlib import Path

import polars as pl

from pipelines.errors import StateError

KEY_BYTES = 32
DIGEST_BYTES = 16
PREFIX = "c_"
SIZE = 12
"""Characters of a pseudonym. DuckDB and Polars hold so short a text in place: a load is a tenth cheaper.
Ten letters are 60 bits: among 10 million customers two share one with a chance of 4 in 100,000.
"""


def new_key() -> bytes:
    """A fresh random key."""
    return secrets.token_bytes(KEY_BYTES)


def workspace_key(path: Path, *, landed: bool) -> bytes:
    """The workspace's key, made at first use: readable by its owner only, in one step, once.

    Args:
        path: Where the key is kept.
        landed: Whether anything was landed under a key already.

    Raises:
        StateError: If the key is lost or damaged while landed data depend on it.
    """
    try:
        key = bytes.fromhex(path.read_text("ascii").strip())
    except FileNotFoundError:
        if landed:
            raise StateError(
                f"the key {path} is gone, and what was landed cannot be matched without it; "
                "put it back, or delete the landing folder beside it to read everything anew."
            ) from None
        return _make(path)
    except ValueError:
        key = b""
    if len(key) != KEY_BYTES:
        raise StateError(f"the key {path} is damaged; put back the one that was there.")
    return key


def _make(path: Path) -> bytes:
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            stream.write(new_key().hex() + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        # A link fails where the name is taken, so of two processes at once one key wins for both.
        with contextlib.suppress(FileExistsError):
            os.link(beside, path)
    finally:
        beside.unlink()
    return workspace_key(path, landed=True)


def pseudonym(key: bytes, customer: str) -> str:
    """The pseudonym of a customer's identifier; e-mail addresses are the same in any case of letters."""
    return str(Pseudonymiser(key).of(pl.Series([customer.strip()]))[0])


def shortened(pseudonyms: pl.Expr) -> pl.Expr:
    """A column of pseudonyms as they are now; earlier versions wrote the whole hash in hex."""
    is_long = pseudonyms.str.len_bytes() == len(PREFIX) + 2 * DIGEST_BYTES
    short = _written(pseudonyms.str.slice(len(PREFIX)).str.decode("hex", strict=False))
    return pl.when(~is_long).then(pseudonyms).otherwise(short)


def _written(digests: pl.Expr) -> pl.Expr:
    """Pseudonyms of digests: the alphabet is that of URLs, six bits a letter."""
    letters = digests.bin.encode("base64").str.slice(0, SIZE - len(PREFIX))
    plain = letters.str.replace_all("+", "-", literal=True).str.replace_all("/", "_", literal=True)
    return pl.lit(PREFIX) + plain


class Pseudonymiser:
    """Makes the pseudonyms of whole columns.

    It remembers none: hashing an identifier again costs no more than looking it up.
    """

    def __init__(self, key: bytes) -> None:
        self._fresh = hashlib.blake2b(key=key, digest_size=DIGEST_BYTES)

    def of(self, customers: pl.Series) -> pl.Series:
        """Pseudonyms of a column of trimmed identifiers; empty stays empty."""
        is_address = customers.str.contains("@", literal=True)
        if is_address.any():
            customers = customers.zip_with(~is_address.fill_null(False), customers.str.to_lowercase())
        copy = self._fresh.copy
        digests: list[bytes | None] = []
        for identifier in customers.cast(pl.Binary).to_list():
            if identifier is None:
                digests.append(None)
            else:
                digest = copy()
                digest.update(identifier)
                digests.append(digest.digest())
        return pl.select(_written(pl.lit(pl.Series(digests, dtype=pl.Binary)))).to_series()
