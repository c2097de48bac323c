"""`plumbline metrics`."""

from __future__ import annotations

import argparse
from datetime import date

import polars as pl

from pipelines.cli import add_workspace
from pipelines.cli._print import FORMATS, print_rows
from pipelines.errors import UsageError
from pipelines.metrics import MetricRequest, catalogue
from pipelines.metrics.catalogue import CONTACT_DIMENSIONS, definition
from pipelines.metrics.estimates import check_question, estimate, estimates, is_estimate
from pipelines.metrics.request import GRAINS
from pipelines.reader import Reader


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `plumbline metrics`."""
    parser.epilog = (
        "example: plumbline metrics fcr csat --by site,channel --grain week --from 2026-06-01 --format csv"
    )
    add_workspace(parser)
    parser.add_argument("metrics", nargs="*", metavar="KEY", help="metric keys; --list names them")
    parser.add_argument(
        "--by",
        default="",
        metavar="DIMENSIONS",
        help=f"split by these, with commas: {', '.join(CONTACT_DIMENSIONS)}",
    )
    parser.add_argument("--grain", default="all", choices=GRAINS, help="length of the periods (default: all)")
    parser.add_argument("--from", dest="start", type=day, metavar="D", help="first local day, included")
    parser.add_argument("--to", dest="end", type=day, metavar="D", help="last local day, included")
    parser.add_argument("--format", choices=FORMATS, default="table", help="of the rows (default: table)")
    parser.add_argument("--list", action="store_true", help="list the metrics and stop")
    parser.add_argument("--explain", metavar="KEY", help="print one metric's meaning and SQL, and stop")


def day(text: str) -> date:
    """A local day from ISO text."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"'{text}' is no day such as 2026-06-30") from None


def run(args: argparse.Namespace) -> int:
    """Print the rows of the metrics asked for."""
    if args.list:
        columns = ("key", "label", "unit", "better", "kind", "window")
        listed = [{name: getattr(metric, name) for name in columns} for metric in catalogue()]
        listed += [
            {"key": one.key, "label": one.label, "unit": one.unit, "better": one.better,
             "kind": "model estimate", "window": definition(one.base).window}
            for one in estimates()
        ]  # fmt: skip
        print_rows(pl.DataFrame(listed), format=args.format)
        return 0
    if args.explain:
        _explain(args.explain)
        return 0
    if not args.metrics:
        raise UsageError("no metric was asked for; name at least one, such as fcr, or see --list.")
    request = MetricRequest(
        metrics=tuple(args.metrics),
        by=tuple(name.strip() for name in args.by.split(",") if name.strip()),
        grain=args.grain,
        start=args.start,
        end=args.end,
    )
    check_question(request)  # a wrong question is refused before any work
    print_rows(Reader.open(args.workspace).answers(request), format=args.format)
    return 0


def _explain(key: str) -> None:
    if is_estimate(key):
        asked = estimate(key)
        for name in ("label", "unit", "better", "base", "formula", "assumptions", "interval", "source"):
            print(f"{name:<12} {getattr(asked, name)}")
        print(f"{'dimensions':<12} {', '.join(asked.by)}")
        return
    metric = definition(key)
    for name in ("label", "unit", "better", "anchor", "window", "maturity", "definition", "numerator",
                 "denominator", "source"):  # fmt: skip
        print(f"{name:<12} {getattr(metric, name)}")
    print(f"{'dimensions':<12} {', '.join(metric.dimensions)}")
    print(f"{'interval':<12} {metric.interval}\n")
    print(metric.sql.strip())
