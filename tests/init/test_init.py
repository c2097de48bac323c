"""What `plumbline init` makes of a folder: canonical files, presets, guesses, programs, an existing file."""

from __future__ import annotations

import gzip
import io
import json
from pathlib import Path

import polars as pl
import pytest

from pipelines.cli import main
from pipelines.settings import Workspace, read_workspace
from pipelines.sources import read_sources
from pipelines.sources.config import Source

CONTACTS = "contact_id,program_id,channel,issue,opened_at\nC1,P1,voice,wismo,2026-01-05T10:00:00Z\n"
ZENDESK_HEADER = (
    "Summation column,Id,Requester,Requester id,Requester email,Submitter,Assignee,Group,Subject,Tags,Status,"
    "Via,Created at,Updated at,Solved at,Satisfaction Score,Group stations,Assignee stations,Reopens,Replies,"
    "First reply time in minutes,Full resolution time in minutes,Requester wait time in minutes"
)
TICKETS = """\
Ticket No;Opened;Closed;Source;Reason;Handled by;Handle time;CSAT;Colour
1;05/01/2026 10:00;05/01/2026 11:00;Phone;Where is my order?;Ada;0:04:10;5;red
2;25/01/2026 09:30;;E-Mail;Refund request;Bob;0:10:00;;blue
3;26/01/2026 09:30;27/01/2026 09:30;Fax;Poetry;Bob;0:01:05;3;red
"""


def init(root: Path, *options: str) -> int:
    return main(["init", "--workspace", str(root), "--yes", *options])


def written(root: Path) -> tuple[Workspace, dict[str, Source]]:
    workspace = read_workspace(root)
    return workspace, {source.name: source for source in read_sources(workspace)}


def test_files_named_like_a_table_are_taken_with_nothing_to_ask(tmp_path: Path) -> None:
    (tmp_path / "contacts.csv").write_text(CONTACTS)
    (tmp_path / "contacts_2026-01.csv").write_text(CONTACTS)
    (tmp_path / "qa_ratings.ndjson.gz").write_bytes(gzip.compress(b'{"review_id": "R1"}\n'))
    pl.DataFrame({"order_id": ["O1"], "program_id": ["P1"]}).write_parquet(tmp_path / "orders.parquet")
    (tmp_path / "order_outcomes-eu.csv").write_text("outcome_id,order_id\nX,O1\n")

    # Without --yes and without a terminal: nothing here has to be asked about.
    assert main(["init", "--workspace", str(tmp_path)]) == 0

    _, sources = written(tmp_path)
    assert {name: (source.files, source.parts[0].table) for name, source in sources.items()} == {
        "contacts": (("contacts.csv", "contacts_*.csv"), "contacts"),
        "orders": (("orders.parquet",), "orders"),
        "order_outcomes": (("order_outcomes-*.csv",), "order_outcomes"),
        "qa_ratings": (("qa_ratings.ndjson.gz",), "qa_ratings"),
    }


def test_without_a_terminal_a_guess_needs_yes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "export.csv").write_text(TICKETS)
    assert main(["init", "--workspace", str(tmp_path)]) == 2
    assert "--yes" in capsys.readouterr().err
    assert not (tmp_path / "plumbline.toml").exists()


def test_a_known_export_is_recognised_by_its_header(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "anything.csv").write_text(ZENDESK_HEADER + ",Order [text]\n")

    assert init(tmp_path, "--format", "json") == 0

    (row,) = json.loads(capsys.readouterr().out)
    assert (row["taken_as"], row["sure"]) == ("zendesk_tickets_csv", "sure")
    _, sources = written(tmp_path)
    assert sources["anything"].parts[0].columns["contact_id"] == "Id"
    assert sources["anything"].parts[0].constants["program_id"] == read_program(tmp_path)


def read_program(root: Path) -> str:
    (program,) = read_workspace(root).programs
    return str(program["program_id"])


@pytest.mark.parametrize(
    ("preset", "record"),
    [
        (
            "zendesk_tickets_api",
            {
                "tickets": [
                    {
                        "id": 1, "requester_id": 2, "assignee_id": 3, "submitter_id": 2, "created_at": "x",
                        "updated_at": "x", "status": "open", "tags": [], "custom_fields": [], "brand_id": 1,
                        "via": {"channel": "web"}, "group_id": 4, "generated_timestamp": 5,
                        "satisfaction_rating": {"score": "good"},
                    }
                ]
            },
        ),
        (
            "shopify_orders_api",
            {
                "id": 1, "name": "#1", "email": "", "created_at": "", "processed_at": "", "total_price": "1",
                "currency": "EUR", "financial_status": "paid", "fulfillment_status": None, "refunds": [],
                "cancelled_at": None, "line_items": [], "customer": {"id": 7}, "order_number": 1,
            },
        ),
    ],
)  # fmt: skip
def test_known_json_is_recognised_by_its_paths(
    tmp_path: Path, preset: str, record: dict[str, object]
) -> None:
    (tmp_path / "pages.ndjson").write_text(json.dumps(record) + "\n")
    assert init(tmp_path) == 0
    assert f'preset = "{preset}"' in (tmp_path / "plumbline.toml").read_text()


def test_an_unknown_export_is_mapped_by_names_and_values(tmp_path: Path) -> None:
    (tmp_path / "support_export.csv").write_text(TICKETS)

    assert init(tmp_path) == 0

    _, sources = written(tmp_path)
    part = sources["support_export"].parts[0]
    assert part.table == "contacts"
    assert dict(part.columns) == {
        "contact_id": "Ticket No",
        "agent_id": "Handled by",
        "channel": "Source",
        "issue": "Reason",
        "opened_at": "Opened",
        "closed_at": "Closed",
        "csat_score": "CSAT",
    }
    # 25/01 settles which comes first, for the closing times too, which could be read both ways.
    assert part.formats == {"opened_at": ("%d/%m/%Y %H:%M",), "closed_at": ("%d/%m/%Y %H:%M",)}
    assert part.values["channel"] == {"phone": "voice", "e-mail": "email", "*": "other"}
    assert part.values["issue"] == {"where is my order?": "wismo", "refund request": "refund", "*": "other"}
    assert "handle_seconds" in part.expressions
    text = (tmp_path / "plumbline.toml").read_text()
    assert "# not used: Colour" in text
    assert '"Fax"' in text and '"Poetry"' in text


def test_day_and_time_in_two_columns_are_joined(tmp_path: Path) -> None:
    (tmp_path / "calls.csv").write_text(
        "Call Id,Date,Time,Agent,Topic\n"
        "ID1,2026-01-05,09:12:58,Ada,Returns\nID2,2026-01-06,10:00:00,Bob,Payments\n"
    )
    assert init(tmp_path) == 0
    _, sources = written(tmp_path)
    assert sources["calls"].parts[0].expressions["opened_at"] == '"Date" || \' \' || "Time"'


def test_what_lacks_a_required_column_is_commented_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "contacts.csv").write_text(CONTACTS)
    (tmp_path / "shop_orders.csv").write_text(
        "order_id,customer_id,order_date\nO1,a,2026-01-05\nO2,b,2026-01-06\n"
    )
    assert init(tmp_path) == 0
    _, sources = written(tmp_path)
    assert set(sources) == {"contacts"}
    assert "lacks amount" in capsys.readouterr().out
    assert '# amount = ""' in (tmp_path / "plumbline.toml").read_text()


def test_programs_are_those_that_the_files_name(tmp_path: Path) -> None:
    (tmp_path / "contacts.csv").write_text(CONTACTS + "C2,P2,chat,other,2026-01-05T10:00:00Z\n")
    (tmp_path / "orders.csv").write_text(
        "order_id,program_id,customer_id,ordered_at,amount,currency\nO1,P1,a,2026-01-05,3,gbp\n"
    )
    assert init(tmp_path) == 0
    workspace, _ = written(tmp_path)
    assert [program["program_id"] for program in workspace.programs] == ["P1", "P2"]
    assert {program["currency"] for program in workspace.programs} == {"GBP"}


def test_a_programs_file_needs_no_block(tmp_path: Path) -> None:
    (tmp_path / "programs.csv").write_text(
        "program_id,program_name,timezone,currency\nP1,One,Europe/London,GBP\n"
    )
    (tmp_path / "contacts.csv").write_text(CONTACTS)
    assert init(tmp_path) == 0
    workspace, _ = written(tmp_path)
    assert workspace.programs == ()


def test_monthly_files_are_one_source(tmp_path: Path) -> None:
    for month in ("01", "02"):
        (tmp_path / f"support_2026-{month}.csv").write_text(TICKETS)
    assert init(tmp_path) == 0
    _, sources = written(tmp_path)
    assert [source.files for source in sources.values()] == [("support_*.csv",)]


def test_files_in_folders_are_found_but_not_what_is_ours_or_hidden(tmp_path: Path) -> None:
    for folder in ("exports", ".plumbline", "other", ".git"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "contacts.csv").write_text(CONTACTS)
    (tmp_path / "other" / "plumbline.toml").write_text("")
    assert init(tmp_path) == 0
    _, sources = written(tmp_path)
    assert [source.files for source in sources.values()] == [("exports/contacts.csv",)]


def test_text_that_is_not_utf8_gets_its_encoding(tmp_path: Path) -> None:
    (tmp_path / "support.csv").write_bytes(TICKETS.replace("Poetry", "Größe").encode("cp1252"))
    assert init(tmp_path) == 0
    _, sources = written(tmp_path)
    assert sources["support"].encoding == "cp1252"


def test_an_existing_file_is_never_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "contacts.csv").write_text(CONTACTS)
    mine = '[[source]]\nfiles = "contacts.csv"\ntable = "contacts"\n'
    (tmp_path / "plumbline.toml").write_text(mine)

    assert init(tmp_path) == 0
    assert "nothing to do" in capsys.readouterr().err

    (tmp_path / "agents.csv").write_text("agent_id,program_id\nA1,P1\n")
    (tmp_path / "notes.csv").write_text("what,ever\n1,2\n")
    assert init(tmp_path) == 1
    told = capsys.readouterr().err
    assert "agents.csv" in told and "notes.csv" not in told
    assert (tmp_path / "plumbline.toml").read_text() == mine

    assert init(tmp_path, "--force") == 0
    _, sources = written(tmp_path)
    assert set(sources) == {"agents", "contacts"}


def test_running_it_twice_is_safe_even_with_files_it_could_not_use(tmp_path: Path) -> None:
    (tmp_path / "contacts.csv").write_text(CONTACTS)
    (tmp_path / "shop_orders.csv").write_text(
        "order_id,customer_id,order_date\nO1,a,2026-01-05\nO2,b,2026-01-06\n"
    )
    (tmp_path / "truth.json").write_text('{\n "seed": 7\n}\n')
    assert init(tmp_path) == 0
    before = (tmp_path / "plumbline.toml").read_text()
    assert init(tmp_path) == 0
    assert (tmp_path / "plumbline.toml").read_text() == before


@pytest.mark.parametrize("content", [None, "just,one\nline,here\n"])
def test_a_folder_with_nothing_to_read_is_a_usage_error(
    tmp_path: Path, content: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    if content is not None:
        (tmp_path / "notes.csv").write_text(content)
    assert init(tmp_path) == 2
    assert not (tmp_path / "plumbline.toml").exists()
    assert str(tmp_path) in capsys.readouterr().err


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("answers", "tables"),
    [("\n", ["contacts"]), ("fish\nagents\n", ["agents"]), ("skip\n", [])],
)
def test_on_a_terminal_it_asks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answers: str, tables: list[str]
) -> None:
    (tmp_path / "contacts.csv").write_text(CONTACTS)
    (tmp_path / "support.csv").write_text(TICKETS)
    monkeypatch.setattr("sys.stdin", Terminal(answers))
    monkeypatch.setattr("sys.stderr", Terminal())

    assert main(["init", "--workspace", str(tmp_path)]) == 0

    text = (tmp_path / "plumbline.toml").read_text()
    found = [
        table for table in ("contacts", "agents") if text.count(f'table = "{table}"') > (table == "contacts")
    ]
    assert found == tables
