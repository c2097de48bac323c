"""Loads as a user sees them: what is new, known, updated, waiting, restated, refused."""

from __future__ import annotations

import fcntl
import json
import threading
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from pipelines.errors import DataRefusedError, StateError
from pipelines.reader import MetricRequest, Reader
from pipelines.settings import read_workspace
from pipelines.warehouse import LoadSummary, load, read_pointer

PROGRAMS = "program_id,program_name,timezone,currency\nP1,Shop,UTC,USD\n"
CONTACTS = "contact_id,program_id,customer_id,channel,issue,opened_at,closed_at,updated_at\n"
FIRST = CONTACTS + (
    "K1,P1,C1,voice,wismo,2026-01-05T10:00:00Z,2026-01-05T10:10:00Z,2026-01-05T11:00:00Z\n"
    "K2,P1,C2,voice,wismo,2026-01-06T10:00:00Z,2026-01-06T10:10:00Z,2026-01-06T11:00:00Z\n"
)


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "plumbline.toml").write_text(
        '[workspace]\nname = "shop"\n'
        + "".join(
            f'[[source]]\nfiles = "{table}*.csv"\npreset = "canonical"\ntable = "{table}"\n'
            for table in ("programs", "contacts", "orders", "order_outcomes", "fx_rates")
        )
    )
    (tmp_path / "programs.csv").write_text(PROGRAMS)
    return tmp_path


def load_shop(shop: Path, as_of: datetime | None = datetime(2026, 3, 1, tzinfo=UTC)) -> LoadSummary:
    return load(read_workspace(shop), as_of=as_of)


def account(summary: LoadSummary, file: str) -> tuple[int, int, int, int, int]:
    (found,) = [item for item in summary.files if item.file == file]
    return found.read, found.loaded, found.updated, found.known, found.rejected


def rows(shop: Path, sql: str) -> list[tuple]:
    with duckdb.connect(str(read_pointer(shop / ".plumbline/warehouse").path), read_only=True) as con:
        return con.sql(sql).fetchall()


def test_the_same_file_again_is_known_and_changes_nothing(shop: Path) -> None:
    (shop / "contacts.csv").write_text(FIRST)
    assert account(load_shop(shop), "contacts.csv") == (2, 2, 0, 0, 0)
    before = rows(shop, "select * from contacts order by contact_id")
    assert account(load_shop(shop), "contacts.csv") == (2, 0, 0, 2, 0)
    assert rows(shop, "select * from contacts order by contact_id") == before
    assert rows(shop, "select rows_loaded, rows_known from load_runs order by started") == [(3, 0), (0, 3)]


def test_a_newer_row_updates_and_an_older_one_is_known(shop: Path) -> None:
    (shop / "contacts.csv").write_text(FIRST)
    load_shop(shop)
    (shop / "contacts2.csv").write_text(
        CONTACTS
        + "K1,P1,C1,chat,wismo,2026-01-05T10:00:00Z,2026-01-05T10:10:00Z,2026-01-09T00:00:00Z\n"  # newer
        + "K2,P1,C2,chat,wismo,2026-01-06T10:00:00Z,2026-01-06T10:10:00Z,2026-01-06T10:59:59Z\n"  # older
        + "K3,P1,C3,chat,wismo,2026-01-06T10:00:00Z,,\n"
    )
    assert account(load_shop(shop), "contacts2.csv") == (3, 2, 1, 1, 0)
    assert rows(shop, "select contact_id, channel from contacts order by contact_id") == [
        ("K1", "chat"), ("K2", "voice"), ("K3", "chat"),
    ]  # fmt: skip


def test_each_of_several_files_has_the_account_of_its_own_rows(shop: Path) -> None:
    for name, lines in {
        "contacts1.csv": ["K1,P1,C1,voice,wismo,2026-01-05T10:00:00Z,,"],
        "contacts2.csv": [
            "K1,P1,C1,chat,wismo,2026-01-05T10:00:00Z,,",  # neither says when: the later file is right
            "K2,P9,C2,chat,wismo,2026-01-06T10:00:00Z,,",  # no such program
        ],
        "contacts3.csv": ["K3,P1,C3,email,wismo,2026-01-06T10:00:00Z,,"],
    }.items():
        (shop / name).write_text(CONTACTS + "\n".join(lines) + "\n")
    summary = load_shop(shop)
    assert account(summary, "contacts1.csv") == (1, 1, 0, 0, 0)
    assert account(summary, "contacts2.csv") == (2, 1, 1, 0, 1)
    assert account(summary, "contacts3.csv") == (1, 1, 0, 0, 0)
    assert rows(shop, "select file, line from rejected_rows") == [("contacts2.csv", 3)]
    assert rows(shop, "select contact_id, channel from contacts order by contact_id") == [
        ("K1", "chat"), ("K3", "email"),
    ]  # fmt: skip


def test_a_row_whose_program_is_unknown_waits_and_loads_when_it_arrives(shop: Path) -> None:
    (shop / "contacts.csv").write_text(FIRST.replace("K2,P1", "K2,P2"))
    assert account(load_shop(shop), "contacts.csv") == (2, 1, 0, 0, 1)
    assert rows(shop, "select file, line, column_name, value from rejected_rows") == [
        ("contacts.csv", 3, "program_id", "P2")
    ]
    assert account(load_shop(shop), "contacts.csv") == (2, 0, 0, 1, 1)
    (shop / "programs2.csv").write_text(PROGRAMS.replace("P1,", "P2,"))
    assert account(load_shop(shop), "contacts.csv") == (2, 1, 0, 1, 0)
    assert rows(shop, "select count(*) from rejected_rows") == [(0,)]


def test_money_is_converted_at_the_newest_earlier_rate_half_up_and_waits_without_one(shop: Path) -> None:
    (shop / "orders.csv").write_text(
        "order_id,program_id,customer_id,ordered_at,amount,currency\n"
        "O1,P1,C1,2026-01-05T10:00:00Z,10.05,EUR\n"  # the rate of the 3rd still holds
        "O2,P1,C1,2026-01-02T10:00:00Z,10.00,EUR\n"  # no rate yet
        "O3,P1,C1,2026-01-02T10:00:00Z,10.00,\n"
    )
    (shop / "fx_rates.csv").write_text("currency,day,to_currency,rate\nEUR,2026-01-03,USD,1.1\n")
    assert account(load_shop(shop), "orders.csv") == (3, 2, 0, 0, 1)
    amounts = rows(shop, "select order_id, cast(program_amount as varchar) from orders order by 1")
    assert amounts == [("O1", "11.0600"), ("O3", "10.0000")]  # 11.055 rounds half-up
    (shop / "fx_rates2.csv").write_text("currency,day,to_currency,rate\nEUR,2026-01-02,USD,1.2\n")
    assert account(load_shop(shop), "orders.csv") == (3, 1, 0, 2, 0)


def test_a_late_repeat_restates_a_week_that_was_final(shop: Path) -> None:
    (shop / "contacts.csv").write_text(FIRST)
    load_shop(shop)
    (shop / "contacts2.csv").write_text(
        CONTACTS + "K9,P1,C1,voice,wismo,2026-01-07T10:00:00Z,2026-01-07T10:10:00Z,\n"
    )
    load_shop(shop)
    assert rows(
        shop,
        "select metric, period_start, old_value, new_value, cause from restatements where metric = 'fcr'",
    ) == [("fcr", datetime(2026, 1, 5).date(), 1.0, 0.5, "late outcome or correction")]


def test_a_load_for_an_earlier_moment_restates_nothing(shop: Path) -> None:
    (shop / "contacts.csv").write_text(FIRST)
    load_shop(shop)
    load_shop(shop, datetime(2026, 1, 7, tzinfo=UTC))
    load_shop(shop)
    assert rows(shop, "select count(*) from restatements") == [(0,)]


def test_the_default_as_of_is_the_newest_moment_in_the_data(shop: Path) -> None:
    (shop / "contacts.csv").write_text(FIRST)
    assert load_shop(shop, None).as_of == datetime(2026, 1, 6, 10, 10, tzinfo=UTC)


def test_a_refused_file_leaves_the_published_warehouse_as_it_was(shop: Path) -> None:
    (shop / "contacts.csv").write_text(FIRST)
    published = load_shop(shop).build_id
    (shop / "contacts2.csv").write_text("contact_id,program_id\nK7,P1\n")
    with pytest.raises(DataRefusedError, match=r"contacts2\.csv"):
        load_shop(shop)
    assert read_pointer(shop / ".plumbline/warehouse").build_id == published


def test_an_empty_workspace_says_what_to_do(shop: Path) -> None:
    (shop / "programs.csv").unlink()
    with pytest.raises(StateError, match=r"plumbline\.toml"):
        load_shop(shop)
    with pytest.raises(StateError, match="plumbline load"):
        Reader.open(shop)


def test_two_loads_at_once_do_not_mix(shop: Path) -> None:
    (shop / "contacts.csv").write_text(FIRST)
    load_shop(shop)
    with (shop / ".plumbline/load.lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        with pytest.raises(StateError, match="another load"):
            load_shop(shop)


def test_only_the_newest_builds_are_kept(shop: Path) -> None:
    with (shop / "plumbline.toml").open("a") as file:
        file.write("\n[settings]\nkeep_builds = 2\n")
    (shop / "contacts.csv").write_text(FIRST)
    builds = [load_shop(shop).build_id for _ in range(3)]
    kept = {path.stem.removeprefix("warehouse-") for path in (shop / ".plumbline/warehouse").glob("*.duckdb")}
    assert kept == set(builds[1:])


def test_readers_see_whole_builds_while_loads_publish(shop: Path) -> None:
    (shop / "contacts.csv").write_text(FIRST)
    load_shop(shop)
    reader, failures, stop = Reader.open(shop), [], threading.Event()

    def read() -> None:
        while not stop.is_set():
            try:
                reader.refresh()
                result = reader.metrics(
                    MetricRequest(metrics=("fcr", "repeat_contact_rate"), by=("channel",))
                )
            except Exception as error:  # any failure of a reader fails the test
                failures.append(error)
                return
            if result["denominator"].to_list() != [2, 2]:
                failures.append(result)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(4):
        load_shop(shop)
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures
    reader.refresh()
    assert reader.build.build_id == read_pointer(shop / ".plumbline/warehouse").build_id


def test_a_warehouse_of_another_version_is_told_of_and_a_load_mends_it(shop: Path) -> None:
    (shop / "contacts.csv").write_text(FIRST)
    load_shop(shop)
    pointer = shop / ".plumbline/warehouse/current.json"
    written = json.loads(pointer.read_text("utf-8"))
    del written["layout"]
    pointer.write_text(json.dumps(written), "utf-8")
    with pytest.raises(StateError, match="another version of Plumbline; run 'plumbline load'"):
        Reader.open(shop)
    load_shop(shop)
    assert Reader.open(shop).load_runs().height == 2


def test_every_table_and_column_that_analysts_see_is_described(shop: Path) -> None:
    (shop / "contacts.csv").write_text(FIRST)
    load_shop(shop)
    documented = {table.name: table for table in Reader.open(shop).tables()}
    assert documented.keys() >= {
        "programs", "agents", "contacts", "threads", "scorecards", "qa_ratings", "qa_reviews", "orders",
        "order_outcomes", "stakes", "events", "metrics", "load_runs", "load_files", "rejected_rows",
        "expectation_results", "restatements",
    }  # fmt: skip
    for table in documented.values():
        assert table.comment, table.name
        assert all(column.comment for column in table.columns), table.name


def test_an_order_not_yet_placed_at_as_of_hides_its_outcome(shop: Path) -> None:
    (shop / "orders.csv").write_text(
        "order_id,program_id,customer_id,ordered_at,amount\nO1,P1,C1,2026-01-05T10:00:00Z,10\n"
    )
    (shop / "order_outcomes.csv").write_text(
        "outcome_id,order_id,kind,amount,occurred_at\nX1,O1,refund,5,2026-01-09T10:00:00Z\n"
    )
    load_shop(shop, datetime(2026, 1, 9, 9, 59, 59, tzinfo=UTC))
    assert rows(shop, "select count(*) from order_outcomes") == [(0,)]
    load_shop(shop, datetime(2026, 1, 9, 10, tzinfo=UTC))  # the instant of as-of is included
    assert rows(shop, "select count(*) from order_outcomes") == [(1,)]
