"""A file with 1,000 bad rows of more than 30 kinds: each is rejected for what it is, all others land."""

from __future__ import annotations

import gzip

import pytest

from tests.landing.bad_rows import KINDS, make
from tests.landing.desk import Desk, column, rejects


def test_1000_bad_rows_of_more_than_30_kinds(desk: Desk) -> None:
    made = make(1000, 6000)
    assert len(KINDS) >= 30
    assert len(made.bad) == 1000
    desk.write("contacts.csv", made.content)
    batch = desk.land_one()
    found = {line: (column_, reason) for line, column_, _, reason in rejects(batch)}
    assert batch.rows_rejected == len(found) == 1000
    assert set(found) == {bad.line for bad in made.bad}
    wrong = [
        (bad, found[bad.line])
        for bad in made.bad
        if found[bad.line][0] != bad.column or bad.reason not in found[bad.line][1]
    ]
    assert wrong == []
    assert column(batch, "contact_id") == list(made.good)


@pytest.mark.parametrize("size", [1_000, 4_096])
def test_the_same_in_small_blocks_and_packed(desk: Desk, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    made = make(120, 400)
    monkeypatch.setattr("pipelines.sources.files.BLOCK_BYTES", size)
    desk.write("contacts.csv.gz", gzip.compress(made.content.replace(b"\n", b"\r\n"), mtime=0))
    batch = desk.land_one()
    assert {reject[0] for reject in rejects(batch)} == {bad.line for bad in made.bad}
    assert column(batch, "contact_id") == list(made.good)


def test_no_value_of_a_reject_gives_a_person_away(desk: Desk) -> None:
    made = make(len(KINDS), 100)
    desk.write("contacts.csv", made.content)
    shown = {reject[0]: reject[2] for reject in rejects(desk.land_one())}
    by_kind = {bad.kind: shown[bad.line] for bad in made.bad}
    assert by_kind["an address as order"] == "•••"
    assert by_kind["month 13"] == "2024-13-01T00:00:00Z"
    assert by_kind["an unknown channel"] == "telepathy"
    assert by_kind["a field too many"] is None
