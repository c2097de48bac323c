"""What `check_frame` says of rows: which are bad, under which cell, in which words."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines import canonical
from pipelines.errors import UsageError
from pipelines.quality import check_frame
from pipelines.quality.results import BAD_ROWS_SCHEMA
from tests.quality.frames import dirty, typed

CONTACT = {
    "contact_id": "C1",
    "program_id": "P1",
    "channel": "voice",
    "issue": "wismo",
    "opened_at": datetime(2026, 1, 5, 10),
}
ORDER = {
    "order_id": "O1",
    "program_id": "P1",
    "customer_id": "c_1",
    "ordered_at": datetime(2026, 1, 5, 10),
    "amount": Decimal("20.00"),
}
OUTCOME = {"outcome_id": "X1", "order_id": "O1", "occurred_at": datetime(2026, 1, 6), "kind": "refund"}
CRITERION = {"scorecard_id": "S", "version": "1", "criterion_id": "k1", "min": 0, "max": 3, "weight": 1}
PROGRAM = {"program_id": "P1", "program_name": "One", "timezone": "Europe/London", "currency": "GBP"}


def bad_cells(table: str, *rows: dict[str, Any]) -> list[tuple[int, str, str | None, str]]:
    return check_frame(table, typed(table, rows).lazy()).bad_rows.rows()


@pytest.mark.parametrize(
    ("table", "row", "column", "value", "reason"),
    [
        ("contacts", CONTACT | {"issue": None}, "issue", None, "required, but the cell is empty"),
        (
            "contacts",
            CONTACT | {"direction": "sideways"},
            "direction",
            "sideways",
            "not one of inbound, outbound",
        ),
        ("contacts", CONTACT | {"wait_seconds": -2.5}, "wait_seconds", "-2.5", "negative"),
        ("contacts", CONTACT | {"transfers": -1}, "transfers", "-1", "negative"),
        ("orders", ORDER | {"amount": Decimal("-3.10")}, "amount", "-3.1", "negative"),
        (
            "contacts",
            CONTACT | {"closed_at": datetime(2026, 1, 5, 9, 59, 59, 999999)},
            "closed_at",
            "2026-01-05 09:59:59.999999",
            "before opened_at (2026-01-05 10:00:00)",
        ),
        (
            "contacts",
            CONTACT | {"first_response_at": datetime(2026, 1, 5, 9)},
            "first_response_at",
            "2026-01-05 09:00:00",
            "before opened_at (2026-01-05 10:00:00)",
        ),
        (
            "contacts",
            CONTACT | {"csat_score": 0.5, "csat_min": 1},
            "csat_score",
            "0.5",
            "below csat_min (1)",
        ),
        ("contacts", CONTACT | {"csat_score": 11, "csat_max": 10}, "csat_score", "11", "above csat_max"),
        (
            "contacts",
            CONTACT | {"csat_score": 0},
            "csat_score",
            "0",
            "below 1, which an empty csat_min means",
        ),
        (
            "contacts",
            CONTACT | {"csat_score": 6},
            "csat_score",
            "6",
            "above 5, which an empty csat_max means",
        ),
        (
            "contacts",
            CONTACT | {"csat_score": 2, "csat_min": 2, "csat_max": 2},
            "csat_max",
            "2",
            "not above csat_min (2)",
        ),
        (
            "contacts",
            CONTACT | {"csat_score": 1, "csat_max": 1},
            "csat_max",
            "1",
            "not above 1, which an empty csat_min means",
        ),
        (
            "contacts",
            CONTACT | {"csat_score": 5, "csat_min": 5},
            "csat_min",
            "5",
            "not below 5, which an empty csat_max means",
        ),
        ("scorecards", CRITERION | {"max": 0}, "max", "0", "not above min (0)"),
        ("scorecards", CRITERION | {"weight": -0.5}, "weight", "-0.5", "negative"),
        (
            "order_outcomes",
            OUTCOME,
            "amount",
            None,
            "a refund or chargeback needs an amount, but the cell is empty",
        ),
        (
            "staffing",
            {
                "program_id": "P1",
                "agent_id": "A1",
                "logged_in_at": datetime(2026, 1, 5, 10),
                "logged_out_at": datetime(2026, 1, 5, 9),
            },
            "logged_out_at",
            "2026-01-05 09:00:00",
            "before logged_in_at (2026-01-05 10:00:00)",
        ),
        (
            "events",
            {
                "event_id": "E1",
                "program_id": "P1",
                "kind": "sale",
                "label": "Flash",
                "started_at": datetime(2026, 1, 5, 10),
                "ended_at": datetime(2026, 1, 5, 9),
            },
            "ended_at",
            "2026-01-05 09:00:00",
            "before started_at (2026-01-05 10:00:00)",
        ),
        (
            "programs",
            PROGRAM | {"timezone": "London"},
            "timezone",
            "London",
            "not an IANA time zone such as America/New_York",
        ),
        (
            "programs",
            PROGRAM | {"currency": "pounds"},
            "currency",
            "pounds",
            "not a three-letter ISO 4217 code such as USD",
        ),
    ],
)
def test_a_bad_row_is_named_with_its_cell_and_reason(
    table: str, row: dict[str, Any], column: str, value: str | None, reason: str
) -> None:
    assert bad_cells(table, row) == [(0, column, value, reason)]


@pytest.mark.parametrize(
    ("table", "row"),
    [
        (
            "contacts",
            CONTACT | {"closed_at": CONTACT["opened_at"], "first_response_at": CONTACT["opened_at"]},
        ),
        ("contacts", CONTACT | {"csat_score": 0, "csat_min": 0, "csat_max": 10}),
        ("contacts", CONTACT | {"csat_score": 10, "csat_min": 0, "csat_max": 10}),
        ("contacts", CONTACT | {"csat_score": -1, "csat_min": -1, "csat_max": 1}),
        # A scale upside down harms nothing where there is no score to place on it.
        ("contacts", CONTACT | {"csat_min": 5, "csat_max": 1}),
        ("order_outcomes", OUTCOME | {"kind": "exchange"}),
        ("order_outcomes", OUTCOME | {"amount": Decimal("0")}),
        ("scorecards", CRITERION | {"min": -3, "max": -1, "weight": 0}),
        ("orders", ORDER | {"delivered_at": datetime(2026, 1, 1)}),
        (
            "agents",
            {
                "agent_id": "A",
                "program_id": "P",
                "hired_on": date(2026, 1, 2),
                "left_on": date(2026, 1, 1),
            },
        ),
    ],
)
def test_a_row_on_the_edge_or_only_odd_is_not_bad(table: str, row: dict[str, Any]) -> None:
    assert bad_cells(table, row) == []


def test_odd_rows_are_counted_as_warnings() -> None:
    early = ORDER | {"delivered_at": datetime(2026, 1, 1)}
    check = check_frame("orders", typed("orders", [early, ORDER | {"order_id": "O2"}]).lazy())

    (warning,) = [result for result in check.results if not result.success]
    assert (warning.severity, warning.column, warning.checked, warning.failed) == (
        "warning",
        "delivered_at, ordered_at",
        1,
        1,
    )
    assert warning.note


def test_a_row_that_breaks_several_is_listed_once_under_the_first() -> None:
    worst = CONTACT | {"channel": None, "wait_seconds": -1, "csat_score": 9}
    assert bad_cells("contacts", CONTACT | {"contact_id": "C0"}, worst) == [
        (1, "channel", None, "required, but the cell is empty")
    ]


def test_a_repeated_key_names_every_row_that_has_it() -> None:
    same = "another row of the file has the same key"
    rows = [CRITERION, CRITERION | {"criterion_id": "k2"}, CRITERION]
    assert bad_cells("scorecards", *rows) == [
        (0, "scorecard_id, version, criterion_id", "S, 1, k1", same),
        (2, "scorecard_id, version, criterion_id", "S, 1, k1", same),
    ]


def test_an_empty_part_of_a_key_still_repeats() -> None:
    target = {"metric": "fcr", "program_id": None, "valid_from": date(2026, 1, 1), "target": 0.8}
    assert [row[0] for row in bad_cells("targets", target, target)] == [0, 1]


class TestLocalTimes:
    """Bits 0, 1 and 2 of contacts are opened_at, first_response_at and closed_at."""

    def closed(self, opened: datetime, closed: datetime, mask: int) -> list[Any]:
        return bad_cells(
            "contacts", CONTACT | {"opened_at": opened, "closed_at": closed, "_local_mask": mask}
        )

    def test_two_local_times_are_compared(self) -> None:
        assert self.closed(datetime(2026, 3, 8, 10), datetime(2026, 3, 8, 9), 0b101)

    def test_a_local_and_a_utc_time_are_left_to_the_build(self) -> None:
        assert not self.closed(datetime(2026, 3, 8, 10), datetime(2026, 3, 8, 9), 0b001)

    def test_local_times_that_a_clock_change_could_swap_are_left_to_the_build(self) -> None:
        # In New York 02:30 did not exist on 8 March 2026: it is read as 03:30, which is after 03:05.
        assert not self.closed(datetime(2026, 3, 8, 3, 5), datetime(2026, 3, 8, 2, 30), 0b101)

    def test_the_same_times_in_utc_are_certain(self) -> None:
        assert self.closed(datetime(2026, 3, 8, 3, 5), datetime(2026, 3, 8, 2, 30), 0)

    def test_the_bits_are_in_the_order_of_the_timestamps(self) -> None:
        assert canonical.tables()["contacts"].timestamps[:3] == (
            "opened_at",
            "first_response_at",
            "closed_at",
        )


def test_a_parquet_file_is_read_like_a_frame(tmp_path: Path) -> None:
    frame = typed("contacts", [CONTACT, CONTACT | {"contact_id": "C2", "channel": "fax"}])
    path = tmp_path / "batch.parquet"
    frame.write_parquet(path)

    from_file, from_frame = check_frame("contacts", path), check_frame("contacts", frame.lazy())

    assert from_file.results == from_frame.results
    assert from_file.bad_rows.equals(from_frame.bad_rows)
    assert from_file.bad_rows["_row"].to_list() == [1]


@pytest.mark.parametrize("table", canonical.tables())
def test_a_table_without_rows_passes(table: str) -> None:
    check = check_frame(table, typed(table, []).lazy())
    assert all(result.success for result in check.results)
    assert check.bad_rows.schema == pl.Schema(BAD_ROWS_SCHEMA)
    assert check.bad_rows.is_empty()


@pytest.mark.parametrize("table", canonical.tables())
def test_every_expectation_says_why(table: str) -> None:
    results = check_frame(table, typed(table, []).lazy()).results
    assert {result.suite for result in results} == {table, f"{table}.shape"}
    assert all(len(result.note) > 20 for result in results)


def test_an_unknown_table_is_a_usage_error() -> None:
    with pytest.raises(UsageError, match="Did you mean 'contacts'"):
        check_frame("contact", pl.LazyFrame())


def test_keys_that_are_known_to_differ_are_not_looked_for_again() -> None:
    rows = dirty("signals", rows=200, seed=3).unique(["program_id", "name", "at"], maintain_order=True)
    known, looked_for = (
        check_frame("signals", rows.lazy(), keys_differ=True),
        check_frame("signals", rows.lazy()),
    )
    assert known.results == looked_for.results
    assert known.bad_rows.equals(looked_for.bad_rows)
