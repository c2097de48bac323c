"""What a command costs: processor seconds, wall seconds and peak memory of its own process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """Cost of one process with the children it waited for; `peak_mib` is the largest of them."""

    cpu_seconds: float
    wall_seconds: float
    peak_mib: float


class CommandFailed(RuntimeError):
    """A measured command did not end with 0, so there is nothing to measure."""


def cost_of(words: list[str], *, cwd: Path | None = None) -> Cost:
    """Run a command, its output thrown away unless it fails, and say what it cost."""
    started = time.perf_counter()
    process = subprocess.Popen(words, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    wall = time.perf_counter() - started
    if process.returncode != 0:
        tail = output.decode("utf-8", "replace")[-2_000:]
        raise CommandFailed(f"{' '.join(words[:4])} … ended with {process.returncode}:\n{tail}")
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1_024)


def plumbline(*words: str) -> list[str]:
    """The command line of this checkout's plumbline, whether or not it is installed."""
    return [sys.executable, "-m", "pipelines", *words]


FLOOR = """
import sys
from pathlib import Path
import duckdb
con = duckdb.connect(sys.argv[2])
con.execute("set enable_progress_bar = false")
for path in sorted(Path(sys.argv[1]).glob("*.csv")):
    con.execute(f"create table {path.stem} as select * from read_csv($path)", {"path": str(path)})
con.execute("checkpoint")
con.close()
"""


def floor_of(folder: Path, database: Path) -> Cost:
    """What DuckDB alone needs to read a folder's CSV files into the tables of a new file."""
    database.unlink(missing_ok=True)
    cost = cost_of([sys.executable, "-c", FLOOR, str(folder), str(database)])
    database.unlink(missing_ok=True)
    return cost
