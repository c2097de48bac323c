"""CSAT and quality scores, sentence by sentence."""

from pathlib import Path

import pytest

from tests.spec.cases import Case, Workspace, questions

SCORECARD = """
    criterion | min | max | weight | auto_fail
    greet     | 0   | 1   | 1      |
    solve     | 1   | 5   | 3      | false
    law       | 0   | 2   | 0      | true
    tone      | -1  | 1   | 0      |
    close     | 0   | 1   | 3      |
"""
CONTACT = """
    id | opened
    a  | 2026-03-01T10:00
"""

CASES = [
    Case(
        "The top two boxes begin at 4.0 on the normalised scale",
        {"csat": "5/9"},
        contacts="""
            id | opened           | score | low | high
            a  | 2026-03-01T10:00 | 4     |     |
            b  | 2026-03-01T10:00 | 3.9   |     |
            c  | 2026-03-01T10:00 | 7.5   | 0   | 10
            d  | 2026-03-01T10:00 | 7.4   | 0   | 10
            e  | 2026-03-01T10:00 | 5.5   | 1   | 7
            f  | 2026-03-01T10:00 | 5.4   | 1   | 7
            g  | 2026-03-01T10:00 | 1     | -2  | 2
            h  | 2026-03-01T10:00 | 0.9   | -2  | 2
            i  | 2026-03-01T10:00 | 7     |     | 9          -- an empty end is 1
        """,
    ),
    Case(
        "A scale in fractions has its 4.0 line where arithmetic says",
        {"csat": "3/3"},
        contacts="""
            id | opened           | score | low | high
            a  | 2026-03-01T10:00 | 0.525 | 0   | 0.7
            b  | 2026-03-01T10:00 | 0.9   | 0   | 1.2
            c  | 2026-03-01T10:00 | 0.325 | 0.1 | 0.4
        """,
    ),
    Case(
        "The mean is of normalised ratings",
        {"csat_mean": "8/3"},
        contacts="""
            id | opened           | score | low | high
            a  | 2026-03-01T10:00 | 4     | 1   | 5
            b  | 2026-03-01T10:00 | 5     | 0   | 10       -- 3
            c  | 2026-03-01T10:00 | 0     | 0   | 100      -- 1
        """,
    ),
    Case(
        "Every rating counts, inbound or outbound, handled or abandoned",
        {"csat": "1/4"},
        contacts="""
            id | opened           | direction | abandoned | customer | score
            a  | 2026-03-01T10:00 | outbound  |           |          | 5
            b  | 2026-03-01T10:00 |           | true      | ann      | 1
            c  | 2026-03-01T10:00 | inbound   | false     | ann      | 1
            d  | 2026-03-01T10:00 | outbound  | true      | ann      | 1
            e  | 2026-03-01T10:00 |           |           | ann      |
        """,
    ),
    Case(
        "A rating given at as-of is given, one given a microsecond later is not, one without a time is",
        {"csat": "2/2", "csat_response_rate": "2/3"},
        contacts="""
            id | opened           | score | sent | scored
            a  | 2026-06-01T10:00 | 5     | true | 2026-06-30T12:00
            b  | 2026-06-01T10:00 | 1     | true | 2026-06-30T12:00:00.000001
            c  | 2026-06-30T12:00 | 5     | true |
        """,
    ),
    Case(
        "The response rate is of contacts that say a survey was sent",
        {"csat": "4/4", "csat_response_rate": "1/2"},
        contacts="""
            id | opened           | score | sent
            a  | 2026-03-01T10:00 | 5     | true
            b  | 2026-03-01T10:00 |       | true
            c  | 2026-03-01T10:00 | 5     | false
            d  | 2026-03-01T10:00 | 5     |
            e  | 2026-03-01T10:00 | 5     |
        """,
    ),
    Case(
        "A source that does not say what it sent has no response rate",
        {"csat": "1/1", "csat_response_rate": None},
        contacts="""
            id | opened           | score
            a  | 2026-03-01T10:00 | 5
        """,
    ),
    Case(
        "A rating outside its scale rejects the row",
        {"csat": "1/1", "transfer_rate": "0/1"},
        contacts="""
            id | opened           | score | low | high
            a  | 2026-03-01T10:00 | 5     |     |
            b  | 2026-03-01T10:00 | 5.1   |     |
            c  | 2026-03-01T10:00 | 0     |     |
            d  | 2026-03-01T10:00 | 3     | 4   | 10
        """,
    ),
    Case(
        "A review weighs its criteria by their place between min and max",
        {"qa_score": "62.5/1"},
        contacts=CONTACT,
        ratings="""
            review | contact | criterion | score | reviewed
            r      | a       | greet     | 1     | 2026-03-02T10:00
            r      | a       | solve     | 3     | 2026-03-02T10:00
            r      | a       | tone      | -1    | 2026-03-02T10:00     -- weighs nothing
        """,
    ),
    Case(
        "A criterion without a score is not applicable",
        {"qa_score": "50/1"},
        contacts=CONTACT,
        ratings="""
            review | contact | criterion | score | reviewed
            r      | a       | greet     |       | 2026-03-02T10:00
            r      | a       | solve     | 3     | 2026-03-02T10:00
        """,
    ),
    Case(
        "The score is the mean over reviews",
        {"qa_score": "150/2"},
        contacts=CONTACT,
        ratings="""
            review | contact | criterion | score | reviewed
            r1     | a       | greet     | 1     | 2026-03-02T10:00
            r2     | a       | solve     | 3     | 2026-03-02T10:00
        """,
    ),
    Case(
        "A review without applicable weight has no score and is not counted",
        {"qa_score": "100/1"},
        contacts=CONTACT,
        ratings="""
            review | contact | criterion | score | reviewed
            r1     | a       | greet     |       | 2026-03-02T10:00     -- nothing applies
            r2     | a       | tone      | 1     | 2026-03-02T10:00     -- no weight
            r3     | a       | law       | 1     | 2026-03-02T10:00     -- no weight, did not fail
            r4     | a       | greet     | 1     | 2026-03-02T10:00
        """,
    ),
    Case(
        "An auto-fail criterion at its min makes the review 0, whatever the rest",
        {"qa_score": "0/2"},
        contacts=CONTACT,
        ratings="""
            review | contact | criterion | score | reviewed
            r1     | a       | greet     | 1     | 2026-03-02T10:00
            r1     | a       | law       | 0     | 2026-03-02T10:00
            r2     | a       | law       | 0     | 2026-03-02T10:00     -- without applicable weight
        """,
    ),
    Case(
        "Only routine reviews count, and an empty purpose is routine",
        {"qa_score": "200/2"},
        contacts=CONTACT,
        ratings="""
            review | contact | criterion | score | reviewed         | purpose
            r1     | a       | greet     | 1     | 2026-03-02T10:00 |
            r2     | a       | greet     | 1     | 2026-03-02T10:00 | routine
            r3     | a       | greet     | 0     | 2026-03-02T10:00 | calibration
            r4     | a       | greet     | 0     | 2026-03-02T10:00 | reference
        """,
    ),
    Case(
        "A rating given after as-of does not exist",
        {"qa_score": "100/1"},
        contacts=CONTACT,
        ratings="""
            review | contact | criterion | score | reviewed
            r      | a       | greet     | 1     | 2026-06-30T12:00
            r      | a       | solve     | 1     | 2026-06-30T12:00:00.000001
        """,
    ),
    Case(
        "A score outside its criterion is rejected, the rest of the review stands",
        {"qa_score": "100/1"},
        contacts=CONTACT,
        ratings="""
            review | contact | criterion | score | reviewed
            r      | a       | greet     | 1     | 2026-03-02T10:00
            r      | a       | solve     | 0     | 2026-03-02T10:00
            r      | a       | unheard   | 0     | 2026-03-02T10:00
        """,
    ),
    Case(
        "Equal scores have an interval without width",
        # 4/7 each
        {},
        contacts="""
            id | agent | opened
            a  | x     | 2026-03-01T10:00
        """,
        ratings="""
            review | contact | criterion | score | reviewed
            r1     | a       | greet     | 1     | 2026-03-02T10:00
            r1     | a       | solve     | 1     | 2026-03-02T10:00
            r1     | a       | close     | 1     | 2026-03-02T10:00
            r2     | a       | greet     | 1     | 2026-03-02T10:00
            r2     | a       | solve     | 1     | 2026-03-02T10:00
            r2     | a       | close     | 1     | 2026-03-02T10:00
        """,
    ),
    Case(
        "A review has its contact's agent, an outbound or abandoned contact's too",
        {"qa_score by agent_id x": "100/1", "qa_score by agent_id y": "0/1"},
        contacts="""
            id | agent | opened           | direction | abandoned
            a  | x     | 2026-03-01T10:00 | outbound  |
            b  | y     | 2026-03-01T10:00 |           | true
        """,
        ratings="""
            review | contact | criterion | score | reviewed
            r1     | a       | greet     | 1     | 2026-03-02T10:00
            r2     | b       | greet     | 0     | 2026-03-02T10:00
        """,
    ),
]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(CASES, Path(tmp_path_factory.mktemp("satisfaction")), scorecards=SCORECARD)


@pytest.mark.parametrize("who", ["referee", "product"])
@pytest.mark.parametrize(("case", "metric"), questions(CASES))
def test_number(workspace: Workspace, who: str, case: Case, metric: str) -> None:
    workspace.check(who, case, metric)


@pytest.mark.parametrize("who", ["referee", "product"])
def test_equal_scores_have_an_interval_without_width(workspace: Workspace, who: str) -> None:
    case = next(case for case in CASES if case.says.startswith("Equal scores"))
    row = next(
        row for row in workspace.rows(who, "qa_score", ("program_id",)) if row["program_id"] == case.name
    )
    assert [float(row[name]) for name in ("value", "lower", "upper")] == pytest.approx(
        [400 / 7] * 3, rel=1e-11
    )
