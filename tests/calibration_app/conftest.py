"""A loaded shop, once for all tests here; each test works on a copy of its own."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from pipelines.settings import read_workspace
from pipelines.warehouse import load
from tests.calibration_app.shop import write_shop


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A loaded shop, to be read or copied."""
    root = write_shop(tmp_path_factory.mktemp("shop") / "shop")
    load(read_workspace(root))
    return root


@pytest.fixture
def shop(loaded: Path, tmp_path: Path) -> Path:
    """A loaded shop of the test's own."""
    shutil.copytree(loaded, tmp_path / "shop", copy_function=shutil.copy2)
    return tmp_path / "shop"
