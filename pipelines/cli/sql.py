"""`plumbline sql`: one read-only query in the fence, its rows on standard output or in a file."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pipelines.cli import add_workspace
from pipelines.errors import StateError, UsageError

EPILOG = """\
The query runs in a process of its own that can read this warehouse and nothing else, is cut at --max-rows and
ended after --timeout seconds. SHOW TABLES lists the tables, DESCRIBE contacts a table's columns.

example:
  plumbline sql "select channel, count(*) as n from contacts group by channel order by n desc"
  plumbline sql "select * from rejected_rows" --output rejects.xlsx
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `plumbline sql`."""
    parser.add_argument("query", metavar="SELECT", help="one query; - reads it from standard input")
    add_workspace(parser)
    parser.add_argument("--format", choices=("table", "json", "csv"), default="table", help="default: table")
    parser.add_argument(
        "--max-rows", type=int, default=None, metavar="N", help="rows after which the result is cut (50,000)"
    )
    parser.add_argument(
        "--timeout", type=float, default=30.0, metavar="SECONDS", help="when to end the query (30)"
    )
    parser.add_argument(
        "--memory", type=int, default=512, metavar="MB", help="memory that the query may take (512)"
    )
    parser.add_argument(
        "--output",
        type=Path,
        default=None,
        metavar="FILE",
        help="write FILE.csv, FILE.parquet or FILE.xlsx instead",
    )
    parser.epilog = EPILOG


def run(args: argparse.Namespace) -> int:
    """Run the query; a cut result is said on standard error."""
    from pipelines import export, fence
    from pipelines.cli._print import print_rows

    if args.timeout <= 0:
        raise UsageError(f"--timeout is {args.timeout:g}, but it must be above 0.")
    if args.memory < 64:
        raise UsageError(f"--memory is {args.memory}, but it must be at least 64.")
    writer = export.writer_for(args.output) if args.output else None
    path = fence.published_warehouse(args.workspace)
    sql = sys.stdin.read() if args.query == "-" else args.query
    max_rows = fence.MAX_ROWS if args.max_rows is None else args.max_rows
    found = fence.query(path, sql, max_rows=max_rows, timeout_seconds=args.timeout, memory_mb=args.memory)
    if writer is None:
        print_rows(export.as_frame(found.table), format=args.format)
    else:
        _write(args.output, writer(found.table))
        print(f"{found.table.num_rows:,} rows written to {args.output}.", file=sys.stderr)
    if found.truncated:
        print(
            f"cut after {found.table.num_rows:,} rows; ask for more with --max-rows, or add up in the query.",
            file=sys.stderr,
        )
    return 0


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        raise StateError(f"cannot write {path}: {error.strerror}; choose another place.") from None
