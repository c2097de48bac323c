"""`python -m tests.benchmarks`: what a load and the pages' questions cost, as ratios within one run.

Nothing here fails on a slow machine: it prints a table, says which goals are met, and can write JSON.
The floor is what DuckDB alone needs to read the same files into tables, measured beside the load.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from pipelines.settings import STATE_FOLDER
from tests.benchmarks import calibration, review_model
from tests.benchmarks.measure import Cost, cost_of, floor_of, plumbline
from tests.benchmarks.questions import FILTERS, agent_weeks_seconds, overview_milliseconds

ROUNDS = 3


@dataclass(frozen=True)
class Line:
    """One line of the table.

    Attributes:
        goal: The most that `value` should be; None where there is none, or where it is another kind of goal.
        words: Such another goal in words.
        is_met: Whether that one is met.
    """

    name: str
    value: float
    unit: str
    goal: float | None = None
    words: str = ""
    is_met: bool | None = None

    @property
    def verdict(self) -> str:
        """Whether the goal is met, in a word."""
        if self.is_met is None and self.goal is None:
            return ""
        met = self.value <= self.goal if self.goal is not None else self.is_met
        return "met" if met else "MISSED"


def main() -> int:
    """Run the benchmarks."""
    args = _arguments()
    with tempfile.TemporaryDirectory(prefix="plumbline-bench-") as temporary:
        folder = args.keep or Path(temporary)
        lines = []
        for line in _lines(args, folder):
            lines.append(line)
            goal = line.words if line.goal is None else f"goal {line.goal:g} {line.unit}".strip()
            digits = 3 if line.unit == "mean" else 2
            print(
                f"{line.name:58} {line.value:12,.{digits}f} {line.unit:6} {goal:14} {line.verdict}",
                flush=True,
            )
    if args.json:
        about = {"contacts": args.contacts, "python": platform.python_version(), "cpus": os.cpu_count()}
        document = about | {"lines": [asdict(line) | {"verdict": line.verdict} for line in lines]}
        args.json.write_text(json.dumps(document, indent=1) + "\n", "utf-8")
        print(f"wrote {args.json}", file=sys.stderr)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--contacts", type=int, default=1_000_000, metavar="N", help="default: 1000000")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the lines as JSON")
    parser.add_argument(
        "--calibration-seeds",
        type=int,
        default=10,
        metavar="N",
        help="simulated retailers of the calibration study, some 3 s each; 50 for the full one (default: 10)",
    )
    parser.add_argument("--keep", type=Path, metavar="DIR", help="simulate and load here, and keep it")
    return parser.parse_args()


def _lines(args: argparse.Namespace, folder: Path) -> Iterator[Line]:
    workspace = ["--workspace", str(folder)]
    contacts = args.contacts
    simulated = cost_of(
        plumbline(
            *("simulate", *workspace, "--contacts", str(contacts), "--seed", str(args.seed)),
            *("--orders", str(6 * contacts // 10), "--reviews", str(contacts // 20)),
        )
    )
    yield Line("simulate: wall", simulated.wall_seconds, "s", 60 if contacts <= 1_000_000 else None)
    yield Line("simulate: peak memory", simulated.peak_mib, "MiB", 2_048)
    megabytes = sum(path.stat().st_size for path in folder.glob("*.csv")) / 1e6
    yield Line("files", megabytes, "MB")
    cost_of(plumbline("init", "--yes", *workspace))

    yield from _load_lines(folder, workspace)
    again = cost_of(plumbline("load", *workspace))
    yield Line("load again, nothing new: processor", again.cpu_seconds, "s")

    start = min(cost_of(plumbline("metrics", "--list")).wall_seconds for _ in range(3))
    asked = plumbline("metrics", "fcr", "--by", "agent_id", "--grain", "week", "--format", "csv", *workspace)
    costs = [cost_of(asked) for _ in range(3)]
    whole = statistics.median(cost.wall_seconds for cost in costs)
    yield Line("metrics fcr by agent and week: whole command", whole, "s", 2.5)
    used = statistics.median(cost.cpu_seconds for cost in costs)
    yield Line("metrics fcr by agent and week: processor", used, "s")
    yield Line("metrics fcr by agent and week: start alone", start, "s")
    yield Line("metrics fcr by agent and week: the answer", agent_weeks_seconds(folder), "s", 1.0)
    cards, pages, used_by_pages = overview_milliseconds(folder)
    page = f"Overview, {len(FILTERS)} filters changed"
    yield Line(f"{page}: cards and splits, median", statistics.median(cards), "ms", 300)
    yield Line(f"{page}: with verdicts and targets, median", statistics.median(pages), "ms", 300)
    yield Line(f"{page}: with verdicts and targets, slowest", max(pages), "ms", 300)
    yield Line(f"{page}: processor of all", statistics.median(used_by_pages), "ms")
    yield from _review_model_lines(folder / "reviews")
    yield from _calibration_lines(args.calibration_seeds)


def _review_model_lines(folder: Path) -> Iterator[Line]:
    folder.mkdir(exist_ok=True)
    script = [sys.executable, "-m", "tests.benchmarks.review_model", str(folder)]
    cost_of(script)
    asked = cost_of([*script, "--ask"])
    cost = review_model.read_cost(folder)
    about = f"{review_model.REVIEWS:,} reviews"
    yield Line(f"{about}: rows and fit, processor", cost["rows and fit: processor"], "s", 5)
    yield Line(f"{about}: rows and fit, wall", cost["rows and fit: wall"], "s", 5)
    yield Line(f"{about}: agents after the fit, processor", cost["agents: processor"], "s")
    yield Line(f"{about}: graders after the fit, processor", cost["graders: processor"], "s")
    yield Line(f"{about}: peak memory of all", asked.peak_mib, "MiB", 2_048)


def _calibration_lines(seeds: int) -> Iterator[Line]:
    """Means over simulated retailers of how calibrated values follow the truth, against their goals."""
    if seeds < 1:
        return
    found = list(calibration.summary([calibration.one_seed(seed) for seed in range(1, seeds + 1)]))
    means = {name: mean for name, mean, _ in found}
    goals = {goal.measure: goal for goal in calibration.GOALS}
    for name, mean, _ in found:
        goal = goals.get(name)
        told = (goal.words(), goal.is_met(means)) if goal else ("", None)
        yield Line(f"calibration over {seeds} retailers: {name}", mean, "mean", None, *told)


def _load_lines(folder: Path, workspace: list[str]) -> Iterator[Line]:
    """Floor and first load in turn, some rounds of both, since a shared machine is slow by the minute."""
    floors: list[Cost] = []
    loads: list[Cost] = []
    for _ in range(ROUNDS):
        shutil.rmtree(folder / STATE_FOLDER, ignore_errors=True)
        floors.append(floor_of(folder, folder / "floor.duckdb"))
        loads.append(cost_of(plumbline("load", *workspace)))
    floor, load = ([cost.cpu_seconds for cost in costs] for costs in (floors, loads))
    yield Line("floor, DuckDB reads the files into tables: processor", statistics.median(floor), "s")
    yield Line("floor: peak memory", max(cost.peak_mib for cost in floors), "MiB")
    yield Line("load: processor", statistics.median(load), "s")
    yield Line(f"load: processor over floor, {ROUNDS} rounds", sum(load) / sum(floor), "x", 4)
    rounds = [mine / least for mine, least in zip(load, floor, strict=True)]
    yield Line("load: processor over floor, lowest round", min(rounds), "x")
    yield Line("load: processor over floor, highest round", max(rounds), "x")
    yield Line("load: wall", statistics.median(cost.wall_seconds for cost in loads), "s")
    yield Line("load: peak memory", max(cost.peak_mib for cost in loads), "MiB", 2_048)


if __name__ == "__main__":
    sys.exit(main())
