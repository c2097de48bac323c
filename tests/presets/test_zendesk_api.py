"""Zendesk's incremental ticket export as contacts, ticket by ticket and page by page."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

from tests.presets.landed import land_file, rows

TICKET: dict[str, Any] = {
    "id": 501,
    "requester_id": 9001,
    "submitter_id": 9001,
    "assignee_id": 77,
    "group_id": 5,
    "brand_id": 1,
    "status": "closed",
    "subject": "Where is it?",
    "tags": ["wismo", "vip"],
    "via": {"channel": "email", "source": {"from": {"address": "jo@example.com"}, "to": {}, "rel": None}},
    "custom_fields": [{"id": 360001, "value": "1001"}, {"id": 360002, "value": None}],
    "satisfaction_rating": {"id": 3, "score": "good", "updated_at": "2026-01-08T08:00:00Z"},
    "created_at": "2026-01-05T10:00:00Z",
    "updated_at": "2026-01-09T00:00:00Z",
    "generated_timestamp": 1767916800,
}
METRICS = {
    "reopens": 1,
    "assignee_stations": 3,
    "solved_at": "2026-01-05T11:30:00Z",
    "reply_time_in_minutes": {"calendar": 12, "business": 2},
}
PRESET = 'preset = "zendesk_tickets_api"\n[source.constants]\nprogram_id = "P1"'


def contacts(root: Path, *lines: dict[str, Any], source: str = PRESET) -> dict[str, dict[str, Any]]:
    text = "".join(json.dumps(line) + "\n" for line in lines)
    return rows(land_file(root, "tickets.ndjson", text, source), "contacts")


def test_a_ticket_with_its_metrics(tmp_path: Path) -> None:
    contact = contacts(tmp_path, TICKET | {"metric_set": METRICS})["501"]

    assert (contact["program_id"], contact["agent_id"], contact["channel"]) == ("P1", "77", "email")
    assert contact["opened_at"] == datetime(2026, 1, 5, 10)
    assert contact["first_response_at"] == datetime(2026, 1, 5, 10, 12)
    assert contact["closed_at"] == datetime(2026, 1, 5, 11, 30)
    assert (contact["reopens"], contact["transfers"]) == (1, 2)
    assert (contact["csat_score"], contact["csat_min"], contact["csat_max"]) == (1, 0, 1)
    assert contact["csat_sent"] is True
    assert contact["csat_at"] == datetime(2026, 1, 8, 8)
    assert contact["updated_at"] == datetime(2026, 1, 9)
    assert (contact["issue"], contact["direction"]) == ("other", "inbound")
    assert contact["_local_mask"] == 0


def test_pages_and_tickets_may_come_in_one_file(tmp_path: Path) -> None:
    found = contacts(
        tmp_path,
        {"tickets": [TICKET | {"id": 1}, TICKET | {"id": 2}], "next_page": None, "count": 2},
        {"tickets": [], "end_of_stream": True, "count": 0},
        TICKET | {"id": 3},
    )
    assert list(found) == ["1", "2", "3"]


def test_without_metrics_a_solved_ticket_is_closed_at_its_last_update(tmp_path: Path) -> None:
    found = contacts(tmp_path, TICKET | {"id": 1, "status": "solved"}, TICKET | {"id": 2, "status": "hold"})
    assert found["1"]["closed_at"] == datetime(2026, 1, 9)
    assert found["2"]["closed_at"] is None
    assert found["1"]["first_response_at"] is None and found["1"]["transfers"] is None


def test_scores_and_what_was_sent(tmp_path: Path) -> None:
    scores = ["bad", "goodwithcomment", "badwithcomment", "offered", "unoffered", None]
    found = contacts(
        tmp_path,
        *(TICKET | {"id": i, "satisfaction_rating": {"score": score}} for i, score in enumerate(scores)),
    )
    assert [(row["csat_score"], row["csat_sent"]) for row in found.values()] == [
        (0, True),
        (1, True),
        (0, True),
        (None, True),
        (None, False),
        (None, None),
    ]
    # A rating without its own time counts from the opening; nothing is made up.
    assert {row["csat_at"] for row in found.values()} == {None}


def test_deleted_tickets_are_no_contacts(tmp_path: Path) -> None:
    report = land_file(
        tmp_path,
        "tickets.ndjson",
        json.dumps(TICKET) + "\n" + json.dumps(TICKET | {"id": 9, "status": "deleted"}) + "\n",
        PRESET,
    )
    assert list(rows(report, "contacts")) == ["501"]
    (batch,) = [batch for batch in report.batches if batch.table == "contacts"]
    assert (batch.rows_read, batch.rows_landed, batch.rows_rejected) == (1, 1, 0)


def test_the_same_ticket_on_two_pages_is_its_newest_state(tmp_path: Path) -> None:
    found = contacts(
        tmp_path,
        {"tickets": [TICKET | {"updated_at": "2026-01-10T00:00:00Z", "assignee_id": 88}]},
        {"tickets": [TICKET]},
    )
    assert found["501"]["agent_id"] == "88"


def test_custom_fields_and_channels(tmp_path: Path) -> None:
    source = (
        'preset = "zendesk_tickets_api"\n'
        '[source.columns]\norder_id = "custom_fields[id=360001].value"\n'
        'issue = "custom_fields[id=360002].value"\n'
        '[source.values.issue]\nwhere_is_my_order = "wismo"\n"" = "other"\n"*" = "other"\n'
        '[source.constants]\nprogram_id = "P1"'
    )
    asked = [{"id": 360001, "value": "1002"}, {"id": 360002, "value": "where_is_my_order"}]
    found = contacts(
        tmp_path,
        TICKET | {"id": 1},
        TICKET | {"id": 2, "custom_fields": asked, "via": {"channel": "native_messaging"}},
        TICKET | {"id": 3, "via": {"channel": "phone_call_outbound"}},
        TICKET | {"id": 4, "via": {"channel": "telepathy"}},
        source=source,
    )
    assert [(row["order_id"], row["issue"]) for row in found.values()][:2] == [
        ("1001", "other"),
        ("1002", "wismo"),
    ]
    assert [(row["channel"], row["direction"]) for row in found.values()] == [
        ("email", "inbound"),
        ("chat", "inbound"),
        ("voice", "outbound"),
        ("other", "inbound"),
    ]
