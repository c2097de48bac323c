"""`plumbline dashboard`: starts the dashboard as a program of its own, since the engine never imports it."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from pipelines.cli import add_workspace
from pipelines.errors import UsageError
from pipelines.settings import WORKSPACE_FILE


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of `plumbline dashboard`."""
    parser.epilog = (
        "example: plumbline dashboard --workspace shop --port 8501\n\n"
        "It answers this machine only, unless --host says otherwise; put a proxy with a login in front of it "
        "before\nothers may see it. It works before the first load, and shows a new load by itself."
    )
    add_workspace(parser)
    parser.add_argument("--port", type=_port, default=8501, help="port to listen on (default: 8501)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")


def run(args: argparse.Namespace) -> int:
    """Become the dashboard's process, so that signals and the exit code are its own.

    Raises:
        UsageError: If the workspace's folder is not there; a folder without a workspace file is served, since
            the page says how to begin.
    """
    workspace = args.workspace.resolve()
    if not workspace.is_dir():
        raise UsageError(f"no folder {workspace}; name the workspace with --workspace DIR.")
    if not (workspace / WORKSPACE_FILE).exists():
        print(f"no {WORKSPACE_FILE} in {workspace} yet; the page says how to begin.", file=sys.stderr)
    command = [
        *(sys.executable, "-P", "-m", "dashboard.server"),
        *("--workspace", str(workspace), "--host", args.host, "--port", str(args.port)),
    ]
    environment = {**os.environ, "PYTHONPATH": _import_path()}
    sys.stdout.flush()
    sys.stderr.flush()
    os.execve(sys.executable, command, environment)


def _import_path() -> str:
    """The folder that holds the packages, first: the command also runs from other folders."""
    here = str(Path(__file__).resolve().parents[2])
    given = os.environ.get("PYTHONPATH", "")
    return os.pathsep.join(part for part in (here, given) if part)


def _port(text: str) -> int:
    number = int(text) if text.isdigit() else 0
    if not 1 <= number <= 65_535:
        raise argparse.ArgumentTypeError(f"'{text}' is no port; it is a number from 1 to 65535")
    return number
