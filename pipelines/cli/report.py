"""`plumbline report`: the executive's page as a file, or alerts sent out, for a person or a schedule."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from pipelines.cli import add_workspace
from pipelines.cli.metrics import day
from pipelines.errors import StateError, UsageError
from pipelines.settings import WORKSPACE_FILE, read_workspace

FORMATS = ("html", "pdf", "xlsx")
ROWS = ("table", "json")
EPILOG = """\
The numbers are those of 'plumbline metrics'. HTML is one file that needs nothing else; a PDF is printed by
Chromium or Chrome, which needs no display; XLSX has every number in full precision. In a schedule look at the
exit code: 0 written, 1 not (nothing loaded, no browser, no room), 2 asked wrongly.

With --alerts nothing is written: the [[alert]] rules of plumbline.toml are judged, each change of state is
sent once, and what a sink did not take is tried again the next time. 0 says that all was delivered, 1 that
some still waits.

example:
  plumbline report --workspace shop --output monday.pdf
  plumbline report --program uk-voice --from 2026-04-01 --to 2026-06-30 --output quarter.xlsx
  plumbline load && plumbline report --alerts
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
    parser.add_argument(
        "--format",
        choices=(*FORMATS, *ROWS),
        help="default: what the file's name ends with; of --alerts table (the default) or json",
    )
    parser.add_argument("--paper", choices=("a4", "letter"), default="a4", help="of the print (default: a4)")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--output", type=Path, metavar="FILE", help="where to; - is standard output")
    what.add_argument("--alerts", action="store_true", help="judge the alert rules and send what changed")


def run(args: argparse.Namespace) -> int:
    """Write the report; says on standard error what was written."""
    if args.alerts:
        return _alerts(args)
    if args.format in ROWS:
        raise UsageError(f"a report is {', '.join(FORMATS)}; '{args.format}' is a format of --alerts.")
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


def _alerts(args: argparse.Namespace) -> int:
    """Judge the rules; what fired goes to standard output, what became of it to standard error."""
    if args.format in FORMATS:
        raise UsageError(f"alerts are printed as {' or '.join(ROWS)}, not as {args.format}.")
    if args.program or args.start or args.end:
        raise UsageError("an alert says itself what it watches; leave --program, --from and --to out.")
    workspace = read_workspace(args.workspace)
    if not workspace.alerts:
        raise UsageError(
            f"{args.workspace / WORKSPACE_FILE} has no [[alert]]; write one to be told of changes."
        )
    from pipelines.alerts import run_alerts
    from pipelines.reader import Reader

    outcome = run_alerts(workspace, Reader.open(args.workspace))
    if args.format == "json":
        print(json.dumps(list(outcome.told), indent=2, ensure_ascii=False))
    else:
        for message in outcome.told:
            print(f"{message['event']}: {message['alert']}: {message['sentence']}")
    print(
        f"{outcome.watched} watched: {outcome.count('fired')} fired, {outcome.count('over')} over; "
        f"{outcome.delivered} delivered.",
        file=sys.stderr,
    )
    if outcome.dropped:
        print(f"{outcome.dropped} dropped, since no rule names where they were to go.", file=sys.stderr)
    for each in outcome.waiting:
        print(f"{each.messages} wait for {each.sink}, tried again next time: {each.why}", file=sys.stderr)
    return 1 if outcome.waiting else 0


def _format(output: Path) -> str:
    ending = output.suffix.lower().removeprefix(".").replace("htm", "html").replace("htmll", "html")
    if ending not in FORMATS:
        raise UsageError(
            f"cannot tell the format of '{output.name}'; end it with .html, .pdf or .xlsx, or say --format."
        )
    return ending
