"""`python -m tests.benchmarks.stages WORKSPACE`: where the processor time of one load goes, step by step.

It loads the workspace for real. Remove its .plumbline folder first to see landing too.
"""

from __future__ import annotations

import sys
import time
from itertools import pairwise
from pathlib import Path

from pipelines.settings import read_workspace
from pipelines.warehouse import load


def main(workspace: Path) -> None:
    """Load and print processor seconds by step, the dearest first."""
    marks: list[tuple[float, str]] = [(0.0, "start and imports")]
    load(read_workspace(workspace), progress=lambda step: marks.append((time.process_time(), step)))
    marks.append((time.process_time(), ""))
    steps = [(after[0] - before[0], before[1]) for before, after in pairwise(marks)]
    for seconds, step in sorted(steps, reverse=True):
        if seconds >= 0.05:
            print(f"{seconds:8.2f} s  {step}")
    print(f"{marks[-1][0]:8.2f} s  in all")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
