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
    digest = hashlib.blake2b(_plain(customer.strip()).encode("utf-8"), key=key, digest_size=DIGEST_BYTES)
    return PREFIX + digest.hexdigest()


def _plain(customer: str) -> str:
    return customer.lower() if "@" in customer else customer


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
        made = pl.Series(digests, dtype=pl.Binary).bin.encode("hex")
        return pl.select(pl.lit(PREFIX) + made).to_series()
