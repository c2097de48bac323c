"""`plumbline …`: parsing and printing; a command is a module here and is imported only when asked for.

May import everything but the dashboard.
"""

from __future__ import annotations

import argparse
import importlib
import logging
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pipelines import __version__
from pipelines.errors import PlumblineError

COMMANDS = {
    "init": "look at the files in a folder and write its plumbline.toml",
    "simulate": "write a believable retailer's exports, with the truth that made them",
    "check": "read and validate without publishing anything",
    "load": "land what is new, build the warehouse, publish it",
    "metrics": "print metrics by dimension and period",
    "agreement": "say how far graders agree beyond chance",
    "sql": "run one read-only query inside the fence",
    "dashboard": "serve the dashboard on this machine",
    "report": "write the executive's page as HTML, PDF or a workbook",
    "erase": "erase one customer from everything that was kept",
    "doctor": "say whether this machine and workspace are well",
}
_READING = ("check", "load")


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code: 0 done, 1 failed, 2 wrong usage, 3 data refused."""
    words = list(sys.argv[1:] if argv is None else argv)
    parser = argparse.ArgumentParser(
        prog="plumbline",
        description="Did the contact solve the problem, did it keep the sale, and can we trust the score?",
        epilog="example: plumbline metrics fcr --by site --grain week",
    )
    parser.add_argument("--version", action="version", version=f"plumbline {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    asked = next((word for word in words if not word.startswith("-")), None)
    for name, summary in COMMANDS.items():
        sub = commands.add_parser(
            name,
            help=summary,
            description=summary[0].upper() + summary[1:] + ".",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if name == asked:
            if name in _READING:
                # read by Polars' allocator as it is loaded: memory of one chunk serves the next
                os.environ.setdefault("_RJEM_MALLOC_CONF", "dirty_decay_ms:30000,muzzy_decay_ms:30000")
            module = importlib.import_module(f"pipelines.cli.{name}")
            module.add_arguments(sub)
            sub.set_defaults(run=module.run)
    args = parser.parse_args(words)
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr, format="%(message)s")
    try:
        return int(args.run(args))
    except PlumblineError as error:
        sys.stdout.flush()
        print(f"plumbline {args.command}: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        # The reader of the pipe went away (`| head`): not our failure, and nothing left to say to it.
        sys.stderr.close()
        return 0
    except KeyboardInterrupt:
        print("stopped.", file=sys.stderr)
        return 1


def add_workspace(parser: argparse.ArgumentParser) -> None:
    """Add the option that every command on a workspace has."""
    parser.add_argument(
        "--workspace", type=Path, default=Path(), metavar="DIR", help="the workspace (default: this folder)"
    )
