"""Workspaces over real exports that are kept outside the repository; a test skips where its data are absent.

A workspace is a plumbline.toml of `workspaces/` beside links to the export's files: configuration only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines.cli import main
from pipelines.landing import LandingReport, land
from pipelines.reader import Reader
from pipelines.settings import read_workspace

DATA = Path(__file__).parents[3] / "shared" / "data"
WORKSPACES = Path(__file__).parent / "workspaces"


def workspace(folder: Path, name: str, data: str, *, change: tuple[str, str] | None = None) -> Path:
    """A workspace of one export: its configuration, with links to its files.

    Args:
        folder: Where to make it.
        name: Configuration, a file of `workspaces/` without its ending.
        data: Folder of the export.
        change: A text of the configuration, and what to write instead.
    """
    source = DATA / data
    if not source.is_dir():
        pytest.skip(f"the export ../shared/data/{data} is not here")
    text = (WORKSPACES / f"{name}.toml").read_text("utf-8")
    if change is not None:
        assert change[0] in text
        text = text.replace(*change)
    folder.mkdir(parents=True, exist_ok=True)
    for path in source.iterdir():
        (folder / path.name).symlink_to(path)
    (folder / "plumbline.toml").write_text(text, "utf-8")
    return folder


def landed(root: Path) -> LandingReport:
    """What comes of landing a workspace, none of its files refused."""
    report = land(read_workspace(root))
    assert [(file.file, file.reason) for file in report.refused] == []
    return report


Loaded = Callable[[str, str], tuple[Path, duckdb.DuckDBPyConnection]]


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    """Loads a workspace, once a session: its folder, and a connection to what was published."""
    done: dict[str, tuple[Path, duckdb.DuckDBPyConnection]] = {}

    def load(name: str, data: str) -> tuple[Path, duckdb.DuckDBPyConnection]:
        if name not in done:
            root = workspace(tmp_path_factory.mktemp("realdata") / name, name, data)
            assert main(["load", "--workspace", str(root), "--format", "json"]) == 0
            path = Reader.open(root).build.path
            # As the reader opens it: one process cannot hold a file open in two ways.
            closed = {"enable_external_access": "false"}
            done[name] = (root, duckdb.connect(str(path), read_only=True, config=closed))
        return done[name]

    yield load
    for _, con in done.values():
        con.close()
