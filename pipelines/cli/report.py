"""`plumbline report`: the executive's page as a file, for a person or a schedule."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from pipelines.cli import add_workspace
from pipelines.cli.metrics import day
from pipelines.errors import StateError, UsageError

FORMATS = ("html", "pdf", "xlsx")
EPILOG = """\
The numbers are those of 'plumbline metrics'. HTML is one file that needs nothing else; a PDF is printed by
Chromium or Chrome, which needs no display; XLSX has every number in full precision. In a schedule look at the
exit code: 0 written, 1 not (nothing loaded, no browser, no room), 2 asked wrongly.

example:
  plumbline report --workspace shop --output monday.pdf
  plumbline report --program uk-voice --from 2026-04-01 --to 2026-06-30 --output quarter.xlsx
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `plumbline report`."""
    parser.epilog = EPILOG
    add_workspace(parser)
    parser.add_argument("--program", metavar="P", help="one program_id (default: all together)")
    parser.add_argument(
        "--from", dest="start", type=day, metavar="D", help="first local day (default: 13 weeks to the end)"
    )
    parser.add_argument(
        "--to", dest="end", type=day, metavar="D", help="last local day (default: the newest)"
    )
    parser.add_argument("--format", choices=FORMATS, help="default: what the file's name ends with")
    parser.add_argument("--paper", choices=("a4", "letter"), default="a4", help="of the print (default: a4)")
    parser.add_argument(
        "--output", type=Path, required=True, metavar="FILE", help="where to; - is standard output"
    )


def run(args: argparse.Namespace) -> int:
    """Write the report; says on standard error what was written."""
    chosen = args.format or _format(args.output)
    # what is asked wrongly is said before the reader and its statistics are imported
    from pipelines import report
    from pipelines.reader import Reader

    reader = Reader.open(args.workspace)
    made = report.report_of(reader, program=args.program, start=args.start, end=args.end)
    if chosen == "xlsx":
        content = report.workbook_of(made)
    else:
        html = report.html_of(made, paper=report.PAPERS[args.paper])
        content = report.pdf_of(html) if chosen == "pdf" else html.encode()
    if str(args.output) == "-":
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return 0
    try:
        args.output.write_bytes(content)
    except OSError as error:
        raise StateError(f"cannot write {args.output}: {error.strerror}; choose another place.") from None
    print(f"{made.start} to {made.end} written to {args.output}.", file=sys.stderr)
    return 0


def _format(output: Path) -> str:
    ending = output.suffix.lower().removeprefix(".").replace("htm", "html").replace("htmll", "html")
    if ending not in FORMATS:
        raise UsageError(
            f"cannot tell the format of '{output.name}'; end it with .html, .pdf or .xlsx, or say --format."
        )
    return ending
