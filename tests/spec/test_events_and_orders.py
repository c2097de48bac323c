"""Who was told in time after an event, and contacts per 100 orders, sentence by sentence."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.spec.cases import Case, Workspace, questions

EVENT = """
    started
    2026-03-01T10:00
"""
TOLD = Case(
    "A customer told two hours after the start is informed, the last instant included",
    {"informed_within_2h": "1/1"},
    events=EVENT,
    orders="""
        id | ordered
        o  | 2026-02-20T10:00
    """,
    contacts="""
        id | opened           | direction
        a  | 2026-03-01T12:00 | outbound
    """,
)
CONTACTED = """
    id | opened           | direction
    a  | {at} | outbound
"""
PLACED = Case(
    "Contacts per 100 orders are inbound, abandoned ones too, of known customers or not",
    {"contacts_per_100_orders": "3/4", "wismo_rate": "2/4"},
    orders="""
        id | ordered          | cancelled
        o1 | 2026-03-01T10:00 |
        o2 | 2026-03-01T10:00 | 2026-03-01T11:00      -- cancelled orders count
        o3 | 2026-03-02T10:00 |
        o4 | 2026-03-02T10:00 |
    """,
    contacts="""
        id | opened           | issue  | direction | abandoned | customer | channel
        a  | 2026-03-01T10:00 | wismo  | inbound   |           |          | chat
        b  | 2026-03-01T10:00 | wismo  |           | true      | ann      | voice
        c  | 2026-03-05T10:00 | refund |           |           | ann      | voice
        d  | 2026-03-01T10:00 | wismo  | outbound  |           | ann      | voice
    """,
)

CASES = [
    TOLD,
    replace(
        TOLD,
        says="A customer told a microsecond later is not",
        expected={"informed_within_2h": "0/1"},
        contacts=CONTACTED.format(at="2026-03-01T12:00:00.000001"),
    ),
    replace(
        TOLD,
        says="A customer told at the very start is informed",
        contacts=CONTACTED.format(at="2026-03-01T10:00"),
    ),
    replace(
        TOLD,
        says="A customer told before the start is not",
        expected={"informed_within_2h": "0/1"},
        contacts=CONTACTED.format(at="2026-03-01T09:59:59.999999"),
    ),
    replace(
        TOLD,
        says="A contact that the customer began informs nobody",
        expected={"informed_within_2h": "0/1"},
        contacts=CONTACTED.format(at="2026-03-01T11:00").replace("outbound", "inbound"),
    ),
    replace(
        TOLD,
        says="An abandoned outbound contact informs nobody",
        expected={"informed_within_2h": "0/1"},
        contacts="""
            id | opened           | direction | abandoned
            a  | 2026-03-01T11:00 | outbound  | true
        """,
    ),
    replace(
        TOLD,
        says="A contact of another program informs nobody",
        expected={"informed_within_2h": "0/1"},
        contacts="""
            id | opened           | direction | program
            a  | 2026-03-01T11:00 | outbound  | other
        """,
    ),
    replace(
        TOLD,
        says="Customers with an open order at the start are those to be told",
        expected={"informed_within_2h": "0/4"},
        contacts="",
        orders="""
            id | customer | program | ordered             | delivered           | cancelled
            o1 | a        |         | 2026-03-01T10:00    |                     |
            o2 | b        |         | 2026-03-01T10:00:01 |                     |
            o3 | c        |         | 2026-02-01T10:00    | 2026-03-01T10:00    |
            o4 | d        |         | 2026-02-01T10:00    | 2026-03-01T10:00:01 |
            o5 | e        |         | 2026-02-01T10:00    |                     | 2026-03-01T10:00
            o6 | f        |         | 2026-02-01T10:00    |                     | 2026-03-01T10:00:01
            o7 | g        |         | 2026-02-01T10:00    | 2026-07-01T10:00    |  -- not yet at as-of
            o8 | h        | other   | 2026-02-01T10:00    |                     |
        """,
    ),
    replace(
        TOLD,
        says="A customer with two open orders counts once per event",
        expected={"informed_within_2h": "1/2"},
        events="""
            kind  | started
            drill | 2026-03-01T10:00
            other | 2026-03-02T10:00       -- every kind counts
        """,
        orders="""
            id | ordered
            o1 | 2026-02-20T10:00
            o2 | 2026-02-21T10:00
        """,
    ),
    replace(
        TOLD,
        says="An event is mature two hours after its start",
        expected={"informed_within_2h": "0/1+1"},
        contacts="",
        events="""
            started
            2026-06-30T10:00
            2026-06-30T10:00:00.000001
        """,
    ),
    replace(
        TOLD,
        says="An event that starts after as-of does not exist",
        expected={"informed_within_2h": None},
        events="""
            started
            2026-06-30T12:00:00.000001
        """,
    ),
    PLACED,
    Case(
        "Orders and no contact is 0",
        {"contacts_per_100_orders": "0/1", "wismo_rate": "0/1"},
        orders="""
            id | ordered
            o  | 2026-03-01T10:00
        """,
    ),
    Case(
        "Contacts and no order has no value",
        {"contacts_per_100_orders": "1/0", "wismo_rate": None},
        contacts="""
            id | opened           | issue
            a  | 2026-03-01T10:00 | refund
        """,
    ),
    Case(
        "An order placed after as-of does not exist",
        {"contacts_per_100_orders": "0/1"},
        orders="""
            id | ordered
            o1 | 2026-06-30T12:00
            o2 | 2026-06-30T12:00:00.000001
        """,
    ),
]
BOTH = ["referee", "product"]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(CASES, Path(tmp_path_factory.mktemp("events")))


@pytest.mark.parametrize("who", BOTH)
@pytest.mark.parametrize(("case", "metric"), questions(CASES))
def test_number(workspace: Workspace, who: str, case: Case, metric: str) -> None:
    workspace.check(who, case, metric)


def rows_of(workspace: Workspace, who: str, metric: str, case: Case, by: tuple[str, ...], grain: str) -> dict:
    rows = workspace.rows(who, metric, ("program_id", *by), grain)
    return {
        tuple(row[name] for name in ("period_start", *by)): (
            row["numerator"],
            row["denominator"],
            row["value"] if row["value"] is None else float(row["value"]),
            row["status"],
        )
        for row in rows
        if row["program_id"] == case.name
    }


@pytest.mark.parametrize("who", BOTH)
def test_split_by_a_dimension_of_contacts_the_orders_stay_all_orders(workspace: Workspace, who: str) -> None:
    assert rows_of(workspace, who, "contacts_per_100_orders", PLACED, ("channel",), "all") == {
        (None, "chat"): (1, 4, 25.0, "final"),
        (None, "voice"): (2, 4, 50.0, "final"),
    }


@pytest.mark.parametrize("who", BOTH)
def test_a_period_has_a_row_for_an_order_or_a_contact(workspace: Workspace, who: str) -> None:
    assert rows_of(workspace, who, "contacts_per_100_orders", PLACED, (), "day") == {
        (date(2026, 3, 1),): (2, 2, 100.0, "final"),
        (date(2026, 3, 2),): (0, 2, 0.0, "final"),
        (date(2026, 3, 5),): (1, 0, None, "empty"),
    }


@pytest.mark.parametrize("who", BOTH)
def test_a_period_without_a_wismo_contact_or_an_order_has_no_row_of_wismo_rate(
    workspace: Workspace, who: str
) -> None:
    assert rows_of(workspace, who, "wismo_rate", PLACED, (), "day") == {
        (date(2026, 3, 1),): (2, 2, 100.0, "final"),
        (date(2026, 3, 2),): (0, 2, 0.0, "final"),
    }


@pytest.mark.parametrize("who", BOTH)
def test_split_by_contacts_a_period_without_a_contact_is_not_printed(workspace: Workspace, who: str) -> None:
    assert rows_of(workspace, who, "contacts_per_100_orders", PLACED, ("issue",), "day") == {
        (date(2026, 3, 1), "wismo"): (2, 2, 100.0, "final"),
        (date(2026, 3, 5), "refund"): (1, 0, None, "empty"),
    }


@pytest.mark.parametrize("who", BOTH)
def test_split_by_channel_alone_the_parts_add_up_to_the_whole(workspace: Workspace, who: str) -> None:
    whole = workspace.rows(who, "contacts_per_100_orders")[0]
    parts = workspace.rows(who, "contacts_per_100_orders", ("channel",))
    assert sum(part["numerator"] for part in parts) == whole["numerator"]
    assert {part["denominator"] for part in parts} == {whole["denominator"]}
    assert sum(float(part["value"]) for part in parts) == pytest.approx(float(whole["value"]))
