"""A small simulated retailer, loaded once."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipelines.cli import main
from pipelines.reader import Reader


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shop")
    for command in (["simulate", "--contacts", "5000", "--seed", "5"], ["init", "--yes"], ["load"]):
        assert main([*command, "--workspace", str(root)]) == 0
    return root


@pytest.fixture(scope="session")
def reader(shop: Path) -> Reader:
    return Reader.open(shop)
