"""Seeded random workspaces, each loaded once for all that is held against it.

`PLUMBLINE_REFEREE_SEEDS=100:200` compares other seeds.
"""

import os
from pathlib import Path

import pytest

from tests.referee.metrics import Referee, read_referee
from tests.referee.product import Product
from tests.referee.worlds import random_world

FIRST, _, LAST = os.environ.get("PLUMBLINE_REFEREE_SEEDS", "").partition(":")
# the three seeds tell most wrong referees from the right one
SEEDS = range(int(FIRST), int(LAST)) if FIRST else (2, 3, 9)


@pytest.fixture(scope="package", params=SEEDS, ids=lambda seed: f"seed_{seed}")
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Referee, Product]:
    made = random_world(request.param)
    folder = Path(tmp_path_factory.mktemp(f"world_{request.param}"))
    deliveries = made.write(folder)
    referee = read_referee([file for files in deliveries for file in files], made.as_of)
    return referee, Product(folder / "workspace", deliveries, made.as_of)
