"""A load that is killed, or finds the disk full, leaves what was published whole; the next completes it."""

import os
import random
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.reader import MetricRequest, Reader
from tests.faults.loads import (
    Tables,
    changed,
    deliver,
    kill_after,
    kill_when_building,
    published,
    start_load,
    watch_load,
)
from tests.referee.worlds import World, random_world

AS_OF = "2026-06-01T00:00:00Z"
KILLS = int(os.environ.get("PLUMBLINE_KILLS", "4"))
CONTRACT_TABLES = {
    "programs",
    "agents",
    "contacts",
    "threads",
    "scorecards",
    "qa_ratings",
    "qa_reviews",
    "orders",
    "order_outcomes",
    "stakes",
    "events",
    "metrics",
    "load_runs",
    "load_files",
    "rejected_rows",
    "expectation_results",
    "restatements",
}


@dataclass(frozen=True)
class Undisturbed:
    """A workspace after its first delivery, and what nobody disturbed gave after each delivery."""

    world: World
    folder: Path
    first: Tables
    second: Tables
    seconds: float
    seen: list[int]


def load(workspace: Path) -> int:
    return main(["load", "--workspace", str(workspace), "--as-of", AS_OF])


def n_contacts(reader: Reader) -> int:
    request = MetricRequest(metrics=("transfer_rate",))
    return int(reader.metrics(request)["denominator"][0])


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Undisturbed:
    folder = Path(tmp_path_factory.mktemp("undisturbed"))
    world = random_world(seed=2, contacts=150)
    deliver(world, 0, folder / "start", folder / "scratch")
    assert load(folder / "start") == 0
    first = published(folder / "start")
    shutil.copytree(folder / "start", folder / "goes_on")
    deliver(world, 1, folder / "goes_on", folder / "scratch")
    reader = Reader.open(folder / "goes_on")
    seen = []

    def look() -> None:
        reader.refresh()
        seen.append(n_contacts(reader))

    seconds = watch_load(folder / "goes_on", AS_OF, look)
    look()
    return Undisturbed(world, folder, first, published(folder / "goes_on"), seconds, seen)


def test_the_contract_tables_are_what_is_compared(undisturbed: Undisturbed) -> None:
    assert undisturbed.first.keys() >= CONTRACT_TABLES
    assert undisturbed.second.keys() >= CONTRACT_TABLES
    assert len(undisturbed.second["contacts"]) > len(undisturbed.first["contacts"])


def test_readers_see_the_old_warehouse_until_the_new_one_is_whole(undisturbed: Undisturbed) -> None:
    before, after = undisturbed.seen[0], undisturbed.seen[-1]
    assert before != after
    assert len(undisturbed.seen) > 5
    switch = undisturbed.seen.index(after)
    assert set(undisturbed.seen[:switch]) == {before}
    assert set(undisturbed.seen[switch:]) == {after}


def test_kill_9_at_any_moment_then_the_same_command_gives_the_same_warehouse(
    undisturbed: Undisturbed, tmp_path: Path
) -> None:
    workspace = tmp_path / "killed"
    shutil.copytree(undisturbed.folder / "start", workspace)
    deliver(undisturbed.world, 1, workspace, tmp_path / "scratch")
    moments = random.Random(KILLS)
    killed = 0
    for number in range(KILLS):
        share = (number + moments.random()) / KILLS
        killed += kill_after(workspace, AS_OF, share * undisturbed.seconds)
        tables = published(workspace)
        if changed(tables, undisturbed.first):  # it came too late: the load had published
            assert changed(tables, undisturbed.second) == []
            break
    assert killed
    assert load(workspace) == 0
    result = published(workspace)
    if "load_runs" in changed(result, undisturbed.second):  # published before the kill, then loaded again
        assert len(result["load_runs"]) == len(undisturbed.second["load_runs"]) + 1
        result = {**result, **{name: undisturbed.second[name] for name in ("load_runs", "load_files")}}
    assert changed(result, undisturbed.second) == []
    assert not list((workspace / ".plumbline" / "warehouse").glob(".build-*"))


def test_kill_9_in_the_first_load_of_all(undisturbed: Undisturbed, tmp_path: Path) -> None:
    workspace = tmp_path / "fresh"
    deliver(undisturbed.world, 0, workspace, tmp_path / "scratch")
    (workspace / ".plumbline").mkdir()
    shutil.copyfile(undisturbed.folder / "start/.plumbline/key", workspace / ".plumbline/key")
    assert kill_when_building(workspace, AS_OF)
    assert load(workspace) == 0
    assert changed(published(workspace), undisturbed.first) == []


def test_a_full_disk_leaves_the_published_warehouse_and_the_next_load_completes(
    undisturbed: Undisturbed, tmp_path: Path
) -> None:
    workspace = tmp_path / "full"
    shutil.copytree(undisturbed.folder / "start", workspace)
    deliver(undisturbed.world, 1, workspace, tmp_path / "scratch")
    process = start_load(workspace, AS_OF, largest_file=300_000)
    _, said = process.communicate()
    assert process.returncode == 1
    assert "Traceback" not in said
    assert "could not be read or written" in said
    assert changed(published(workspace), undisturbed.first) == []
    assert load(workspace) == 0
    assert changed(published(workspace), undisturbed.second) == []


def test_loading_twice_changes_nothing(undisturbed: Undisturbed, tmp_path: Path) -> None:
    workspace = tmp_path / "twice"
    shutil.copytree(undisturbed.folder / "goes_on", workspace)
    assert load(workspace) == 0
    result = published(workspace)
    assert set(changed(result, undisturbed.second)) <= {"load_runs", "load_files"}
    reader = Reader.open(workspace)
    accounts = reader.load_files().to_dicts()
    newest = [row for row in accounts if row["build_id"] == reader.build.build_id]
    assert newest
    for row in newest:
        assert row["rows_loaded"] == row["rows_updated"] == 0, row
        assert row["rows_read"] == row["rows_known"] + row["rows_rejected"], row
