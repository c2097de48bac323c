"""`plumbline doctor`: is this machine, and this workspace, fit for work? Says what to do where it is not."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import polars as pl

from pipelines.cli import add_workspace
from pipelines.cli._print import print_rows
from pipelines.errors import PlumblineError
from pipelines.settings import WORKSPACE_FILE, Workspace, read_workspace

EPILOG = """\
ok: fine; warn: works, with less; fail: does not work until put right. Ends with 1 where something fails.

example: plumbline doctor --workspace shop
"""
OLDEST_PYTHON = (3, 11)
LEAST_FREE_BYTES = 2 * 1024**3
FEW_FREE_BYTES = 200 * 1024**2
# Built before this day with a clock that says earlier: the clock is wrong.
NOT_BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True)
class Finding:
    """One line of the doctor: what was looked at, how it is (ok, warn, fail), what was found, what to do."""

    check: str
    status: str
    found: str
    todo: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `plumbline doctor`."""
    add_workspace(parser)
    parser.add_argument("--format", choices=("table", "json", "csv"), default="table", help="default: table")
    parser.epilog = EPILOG


def run(args: argparse.Namespace) -> int:
    """Look at everything and print a line each."""
    findings = list(examine(args.workspace))
    if args.format == "table":
        for finding in findings:
            todo = f" → {finding.todo}" if finding.todo else ""
            print(f"{finding.status:<4}  {finding.check}: {finding.found}{todo}")
    else:
        print_rows(pl.DataFrame([asdict(finding) for finding in findings]), format=args.format)
    failed = sum(finding.status == "fail" for finding in findings)
    if failed:
        print(f"{failed} of {len(findings)} checks failed.", file=sys.stderr)
    return 1 if failed else 0


def examine(root: Path) -> Iterator[Finding]:
    """Every finding on this machine and on the workspace in a folder, if there is one."""
    yield python_version()
    yield from libraries()
    yield clock(datetime.now(UTC))
    yield time_zones()
    yield landlock()
    yield browser(shutil.which)
    yield disk(root)
    workspace, finding = workspace_file(root)
    yield finding
    if workspace is not None:
        yield state_folder(workspace)
        yield key(workspace)
        yield from warehouse(workspace)
        yield app_store(workspace)


def python_version() -> Finding:
    """Whether Python is new enough."""
    version = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info[:2] < OLDEST_PYTHON:
        return Finding("python", "fail", version, "install Python 3.11 or newer and run 'make install' again")
    return Finding("python", "ok", version)


def libraries() -> Iterator[Finding]:
    """Whether each library that Plumbline names is installed in a version that it asks for."""
    try:
        needs = metadata.requires("plumbline") or []
    except metadata.PackageNotFoundError:
        yield Finding("libraries", "fail", "Plumbline itself is not installed", "run 'make install'")
        return
    wrong = [problem for need in needs if "extra ==" not in need and (problem := _library_problem(need))]
    if wrong:
        yield Finding("libraries", "fail", "; ".join(wrong), "run 'make install'")
    else:
        count = sum("extra ==" not in need for need in needs)
        yield Finding("libraries", "ok", f"{count} libraries in the versions asked for")


def _library_problem(need: str) -> str | None:
    name, conditions = _taken_apart(need)
    try:
        installed = metadata.version(name)
    except metadata.PackageNotFoundError:
        return f"{name} is missing"
    for operator, wanted in conditions:
        difference = _compared(installed, wanted)
        if (operator == ">=" and difference < 0) or (operator == "<" and difference >= 0):
            return f"{name} is {installed}, needed is {operator}{wanted}"
    return None


def _taken_apart(need: str) -> tuple[str, list[tuple[str, str]]]:
    """`duckdb<3,>=2.0.1` as its name and its conditions; the file of the project uses no others."""
    body = need.split(";")[0].strip()
    name = body
    for at, mark in enumerate(body):
        if mark in "<>=!~ [":
            name = body[:at]
            break
    conditions = []
    for condition in filter(None, (part.strip() for part in body[len(name) :].split(","))):
        operator = ">=" if condition.startswith(">=") else condition[0]
        conditions.append((operator, condition[len(operator) :].strip()))
    return name, conditions


def _compared(installed: str, wanted: str) -> int:
    left, right = _numbers(installed), _numbers(wanted)
    size = max(len(left), len(right))
    padded = (left + [0] * (size - len(left)), right + [0] * (size - len(right)))
    return (padded[0] > padded[1]) - (padded[0] < padded[1])


def _numbers(version: str) -> list[int]:
    numbers = []
    for part in version.split("."):
        leading = re.match(r"[0-9]+", part)
        if leading is None:
            break
        numbers.append(int(leading.group()))
    return numbers


def clock(now: datetime) -> Finding:
    """Whether the clock can be right."""
    text = now.strftime("%Y-%m-%d %H:%M UTC")
    if now < NOT_BEFORE:
        return Finding("clock", "fail", text, "set the machine's clock")
    return Finding("clock", "ok", text)


def time_zones() -> Finding:
    """Whether the time zones of programs can be found."""
    try:
        for name in ("UTC", "America/New_York", "Europe/Berlin", "Asia/Manila"):
            ZoneInfo(name)
    except ZoneInfoNotFoundError as error:
        return Finding("time zones", "fail", str(error), "install the package tzdata")
    return Finding("time zones", "ok", "found")


def landlock() -> Finding:
    """Whether the kernel can cage the SQL of strangers."""
    from pipelines.fence.cage import landlock_version
    from pipelines.fence.process import ALLOW_UNCAGED

    version = landlock_version()
    if version >= 4:
        return Finding("SQL fence", "ok", f"the kernel has Landlock {version}")
    if version >= 1:
        return Finding(
            "SQL fence",
            "warn",
            f"the kernel has Landlock {version}, without TCP",
            "Linux 6.7 or newer closes TCP too",
        )
    if os.environ.get(ALLOW_UNCAGED) == "1":
        return Finding(
            "SQL fence",
            "warn",
            f"no Landlock, allowed by {ALLOW_UNCAGED}",
            "let only trusted people write SQL",
        )
    return Finding(
        "SQL fence",
        "warn",
        "the kernel has no Landlock, so the SQL page and 'plumbline sql' refuse to run",
        f"use Linux 5.13 or newer, or set {ALLOW_UNCAGED}=1 where only trusted people write SQL",
    )


def browser(which: Callable[[str], str | None]) -> Finding:
    """Whether there is a browser that prints reports."""
    found = next((path for name in BROWSERS if (path := which(name))), None)
    if found is None:
        return Finding(
            "browser", "warn", "no Chromium, so reports come as HTML, not as PDF", "run 'make browser'"
        )
    return Finding("browser", "ok", found)


def disk(root: Path) -> Finding:
    """Whether there is room to build a warehouse beside the old one."""
    folder = root if root.is_dir() else Path()
    free = shutil.disk_usage(folder).free
    text = f"{free / 1024**3:.1f} GiB free"
    if free < FEW_FREE_BYTES:
        return Finding(
            "disk", "fail", text, "make room: a load builds a new warehouse beside the published one"
        )
    if free < LEAST_FREE_BYTES:
        return Finding(
            "disk", "warn", text, "make room: a load builds a new warehouse beside the published one"
        )
    return Finding("disk", "ok", text)


def workspace_file(root: Path) -> tuple[Workspace | None, Finding]:
    """The workspace of a folder, where there is one and it can be read."""
    if not (root / WORKSPACE_FILE).exists():
        return None, Finding(
            "workspace",
            "warn",
            f"no {WORKSPACE_FILE} in {root.resolve()}",
            "run 'plumbline init', or name one with --workspace",
        )
    try:
        workspace = read_workspace(root)
    except PlumblineError as error:
        return None, Finding("workspace", "fail", str(error), f"correct {WORKSPACE_FILE}")
    except OSError as error:
        return None, Finding("workspace", "fail", f"{WORKSPACE_FILE}: {error.strerror}", "make it readable")
    return workspace, Finding("workspace", "ok", f"{workspace.name}, {len(workspace.sources)} sources")


def state_folder(workspace: Workspace) -> Finding:
    """Whether what is generated can be written."""
    folder = workspace.state if workspace.state.is_dir() else workspace.root
    try:
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        return Finding(
            "state folder", "fail", f"{folder}: {error.strerror}", "make it writable for this user"
        )
    return Finding("state folder", "ok", f"{folder} is writable")


def key(workspace: Workspace) -> Finding:
    """Whether the key of the pseudonyms is there and private."""
    path = workspace.state / "key"
    landed = any(workspace.landing.glob("*/*.json"))
    if not path.exists():
        if landed:
            return Finding(
                "key", "fail", f"{path} is gone", "put it back from a copy: pseudonyms depend on it"
            )
        return Finding("key", "ok", "made at the first load")
    mode = stat.S_IMODE(path.stat().st_mode)
    if mode & 0o077:
        return Finding(
            "key", "fail", f"{path} can be read by others (mode {mode:04o})", f"run: chmod 600 {path}"
        )
    return Finding("key", "ok", f"private (mode {mode:04o})")


def warehouse(workspace: Workspace) -> Iterator[Finding]:
    """Whether the pointer names a warehouse, and whether that opens."""
    from pipelines.fence import published_warehouse

    load = f"run 'plumbline load --workspace {workspace.root}'"
    if not (workspace.warehouse / "current.json").exists():
        yield Finding("warehouse", "warn", "nothing was loaded yet", load)
        return
    try:
        path = published_warehouse(workspace.root)
    except PlumblineError as error:
        yield Finding("pointer", "fail", str(error))
        return
    yield Finding("pointer", "ok", path.name)
    import duckdb

    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            (tables,) = connection.sql("select count(*) from information_schema.tables").fetchall()[0]
    except duckdb.Error as error:
        yield Finding("warehouse", "fail", str(error).splitlines()[0], load)
        return
    yield Finding("warehouse", "ok", f"opens, {tables} tables, {path.stat().st_size / 1024**2:.1f} MiB")


def app_store(workspace: Workspace) -> Finding:
    """Whether what people typed in can be read."""
    try:
        url = workspace.store.address()
    except PlumblineError as error:
        return Finding("app store", "fail", str(error), "")
    if url is not None:
        return _app_store_elsewhere(url)
    path = workspace.state / "app.db"
    if not path.exists():
        return Finding("app store", "ok", "made when somebody first types something in")
    import sqlite3

    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
            (said,) = connection.execute("pragma quick_check").fetchone()
    except sqlite3.Error as error:
        return Finding("app store", "fail", f"{path}: {error}", "put it back from a copy")
    if said != "ok":
        return Finding("app store", "fail", f"{path} is damaged: {said}", "put it back from a copy")
    return Finding("app store", "ok", f"whole, {path.stat().st_size / 1024:.0f} KiB")


def _app_store_elsewhere(url: str) -> Finding:
    from sqlalchemy import text
    from sqlalchemy.exc import SQLAlchemyError

    from pipelines.store import Store

    try:
        store = Store(url)
    except PlumblineError as error:
        return Finding("app store", "fail", str(error), f"see [store] in {WORKSPACE_FILE}")
    shown = store.engine.url.render_as_string(hide_password=True)
    try:
        with store.read() as connection:
            connection.execute(text("select 1"))
    except SQLAlchemyError as error:
        todo = f"start it, or see [store] in {WORKSPACE_FILE}"
        return Finding("app store", "fail", f"{shown} does not answer ({type(error).__name__})", todo)
    finally:
        store.close()
    return Finding("app store", "ok", f"{shown} answers")
