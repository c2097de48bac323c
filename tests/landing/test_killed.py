"""`kill -9` in the middle of landing, then landing again: the same as without the kill."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from pipelines.landing import Batch, land
from pipelines.settings import read_workspace
from tests.landing.bad_rows import make
from tests.landing.desk import Desk, rejects

FILES = 4
# The process stops itself at the moment that is asked for, so that the kill hits there and nowhere else.
CHILD = """
import os, sys
from pathlib import Path
from pipelines.landing import batch, land, writer
from pipelines.settings import read_workspace

stage, number = sys.argv[2], int(sys.argv[3])
seen = 0

def stop():
    print("there", flush=True)
    os.read(0, 1)

def wrapped(function):
    def around(*args, **kwargs):
        global seen
        seen += 1
        if seen == number:
            stop()
        return function(*args, **kwargs)
    return around

landing = sys.modules["pipelines.landing.land"]
if stage == "reading":
    writer.cast_rows = wrapped(writer.cast_rows)
elif stage == "publishing":
    landing.publish = wrapped(landing.publish)
elif stage == "accounting":
    landing.write_account = wrapped(landing.write_account)
land(read_workspace(Path(sys.argv[1])))
"""


def fill(root: Path) -> None:
    desk = Desk(root)
    for number in range(FILES):
        desk.write(f"contacts_{number}.csv", make(40, 200, seed=number).content)
    desk.configure()
    # The pseudonyms can only be equal under the same key.
    desk.write(".plumbline/key", "ab" * 32 + "\n")


def outcome(batches: tuple[Batch, ...]) -> list[object]:
    return [
        (
            batch.batch_id,
            batch.seq,
            batch.rows_read,
            batch.rows_landed,
            batch.warnings,
            batch.reasons,
            pl.read_parquet(batch.data).rows(),
            rejects(batch),
        )
        for batch in batches
    ]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> list[object]:
    root = tmp_path_factory.mktemp("undisturbed")
    fill(root)
    return outcome(land(read_workspace(root)).batches)


@pytest.mark.parametrize(("stage", "number"), [("reading", 2), ("publishing", 4), ("accounting", 3)])
def test_a_killed_landing_is_completed_by_the_next(
    tmp_path: Path, undisturbed: list[object], stage: str, number: int
) -> None:
    fill(tmp_path)
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(tmp_path), stage, str(number)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"there\n"
    os.kill(child.pid, signal.SIGKILL)
    child.wait()
    landed = len(list((tmp_path / ".plumbline/landing").glob("*/*.json")))
    assert 1 <= landed < FILES
    report = land(read_workspace(tmp_path))
    assert outcome(report.batches) == undisturbed
    assert [batch.is_new for batch in report.batches].count(False) == landed
    kept = [path.name for path in (tmp_path / ".plumbline/landing/contacts").iterdir()]
    assert len(kept) == 3 * FILES
