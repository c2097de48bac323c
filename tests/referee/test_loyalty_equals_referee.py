"""Who orders again and whose rating followed a concession: the product against a dull second count."""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.referee import loyalty
from tests.referee.metrics import Referee, read_referee
from tests.referee.product import Product
from tests.referee.worlds import random_world

COUNTS = ("n", "again", "pending")


@pytest.fixture(scope="module", params=(2, 9), ids=lambda seed: f"seed_{seed}")
def world(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Referee, Product]:
    made = random_world(request.param)
    folder = Path(tmp_path_factory.mktemp(f"loyal_{request.param}"))
    deliveries = made.write(folder)
    referee = read_referee([file for files in deliveries for file in files], made.as_of)
    return referee, Product(folder / "workspace", deliveries, made.as_of)


def questions(referee: Referee) -> list[tuple[str | None, date | None, date | None]]:
    """Everything, each program, and periods of a few weeks to months; seeded by the world."""
    pick = random.Random(len(referee.facts.contacts))
    asked: list[tuple[str | None, date | None, date | None]] = [(None, None, None)]
    asked += [(program, None, None) for program in sorted(referee.data.programs)]
    for length in (10, 30, 60, 120):
        start = referee.data.as_of.date() - timedelta(days=pick.randrange(100, 260))
        asked.append((None, start, start + timedelta(days=length)))
    return asked


def filters(program: str | None) -> tuple:
    return () if program is None else (("program_id", (program,)),)


def test_customers_by_what_came_of_their_contact(world: tuple[Referee, Product]) -> None:
    referee, product = world
    seen = 0
    for program, start, end in questions(referee):
        rows = product.reader.repurchase(start, end, filters(program)).to_dicts()
        theirs = {(row["fcr_state"], row["rating"]): [row[name] for name in COUNTS] for row in rows}
        assert theirs == loyalty.repurchase(referee.facts, program, start, end), (program, start, end)
        seen += sum(row["again"] for row in rows)
    assert seen > 20


def test_customers_without_contact(world: tuple[Referee, Product]) -> None:
    referee, product = world
    seen = 0
    for program, start, end in questions(referee):
        (row,) = product.reader.repurchase_without_contact(start, end, filters(program)).to_dicts()
        ours = loyalty.without_contact(referee.facts, program, start, end)
        assert [row[name] for name in COUNTS] == ours, (program, start, end)
        seen += row["n"] + row["pending"]
    assert seen > 5


def test_rated_contacts_by_concession(world: tuple[Referee, Product]) -> None:
    referee, product = world
    given = 0
    for program, start, end in questions(referee):
        rows = product.reader.concession_cells(start, end, filters(program)).to_dicts()
        theirs = {
            (row["issue"], row["channel"], row["has_concession"]): [row["n"], row["top"], row["pending"]]
            for row in rows
        }
        assert theirs == loyalty.concessions(referee.facts, program, start, end), (program, start, end)
        given += sum(row["n"] for row in rows if row["has_concession"])
    assert given > 5
