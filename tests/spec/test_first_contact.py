"""First-contact resolution, repeats and threads, sentence by sentence."""

from pathlib import Path

import pytest

from tests.spec.cases import Case, Workspace, questions

CASES = [
    Case(
        "A contact without a repeat is resolved",
        {"fcr": "1/1", "one_touch": "1/1", "repeat_contact_rate": "0/1", "repeat_other_share": None},
        contacts="""
            id | opened           | closed
            a  | 2026-03-01T10:00 | 2026-03-01T11:00
        """,
        states={"a": "resolved"},
        threads={"a": "a"},
        next={"a": None},
    ),
    Case(
        "A repeat opens up to 7 times 24 h after closing, its last instant included",
        {"fcr": "0/1", "repeat_contact_rate": "1/2", "repeat_other_share": "0/1"},
        contacts="""
            id | opened           | closed
            a  | 2026-03-01T10:00 | 2026-03-01T11:00
            b  | 2026-03-08T11:00 | 2026-03-08T12:00
        """,
        states={"a": "repeated", "b": None},
        threads={"a": "a", "b": "a"},
        next={"a": "b"},
    ),
    Case(
        "A microsecond after the window it is a first contact itself",
        {"fcr": "2/2", "repeat_contact_rate": "0/2"},
        contacts="""
            id | opened                  | closed
            a  | 2026-03-01T10:00        | 2026-03-01T11:00
            b  | 2026-03-08T11:00:00.000001 | 2026-03-08T12:00
        """,
        threads={"a": "a", "b": "b"},
        next={"a": None},
    ),
    Case(
        "Contacts of the same instant do not repeat each other",
        {"fcr": "2/2", "repeat_contact_rate": "0/2"},
        contacts="""
            id | opened           | closed
            a  | 2026-03-01T10:00 | 2026-03-01T11:00
            b  | 2026-03-01T10:00 | 2026-03-01T11:00
        """,
    ),
    Case(
        "A repeat may open while the first contact is still open",
        {"fcr": "0/1", "repeat_contact_rate": "1/2"},
        contacts="""
            id | opened                  | closed
            a  | 2026-03-01T10:00        | 2026-03-01T11:00
            b  | 2026-03-01T10:00:00.000001 | 2026-03-01T11:00
        """,
    ),
    Case(
        "A day of the window is 24 hours, also when the clock changes: inside",
        {"fcr": "0/1"},
        timezone="America/New_York",
        contacts="""
            id | opened           | closed
            a  | 2026-03-05T09:00 | 2026-03-05T10:00
            b  | 2026-03-12T11:00 |                    -- 10:00 by the clock of the week before
        """,
    ),
    Case(
        "A day of the window is 24 hours, also when the clock changes: outside",
        {"fcr": "1/1"},
        timezone="America/New_York",
        contacts="""
            id | opened           | closed
            a  | 2026-03-05T09:00 | 2026-03-05T10:00
            b  | 2026-03-12T11:00:00.000001 |
        """,
    ),
    Case(
        "An abandoned contact can repeat",
        {"fcr": "0/1", "repeat_contact_rate": "1/2"},
        contacts="""
            id | opened           | closed           | abandoned
            a  | 2026-03-01T10:00 | 2026-03-01T11:00 |
            b  | 2026-03-02T10:00 |                  | true
        """,
        threads={"a": "a", "b": "a"},
    ),
    Case(
        "An abandoned contact cannot be repeated and has no thread",
        {"fcr": "1/1", "repeat_contact_rate": "0/2"},
        contacts="""
            id | opened           | closed           | abandoned
            a  | 2026-03-01T10:00 | 2026-03-01T11:00 | true
            b  | 2026-03-02T10:00 | 2026-03-02T11:00 |
        """,
        states={"a": None, "b": "resolved"},
        threads={"a": None, "b": "b"},
    ),
    Case(
        "An outbound contact neither repeats nor is repeated",
        {"fcr": "1/1", "repeat_contact_rate": "0/1"},
        contacts="""
            id | opened           | closed           | direction
            a  | 2026-02-28T10:00 | 2026-02-28T11:00 | outbound
            b  | 2026-03-01T10:00 | 2026-03-01T11:00 | inbound
            c  | 2026-03-02T10:00 | 2026-03-02T11:00 | outbound
        """,
        threads={"a": None, "b": "b", "c": None},
    ),
    Case(
        "A contact of an unknown customer is no unit",
        {"fcr": None, "repeat_contact_rate": None},
        contacts="""
            id | customer | opened           | closed
            a  |          | 2026-03-01T10:00 | 2026-03-01T11:00
            b  |          | 2026-03-02T10:00 | 2026-03-02T11:00
        """,
        states={"a": None},
        threads={"a": None},
    ),
    Case(
        "A contact that is not closed is no first contact and cannot be repeated",
        {"fcr": "1/1", "repeat_contact_rate": "0/2"},
        contacts="""
            id | opened           | closed
            a  | 2026-03-01T10:00 |
            b  | 2026-03-02T10:00 | 2026-03-02T11:00
        """,
        threads={"a": None, "b": "b"},
    ),
    Case(
        "A contact that shares the order repeats, whatever its issue",
        {"fcr": "0/1", "repeat_contact_rate": "1/2"},
        orders="""
            id
            o
        """,
        contacts="""
            id | issue   | order | opened           | closed
            a  | payment | o     | 2026-03-01T10:00 | 2026-03-01T11:00
            b  | damaged | o     | 2026-03-02T10:00 |
        """,
    ),
    Case(
        "A shared order need not be known",
        {"fcr": "0/1"},
        contacts="""
            id | issue   | order | opened           | closed
            a  | payment | lost  | 2026-03-01T10:00 | 2026-03-01T11:00
            b  | damaged | lost  | 2026-03-02T10:00 |
        """,
    ),
    Case(
        "Two contacts without an order share none",
        {"fcr": "2/2"},
        contacts="""
            id | issue   | opened           | closed
            a  | payment | 2026-03-01T10:00 | 2026-03-01T11:00
            b  | damaged | 2026-03-02T10:00 | 2026-03-02T11:00
        """,
    ),
    Case(
        "Another customer does not repeat, even about the same order",
        {"fcr": "2/2"},
        contacts="""
            id | customer | order | opened           | closed
            a  | ann      | lost  | 2026-03-01T10:00 | 2026-03-01T11:00
            b  | bob      | lost  | 2026-03-02T10:00 | 2026-03-02T11:00
        """,
    ),
    Case(
        "The same customer in another program does not repeat",
        {"fcr": "1/1"},
        contacts="""
            id | program | opened           | closed
            a  |         | 2026-03-01T10:00 | 2026-03-01T11:00
            b  | other   | 2026-03-02T10:00 | 2026-03-02T11:00
        """,
    ),
    Case(
        "A repeat of a repeat is no first contact and belongs to the same thread",
        {"fcr": "0/1", "repeat_contact_rate": "2/3"},
        contacts="""
            id | opened           | closed
            a  | 2026-03-01T10:00 | 2026-03-01T11:00
            b  | 2026-03-07T10:00 | 2026-03-07T11:00
            c  | 2026-03-13T10:00 | 2026-03-13T11:00     -- outside the window of a
        """,
        threads={"a": "a", "b": "a", "c": "a"},
        next={"a": "b", "b": "c"},
    ),
    Case(
        "A repeat belongs to the thread of the newest contact that it repeats",
        {"fcr": "0/2", "repeat_contact_rate": "1/3"},
        contacts="""
            id | issue   | order | opened           | closed
            a  | payment |       | 2026-03-01T10:00 | 2026-03-01T11:00
            b  | damaged | lost  | 2026-03-02T10:00 | 2026-03-02T11:00
            c  | payment | lost  | 2026-03-03T10:00 |
        """,
        threads={"a": "a", "b": "b", "c": "b"},
        next={"a": "c", "b": "c"},
        states={"a": "repeated", "b": "repeated", "c": None},
    ),
    Case(
        "Of two contacts of one instant a repeat belongs to the smaller id as text",
        {"fcr": "0/2"},
        contacts="""
            id  | opened           | closed
            k9  | 2026-03-01T10:00 | 2026-03-01T11:00
            k10 | 2026-03-01T10:00 | 2026-03-01T11:00
            z   | 2026-03-03T10:00 |
        """,
        threads={"k9": "k9", "k10": "k10", "z": "k10"},
    ),
    Case(
        "The repeat that is shown is the earliest, then the smallest id as text",
        {"fcr": "0/1", "repeat_contact_rate": "3/4"},
        contacts="""
            id  | opened           | closed
            a   | 2026-03-01T10:00 | 2026-03-01T11:00
            b   | 2026-03-05T10:00 |
            k9  | 2026-03-03T10:00 |
            k10 | 2026-03-03T10:00 |
        """,
        next={"a": "k10"},
    ),
    Case(
        "A reopen is a failure",
        {"fcr": "0/1", "one_touch": "0/1", "reopen_rate": "1/1"},
        contacts="""
            id | opened           | closed           | reopens
            a  | 2026-03-01T10:00 | 2026-03-01T11:00 | 1
        """,
        states={"a": "unresolved"},
    ),
    Case(
        "A contact closed as unresolved is a failure",
        {"fcr": "0/1"},
        contacts="""
            id | opened           | closed           | resolution
            a  | 2026-03-01T10:00 | 2026-03-01T11:00 | unresolved
        """,
        states={"a": "unresolved"},
    ),
    Case(
        "Reopened and repeated is called repeated",
        {"fcr": "0/1"},
        contacts="""
            id | opened           | closed           | reopens
            a  | 2026-03-01T10:00 | 2026-03-01T11:00 | 1
            b  | 2026-03-02T10:00 |                  |
        """,
        states={"a": "repeated"},
    ),
    Case(
        "A first contact is mature when its window ends at as-of",
        {"fcr": "1/1"},
        contacts="""
            id | opened           | closed
            a  | 2026-06-23T10:00 | 2026-06-23T12:00
        """,
        states={"a": "resolved"},
    ),
    Case(
        "A microsecond later it is pending",
        {"fcr": "0/0+1", "one_touch": "0/0+1"},
        contacts="""
            id | opened           | closed
            a  | 2026-06-23T10:00 | 2026-06-23T12:00:00.000001
        """,
        states={"a": "pending"},
    ),
    Case(
        "A first contact that failed while its window is open is pending all the same",
        {"fcr": "0/0+2", "repeat_contact_rate": "1/3"},
        contacts="""
            id | customer | opened           | closed           | reopens
            a  | ann      | 2026-06-28T10:00 | 2026-06-28T11:00 |
            b  | ann      | 2026-06-29T10:00 |                  |
            c  | bob      | 2026-06-28T10:00 | 2026-06-28T11:00 | 1
        """,
        states={"a": "pending", "c": "pending"},
    ),
    Case(
        "A closing after as-of has not happened",
        {"fcr": None, "transfer_rate": "0/1", "reopen_rate": None},
        contacts="""
            id | opened           | closed
            a  | 2026-06-23T10:00 | 2026-06-30T12:00:00.000001
        """,
        states={"a": None},
    ),
    Case(
        "A contact opened at as-of exists, one opened a microsecond later does not",
        {"transfer_rate": "0/2", "repeat_contact_rate": "1/2", "fcr": "0/0+1"},
        contacts="""
            id | customer | opened           | closed
            a  | ann      | 2026-06-29T10:00 | 2026-06-30T12:00
            b  | ann      | 2026-06-30T12:00 |
            c  | ann      | 2026-06-30T12:00:00.000001 |
        """,
    ),
    Case(
        "One touch asks for no transfer",
        {"fcr": "1/1", "one_touch": "0/1", "transfer_rate": "1/1"},
        contacts="""
            id | opened           | closed           | transfers
            a  | 2026-03-01T10:00 | 2026-03-01T11:00 | 1
        """,
    ),
    Case(
        "One touch asks for no escalation",
        {"fcr": "1/1", "one_touch": "0/1", "escalation_rate": "1/1", "external_escalation_rate": "0/1"},
        contacts="""
            id | opened           | closed           | escalation
            a  | 2026-03-01T10:00 | 2026-03-01T11:00 | tier2
        """,
    ),
    Case(
        "Empty transfers, reopens, escalation and resolution are 0, 0, none and unknown",
        {"one_touch": "2/2", "escalation_rate": "0/2"},
        contacts="""
            id | customer | transfers | reopens | escalation | resolution| opened           | closed
            a  | ann      |           |         |            |           | 2026-03-01T10:00 | 2026-03-01T11:00
            b  | bob      | 0         | 0       | none       | answered  | 2026-03-01T10:00 | 2026-03-01T11:00
        """,
    ),
    Case(
        "A repeat that shares only the issue other rests on it",
        {"repeat_other_share": "1/1"},
        contacts="""
            id | issue | order | opened           | closed
            a  | other | lost  | 2026-03-01T10:00 | 2026-03-01T11:00
            b  | other |       | 2026-03-02T10:00 |
        """,
    ),
    Case(
        "A repeat that shares the issue other and the order does not rest on the issue",
        {"repeat_other_share": "0/1"},
        contacts="""
            id | issue | order | opened           | closed
            a  | other | lost  | 2026-03-01T10:00 | 2026-03-01T11:00
            b  | other | lost  | 2026-03-02T10:00 |
        """,
    ),
    Case(
        "A repeat must share only other with every contact that it repeats",
        {"repeat_other_share": "0/1", "fcr": "0/2"},
        contacts="""
            id | issue   | order | opened           | closed
            a  | other   |       | 2026-03-01T10:00 | 2026-03-01T11:00
            b  | damaged | lost  | 2026-03-01T10:00 | 2026-03-01T11:00
            c  | other   | lost  | 2026-03-02T10:00 |
        """,
    ),
    Case(
        "A first contact belongs to its own agent, its repeat to the repeat's",
        {
            "fcr by agent_id x": "0/1",
            "fcr by agent_id y": None,
            "repeat_contact_rate by agent_id x": "0/1",
            "repeat_contact_rate by agent_id y": "1/1",
        },
        contacts="""
            id | agent | opened           | closed
            a  | x     | 2026-03-01T10:00 | 2026-03-01T11:00
            b  | y     | 2026-03-02T10:00 | 2026-03-02T11:00
        """,
    ),
]


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    return Workspace(CASES, Path(tmp_path_factory.mktemp("first_contact")))


@pytest.mark.parametrize("who", ["referee", "product"])
@pytest.mark.parametrize(("case", "metric"), questions(CASES))
def test_number(workspace: Workspace, who: str, case: Case, metric: str) -> None:
    workspace.check(who, case, metric)


@pytest.mark.parametrize("who", ["referee", "product"])
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_columns_of_contacts(workspace: Workspace, who: str, case: Case) -> None:
    columns = workspace.contact_columns(who)
    for wanted, name in ((case.states, "fcr_state"), (case.threads, "thread"), (case.next, "next")):
        for contact, value in wanted.items():
            found = columns[f"{case.name}:{contact}"][name]
            if name != "fcr_state" and value is not None:
                value = f"{case.name}:{value}"
            assert found == value, (contact, name)
