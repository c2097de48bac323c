"""Publishing a warehouse: beside, then by pointer; imports settings and errors.

A warehouse file is written under a name of its own and never changed again. Readers open what the
one-line pointer names. A crash at any moment leaves the last pointer and the file it names.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from pipelines.errors import StateError
from pipelines.settings import Workspace

POINTER = "current.json"
LAYOUT = 3
"""Raised whenever tables that pages read change, so that a warehouse of another version is known at once."""


@dataclass(frozen=True)
class Published:
    """What the pointer names.

    Attributes:
        as_of: Aware, UTC.
        published_at: Aware, UTC.
        path: The DuckDB file.
        layout: Which tables it has; see `LAYOUT`.
    """

    build_id: str
    as_of: datetime
    published_at: datetime
    workspace: str
    path: Path
    layout: int = LAYOUT


def read_pointer(folder: Path) -> Published:
    """The published warehouse of a folder of warehouses.

    Raises:
        StateError: If nothing was published, or the file that the pointer names is gone.
    """
    try:
        written = json.loads((folder / POINTER).read_text("utf-8"))
    except FileNotFoundError:
        raise StateError("nothing is loaded yet; run 'plumbline load' in the workspace.") from None
    published = Published(
        build_id=written["build_id"],
        as_of=datetime.fromisoformat(written["as_of"]),
        published_at=datetime.fromisoformat(written["published_at"]),
        workspace=written["workspace"],
        path=folder / written["file"],
        layout=written.get("layout", 1),
    )
    if not published.path.exists():
        raise StateError(f"the warehouse {published.path.name} is gone; run 'plumbline load' to rebuild it.")
    return published


def publish(built: Path, published: Published, *, keep: int) -> None:
    """Name a built file for good, point at it, and remove all but the newest `keep` warehouses."""
    folder = published.path.parent
    _sync(built)
    built.rename(published.path)
    pointer = {
        "build_id": published.build_id,
        "file": published.path.name,
        "as_of": published.as_of.isoformat(),
        "published_at": published.published_at.isoformat(),
        "workspace": published.workspace,
        "layout": published.layout,
    }
    beside = folder / f".{POINTER}.tmp"
    beside.write_text(json.dumps(pointer) + "\n", "utf-8")
    _sync(beside)
    beside.replace(folder / POINTER)
    _sync(folder)
    warehouses = sorted(folder.glob("warehouse-*.duckdb"), key=lambda path: path.stat().st_mtime_ns)
    for old in warehouses[: -max(1, keep)]:
        if old != published.path:
            old.unlink(missing_ok=True)


@contextmanager
def only_load(workspace: Workspace) -> Iterator[None]:
    """Hold the workspace's load lock; the lock falls with the process, so a crash leaves none behind.

    Raises:
        StateError: If another load holds it.
    """
    workspace.state.mkdir(parents=True, exist_ok=True)
    with (workspace.state / "load.lock").open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StateError("another load of this workspace is running; wait for it to end.") from None
        yield


def remove_leftovers(folder: Path) -> None:
    """Remove what a crashed build left; to be called under the load lock."""
    for path in folder.glob(".build-*"):
        with suppress(FileNotFoundError):
            path.unlink()


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
