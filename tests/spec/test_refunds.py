"""Stakes, refund avoidance and the money kept, sentence by sentence.

Unless a case says otherwise the order is 100 and the contact opened on 1 February: every window is over.
"""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from tests.spec.cases import Case, Workspace, questions

ORDER = """
    id
    o
"""
ASK = """
    id | issue  | order | opened           | closed
    a  | refund | o     | 2026-02-01T10:00 | 2026-02-01T11:00
"""


def outcome(kind: str, amount: str, at: str) -> str:
    return f"""
        order | kind   | amount   | at
        o     | {kind} | {amount} | {at}
    """


BASE = Case("Nothing refunded is all retained", orders=ORDER, contacts=ASK)
AVOIDED = {"refund_avoidance": "1/1", "value_retained": "100/1"}

CASES = [
    replace(
        BASE,
        expected={**AVOIDED, "net_value_retained": "100/1", "healthy_avoidance": "1/1", "deflection": "0/1"},
        stakes={"a": "100"},
    ),
    replace(
        BASE,
        says="A refund in the window is not avoided",
        outcomes=outcome("refund", "100", "2026-02-10T10:00"),
        expected={
            "refund_avoidance": "0/1",
            "value_retained": "0/1",
            "healthy_avoidance": "0/1",
            "deflection": "0/1",
        },
    ),
    replace(
        BASE,
        says="A refund of a part retains the rest and avoids nothing",
        outcomes=outcome("refund", "30.25", "2026-02-10T10:00"),
        expected={"refund_avoidance": "0/1", "value_retained": "69.75/1"},
    ),
    replace(
        BASE,
        says="No more is refunded than was at stake",
        outcomes=outcome("refund", "150", "2026-02-10T10:00"),
        expected={"refund_avoidance": "0/1", "value_retained": "0/1"},
    ),
    replace(
        BASE,
        says="The refund window includes its last instant",
        outcomes=outcome("refund", "40", "2026-03-03T10:00"),
        expected={"refund_avoidance": "0/1", "value_retained": "60/1"},
    ),
    replace(
        BASE,
        says="A refund past the window is never folded in",
        outcomes=outcome("refund", "40", "2026-03-03T10:00:00.000001"),
        expected=AVOIDED,
    ),
    replace(
        BASE,
        says="A refund at the opening comes off what is at stake",
        outcomes=outcome("refund", "40", "2026-02-01T10:00"),
        expected={"refund_avoidance": "1/1", "value_retained": "60/1"},
        stakes={"a": "60"},
    ),
    replace(
        BASE,
        says="A refund a microsecond after the opening is in the window",
        outcomes=outcome("refund", "40", "2026-02-01T10:00:00.000001"),
        expected={"refund_avoidance": "0/1", "value_retained": "60/1"},
        stakes={"a": "100"},
    ),
    replace(
        BASE,
        says="Nothing left at the opening is no stake",
        outcomes=outcome("chargeback", "100", "2026-01-20T10:00"),
        expected={"refund_avoidance": None, "value_retained": None},
        stakes={},
    ),
    replace(
        BASE,
        says="A chargeback counts as refunded",
        outcomes=outcome("chargeback", "20", "2026-02-10T10:00"),
        expected={"refund_avoidance": "0/1", "value_retained": "80/1"},
    ),
    replace(
        BASE,
        says="A refund of nothing refunds nothing",
        outcomes=outcome("refund", "0", "2026-02-10T10:00"),
        expected=AVOIDED,
    ),
    replace(
        BASE,
        says="An order of value 0 is no stake",
        orders="""
            id | amount
            o  | 0
        """,
        expected={"refund_avoidance": None},
    ),
    Case(
        "A contact asks when it says so, or says nothing and its issue is refund or return",
        {"refund_avoidance": "3/3"},
        orders="""
            id
            o1
            o2
            o3
            o4
            o5
        """,
        contacts="""
            id | issue    | asks  | order | opened           | closed
            a  | wismo    | true  | o1    | 2026-02-01T10:00 | 2026-02-01T11:00
            b  | return   |       | o2    | 2026-02-01T10:00 | 2026-02-01T11:00
            c  | refund   |       | o3    | 2026-02-01T10:00 | 2026-02-01T11:00
            d  | refund   | false | o4    | 2026-02-01T10:00 | 2026-02-01T11:00
            e  | exchange |       | o5    | 2026-02-01T10:00 | 2026-02-01T11:00
        """,
        stakes={"a": "100", "b": "100", "c": "100"},
    ),
    Case(
        "A stake is an inbound handled contact; it need not be closed nor have an agent",
        {"refund_avoidance": "1/1", "healthy_avoidance": "0/0+1", "deflection": "0/0+1"},
        orders="""
            id
            o1
            o2
            o3
        """,
        contacts="""
            id | issue  | order | opened           | direction | abandoned
            a  | refund | o1    | 2026-02-01T10:00 |           |
            b  | refund | o2    | 2026-02-01T10:00 | outbound  |
            c  | refund | o3    | 2026-02-01T10:00 |           | true
        """,
        stakes={"a": "100"},
    ),
    Case(
        "The order must be known, of the same program and of the same customer",
        {"refund_avoidance": None},
        orders="""
            id | customer | program
            o1 | bob      |
            o2 | ann      | other
        """,
        contacts="""
            id | customer | issue  | order | opened           | closed
            a  | ann      | refund | o1    | 2026-02-01T10:00 | 2026-02-01T11:00
            b  | ann      | refund | o2    | 2026-02-01T10:00 | 2026-02-01T11:00
            c  | ann      | refund | lost  | 2026-02-01T10:00 | 2026-02-01T11:00
            d  |          | refund | o1    | 2026-02-01T10:00 | 2026-02-01T11:00
            e  | ann      | refund |       | 2026-02-01T10:00 | 2026-02-01T11:00
        """,
        stakes={},
    ),
    replace(
        BASE,
        says="An ask exactly 30 times 24 h before blocks",
        contacts=ASK + "b | refund | o | 2026-03-03T10:00 | 2026-03-03T11:00",
        expected=AVOIDED,
        stakes={"a": "100"},
    ),
    replace(
        BASE,
        says="An ask a microsecond longer ago does not block",
        contacts=ASK + "b | refund | o | 2026-03-03T10:00:00.000001 | 2026-03-03T11:00",
        expected={"refund_avoidance": "2/2", "value_retained": "200/2"},
        stakes={"a": "100", "b": "100"},
    ),
    replace(
        BASE,
        says="An ask blocks though it was blocked itself",
        contacts=ASK
        + """
            b | refund | o | 2026-02-21T10:00 | 2026-02-21T11:00
            c | refund | o | 2026-03-13T10:00 | 2026-03-13T11:00   -- 40 days after a, 20 after b
        """,
        expected=AVOIDED,
        stakes={"a": "100"},
    ),
    Case(
        "Abandoned and outbound contacts, other customers and contacts that do not ask block nothing",
        {"refund_avoidance": "1/1"},
        orders=ORDER,
        contacts="""
            id | customer | issue  | asks  | order | opened           | direction | abandoned
            a  | ann      | refund |       | o     | 2026-01-25T10:00 | outbound  |
            b  | ann      | refund |       | o     | 2026-01-25T10:00 |           | true
            c  | bob      | refund |       | o     | 2026-01-25T10:00 |           |
            d  | ann      | refund | false | o     | 2026-01-25T10:00 |           |
            e  | ann      | refund |       | o     | 2026-02-01T10:00 |           |
        """,
        stakes={"e": "100"},
    ),
    replace(
        BASE,
        says="Of asks in one instant the smallest id as text counts",
        contacts="""
            id  | issue  | order | opened           | closed
            k9  | refund | o     | 2026-02-01T10:00 | 2026-02-01T11:00
            k10 | refund | o     | 2026-02-01T10:00 | 2026-02-01T11:00
        """,
        expected={"refund_avoidance": "1/1"},
        stakes={"k10": "100"},
    ),
    replace(
        BASE,
        says="Concessions in the window come off the net value only",
        outcomes="""
            order | kind         | amount | at
            o     | store_credit | 10     | 2026-02-01T10:00    -- at the opening: before the window
            o     | store_credit | 1      | 2026-02-01T10:00:00.000001
            o     | discount     | 2      | 2026-02-02T10:00
            o     | replacement  | 4      | 2026-02-02T10:00
            o     | reship       |        | 2026-02-02T10:00               -- 0 when empty
            o     | exchange     | 8      | 2026-03-03T10:00               -- the last instant
            o     | discount     | 16     | 2026-03-03T10:00:00.000001
            o     | return       | 32     | 2026-02-02T10:00               -- goods, not money
        """,
        expected={**AVOIDED, "net_value_retained": "85/1"},
    ),
    replace(
        BASE,
        says="A stake is mature when its window ends at as-of",
        contacts=ASK.replace("2026-02-01T10:00", "2026-05-31T12:00").replace(
            "2026-02-01T11", "2026-05-31T13"
        ),
        expected={**AVOIDED, "healthy_avoidance": "0/0+1", "deflection": "0/0+1"},
    ),
    replace(
        BASE,
        says="A microsecond later a stake is pending",
        contacts=ASK.replace("2026-02-01T10:00", "2026-05-31T12:00:00.000001").replace(
            "2026-02-01T11", "2026-05-31T13"
        ),
        expected={
            "refund_avoidance": "0/0+1",
            "value_retained": "0/0+1",
            "net_value_retained": "0/0+1",
            "healthy_avoidance": "0/0+1",
        },
    ),
    replace(
        BASE,
        says="A stake that was refunded while its window is open is pending",
        contacts=ASK.replace("2026-02-01", "2026-06-20"),
        outcomes=outcome("refund", "100", "2026-06-21T10:00"),
        expected={"refund_avoidance": "0/0+1", "value_retained": "0/0+1"},
    ),
    replace(
        BASE,
        says="A repeat contact in the window makes avoidance deflection",
        contacts=ASK + "b | other | o | 2026-02-08T11:00 |",
        expected={**AVOIDED, "healthy_avoidance": "0/1", "deflection": "1/1"},
    ),
    replace(
        BASE,
        says="A contact after the repeat window leaves it healthy",
        contacts=ASK + "b | other | o | 2026-02-08T11:00:00.000001 |",
        expected={"healthy_avoidance": "1/1", "deflection": "0/1"},
    ),
    replace(
        BASE,
        says="A stake whose contact is a repeat can be healthy",
        contacts="""
            id | issue  | order | opened           | closed
            z  | wismo  | o     | 2026-01-31T10:00 | 2026-01-31T11:00
            a  | refund | o     | 2026-02-01T10:00 | 2026-02-01T11:00
        """,
        expected={"fcr": "0/1", "healthy_avoidance": "1/1"},
    ),
    replace(
        BASE,
        says="A chargeback within 120 days makes avoidance deflection",
        outcomes=outcome("chargeback", "5", "2026-06-01T10:00"),
        expected={**AVOIDED, "healthy_avoidance": "0/1", "deflection": "1/1"},
    ),
    replace(
        BASE,
        says="A chargeback after 120 days leaves it healthy",
        outcomes=outcome("chargeback", "5", "2026-06-01T10:00:00.000001"),
        expected={"healthy_avoidance": "1/1"},
    ),
    replace(
        BASE,
        says="A refund after 30 days leaves it healthy",
        outcomes=outcome("refund", "5", "2026-03-04T10:00"),
        expected={"healthy_avoidance": "1/1"},
    ),
    Case(
        "A normalised rating of 2 or less makes avoidance deflection",
        {"refund_avoidance": "3/3", "healthy_avoidance": "1/3", "deflection": "2/3"},
        orders="""
            id
            o1
            o2
            o3
        """,
        contacts="""
            id | customer | issue  | asks | order | opened           | closed           | score | low | high
            a  | ann      | refund |      | o1    | 2026-02-01T10:00 | 2026-02-01T11:00 | 2     |     |
            b  | ann      | return |      | o2    | 2026-02-01T10:00 | 2026-02-01T11:00 | 2.5   | 0   | 10
            c  | ann      | damaged| true | o3    | 2026-02-01T10:00 | 2026-02-01T11:00 | 2.6   | 0   | 10
        """,
    ),
    replace(
        BASE,
        says="Health is mature when 120 times 24 h end at as-of",
        contacts=ASK.replace("2026-02-01T10:00", "2026-03-02T12:00").replace(
            "2026-02-01T11", "2026-03-02T13"
        ),
        expected={"healthy_avoidance": "1/1", "deflection": "0/1"},
    ),
    replace(
        BASE,
        says="A microsecond later health is pending",
        contacts=ASK.replace("2026-02-01T10:00", "2026-03-02T12:00:00.000001").replace(
            "2026-02-01T11", "2026-03-02T13"
        ),
        expected={**AVOIDED, "healthy_avoidance": "0/0+1", "deflection": "0/0+1"},
    ),
    replace(
        BASE,
        says="Health is pending until the repeat window after a late closing is over",
        contacts=ASK.replace("2026-02-01T11:00", "2026-06-23T12:00:00.000001"),
        expected={**AVOIDED, "healthy_avoidance": "0/0+1"},
    ),
    replace(
        BASE,
        says="Health is mature when the repeat window after a late closing ends at as-of",
        contacts=ASK.replace("2026-02-01T11:00", "2026-06-23T12:00"),
        expected={**AVOIDED, "healthy_avoidance": "1/1"},
    ),
    # ---- money of other currencies: 1 EUR is 1.005 USD from 1 February on, 2 USD from 10 February on
    replace(
        BASE,
        says="Another currency is converted at its own day's rate, half up to the cent",
        orders="""
            id | amount | currency | ordered
            o  | 1      | EUR      | 2026-02-01T09:00          -- 1.005 is 1.01
        """,
        expected={"value_retained": "1.01/1"},
        stakes={"a": "1.01"},
    ),
    replace(
        BASE,
        says="A day without a rate takes the newest earlier one",
        orders="""
            id | amount | currency | ordered
            o  | 100    | EUR      | 2026-02-09T23:59:59.999999
        """,
        contacts=ASK.replace("2026-02-01", "2026-02-20"),
        expected={"value_retained": "100.5/1"},
    ),
    replace(
        BASE,
        says="The rate's day is the local day of the program",
        timezone="America/New_York",
        orders="""
            id | amount | currency | ordered
            o  | 100    | EUR      | 2026-02-10T04:59:59Z      -- still the 9th in New York
        """,
        contacts=ASK.replace("2026-02-01", "2026-02-20"),
        expected={"value_retained": "100.5/1"},
    ),
    replace(
        BASE,
        says="At local midnight the next day's rate holds",
        timezone="America/New_York",
        orders="""
            id | amount | currency | ordered
            o  | 100    | EUR      | 2026-02-10T05:00:00Z
        """,
        contacts=ASK.replace("2026-02-01", "2026-02-20"),
        expected={"value_retained": "200/1"},
    ),
    replace(
        BASE,
        says="An order older than every rate is rejected, its contact stays",
        orders="""
            id | amount | currency | ordered
            o  | 100    | EUR      | 2026-01-31T23:59
        """,
        expected={"refund_avoidance": None, "transfer_rate": "0/1", "chargeback_rate": None},
    ),
    replace(
        BASE,
        says="The program's own currency needs no rate, written or empty",
        currency="EUR",
        orders="""
            id | amount | currency
            o  | 100    | EUR
        """,
        outcomes=outcome("refund", "30", "2026-02-10T10:00"),
        expected={"value_retained": "70/1"},
    ),
    replace(
        BASE,
        says="Conversions are rounded row by row before anything is added",
        outcomes="""
            order | kind   | amount | currency | at
            o     | refund | 1      | EUR      | 2026-02-02T10:00      -- 1.01
            o     | refund | 1      | EUR      | 2026-02-03T10:00      -- 1.01, together 2.02 and not 2.01
        """,
        expected={"value_retained": "97.98/1"},
    ),
    replace(
        BASE,
        says="A refund without an amount is rejected",
        outcomes=outcome("refund", "", "2026-02-10T10:00"),
        expected=AVOIDED,
    ),
    replace(
        BASE,
        says="A refund in a currency without a rate is rejected",
        outcomes="""
            order | kind   | amount | currency | at
            o     | refund | 1      | XAU      | 2026-02-02T10:00
        """,
        expected=AVOIDED,
    ),
]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    rates = """
        currency | to  | day        | rate
        EUR      | USD | 2026-02-01 | 1.005
        EUR      | USD | 2026-02-10 | 2
        USD      | XAU | 2026-01-01 | 0.001        -- the other way round is no rate
    """
    return Workspace(CASES, Path(tmp_path_factory.mktemp("refunds")), fx_rates=rates)


@pytest.mark.parametrize("who", ["referee", "product"])
@pytest.mark.parametrize(("case", "metric"), questions(CASES))
def test_number(workspace: Workspace, who: str, case: Case, metric: str) -> None:
    workspace.check(who, case, metric)


@pytest.mark.parametrize("who", ["referee", "product"])
@pytest.mark.parametrize(
    "case", [case for case in CASES if case.stakes is not None], ids=lambda case: case.name
)
def test_stakes(workspace: Workspace, who: str, case: Case) -> None:
    wanted = {contact: Decimal(amount) for contact, amount in (case.stakes or {}).items()}
    assert workspace.stakes_of(who, case) == wanted


@pytest.mark.parametrize("who", ["referee", "product"])
@pytest.mark.parametrize("metric", ["value_retained", "net_value_retained"])
def test_money_is_never_added_over_currencies(workspace: Workspace, who: str, metric: str) -> None:
    (mixed,) = workspace.rows(who, metric)  # one case keeps its money in euros
    counted = workspace.rows(who, "refund_avoidance")[0]
    assert (mixed["value"], mixed["numerator"]) == (None, None)
    assert (mixed["denominator"], mixed["pending"]) == (counted["denominator"], counted["pending"])
    assert mixed["status"] == "provisional"
