"""Final values that moved: order, size, and what belongs to a period."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest

from pipelines.explain.restated import CAUSES, by_cause, kept, numbers, restated
from pipelines.warehouse import restate


def moved(*rows: tuple) -> pl.DataFrame:
    schema = {
        "noticed_in": pl.String,
        "metric": pl.String,
        "grain": pl.String,
        "program_id": pl.String,
        "period_start": pl.Date,
        "old_value": pl.Float64,
        "new_value": pl.Float64,
        "old_denominator": pl.Float64,
        "new_denominator": pl.Float64,
        "cause": pl.String,
    }
    return pl.DataFrame(list(rows), schema=schema, orient="row")


RUNS = pl.DataFrame(
    {"build_id": ["b1", "b2"], "finished": [datetime(2026, 5, 4, 6), datetime(2026, 5, 11, 6)]}
)
MOVED = moved(
    ("b1", "fcr", "week", "P1", date(2026, 4, 6), 0.70, 0.72, 100.0, 104.0, "late rows"),
    ("b2", "fcr", "week", "P1", date(2026, 4, 6), 0.72, 0.71, 104.0, 104.0, "late outcome or correction"),
    (
        "b2",
        "csat",
        "week",
        "P2",
        date(2026, 4, 13),
        0.80,
        None,
        50.0,
        None,
        "rows withdrawn, or waiting again",
    ),
    ("lost", "csat", "week", None, date(2026, 4, 13), 0.80, 0.79, 50.0, 49.0, "late rows"),
)


def test_the_newest_stand_first_with_their_moment_and_their_size():
    rows = restated(MOVED, RUNS)
    assert rows["noticed_at"].to_list() == [*[datetime(2026, 5, 11, 6)] * 2, datetime(2026, 5, 4, 6), None]
    assert rows["metric"].to_list() == ["csat", "fcr", "fcr", "csat"]
    assert rows["change"].to_list() == [None, *map(pytest.approx, (-0.01, 0.02, -0.01))]


def test_a_value_that_moved_twice_is_one_number():
    assert numbers(restated(MOVED, RUNS)) == 3
    assert by_cause(MOVED) == [
        ("late rows", 2),
        ("late outcome or correction", 1),
        ("rows withdrawn, or waiting again", 1),
    ]


@pytest.mark.parametrize(
    ("asked", "periods"),
    [
        ({"metric": "fcr"}, 2),
        ({"programs": ("P2",)}, 1),
        ({"programs": ("P2", None)}, 2),
        ({"start": date(2026, 4, 12)}, 4),  # the week from the 6th ends on the 12th
        ({"start": date(2026, 4, 13)}, 2),
        ({"end": date(2026, 4, 12)}, 2),
        ({"start": date(2026, 4, 20)}, 0),
    ],
)
def test_a_week_belongs_to_a_period_it_reaches_into(asked: dict, periods: int):
    assert kept(restated(MOVED, RUNS), **asked).height == periods


def test_every_cause_that_a_load_writes_has_its_meaning():
    written = [
        line.split("'")[1] for line in restate._MOVED.splitlines() if " then '" in line or " else '" in line
    ]
    assert set(written) == set(CAUSES)
    assert len(written) == 5
