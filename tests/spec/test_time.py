"""Days, weeks, time zones, which rows are printed, and what they are called: final, provisional or empty."""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.spec.cases import Case, Workspace

NEW_YORK = Case(
    "New York",
    timezone="America/New_York",
    operating_model="in_house",
    agents="""
        id | site
        x  | Austin
    """,
    orders="""
        id | ordered
        o1 | 2026-02-01T10:00:00Z
        o2 | 2026-02-01T10:00:00Z
    """,
    contacts="""
        id | customer | opened                     | closed               | issue  |order| agent | score
        a  | a        | 2026-03-02T04:59:59Z       | 2026-03-02T06:00:00Z | refund | o1| x     | -- 1 March
        b  | b        | 2026-03-02T05:00:00Z       | 2026-03-02T06:00:00Z | wismo  | | x     | 5 -- 2 March
        c  | c        | 2026-03-08T02:30:00        | 2026-03-08T09:00:00Z | wismo  | |       | 4 -- skipped
        d  | d        | 2026-03-09T03:59:59.999999Z | 2026-03-09T05:00:00Z | wismo | |       | -- 8 March
        e  | e        | 2026-06-28T10:00:00Z       | 2026-06-28T11:00:00Z | wismo  | |       |
        f  | f        | 2026-06-30T03:59:00Z       |                      | wismo  | |       | -- 29 June
    """,
)
MANILA = Case(
    "Manila",
    timezone="Asia/Manila",
    currency="PHP",
    operating_model="outsourced",
    contacts="""
        id | customer | opened               | closed               | issue  |order| agent | score
        a  | a        | 2026-03-01T15:59:59Z | 2026-03-01T17:00:00Z | wismo  | |       | 3 -- 1 March
        b  | b        | 2026-03-01T16:00:00Z | 2026-03-01T17:00:00Z | wismo  | |       | -- 2 March
        c  | c        | 2026-06-30T03:59:00Z |                      | promo  | |       | -- 30 June
    """,
)
BOTH = ["referee", "product"]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace([NEW_YORK, MANILA], Path(tmp_path_factory.mktemp("time")))


def printed(rows: Sequence[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


@pytest.mark.parametrize("who", BOTH)
def test_each_contact_is_on_its_own_local_date(workspace: Workspace, who: str) -> None:
    rows = workspace.rows(who, "transfer_rate", grain="day")
    assert printed(rows, "period_start", "denominator") == [
        (date(2026, 3, 1), 2),
        (date(2026, 3, 2), 2),
        (date(2026, 3, 8), 2),
        (date(2026, 6, 28), 1),
        (date(2026, 6, 29), 1),
        (date(2026, 6, 30), 1),
    ]


@pytest.mark.parametrize("who", BOTH)
def test_weeks_begin_on_monday(workspace: Workspace, who: str) -> None:
    rows = workspace.rows(who, "transfer_rate", grain="week")
    assert printed(rows, "grain", "period_start", "denominator") == [
        ("week", date(2026, 2, 23), 2),
        ("week", date(2026, 3, 2), 4),
        ("week", date(2026, 6, 22), 1),
        ("week", date(2026, 6, 29), 2),
    ]


@pytest.mark.parametrize("who", BOTH)
@pytest.mark.parametrize(
    ("grain", "periods"),
    [
        ("month", [(date(2026, 3, 1), 6), (date(2026, 6, 1), 3)]),
        ("quarter", [(date(2026, 1, 1), 6), (date(2026, 4, 1), 3)]),
        ("all", [(None, 9)]),
    ],
)
def test_longer_periods(workspace: Workspace, who: str, grain: str, periods: list[Any]) -> None:
    rows = workspace.rows(who, "transfer_rate", grain=grain)
    assert printed(rows, "period_start", "denominator") == periods


@pytest.mark.parametrize("who", BOTH)
def test_from_and_to_are_local_dates_both_included(workspace: Workspace, who: str) -> None:
    rows = workspace.rows(who, "transfer_rate", grain="week", start=date(2026, 3, 2), end=date(2026, 6, 29))
    assert printed(rows, "period_start", "denominator") == [
        (date(2026, 3, 2), 4),
        (date(2026, 6, 22), 1),
        (date(2026, 6, 29), 1),  # a partial week
    ]


@pytest.mark.parametrize("who", BOTH)
def test_a_skipped_hour_is_read_with_the_offset_before(workspace: Workspace, who: str) -> None:
    """02:30 of 8 March is 07:30 UTC: nine in the morning is 90 minutes later."""
    case = "new_york:c"
    if who == "referee":
        opened = workspace.referee.data.contacts[case]["opened_at"].replace(tzinfo=None)
    else:
        opened = workspace.sql(f"select opened_at from contacts where contact_id = '{case}'")[0]["opened_at"]
    assert opened.replace(tzinfo=None).isoformat() == "2026-03-08T07:30:00"


@pytest.mark.parametrize("who", BOTH)
def test_a_period_is_provisional_while_its_last_day_lasts_in_a_program_of_the_row(
    workspace: Workspace, who: str
) -> None:
    # as-of is 08:00 of 30 June in New York and 20:00 in Manila
    days = workspace.rows(who, "transfer_rate", grain="day", start=date(2026, 6, 1))
    assert printed(days, "period_start", "status") == [
        (date(2026, 6, 28), "final"),
        (date(2026, 6, 29), "final"),
        (date(2026, 6, 30), "provisional"),
    ]
    weeks = workspace.rows(who, "transfer_rate", grain="week", start=date(2026, 6, 1))
    assert printed(weeks, "period_start", "status") == [
        (date(2026, 6, 22), "final"),
        (date(2026, 6, 29), "provisional"),
    ]


@pytest.mark.parametrize("who", BOTH)
def test_grain_all_without_split_always_prints_a_row(workspace: Workspace, who: str) -> None:
    for metric in (
        "fcr",
        "csat",
        "qa_score",
        "informed_within_2h",
        "handle_minutes_p90",
        "answer_consistency",
    ):
        rows = workspace.rows(who, metric, start=date(2030, 1, 1))
        assert printed(rows, "value", "lower", "upper", "denominator", "pending", "status") == [
            (None, None, None, 0, 0, "empty")
        ], metric
    assert workspace.rows(who, "fcr", start=date(2030, 1, 1), grain="week") == []
    assert workspace.rows(who, "fcr", ("site",), start=date(2030, 1, 1)) == []


@pytest.mark.parametrize("who", BOTH)
def test_a_row_is_printed_for_pending_units_alone(workspace: Workspace, who: str) -> None:
    rows = workspace.rows(who, "fcr", grain="month")
    assert printed(rows, "period_start", "value", "numerator", "denominator", "pending", "status") == [
        (date(2026, 3, 1), 1.0, 6, 6, 0, "final"),
        (date(2026, 6, 1), None, 0, 0, 1, "provisional"),
    ]


@pytest.mark.parametrize("who", BOTH)
def test_an_unknown_value_is_a_group_of_its_own_printed_last(workspace: Workspace, who: str) -> None:
    rows = workspace.rows(who, "transfer_rate", ("operating_model", "site"))
    assert printed(rows, "operating_model", "site", "denominator") == [
        ("in_house", "Austin", 2),
        ("in_house", None, 4),
        ("outsourced", None, 3),
    ]


@pytest.mark.parametrize("who", BOTH)
def test_a_proportion_carries_wilsons_interval(workspace: Workspace, who: str) -> None:
    row = workspace.rows(who, "csat")[0]  # 2 of 3
    assert (row["numerator"], row["denominator"]) == (2, 3)
    assert (row["lower"], row["upper"]) == pytest.approx((0.2076596008020477, 0.9385080552796037), abs=1e-12)


@pytest.mark.parametrize("who", BOTH)
def test_a_mean_carries_the_normal_interval_from_two_units_on(workspace: Workspace, who: str) -> None:
    row = workspace.rows(who, "csat_mean")[0]  # 5, 4, 3: mean 4, s 1
    half = 1.959963984540054 / 3**0.5
    assert float(row["value"]) == pytest.approx(4)
    assert (row["lower"], row["upper"]) == pytest.approx((4 - half, 4 + half))
    single = workspace.rows(who, "csat_mean", ("program_id",))[0]
    assert (float(single["value"]), single["lower"], single["upper"]) == (3.0, None, None)
