"""What loads, what is rejected and why, which version of a row counts: the contract's rules for input."""

from pathlib import Path
from typing import Any

import pytest

from tests.referee.files import COLUMNS, write_csv
from tests.referee.metrics import read_referee
from tests.referee.product import Product, differences
from tests.spec.cases import AS_OF, table

PROGRAMS = [
    {"program_id": "NY", "program_name": "New York", "timezone": "America/New_York", "currency": "USD"},
    {"program_id": "UTC", "program_name": "Nowhere", "timezone": "UTC", "currency": "EUR"},
]
METRICS = ("fcr", "value_retained", "csat_mean", "qa_score", "transfer_rate", "chargeback_rate")

Tables = dict[str, str]


def files_of(folder: Path, tables: Tables) -> list[tuple[str, Path]]:
    """The small tables as CSV files."""
    folder.mkdir(parents=True)
    files = []
    for name, text in tables.items():
        rows = PROGRAMS if name == "programs" else table(text, name)
        write_csv(folder / f"{name}.csv", COLUMNS[name], rows)
        files.append((name, folder / f"{name}.csv"))
    return files


class Deliveries:
    """A workspace to which files are delivered, each delivery loaded; the referee reads all of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files: list[tuple[str, Path]] = []
        self.product: Product | None = None
        self.summary: dict[str, Any] = {}

    def load(self, tables: Tables) -> dict[str, Any]:
        """Deliver and load; by table what its newest account says."""
        files = files_of(self.folder / f"delivery_{len(self.files)}", tables)
        self.files += files
        if self.product is None:
            self.product = Product(self.folder / "workspace", [files], AS_OF)
            self.summary = self.product.summary
        else:
            self.product.deliver(files)
            self.summary = self.product.load(AS_OF)
            self.product.reader.refresh()
        for account in self.summary["files"]:
            assert account["read"] == account["loaded"] + account["known"] + account["rejected"], account
        return {account["table"]: account for account in self.summary["files"]}

    def check(self) -> None:
        """The product's rows are those of the second implementation."""
        assert self.product is not None
        referee = read_referee(self.files, AS_OF)
        for by in ((), ("program_id", "site")):
            ours = [row for metric in METRICS for row in referee.rows(metric, by)]
            assert differences(ours, self.product.rows(METRICS, by), by) == []

    def row(self, metric: str, by: tuple[str, ...] = ()) -> tuple[Any, ...]:
        """Numerator, denominator and pending of the only row, with its dimensions first."""
        assert self.product is not None
        (row,) = self.product.rows((metric,), by)
        numbers = [float(row[name]) for name in ("numerator", "denominator", "pending")]
        return (*[row[name] for name in by], *numbers)


@pytest.fixture
def workspace(tmp_path: Path) -> Deliveries:
    return Deliveries(tmp_path)


def counts(account: dict[str, Any]) -> tuple[int, ...]:
    return tuple(account[name] for name in ("read", "loaded", "updated", "known", "rejected"))


CONTACTS = """
    id | program | opened           | closed           | transfers | updated
    a  | NY      | 2026-03-01T10:00 | 2026-03-01T11:00 | 0         | 2026-03-05T00:00
    b  | NY      | 2026-03-02T10:00 | 2026-03-02T11:00 | 0         | 2026-03-05T00:00
"""


def test_the_same_file_twice_changes_nothing(workspace: Deliveries) -> None:
    first = workspace.load({"programs": "", "contacts": CONTACTS})
    before = workspace.row("fcr")
    assert counts(first["contacts"]) == (2, 2, 0, 0, 0)
    second = workspace.load({"programs": "", "contacts": CONTACTS})
    assert counts(second["contacts"]) == (2, 0, 0, 2, 0)
    assert counts(second["programs"]) == (2, 0, 0, 2, 0)
    assert workspace.row("fcr") == before
    workspace.check()


def test_rows_landed_by_a_load_that_died_are_accounted_though_their_file_is_gone(tmp_path: Path) -> None:
    first = files_of(tmp_path / "first", {"programs": "", "contacts": CONTACTS})
    second = files_of(tmp_path / "second", {"contacts": CONTACTS.replace("a  |", "c  |")})
    product = Product(tmp_path / "workspace", [first, second], AS_OF)  # the first is landed only
    contacts = [account for account in product.summary["files"] if account["table"] == "contacts"]
    assert sorted(counts(account) for account in contacts) == [(2, 1, 0, 1, 0), (2, 2, 0, 0, 0)]
    assert product.rows(("transfer_rate",))[0]["denominator"] == 3


def test_the_newest_source_timestamp_wins_and_an_older_one_is_known(workspace: Deliveries) -> None:
    workspace.load({"programs": "", "contacts": CONTACTS})
    update = """
        id | program | opened           | closed           | transfers | updated
        a  | NY      | 2026-03-01T10:00 | 2026-03-01T11:00 | 1         | 2026-03-05T00:00:00.000001
        b  | NY      | 2026-03-02T10:00 | 2026-03-02T11:00 | 1         | 2026-03-04T00:00
        c  | NY      | 2026-03-03T10:00 | 2026-03-03T11:00 | 0         | 2026-03-04T00:00
    """
    account = workspace.load({"contacts": update})["contacts"]
    assert workspace.row("transfer_rate") == (1, 3, 0)
    assert counts(account) == (3, 2, 1, 1, 0)
    workspace.check()


def test_of_equal_source_timestamps_the_later_file_wins(workspace: Deliveries) -> None:
    workspace.load({"programs": "", "contacts": CONTACTS})
    workspace.load({"contacts": CONTACTS.replace("| 0 ", "| 1 ")})
    assert workspace.row("transfer_rate") == (2, 2, 0)
    workspace.check()


def test_without_a_source_timestamp_the_later_file_wins(workspace: Deliveries) -> None:
    ratings = """
        review | contact | criterion | score | reviewed
        r      | a       | solve     | 1     | 2026-03-02T10:00
    """
    card = """
        criterion | min | max | weight
        solve     | 0   | 2   | 1
    """
    workspace.load({"programs": "", "contacts": CONTACTS, "scorecards": card, "qa_ratings": ratings})
    assert workspace.row("qa_score") == (50, 1, 0)
    account = workspace.load({"qa_ratings": ratings.replace("| 1  ", "| 2  ")})["qa_ratings"]
    assert workspace.row("qa_score") == (100, 1, 0)
    assert counts(account) == (1, 1, 1, 0, 0)
    workspace.check()


def test_within_a_file_the_later_line_wins_and_the_other_is_counted(workspace: Deliveries) -> None:
    text = """
        id | program | opened           | transfers
        a  | NY      | 2026-03-01T10:00 | 0
        a  | NY      | 2026-03-01T10:00 | 1
    """
    account = workspace.load({"programs": "", "contacts": text})["contacts"]
    assert workspace.row("transfer_rate") == (1, 1, 0)
    assert counts(account) == (2, 1, 0, 0, 1)
    workspace.check()


def test_a_contact_waits_for_its_order_and_agent(workspace: Deliveries) -> None:
    contacts = """
        id | program | order | agent | issue  | opened           | closed
        a  | NY      | o     | x     | refund | 2026-02-01T10:00 | 2026-02-01T11:00
    """
    account = workspace.load({"programs": "", "contacts": contacts})["contacts"]
    assert counts(account) == (1, 1, 0, 0, 0)
    assert workspace.row("fcr", ("site",)) == (None, 1, 1, 0)
    assert workspace.row("value_retained") == (0, 0, 0)
    orders = """
        id | program
        o  | NY
    """
    agents = """
        id | program | site
        x  | NY      | Austin
    """
    workspace.load({"orders": orders, "agents": agents})
    assert workspace.row("fcr", ("site",)) == ("Austin", 1, 1, 0)
    assert workspace.row("value_retained") == (100, 1, 0)
    workspace.check()


def test_rows_without_their_reference_or_rate_are_tried_again_on_every_load(workspace: Deliveries) -> None:
    orders = """
        id | program | currency | amount | ordered
        o  | NY      | EUR      | 10     | 2026-01-15T09:00
        p  | NY      |          | 100    | 2026-01-15T09:00
    """
    outcomes = """
        id | order | kind   | amount | at
        1  | q     | refund | 7      | 2026-02-03T10:00
        2  | o     | refund | 1      | 2026-02-03T10:00
    """
    contacts = """
        id | program | order | issue  | opened           | closed
        a  | NY      | o     | refund | 2026-02-01T10:00 | 2026-02-01T11:00
        b  | NY      | q     | refund | 2026-02-01T10:00 | 2026-02-01T11:00
        c  | NY      | p     | refund | 2026-02-01T10:00 | 2026-02-01T11:00
    """
    ratings = """
        review | contact | criterion | score | reviewed
        r      | a       | solve     | 1     | 2026-03-02T10:00
    """
    tables = {"programs": "", "orders": orders, "order_outcomes": outcomes, "contacts": contacts}
    first = workspace.load({**tables, "qa_ratings": ratings})
    assert counts(first["orders"]) == (2, 1, 0, 0, 1)
    assert counts(first["order_outcomes"]) == (2, 0, 0, 0, 2)
    assert counts(first["qa_ratings"]) == (1, 0, 0, 0, 1)
    assert workspace.row("value_retained") == (100, 1, 0)
    workspace.check()
    late = {
        "fx_rates": """
            currency | to  | day        | rate
            EUR      | USD | 2026-01-15 | 1.5
        """,
        "scorecards": """
            criterion | min | max | weight
            solve     | 0   | 2   | 1
        """,
        "orders": """
            id | program
            q  | NY
        """,
    }
    workspace.load(late)
    # o: 15, of which 1 was refunded in euros without a rate of its own: the program's currency; q: 100 - 7
    assert workspace.row("value_retained") == (100 + (15 - 1) + (100 - 7), 3, 0)
    assert workspace.row("qa_score") == (50, 1, 0)
    workspace.check()


def test_a_rejected_update_leaves_what_was_there(workspace: Deliveries) -> None:
    card = """
        criterion | min | max | weight
        solve     | 0   | 2   | 1
    """
    orders = """
        id | program | amount | currency | updated
        o  | NY      | 100    |          | 2026-02-01T00:00
    """
    contacts = """
        id | program | order | issue  | opened           | closed           | updated
        a  | NY      | o     | refund | 2026-02-01T10:00 | 2026-02-01T11:00 | 2026-02-01T12:00
    """
    outcomes = """
        id | order | kind   | amount | currency | at
        1  | o     | refund | 40     |          | 2026-02-20T10:00
    """
    ratings = """
        review | contact | criterion | score | reviewed
        r      | a       | solve     | 1     | 2026-03-02T10:00
    """
    tables = {"programs": "", "scorecards": card, "orders": orders, "contacts": contacts}
    workspace.load({**tables, "order_outcomes": outcomes, "qa_ratings": ratings})
    updates = {
        "orders": orders.replace("|          |", "| XAU      |").replace("02-01T00", "03-01T00"),
        "contacts": contacts.replace("| NY ", "| P9 ").replace("2026-02-01T12", "2026-03-01T12"),
        "order_outcomes": outcomes.replace("|          |", "| XAU      |"),
        "qa_ratings": ratings.replace("| 1  ", "| 3  "),
    }
    accounts = workspace.load(updates)
    for name in updates:
        assert counts(accounts[name]) == (1, 0, 0, 0, 1), name
    assert workspace.row("value_retained") == (60, 1, 0)
    assert workspace.row("qa_score") == (50, 1, 0)
    assert workspace.row("fcr", ("program_id",)) == ("NY", 1, 1, 0)
    workspace.check()


def test_late_data_restates(workspace: Deliveries) -> None:
    contacts = """
        id | program | order | issue  | opened           | closed           | score
        a  | NY      | o     | refund | 2026-02-01T10:00 | 2026-02-01T11:00 |
    """
    orders = """
        id | program
        o  | NY
    """
    workspace.load({"programs": "", "orders": orders, "contacts": contacts})
    assert workspace.row("value_retained") == (100, 1, 0)
    outcomes = """
        id | order | kind   | amount | at
        1  | o     | refund | 40     | 2026-02-20T10:00
    """
    workspace.load({"order_outcomes": outcomes, "contacts": contacts.rstrip() + " 4"})
    assert workspace.row("value_retained") == (60, 1, 0)
    assert workspace.row("csat_mean") == (4, 1, 0)
    workspace.check()


def test_local_times_without_a_program_are_read_in_that_of_their_order_or_contact(
    workspace: Deliveries,
) -> None:
    tables = {
        "programs": "",
        "orders": """
            id | program
            o  | NY
        """,
        "contacts": """
            id | program | order | issue  | opened               | closed
            a  | NY      | o     | refund | 2026-02-01T10:00:00Z | 2026-02-01T11:00:00Z
        """,
        "order_outcomes": """
            id | order | kind   | amount | at
            1  | o     | refund | 40     | 2026-02-01T05:00      -- the opening itself, in New York
        """,
        "scorecards": """
            criterion | min | max | weight
            solve     | 0   | 2   | 1
        """,
        "qa_ratings": """
            review | contact | criterion | score | reviewed
            r      | a       | solve     | 1     | 2026-03-01T23:59    -- 2 March in UTC
        """,
    }
    workspace.load(tables)
    assert workspace.row("value_retained") == (60, 1, 0)
    assert workspace.product is not None
    (row,) = workspace.product.rows(("qa_score",), grain="month")
    assert row["period_start"].isoformat() == "2026-03-01"
    (row,) = workspace.product.rows(("qa_score",), grain="day")
    assert row["period_start"].isoformat() == "2026-03-01"
    workspace.check()


BAD_CONTACTS: dict[str, tuple[str, dict[str, str]]] = {
    "required_cell_missing": ("opened_at", {"opened_at": ""}),
    "required_word_missing": ("issue", {"issue": ""}),
    "no_moment": ("opened_at", {"opened_at": "yesterday"}),
    "no_such_day": ("opened_at", {"opened_at": "2026-02-30T10:00"}),
    "unknown_program": ("program_id", {"program_id": "P9"}),
    "unknown_channel": ("channel", {"channel": "pigeon"}),
    "unknown_issue": ("issue", {"issue": "weather"}),
    "unknown_direction": ("direction", {"direction": "sideways"}),
    "unknown_escalation": ("escalation", {"escalation": "high"}),
    "unknown_resolution": ("resolution", {"resolution": "fine"}),
    "no_number": ("wait_seconds", {"wait_seconds": "long"}),
    "negative_wait": ("wait_seconds", {"wait_seconds": "-1"}),
    "negative_handling": ("handle_seconds", {"handle_seconds": "-0.5"}),
    "half_a_transfer": ("transfers", {"transfers": "1.5"}),
    "negative_reopens": ("reopens", {"reopens": "-1"}),
    "no_boolean": ("abandoned", {"abandoned": "perhaps"}),
    "closed_before_opened": ("closed_at", {"closed_at": "2026-03-01T09:59:59.999999"}),
    "answered_before_opened": ("first_response_at", {"first_response_at": "2026-03-01T09:59"}),
    "rating_above_its_scale": ("csat_score", {"csat_score": "5.5"}),
    "rating_below_its_scale": ("csat_score", {"csat_score": "3", "csat_min": "4", "csat_max": "9"}),
    # 01:50 by the clock of New York is its first occurrence, 05:50 UTC
    "closed_before_opened_across_a_repeated_hour": (
        "closed_at",
        {"opened_at": "2025-11-02T01:50", "closed_at": "2025-11-02T05:49:59Z"},
    ),
}


@pytest.fixture(scope="module")
def rejects(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """One file of a good row, then a bad row of each kind: rejected rows and the account of contacts."""
    good = {"contact_id": "good", "program_id": "NY", "channel": "chat", "issue": "wismo"}
    good |= {"opened_at": "2026-03-01T10:00", "customer_id": "ann"}
    rows = [good] * 1
    rows += [{**good, **change, "contact_id": name} for name, (_, change) in BAD_CONTACTS.items()]
    rows += [{**good, "contact_id": f"good_{number}"} for number in range(30)]
    folder = Path(tmp_path_factory.mktemp("rejects"))
    write_csv(folder / "programs.csv", COLUMNS["programs"], PROGRAMS)
    write_csv(folder / "contacts.csv", COLUMNS["contacts"], rows)
    files = [(name, folder / f"{name}.csv") for name in ("programs", "contacts")]
    product = Product(folder / "workspace", [files], AS_OF)
    accounts = {account["table"]: account for account in product.summary["files"]}
    lines = {row["line"]: row for row in product.sql("select * from rejected_rows")}
    return {"lines": lines, "account": accounts["contacts"], "loaded": product.rows(("transfer_rate",))}


@pytest.mark.parametrize("name", BAD_CONTACTS)
def test_a_bad_row_is_rejected_with_line_column_and_reason(rejects: dict[str, Any], name: str) -> None:
    line = list(BAD_CONTACTS).index(name) + 3
    column, change = BAD_CONTACTS[name]
    row = rejects["lines"][line]
    assert row["column_name" if "column_name" in row else "column"] == column
    assert row["reason"]
    if change.get(column) and not (column.endswith("_at") and "before" in name):
        assert row["value"] == change[column]  # a moment that could be read may be shown as read


def test_the_rest_of_the_file_loads(rejects: dict[str, Any]) -> None:
    bad = len(BAD_CONTACTS)
    assert counts(rejects["account"]) == (bad + 31, 31, 0, 0, bad)
    assert len(rejects["lines"]) == bad
    assert rejects["loaded"][0]["denominator"] == 31


def test_promises_events_and_rates_do_not_move_the_default_as_of(tmp_path: Path) -> None:
    tables = {
        "programs": "",
        "contacts": """
            id | program | opened           | updated
            a  | UTC     | 2026-03-01T10:00 | 2026-05-01T10:00
        """,
        "orders": """
            id | program | ordered          | delivered        | updated
            o  | UTC     | 2026-03-01T10:00 | 2026-03-02T11:30 | 2026-05-01T10:00
        """,
        "events": """
            id | program | started
            e  | UTC     | 2026-04-01T10:00
        """,
        "fx_rates": """
            currency | to  | day        | rate
            EUR      | USD | 2026-04-15 | 1.5
        """,
    }
    product = Product(tmp_path / "workspace", [files_of(tmp_path / "files", tables)], None)
    assert product.reader.build.as_of.isoformat() == "2026-03-02T11:30:00+00:00"
