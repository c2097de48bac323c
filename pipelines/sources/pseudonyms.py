"""Customers under a keyed hash: a workspace's key and the pseudonyms made with it; imports errors only."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import os
import secrets
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

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


def shortened(pseudonyms: pl.Series) -> pl.Series:
    """Pseudonyms as they are now; earlier versions wrote the whole hash in hex. Other words stay."""
    places = pseudonyms.str.contains(rf"^{PREFIX}[0-9a-f]{{{2 * DIGEST_BYTES}}}$").fill_null(False).arg_true()
    long = pseudonyms.gather(places).to_list()
    return pseudonyms.scatter(
        places, _written(b"".join(bytes.fromhex(word.removeprefix(PREFIX)) for word in long))
    )


def _written(digests: bytes) -> pl.Series:
    """Pseudonyms of digests that stand one after another: the alphabet is that of URLs, six bits a letter."""
    rows = np.frombuffer(digests, np.uint8).reshape(-1, DIGEST_BYTES)
    # nine bytes are twelve letters
    letters = np.frombuffer(base64.urlsafe_b64encode(rows[:, :9].tobytes()), np.uint8).reshape(-1, 12)
    text = np.empty((len(rows), SIZE), np.uint8)
    text[:, : len(PREFIX)] = np.frombuffer(PREFIX.encode(), np.uint8)
    text[:, len(PREFIX) :] = letters[:, : SIZE - len(PREFIX)]
    fixed = pa.FixedSizeBinaryArray.from_buffers(pa.binary(SIZE), len(rows), [None, pa.py_buffer(text)])
    return pl.Series(pl.from_arrow(fixed)).cast(pl.String)


class Pseudonymiser:
    """Makes the pseudonyms of whole columns.

    It remembers none: hashing an identifier again costs no more than looking it up.
    """

    def __init__(self, key: bytes) -> None:
        self._fresh = hashlib.blake2b(key=key, digest_size=DIGEST_BYTES)

    def of(self, customers: pl.Series, *, at_signs: bool = True) -> pl.Series:
        """Pseudonyms of a column of trimmed identifiers; empty stays empty.

        Args:
            customers: The identifiers; those that are e-mail addresses count in lower case.
            at_signs: Whether any may be an address.
        """
        if at_signs:
            is_address = customers.str.contains("@", literal=True)
            if is_address.any():
                customers = customers.zip_with(~is_address.fill_null(False), customers.str.to_lowercase())
        digests = []
        for identifier in customers.fill_null("").cast(pl.Binary).to_list():
            state = self._fresh.copy()
            state.update(identifier)
            digests.append(state.digest())
        made = _written(b"".join(digests))
        return made.set(customers.is_null(), None) if customers.null_count() else made
