"""Chargebacks by order and repeat purchases by customer: units that count once in every row printed."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.spec.cases import Case, Workspace, questions

CHARGED = Case(
    "A chargeback within 120 days of the contact counts, the last instant included",
    {"chargeback_rate": "1/1"},
    orders="""
        id
        o
    """,
    contacts="""
        id | order | agent | opened
        a  | o     | x     | 2026-02-01T10:00
    """,
    outcomes="""
        order | kind       | amount | at
        o     | chargeback | 5      | 2026-06-01T10:00
    """,
)
BOUGHT = Case(
    "A customer who orders again within 90 days counts, the last instant included",
    {"repeat_purchase_rate": "1/1"},
    contacts="""
        id | agent | opened
        a  | x     | 2026-02-01T10:00
    """,
    orders="""
        id | ordered
        o  | 2026-05-02T10:00
    """,
)


def charged(at: str) -> str:
    return f"""
        order | kind       | amount | at
        o     | chargeback | 5      | {at}
    """


def bought(at: str, more: str = "") -> str:
    return f"""
        id | ordered | program | customer | cancelled
        o  | {at}    | {more}
    """


CASES = [
    CHARGED,
    replace(
        CHARGED,
        says="A chargeback a microsecond later does not",
        expected={"chargeback_rate": "0/1"},
        outcomes=charged("2026-06-01T10:00:00.000001"),
    ),
    replace(
        CHARGED,
        says="A chargeback at the opening itself is before the window",
        expected={"chargeback_rate": "0/1"},
        outcomes=charged("2026-02-01T10:00"),
    ),
    replace(
        CHARGED,
        says="A chargeback a microsecond after the opening counts",
        expected={"chargeback_rate": "1/1"},
        outcomes=charged("2026-02-01T10:00:00.000001"),
    ),
    replace(
        CHARGED,
        says="A refund is no chargeback",
        expected={"chargeback_rate": "0/1"},
        outcomes=charged("2026-02-02T10:00").replace("chargeback", "refund"),
    ),
    replace(
        CHARGED,
        says="An order counts once, at its first handled contact in the row",
        # a chargeback 130 days after x's contact and 100 days after y's
        expected={
            "chargeback_rate": "0/1",
            "chargeback_rate by agent_id x": "0/1",
            "chargeback_rate by agent_id y": "1/1",
        },
        contacts="""
            id | order | agent | opened
            a  | o     | x     | 2026-01-20T10:00
            b  | o     | y     | 2026-02-19T10:00
        """,
        outcomes=charged("2026-05-30T10:00"),
    ),
    replace(
        CHARGED,
        says="Two orders of one customer are two",
        expected={"chargeback_rate": "1/2"},
        orders="""
            id
            o
            o2
        """,
        contacts="""
            id | order | opened
            a  | o     | 2026-02-01T10:00
            b  | o2    | 2026-02-01T10:00
        """,
    ),
    replace(
        CHARGED,
        says="The contact must be handled; it needs no customer",
        expected={"chargeback_rate": "1/1"},
        orders="""
            id
            o
            o2
            o3
        """,
        contacts="""
            id | order | customer | opened           | direction | abandoned
            a  | o     |          | 2026-02-01T10:00 |           |
            b  | o2    | ann      | 2026-02-01T10:00 | outbound  |
            c  | o3    | ann      | 2026-02-01T10:00 |           | true
        """,
    ),
    replace(
        CHARGED,
        says="The order must be one of the contact's program",
        expected={"chargeback_rate": None},
        orders="""
            id | program
            o  | other
        """,
    ),
    replace(
        CHARGED,
        says="An order matures 120 times 24 h after its first handled contact",
        expected={
            "chargeback_rate": "1/1",
            "chargeback_rate by agent_id x": "1/1",
            "chargeback_rate by agent_id y": "0/0+1",
        },
        contacts="""
            id | order | agent | opened
            a  | o     | x     | 2026-03-02T12:00
            b  | o     | y     | 2026-03-02T12:00:00.000001
        """,
    ),
    BOUGHT,
    replace(
        BOUGHT,
        says="An order a microsecond later does not count",
        expected={"repeat_purchase_rate": "0/1"},
        orders=bought("2026-05-02T10:00:00.000001", "|ann|"),
    ),
    replace(
        BOUGHT,
        says="An order at the opening itself is not again",
        expected={"repeat_purchase_rate": "0/1"},
        orders=bought("2026-02-01T10:00", "|ann|"),
    ),
    replace(
        BOUGHT,
        says="An order that is cancelled later counts",
        expected={"repeat_purchase_rate": "1/1"},
        orders=bought("2026-02-01T10:00:00.000001", "|ann|2026-02-02T10:00"),
    ),
    replace(
        BOUGHT,
        says="An order in another program does not count",
        expected={"repeat_purchase_rate": "0/1"},
        orders=bought("2026-02-02T10:00", "other|ann|"),
    ),
    replace(
        BOUGHT,
        says="Another customer's order does not count",
        expected={"repeat_purchase_rate": "0/1"},
        orders=bought("2026-02-02T10:00", "|bob|"),
    ),
    replace(
        BOUGHT,
        says="A customer counts once, at the first handled contact in the row",
        # ordered 100 days after x's contact, 70 after y's
        expected={
            "repeat_purchase_rate": "0/1",
            "repeat_purchase_rate by agent_id x": "0/1",
            "repeat_purchase_rate by agent_id y": "1/1",
        },
        contacts="""
            id | agent | opened
            a  | x     | 2026-01-01T10:00
            b  | y     | 2026-01-31T10:00
        """,
        orders=bought("2026-04-11T10:00", "|ann|"),
    ),
    replace(
        BOUGHT,
        says="Contacts that are not handled or of unknown customers count nobody",
        expected={"repeat_purchase_rate": "1/1"},
        contacts="""
            id | customer | opened           | direction | abandoned
            a  | ann      | 2026-02-01T10:00 |           |
            b  | bob      | 2026-02-01T10:00 | outbound  |
            c  | cid      | 2026-02-01T10:00 |           | true
            d  |          | 2026-02-01T10:00 |           |
        """,
    ),
    replace(
        BOUGHT,
        says="A customer matures 90 times 24 h after the first handled contact",
        expected={"repeat_purchase_rate": "1/1+1"},
        contacts="""
            id | customer | opened
            a  | ann      | 2026-04-01T12:00
            b  | ann      | 2026-06-29T12:00          -- counts already
            c  | bob      | 2026-04-01T12:00:00.000001
        """,
    ),
]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(CASES, Path(tmp_path_factory.mktemp("once")))


@pytest.mark.parametrize("who", ["referee", "product"])
@pytest.mark.parametrize(("case", "metric"), questions(CASES))
def test_number(workspace: Workspace, who: str, case: Case, metric: str) -> None:
    workspace.check(who, case, metric)


@pytest.mark.parametrize("who", ["referee", "product"])
def test_within_from_and_to_the_first_contact_is_the_first_within_them(
    workspace: Workspace, who: str
) -> None:
    case = next(case for case in CASES if case.says.startswith("A customer counts once"))
    rows = workspace.rows(who, "repeat_purchase_rate", ("program_id",), start=date(2026, 1, 2))
    row = next(row for row in rows if row["program_id"] == case.name)
    assert (row["numerator"], row["denominator"]) == (1, 1)


@pytest.mark.parametrize("who", ["referee", "product"])
def test_rows_of_two_months_count_the_customer_twice(workspace: Workspace, who: str) -> None:
    case = next(case for case in CASES if case.says.startswith("A customer matures"))
    rows = workspace.rows(who, "repeat_purchase_rate", ("program_id",), grain="month")
    counts = {
        row["period_start"]: (row["numerator"], row["denominator"], row["pending"])
        for row in rows
        if row["program_id"] == case.name
    }
    assert counts == {date(2026, 4, 1): (1, 1, 1), date(2026, 6, 1): (0, 0, 1)}
