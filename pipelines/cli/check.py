"""`plumbline check`."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from typing import Any

import polars as pl

from pipelines.cli import add_workspace
from pipelines.cli._print import print_rows
from pipelines.errors import DataRefusedError
from pipelines.landing import Batch, LandingReport, check
from pipelines.settings import read_workspace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `plumbline check`."""
    parser.description = (
        "Read and check every file of the sources as a load would, and keep nothing. Ends with 3 if a load "
        "would refuse a file."
    )
    parser.epilog = "example: plumbline check --workspace shop --format json"
    add_workspace(parser)
    parser.add_argument("--format", choices=("table", "json"), default="table", help="of the accounts")


def run(args: argparse.Namespace) -> int:
    """Check the workspace and print an account a file."""
    workspace = read_workspace(args.workspace)
    if workspace.alerts:
        from pipelines.alerts import check_rules

        check_rules(workspace.alerts)
    progress = (lambda step: print(f"  {step}", file=sys.stderr)) if sys.stderr.isatty() else None
    report = check(workspace, progress=progress)
    if args.format == "json":
        print(json.dumps(_json(report), indent=2, ensure_ascii=False))
    else:
        _print_table(report)
    return DataRefusedError.exit_code if report.refused else 0


def _json(report: LandingReport) -> dict[str, Any]:
    return {
        "files": [_account(batch) for batch in report.batches],
        "refused": [asdict(refused) for refused in report.refused],
    }


def _account(batch: Batch) -> dict[str, Any]:
    return {
        "file": batch.file,
        "table": batch.table,
        "source": batch.source,
        "read": batch.rows_read,
        "good": batch.rows_landed,
        "rejected": batch.rows_rejected,
        "duplicates": batch.rows_duplicate,
        "reasons": [asdict(reason) for reason in batch.reasons],
        "warnings": [asdict(warning) for warning in batch.warnings],
        "expectations": [asdict(result) for result in batch.expectations],
    }


def _print_table(report: LandingReport) -> None:
    rows = [
        {
            "file": batch.file,
            "table": batch.table,
            "read": batch.rows_read,
            "good": batch.rows_landed,
            "rejected": batch.rows_rejected,
        }
        for batch in report.batches
    ]
    kinds = {"file": pl.String, "table": pl.String, "read": pl.Int64, "good": pl.Int64, "rejected": pl.Int64}
    print_rows(pl.DataFrame(rows, schema=kinds), format="table")
    for batch in report.batches:
        for reason in batch.reasons:
            many = f"{reason.rows:,} row{'s' if reason.rows != 1 else ''} of {batch.table} rejected"
            where = f"{reason.column}: " if reason.column else ""
            print(
                f"{batch.file}: {many}, the first on line {reason.first_line}: {where}{reason.reason}",
                file=sys.stderr,
            )
        for warning in batch.warnings:
            print(f"{batch.file}: {warning.note} ({warning.count:,})", file=sys.stderr)
        for result in batch.expectations:
            if not result.success and result.severity == "warning":
                what = f"{result.column or batch.table}: {result.expectation}"
                print(f"{batch.file}: {result.failed:,} rows do not keep {what}", file=sys.stderr)
    for refused in report.refused:
        print(f"{refused.file} is refused: {refused.reason}.", file=sys.stderr)
