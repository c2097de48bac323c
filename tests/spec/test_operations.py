"""Abandonment, service level, times, escalations and consistency of answers, sentence by sentence."""

from pathlib import Path

import pytest

from tests.spec.cases import Case, Workspace, questions

CASES = [
    Case(
        "An abandoned contact counts after at least 5 s of waiting",
        {"abandonment_rate": "1/3"},
        contacts="""
            id | opened           | abandoned | wait  | direction
            a  | 2026-03-01T10:00 | true      | 5     |
            b  | 2026-03-01T10:00 | true      | 4.999 |
            c  | 2026-03-01T10:00 | true      |       |                -- wait unknown: in neither part
            d  | 2026-03-01T10:00 |           |       |
            e  | 2026-03-01T10:00 | false     | 1     |
            f  | 2026-03-01T10:00 | true      | 60    | outbound
            g  | 2026-03-01T10:00 |           |       | outbound
        """,
    ),
    Case(
        "The service level is of waits up to the channel's setting, abandoned contacts too",
        {"service_level": "3/5"},
        contacts="""
            id | opened           | channel | wait  | abandoned | direction
            a  | 2026-03-01T10:00 | voice   | 20    |           |
            b  | 2026-03-01T10:00 | voice   | 20.01 |           |
            c  | 2026-03-01T10:00 | chat    | 60    | true      |           -- within, though abandoned
            d  | 2026-03-01T10:00 | chat    | 61    | true      |
            e  | 2026-03-01T10:00 | voice   | 0     |           |
            f  | 2026-03-01T10:00 | voice   |       |           |           -- wait unknown
            g  | 2026-03-01T10:00 | email   | 5     |           |           -- a channel without a setting
            h  | 2026-03-01T10:00 | voice   | 5     |           | outbound
        """,
    ),
    Case(
        "Handled needs neither an agent nor a closing nor a customer",
        {"escalation_rate": "2/4", "external_escalation_rate": "1/4", "transfer_rate": "1/4"},
        contacts="""
            id | opened           | customer | escalation | transfers | direction | abandoned
            a  | 2026-03-01T10:00 |          | external   | 2         |           |
            b  | 2026-03-01T10:00 | ann      | supervisor | 0         |           |
            c  | 2026-03-01T10:00 | ann      | none       |           |           |
            d  | 2026-03-01T10:00 | ann      |            |           |           | false
            e  | 2026-03-01T10:00 | ann      | external   | 1         | outbound  |
            f  | 2026-03-01T10:00 | ann      | external   | 1         |           | true
        """,
    ),
    Case(
        "The reopen rate is of closed handled contacts",
        {"reopen_rate": "1/2"},
        contacts="""
            id | opened           | closed           | reopens
            a  | 2026-03-01T10:00 | 2026-03-01T11:00 | 1
            b  | 2026-03-01T10:00 | 2026-03-01T10:00 |
            c  | 2026-03-01T10:00 |                  | 1
        """,
    ),
    Case(
        "Minutes to the first response are of handled contacts that have one",
        {"first_response_minutes_median": "2.5 of 2", "first_response_minutes_p90": "3.7 of 2"},
        contacts="""
            id | opened           | responded        | direction | abandoned
            a  | 2026-03-01T10:00 | 2026-03-01T10:01 |           |
            b  | 2026-03-01T10:00 | 2026-03-01T10:04 |           |
            c  | 2026-03-01T10:00 |                  |           |
            d  | 2026-03-01T10:00 | 2026-03-01T10:40 | outbound  |
            e  | 2026-03-01T10:00 | 2026-03-01T10:50 |           | true
        """,
    ),
    Case(
        "Minutes of handling are seconds over 60, percentiles interpolate linearly",
        {"handle_minutes_median": "3 of 5", "handle_minutes_p90": "8.15 of 5"},
        contacts="""
            id | opened           | handle
            a  | 2026-03-01T10:00 | 60
            b  | 2026-03-01T10:00 | 120
            c  | 2026-03-01T10:00 | 180
            d  | 2026-03-01T10:00 | 210
            e  | 2026-03-01T10:00 | 675
            f  | 2026-03-01T10:00 |
        """,
    ),
    Case(
        "Two agents who answer alike are consistent",
        {"answer_consistency": "2/2"},
        contacts="""
            id | opened           | closed           | agent | resolution
            a  | 2026-03-01T10:00 | 2026-03-01T11:00 | x     | answered
            b  | 2026-03-02T10:00 | 2026-03-02T11:00 | y     | answered
        """,
    ),
    Case(
        "Two agents who answer differently are not",
        {"answer_consistency": "0/2"},
        contacts="""
            id | opened           | closed           | agent | resolution
            a  | 2026-03-01T10:00 | 2026-03-01T11:00 | x     | answered
            b  | 2026-03-02T10:00 | 2026-03-02T11:00 | y     | refund
        """,
    ),
    Case(
        "Pairs of one agent do not count",
        {"answer_consistency": "1.5/3"},
        contacts="""
            id | opened           | closed           | agent | resolution
            a  | 2026-03-01T10:00 | 2026-03-01T11:00 | x     | answered
            b  | 2026-03-02T10:00 | 2026-03-02T11:00 | x     | refund
            c  | 2026-03-02T10:00 | 2026-03-02T11:00 | y     | answered
        """,
    ),
    Case(
        "A stratum of one agent counts nowhere, others are weighted by contacts",
        {"answer_consistency": "3.5/5"},
        contacts="""
            id | opened           | closed           | agent | issue  | resolution
            a  | 2026-03-01T10:00 | 2026-03-01T11:00 | x     | wismo  | answered
            b  | 2026-03-02T10:00 | 2026-03-02T11:00 | x     | wismo  | answered
            c  | 2026-03-01T10:00 | 2026-03-01T11:00 | x     | refund | answered
            d  | 2026-03-02T10:00 | 2026-03-02T11:00 | y     | refund | answered
            e  | 2026-03-01T10:00 | 2026-03-01T11:00 | x     | promo  | answered
            f  | 2026-03-02T10:00 | 2026-03-02T11:00 | x     | promo  | refund
            g  | 2026-03-02T10:00 | 2026-03-02T11:00 | y     | promo  | answered
        """,
    ),
    Case(
        "Only handled, closed contacts with agent and resolution known are compared",
        {"answer_consistency": "2/2"},
        contacts="""
            id | opened           | closed           | agent | resolution | direction | abandoned
            a  | 2026-03-01T10:00 | 2026-03-01T11:00 | x     | answered   |           |
            b  | 2026-03-02T10:00 | 2026-03-02T11:00 | y     | answered   |           |
            c  | 2026-03-02T10:00 | 2026-03-02T11:00 |       | refund     |           |
            d  | 2026-03-02T10:00 | 2026-03-02T11:00 | z     |            |           |
            e  | 2026-03-02T10:00 |                  | z     | refund     |           |
            f  | 2026-03-02T10:00 | 2026-03-02T11:00 | z     | refund     | outbound  |
            g  | 2026-03-02T10:00 | 2026-03-02T11:00 | z     | refund     |           | true
        """,
    ),
    Case(
        "An edge of the value bands belongs to the upper band",
        # 24.99 | 25, 49.99 | 50, 99.99 | 100, 249.99 | 250, 1000
        {"answer_consistency": "6/8"},
        orders="""
            id | amount
            a  | 24.99
            b  | 25
            c  | 49.99
            d  | 50
            e  | 99.99
            f  | 100
            g  | 249.99
            h  | 250
            i  | 1000
        """,
        contacts="""
            id | order | opened           | closed           | agent | resolution
            a  | a     | 2026-03-01T10:00 | 2026-03-01T11:00 | x     | answered
            b  | b     | 2026-03-01T10:00 | 2026-03-01T11:00 | y     | refund
            c  | c     | 2026-03-01T10:00 | 2026-03-01T11:00 | x     | refund
            d  | d     | 2026-03-01T10:00 | 2026-03-01T11:00 | y     | exchange
            e  | e     | 2026-03-01T10:00 | 2026-03-01T11:00 | x     | exchange
            f  | f     | 2026-03-01T10:00 | 2026-03-01T11:00 | y     | discount
            g  | g     | 2026-03-01T10:00 | 2026-03-01T11:00 | x     | other
            h  | h     | 2026-03-01T10:00 | 2026-03-01T11:00 | y     | reship
            i  | i     | 2026-03-01T10:00 | 2026-03-01T11:00 | x     | reship
        """,
    ),
    Case(
        "Contacts that name no known order of their program are a band of their own",
        {"answer_consistency": "0/3"},
        orders="""
            id | amount | program
            o  | 1      |
            p  | 1      | other
        """,
        contacts="""
            id | order | opened           | closed           | agent | resolution
            a  | o     | 2026-03-01T10:00 | 2026-03-01T11:00 | x     | answered
            b  |       | 2026-03-01T10:00 | 2026-03-01T11:00 | y     | answered
            c  | lost  | 2026-03-01T10:00 | 2026-03-01T11:00 | x     | refund
            d  | p     | 2026-03-01T10:00 | 2026-03-01T11:00 | z     | exchange
        """,
    ),
    Case(
        "Without a pair of different agents there is no row",
        {"answer_consistency": None},
        contacts="""
            id | opened           | closed           | agent | resolution
            a  | 2026-03-01T10:00 | 2026-03-01T11:00 | x     | answered
            b  | 2026-03-01T10:00 | 2026-03-01T11:00 | x     | answered
        """,
    ),
    Case(
        "Site, region and team are those of the agent's current row",
        {
            "transfer_rate by site Manila": "1/2",
            "transfer_rate by site": "0/2",
            "transfer_rate by team blue": "1/1",
            "transfer_rate by team": "0/3",
            "transfer_rate by region APAC": "1/2",
            "transfer_rate by agent_id x": "1/1",
            "transfer_rate by agent_id": "0/1",
        },
        agents="""
            id | site   | team | region
            x  | Manila | blue | APAC
            y  | Manila |      | APAC
        """,
        contacts="""
            id | opened           | agent | transfers
            a  | 2026-03-01T10:00 | x     | 1
            b  | 2026-03-01T10:00 | y     |
            c  | 2026-03-01T10:00 | z     |               -- an agent nobody knows
            d  | 2026-03-01T10:00 |       |
        """,
    ),
]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(CASES, Path(tmp_path_factory.mktemp("operations")))


@pytest.mark.parametrize("who", ["referee", "product"])
@pytest.mark.parametrize(("case", "metric"), questions(CASES))
def test_number(workspace: Workspace, who: str, case: Case, metric: str) -> None:
    workspace.check(who, case, metric)
