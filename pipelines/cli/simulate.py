"""`plumbline simulate`: write a retailer's exports and the truth that made them."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from pipelines import cli
from pipelines.simulate import FORMATS, Folder, make_plan, simulate

EXAMPLE = """\
example: plumbline simulate --workspace demo --contacts 50000 --seed 7

The history is 52 weeks and ends on 2026-06-30. One flash sale takes 180,000 orders in six hours at --scale 1;
the scale is contacts / 1,000,000 unless given, so 50,000 contacts come with a sale of 9,000 orders.
A seed gives the same bytes. truth.json says what was put in and explains its own keys."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this command's options."""
    parser.epilog = EXAMPLE
    cli.add_workspace(parser)
    parser.add_argument("--contacts", type=int, default=50_000, metavar="N", help="contacts (default: 50000)")
    parser.add_argument("--seed", type=int, default=7, metavar="S", help="seed of the chance (default: 7)")
    parser.add_argument(
        "--scale", type=float, metavar="X", help="size of the flash sale (default: N / 1000000)"
    )
    parser.add_argument("--days", type=int, default=364, metavar="D", help="days of history (default: 364)")
    parser.add_argument("--orders", type=int, metavar="N", help="orders (default: two a contact)")
    parser.add_argument(
        "--reviews", type=int, metavar="N", help="quality reviews (default: one in 20 contacts)"
    )
    parser.add_argument("--format", choices=FORMATS, default="csv", help="format of the files (default: csv)")
    parser.add_argument(
        "--if-missing", action="store_true", help="do nothing when an earlier run's files are all there"
    )


def run(args: argparse.Namespace) -> int:
    """Run the command."""
    plan = make_plan(
        contacts=args.contacts,
        seed=args.seed,
        scale=args.scale,
        days=args.days,
        orders=args.orders,
        reviews=args.reviews,
    )
    root: Path = args.workspace
    if args.if_missing and Folder(root, args.format).is_complete():
        print(f"{root} holds simulated files already; nothing to do.", file=sys.stderr)
        return 0
    started = time.monotonic()
    is_terminal = sys.stderr.isatty()

    def progress(step: str) -> None:
        if is_terminal:
            print(f"\r\033[K{step}", end="", file=sys.stderr, flush=True)

    counts = simulate(root, plan, file_format=args.format, progress=progress)
    if is_terminal:
        print("\r\033[K", end="", file=sys.stderr)
    listed = ", ".join(f"{rows:,} {table}" for table, rows in counts.items() if rows)
    print(f"wrote {listed} into {root} in {time.monotonic() - started:.1f} s.", file=sys.stderr)
    return 0
