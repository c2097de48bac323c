"""`plumbline load`."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime

import duckdb
import polars as pl

from pipelines.cli import add_workspace
from pipelines.cli._print import print_rows
from pipelines.errors import StateError, UsageError
from pipelines.settings import read_workspace
from pipelines.warehouse import LoadSummary, load


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `plumbline load`."""
    parser.epilog = "example: plumbline load --workspace shop --as-of 2026-06-30T23:59:59Z"
    add_workspace(parser)
    parser.add_argument(
        "--as-of",
        metavar="T",
        type=moment,
        help="compute for this moment, ISO 8601, UTC unless it says otherwise (default: newest in the data)",
    )
    parser.add_argument(
        "--engine", choices=("duckdb", "spark"), default="duckdb", help="where the models run"
    )
    parser.add_argument("--format", choices=("table", "json"), default="table", help="of the summary")


def moment(text: str) -> datetime:
    """An aware moment from ISO 8601 text; a moment without an offset is UTC."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no moment such as 2026-06-30T23:59:59Z") from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def run(args: argparse.Namespace) -> int:
    """Load the workspace and print the summary."""
    if args.engine == "spark":
        raise UsageError("the Spark engine is not part of this installation; use --engine duckdb.")
    workspace = read_workspace(args.workspace)
    # progress is for a person at a terminal; a pipe or a log gets the summary alone
    progress = (lambda step: print(f"  {step}", file=sys.stderr)) if sys.stderr.isatty() else None
    try:
        summary = load(workspace, as_of=args.as_of, progress=progress)
    except (OSError, duckdb.IOException, duckdb.TransactionException) as error:
        # a full disk, a quota, a folder without permission: DuckDB tells of them at its commit
        raise StateError(
            f"the load stopped, since a file could not be read or written: {error}. What was published "
            "before stays as it was; make room and run the same command again."
        ) from error
    if args.format == "json":
        print(json.dumps(_json(summary), indent=2))
    else:
        _print_table(summary)
    return 0


def _json(summary: LoadSummary) -> dict[str, object]:
    return {
        "build_id": summary.build_id,
        "as_of": summary.as_of.isoformat().replace("+00:00", "Z"),
        "seconds": round(summary.seconds, 3),
        "files": [asdict(account) for account in summary.files],
        "warnings": list(summary.warnings),
    }


def _print_table(summary: LoadSummary) -> None:
    columns = ("file", "table", "read", "loaded", "updated", "known", "rejected")
    print_rows(
        pl.DataFrame(
            [{name: getattr(account, name) for name in columns} for account in summary.files],
            schema={name: pl.String if name in ("file", "table") else pl.Int64 for name in columns},
        ),
        format="table",
    )
    for warning in summary.warnings:
        print(f"warning: {warning}", file=sys.stderr)
    waiting = sum(account.waiting for account in summary.files)
    if waiting:
        print(
            f"{waiting} rejected rows wait for a row they refer to; every load tries them again.",
            file=sys.stderr,
        )
    print(
        f"build {summary.build_id}, as of {summary.as_of:%Y-%m-%d %H:%M:%S} UTC, {summary.seconds:.1f} s",
        file=sys.stderr,
    )
