"""Loads as processes of their own that can be killed, and what a published warehouse holds."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb

from pipelines.reader import Reader
from tests.referee.worlds import World

OF_THE_RUN = {"build_id", "noticed_in", "started", "finished", "seconds", "landed_at"}

Tables = dict[str, list[tuple[Any, ...]]]


def deliver(world: World, number: int, workspace: Path, scratch: Path) -> None:
    """Put the files of a delivery in the place of the one before."""
    workspace.mkdir(exist_ok=True)
    (workspace / "plumbline.toml").write_text('[[source]]\nfiles = "*.csv"\npreset = "canonical"\n')
    for table, path in world.write(scratch)[number]:
        shutil.copyfile(path, workspace / f"{table}.csv")


def start_load(workspace: Path, as_of: str, *, largest_file: int | None = None) -> subprocess.Popen[str]:
    """A load in a process of its own; `largest_file` stands for a full disk, in bytes."""

    def limit() -> None:
        if largest_file is not None:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))

    return subprocess.Popen(
        [sys.executable, "-m", "pipelines", "load", "--workspace", str(workspace), "--as-of", as_of],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=limit if largest_file is not None else None,
    )


def wait_until_working(workspace: Path, process: subprocess.Popen[str], since_ns: int) -> None:
    """Return when the process has taken the load's lock: its imports are done, its work begins."""
    lock = workspace / ".plumbline" / "load.lock"
    while process.poll() is None and not (lock.exists() and lock.stat().st_mtime_ns > since_ns):
        time.sleep(0.005)


def kill_after(workspace: Path, as_of: str, seconds: float) -> bool:
    """Start a load and `kill -9` it that long after its work began; whether it was still at work."""
    since_ns = time.time_ns()
    process = start_load(workspace, as_of)
    wait_until_working(workspace, process, since_ns)
    time.sleep(seconds)
    was_running = process.poll() is None
    if was_running:
        os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    return was_running


def kill_when_building(workspace: Path, as_of: str) -> bool:
    """Start a load and `kill -9` it once its new warehouse has begun; whether it was still at work."""
    process = start_load(workspace, as_of)
    warehouses = workspace / ".plumbline" / "warehouse"
    while process.poll() is None and not list(warehouses.glob(".build-*")):
        time.sleep(0.005)
    was_running = process.poll() is None
    if was_running:
        os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    return was_running


def watch_load(workspace: Path, as_of: str, look: Callable[[], None]) -> float:
    """Run a load to its end while looking; the seconds that it worked."""
    since_ns = time.time_ns()
    process = start_load(workspace, as_of)
    wait_until_working(workspace, process, since_ns)
    began = time.monotonic()
    while process.poll() is None:
        look()
    worked = time.monotonic() - began
    assert process.returncode == 0, process.communicate()[1]
    process.communicate()
    return worked


def published(workspace: Path) -> Tables:
    """Every table of the published warehouse, rows in order, without what names a run or its time."""
    path = Reader.open(workspace).build.path
    copy = workspace.parent / f"{workspace.name}.copy.duckdb"
    shutil.copyfile(path, copy)
    found: Tables = {}
    with duckdb.connect(str(copy), read_only=True) as connection:
        names = connection.sql("select table_name from duckdb_tables() where schema_name = 'main'").fetchall()
        for (name,) in names:
            result = connection.sql(f'select * from main."{name}"')
            kept = [index for index, column in enumerate(result.columns) if column not in OF_THE_RUN]
            rows = [tuple(row[index] for index in kept) for row in result.fetchall()]
            found[name] = sorted(rows, key=repr)
    copy.unlink()
    return found


def changed(one: Tables, other: Tables) -> list[str]:
    """Names of the tables that differ."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))
