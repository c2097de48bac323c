"""Zendesk's CSV export as contacts: every cell here is in the file for a reason."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.presets.landed import land_file, rejects, rows

HEADER = [
    "Summation column", "Id", "Requester", "Requester id", "Requester external id", "Requester email",
    "Requester domain", "Submitter", "Assignee", "Group", "Subject", "Tags", "Status", "Priority", "Via",
    "Ticket type", "Created at", "Updated at", "Assigned at", "Organization", "Due date",
    "Initially assigned at", "Solved at", "Resolution time", "Satisfaction Score", "Group stations",
    "Assignee stations", "Reopens", "Replies", "First reply time in minutes",
    "First reply time in minutes within business hours", "First resolution time in minutes",
    "First resolution time in minutes within business hours", "Full resolution time in minutes",
    "Full resolution time in minutes within business hours", "Agent wait time in minutes",
    "Agent wait time in minutes within business hours", "Requester wait time in minutes",
    "Requester wait time in minutes within business hours", "On hold time in minutes",
    "On hold time in minutes within business hours", "Order number [text]", "Contact reason [list]",
]  # fmt: skip
TICKET = {
    "Summation column": "1",
    "Id": "501",
    "Requester": "Jo Customer",
    "Requester id": "9001",
    "Requester email": "jo@example.com",
    "Assignee": "Ada Agent",
    "Status": "Closed",
    "Via": "Mail",
    "Created at": "2026-01-05 10:00",
    "Updated at": "2026-01-09 00:00",
    "Solved at": "2026-01-05 11:30",
    "Satisfaction Score": "Good",
    "Assignee stations": "1",
    "Reopens": "0",
    "First reply time in minutes": "12",
}
PRESET = 'preset = "zendesk_tickets_csv"\n[source.constants]\nprogram_id = "P1"'


def export(*tickets: dict[str, str]) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, HEADER, restval="")
    writer.writeheader()
    writer.writerows(TICKET | {"Id": str(501 + i)} | ticket for i, ticket in enumerate(tickets))
    return text.getvalue()


def contacts(root: Path, *tickets: dict[str, str], source: str = PRESET) -> list[dict[str, Any]]:
    return list(rows(land_file(root, "tickets.csv", export(*tickets), source), "contacts").values())


def test_a_ticket_becomes_a_contact(tmp_path: Path) -> None:
    (contact,) = contacts(tmp_path, {})

    assert contact["contact_id"] == "501"
    assert contact["program_id"] == "P1"
    assert contact["agent_id"] == "Ada Agent"
    assert contact["channel"] == "email"
    assert contact["direction"] == "inbound"
    assert contact["issue"] == "other"  # the export names no reason
    assert contact["order_id"] is None  # nor an order
    assert contact["opened_at"] == datetime(2026, 1, 5, 10)
    assert contact["first_response_at"] == datetime(2026, 1, 5, 10, 12)
    assert contact["closed_at"] == datetime(2026, 1, 5, 11, 30)
    assert contact["transfers"] == 0  # the first assignment is one station
    assert contact["reopens"] == 0
    assert contact["handle_seconds"] is None  # Zendesk does not time the work
    assert contact["resolution"] is None


def test_times_are_local_until_a_zone_is_given(tmp_path: Path) -> None:
    (contact,) = contacts(tmp_path, {})
    # opened_at, first_response_at, closed_at and updated_at: bits 0, 1, 2 and 4.
    assert contact["_local_mask"] == 0b10111


def test_a_zone_makes_them_utc(tmp_path: Path) -> None:
    zoned = 'zone = "America/New_York"\n' + PRESET
    (contact,) = contacts(tmp_path, {}, source=zoned)
    assert contact["_local_mask"] == 0
    assert contact["opened_at"] == datetime(2026, 1, 5, 15)
    assert contact["first_response_at"] == datetime(2026, 1, 5, 15, 12)


def test_good_and_bad_are_a_scale_of_two_points(tmp_path: Path) -> None:
    scores = ["Good", "Bad", "Offered", "Not Offered", ""]
    found = contacts(tmp_path, *({"Satisfaction Score": score} for score in scores))
    assert [(row["csat_score"], row["csat_sent"]) for row in found] == [
        (1, True),
        (0, True),
        (None, True),  # sent, not answered
        (None, False),
        (None, None),  # the account has no surveys
    ]
    assert {(row["csat_min"], row["csat_max"]) for row in found} == {(0, 1)}


def test_a_ticket_that_is_open_again_is_not_closed(tmp_path: Path) -> None:
    found = contacts(
        tmp_path, {"Status": "Open", "Reopens": "1"}, {"Status": "Solved"}, {"Status": "Pending"}
    )
    assert [row["closed_at"] for row in found] == [None, datetime(2026, 1, 5, 11, 30), None]
    assert found[0]["reopens"] == 1


def test_every_way_in_is_a_channel(tmp_path: Path) -> None:
    expected = {
        "Web form": ("email", "inbound"),
        "Chat": ("chat", "inbound"),
        "Phone call (inbound)": ("voice", "inbound"),
        "Phone call (outbound)": ("voice", "outbound"),
        "Text": ("sms", "inbound"),
        "WhatsApp": ("social", "inbound"),
        "Mobile SDK": ("app", "inbound"),
        "Carrier pigeon": ("other", "inbound"),
        "": ("other", "inbound"),
    }
    found = contacts(tmp_path, *({"Via": via} for via in expected))
    assert [(row["channel"], row["direction"]) for row in found] == list(expected.values())


def test_the_address_is_the_customer_and_is_never_kept(tmp_path: Path) -> None:
    found = contacts(
        tmp_path,
        {},
        {"Requester email": "JO@example.com "},  # the same person
        {"Requester email": "", "Requester id": "77"},  # only a number is known
        {"Requester email": "", "Requester id": ""},
    )
    customers = [row["customer_id"] for row in found]
    assert customers[0] == customers[1] != customers[2]
    assert customers[3] is None
    assert all(name is None or name.startswith("c_") for name in customers)
    kept = b"".join(path.read_bytes() for path in (tmp_path / ".plumbline").rglob("*") if path.is_file())
    assert b"example.com" not in kept and b"Jo Customer" not in kept


def test_stations_after_the_first_are_transfers(tmp_path: Path) -> None:
    found = contacts(tmp_path, *({"Assignee stations": cell} for cell in ("3", "0", "")))
    assert [row["transfers"] for row in found] == [2, None, None]


def test_custom_fields_name_order_and_reason(tmp_path: Path) -> None:
    source = (
        'preset = "zendesk_tickets_csv"\n'
        '[source.columns]\norder_id = "Order number [text]"\nissue = "Contact reason [list]"\n'
        '[source.values.issue]\n"where is my order" = "wismo"\n"" = "other"\n"*" = "other"\n'
        '[source.constants]\nprogram_id = "P1"'
    )
    found = contacts(
        tmp_path,
        {"Order number [text]": "1001", "Contact reason [list]": "Where is my order"},
        {"Contact reason [list]": "Something new"},
        {"Contact reason [list]": ""},
        source=source,
    )
    assert [(row["order_id"], row["issue"]) for row in found] == [
        ("1001", "wismo"),
        (None, "other"),
        (None, "other"),
    ]


def test_a_cell_that_is_no_time_rejects_its_row_only(tmp_path: Path) -> None:
    cells = ["yesterday", "2026-02-30 10:00", "2026-13-01 10:00", "2025-02-29 10:00", ""]
    report = land_file(tmp_path, "t.csv", export({}, *({"Created at": cell} for cell in cells)), PRESET)
    assert list(rows(report, "contacts")) == ["501"]
    assert [(line, column) for line, column, _ in rejects(report, "contacts")] == [
        (line, "opened_at") for line in range(3, 8)
    ]


def test_first_reply_is_counted_from_creation(tmp_path: Path) -> None:
    expected = {
        "2024-02-29 23:50": datetime(2024, 3, 1, 0, 2),  # a leap day
        "2026-01-05 10:00:30": datetime(2026, 1, 5, 10, 12, 30),
        "2026-01-05T10:00": datetime(2026, 1, 5, 10, 12),
    }
    found = contacts(tmp_path, *({"Created at": cell, "Solved at": ""} for cell in expected))
    assert [row["first_response_at"] for row in found] == list(expected.values())


def test_without_a_reply_there_is_no_first_response(tmp_path: Path) -> None:
    (contact,) = contacts(tmp_path, {"First reply time in minutes": ""})
    assert contact["first_response_at"] is None
