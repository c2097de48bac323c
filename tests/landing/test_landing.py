"""The landing zone: what is new lands once, keys have one winner, bad files are refused whole."""

from __future__ import annotations

import resource
import signal
import stat
import sys
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest

from pipelines.canonical import tables
from pipelines.errors import StateError, UsageError
from pipelines.landing import check, current_batches, land, writer
from pipelines.landing.found import table_of_file
from pipelines.settings import read_workspace
from pipelines.sources.casting import TYPES
from tests.landing.desk import CONTACTS, ORDERS, Desk, column, rejects

SETTINGS = '[settings]\n{}\n[[source]]\nfiles = "*.csv"\npreset = "canonical"\n'


def contact(number: int, *, at: str = "2024-01-01T00:00:00Z", channel: str = "chat") -> str:
    return f"c{number},P1,ann,{channel},wismo,{at}\n"


def contacts(*numbers: int) -> str:
    return CONTACTS + "".join(contact(number) for number in numbers)


def tree(folder: Path) -> dict[str, bytes]:
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


def test_landed_parquet_has_every_canonical_column_in_its_type(desk: Desk) -> None:
    desk.write("contacts.csv", contacts(1))
    batch = desk.land_one()
    schema = pl.read_parquet_schema(batch.data)
    expected = {column.name: TYPES[column.type] for column in tables()["contacts"].columns}
    assert schema == {**expected, "_line": pl.Int64(), "_local_mask": pl.Int32()}


def test_landing_again_changes_nothing(desk: Desk) -> None:
    desk.write("contacts.csv", contacts(1, 2))
    first = desk.land()
    before = tree(desk.root / ".plumbline")
    again = desk.land()
    assert tree(desk.root / ".plumbline") == before
    assert [batch.is_new for batch in first.batches] == [True]
    assert [batch.is_new for batch in again.batches] == [False]
    assert first.batches == again.batches


def test_another_copy_of_a_file_is_the_same_batch(desk: Desk) -> None:
    desk.write("contacts.csv", contacts(1))
    desk.write("contacts_copy.csv", contacts(1))
    (batch,) = desk.land().batches
    assert batch.file == "contacts.csv"


def test_what_was_landed_stays_when_the_file_goes(desk: Desk) -> None:
    path = desk.write("contacts.csv", contacts(1))
    batch = desk.land_one()
    path.unlink()
    assert desk.land().batches == ()
    assert current_batches(read_workspace(desk.root)) == (batch,)


def test_a_changed_mapping_replaces_the_batch_and_keeps_its_place(desk: Desk) -> None:
    desk.write("contacts_1.csv", contacts(1))
    desk.write("contacts_2.csv", contacts(2))
    old = desk.land('[[source]]\nname = "crm"\nfiles = "*.csv"\npreset = "canonical"\n').batches
    changed = (
        '[[source]]\nname = "crm"\nfiles = "*.csv"\npreset = "canonical"\nprefix = {contact_id = "x-"}\n'
    )
    new = desk.land(changed).batches
    assert [batch.is_new for batch in new] == [True, True]
    assert [batch.seq for batch in new] == [batch.seq for batch in old]
    current = current_batches(read_workspace(desk.root))
    assert current == new
    assert [column(batch, "contact_id") for batch in current] == [["x-c1"], ["x-c2"]]
    # Going back finds the first batches again.
    assert desk.land('[[source]]\nname = "crm"\nfiles = "*.csv"\npreset = "canonical"\n').batches == old
    assert current_batches(read_workspace(desk.root)) == old


def test_files_land_in_natural_order(desk: Desk) -> None:
    for number in (10, 9, 1):
        desk.write(f"contacts_{number}.csv", contacts(number))
    assert [batch.file for batch in desk.land().batches] == [
        "contacts_1.csv",
        "contacts_9.csv",
        "contacts_10.csv",
    ]


def test_the_newest_update_of_a_key_wins_else_the_later_line(desk: Desk) -> None:
    header = CONTACTS.replace("\n", ",updated_at,label_is_unknown\n")
    lines = [
        "a,P1,,chat,wismo,2024-01-01,2024-01-03,",
        "a,P1,,voice,wismo,2024-01-01,2024-01-02,",
        "b,P1,,chat,wismo,2024-01-01,,",
        "b,P1,,voice,wismo,2024-01-01,,",
        "d,P1,,chat,wismo,2024-01-01,,",
    ]
    desk.write("contacts.csv", header + "\n".join(lines) + "\n")
    batch = desk.land_one()
    landed = dict(zip(column(batch, "contact_id"), column(batch, "channel"), strict=True))
    assert landed == {"a": "chat", "b": "voice", "d": "chat"}
    assert rejects(batch) == [
        (3, "contact_id", "a", "the same contact_id again on line 2, which wins"),
        (4, "contact_id", "b", "the same contact_id again on line 5, which wins"),
    ]
    assert batch.rows_duplicate == 2


def test_a_bad_row_wins_over_nobody(desk: Desk) -> None:
    desk.write(
        "contacts.csv",
        CONTACTS.replace("\n", ",csat_score\n")
        + "a,P1,,chat,wismo,2024-01-01,1\n"
        + "a,P1,,chat,wismo,2024-01-01,2\n"
        + "a,P1,,chat,wismo,2024-01-01,9\n"
        + "a,P1,,chat,wismo,2024-01-01,8\n",
    )
    batch = desk.land_one()
    assert column(batch, "csat_score") == [2]
    assert [(line, reason) for line, _, _, reason in rejects(batch)] == [
        (2, "the same contact_id again on line 3, which wins"),
        (4, "above 5, which an empty csat_max means"),
        (5, "above 5, which an empty csat_max means"),
    ]


def test_keys_of_several_columns_some_of_them_empty(desk: Desk) -> None:
    desk.write(
        "targets.csv",
        "metric,program_id,valid_from,target\nfcr,,2024-01-01,0.7\nfcr,P1,2024-01-01,0.8\n"
        "fcr,,2024-01-01,0.9\nfcr,,2024-02-01,1\n",
    )
    batch = desk.land_one()
    assert sorted(column(batch, "target")) == [0.8, 0.9, 1]
    assert [reject[0] for reject in rejects(batch)] == [2]


def test_local_times_are_compared_with_local_times_only(desk: Desk) -> None:
    header = CONTACTS.replace("\n", ",closed_at\n")
    desk.write(
        "contacts.csv",
        header
        + "a,P1,,chat,wismo,2024-01-01T12:00:00,2024-01-01T10:00:00\n"
        + "b,P1,,chat,wismo,2024-01-01T12:00:00Z,2024-01-01T10:00:00\n"
        + "d,P1,,chat,wismo,2024-01-01T12:00:00Z,2024-01-01T10:00:00Z\n",
    )
    batch = desk.land_one()
    assert column(batch, "contact_id") == ["b"]
    assert [reject[:2] for reject in rejects(batch)] == [(2, "closed_at"), (4, "closed_at")]


def test_rows_that_expectations_reject_say_column_value_and_reason(desk: Desk) -> None:
    desk.write(
        "order_outcomes.csv",
        "outcome_id,order_id,kind,amount,occurred_at\n1,o,refund,,2024-01-01\n2,o,gift,1,2024-01-01\n"
        "3,o,refund,-1,2024-01-01\n4,,refund,1,2024-01-01\n5,o,return,,2024-01-01\n",
    )
    batch = desk.land_one()
    assert column(batch, "outcome_id") == ["5"]
    assert [reject[:3] for reject in rejects(batch)] == [
        (2, "amount", None),
        (3, "kind", "gift"),
        (4, "amount", "-1"),
        (5, "order_id", None),
    ]
    failed = {result.column for result in batch.expectations if not result.success}
    assert failed >= {"amount", "kind", "order_id"}


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("contacts.csv", "contact_id,channel\n1,chat\n", "lacks the required columns 'program_id'"),
        ("contacts.csv", "", "the file is empty"),
        ("contacts.csv", contacts(*range(30)).encode("utf-16")[2:-1], "utf-16"),
        ("things.csv", "a,b\n1,2\n", "its name says none of the tables"),
        (
            "contacts.csv",
            CONTACTS + "".join(contact(n, channel="fax" if n < 16 else "chat") for n in range(30)),
            "16 of its 30 rows are rejected, more than the allowed share of 50%; most often (16 rows)",
        ),
        (
            "contacts.csv",
            (CONTACTS + "".join(contact(n).replace("ann", "Zoë") for n in range(30))).encode("cp1252"),
            "not UTF-8 text (30 of 30 rows",
        ),
        (
            "contacts.csv",
            contacts(1, 2).replace(",ann,", ",Zoë,").encode("cp1252"),
            "not UTF-8 text (2 of 2 rows",
        ),
    ],
)
def test_a_file_is_refused_whole_with_one_sentence(
    desk: Desk, name: str, content: str | bytes, said: str
) -> None:
    desk.write(name, content)
    assert said in desk.refusal()
    assert list((desk.root / ".plumbline" / "landing").glob("*/*")) == []


def test_small_files_are_not_judged_by_their_share(desk: Desk) -> None:
    desk.write("contacts.csv", contacts(1) + contact(2, channel="fax") + contact(3, channel="fax"))
    batch = desk.land_one()
    assert (batch.rows_landed, batch.rows_rejected) == (1, 2)


def test_keys_that_come_again_do_not_speak_against_a_file(desk: Desk) -> None:
    desk.write("contacts.csv", CONTACTS + contact(1) * 40)
    assert desk.land_one().rows_landed == 1


def test_other_files_land_beside_a_refused_one(desk: Desk) -> None:
    desk.write("contacts.csv", "nonsense\n")
    desk.write("orders.csv", ORDERS + "1,P1,a,2024-01-01,5\n")
    report = desk.land()
    assert [batch.table for batch in report.batches] == ["orders"]
    assert [refused.file for refused in report.refused] == ["contacts.csv"]


def test_a_volume_far_off_its_history_is_refused(desk: Desk) -> None:
    for number in range(5):
        desk.write(f"contacts_{number}.csv", contacts(*range(number * 100, number * 100 + 100)))
    desk.write("contacts_5.csv", contacts(*range(1000, 1009)))
    desk.write("contacts_6.csv", contacts(*range(2000, 3001)))
    desk.write("contacts_7.csv", contacts(*range(4000, 4010)))
    report = desk.land(SETTINGS.format("max_reject_share = 0.5"))
    assert [batch.file for batch in report.batches][5:] == ["contacts_7.csv"]
    few, many = (refused.reason for refused in report.refused)
    assert "9 rows of contacts, far fewer than the 100 usual" in few
    assert "1,001 rows of contacts, far more than the 100 usual" in many
    accepted = desk.land(SETTINGS.format("volume_low_share = 0\nvolume_high_share = 100"))
    assert accepted.refused == ()


def test_the_key_is_private_made_once_and_missed_when_it_is_gone(desk: Desk) -> None:
    desk.write("contacts.csv", contacts(1))
    desk.land()
    key = desk.root / ".plumbline" / "key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    made = key.read_text()
    desk.write("contacts_2.csv", contacts(2))
    first, second = desk.land().batches
    assert key.read_text() == made
    assert column(first, "customer_id") == column(second, "customer_id")
    key.unlink()
    with pytest.raises(StateError, match=r"the key .* is gone"):
        desk.land()
    key.write_text("nonsense")
    with pytest.raises(StateError, match="is damaged"):
        desk.land()


def test_programs_and_targets_of_the_workspace_file(desk: Desk) -> None:
    program = (
        '[[program]]\nprogram_id = "P1"\nprogram_name = "One"\ntimezone = "Europe/London"\ncurrency = "GBP"\n'
    )
    target = '[[target]]\nmetric = "fcr"\nvalid_from = 2024-01-01\ntarget = 0.8\n'
    programs, targets = desk.land(program + target).batches
    assert (programs.file, programs.table, column(programs, "currency")) == (
        "plumbline.toml",
        "programs",
        ["GBP"],
    )
    assert column(targets, "target") == [0.8]
    changed = desk.land(program.replace("One", "Two") + target).batches
    assert [batch.is_new for batch in changed] == [True, False]
    current = current_batches(read_workspace(desk.root))
    assert [(batch.table, batch.seq) for batch in current] == [("targets", 2), ("programs", 3)]
    desk.land(program)
    assert [batch.batch_id for batch in current_batches(read_workspace(desk.root))] == [programs.batch_id]


def test_what_is_wrong_with_a_program_is_said(desk: Desk) -> None:
    with pytest.raises(UsageError, match=r"unknown key 'timzone'\. Did you mean 'timezone'\?"):
        desk.land('[[program]]\nprogram_id = "P1"\nprogram_name = "One"\ntimzone = "x"\ncurrency = "GBP"\n')
    with pytest.raises(UsageError, match="number 1: timezone 'London': not an IANA time zone"):
        desk.land(
            '[[program]]\nprogram_id = "P1"\nprogram_name = "One"\ntimezone = "London"\ncurrency = "GBP"\n'
        )


def test_two_loads_at_once(desk: Desk) -> None:
    import fcntl

    desk.write("contacts.csv", contacts(1))
    desk.land()
    with (desk.root / ".plumbline/landing/.lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        with pytest.raises(StateError, match="another load is at work"):
            desk.land()


def test_what_a_crash_left_is_cleared_away(desk: Desk) -> None:
    desk.write("contacts.csv", contacts(1))
    batch = desk.land_one()
    folder = batch.data.parent
    for name in ("abc.parquet", "abc.rejects.parquet", "abd.parquet.part", f"{batch.batch_id}.parquet.typed"):
        (folder / name).write_bytes(b"half")
    (folder / f"{batch.batch_id}.json").unlink()
    again = desk.land_one()
    assert again.is_new
    assert sorted(path.name for path in folder.iterdir()) == sorted(
        f"{batch.batch_id}{end}" for end in (".json", ".parquet", ".rejects.parquet")
    )


def test_a_damaged_account_says_what_to_do(desk: Desk) -> None:
    desk.write("contacts.csv", contacts(1))
    batch = desk.land_one()
    batch.data.with_suffix(".json").write_text("{")
    with pytest.raises(StateError, match="delete it"):
        desk.land()


def test_check_keeps_nothing(desk: Desk) -> None:
    desk.write("contacts.csv", contacts(1) + contact(2, channel="fax"))
    desk.write("orders.csv", "nonsense\n")
    report = check(desk.configure())
    (batch,) = report.batches
    assert (batch.rows_read, batch.rows_landed, batch.rows_rejected) == (2, 1, 1)
    assert [(r.column, r.rows, r.first_line) for r in batch.reasons] == [("channel", 1, 3)]
    assert [refused.file for refused in report.refused] == ["orders.csv"]
    assert not (desk.root / ".plumbline").exists()


def test_files_named_after_a_table() -> None:
    names = {
        "contacts.csv": "contacts",
        "orders_2024-01.csv.gz": "orders",
        "order_outcomes.parquet": "order_outcomes",
        "Order-Outcomes-2.ndjson": "order_outcomes",
        "qa_ratings (1).csv": "qa_ratings",
        "ordersish.csv": None,
        "my_orders.csv": None,
    }
    assert {name: table_of_file(name) for name in names} == names


def test_an_empty_file_with_a_header_lands_no_row(desk: Desk) -> None:
    desk.write("contacts.csv", CONTACTS)
    batch = desk.land_one()
    assert (batch.rows_read, column(batch, "contact_id")) == (0, [])


def test_microseconds_stay(desk: Desk) -> None:
    desk.write("contacts.csv", CONTACTS + contact(1, at="2024-01-01T00:00:00.000001Z"))
    assert column(desk.land_one(), "opened_at") == [datetime(2024, 1, 1, 0, 0, 0, 1)]


def test_landing_needs_a_workspace_that_can_be_read(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no plumbline\.toml"):
        land(read_workspace(tmp_path))


def test_a_full_disk_is_said_and_nothing_half_is_kept(desk: Desk) -> None:
    made = CONTACTS + "".join(contact(number) for number in range(20_000))
    desk.write("contacts.csv", made)
    workspace = desk.configure()
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, before[1]))
    try:
        with pytest.raises(StateError, match="the disk is full"):
            land(workspace)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)
    assert land(workspace).batches[0].rows_landed == 20_000


def test_a_file_that_changes_while_it_is_read_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    path = desk.write("contacts.csv", contacts(1))
    real = writer.judge

    def late(*args: object) -> object:
        path.write_text(contacts(1, 2))
        return real(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(writer, "judge", late)
    assert "written to while it was read" in desk.refusal()
    monkeypatch.undo()
    assert desk.land_one().rows_landed == 2


def test_a_file_that_cannot_be_opened_is_refused(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.write("contacts.csv", contacts(1))

    def closed(path: Path) -> tuple[str, int]:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(sys.modules["pipelines.landing.land"], "hash_file", closed)
    assert desk.refusal() == "it cannot be read: Permission denied"


def test_hidden_files_and_links_to_nowhere_are_no_sources(desk: Desk) -> None:
    desk.write(".contacts.csv", contacts(1))
    (desk.root / "contacts.csv").symlink_to(desk.root / "nowhere.csv")
    desk.write("contacts_2.csv", contacts(2))
    (batch,) = desk.land().batches
    assert batch.file == "contacts_2.csv"
