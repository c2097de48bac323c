"""Contract periods: final once, kept as printed, restated in the open, judged by the target of their day."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import polars as pl
import pytest

from pipelines.metrics import catalogue
from pipelines.partners import judged, last_day
from pipelines.reader import MetricRequest, Reader
from pipelines.settings import read_workspace
from pipelines.warehouse import load

CONTACTS = "contact_id,program_id,customer_id,channel,issue,opened_at,closed_at,csat_score\n"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "plumbline.toml").write_text('[[source]]\nfiles = "*.csv"\npreset = "canonical"\n')
    write(
        tmp_path,
        "programs",
        "program_id,program_name,operating_model,partner,timezone,currency\n"
        "P1,Shop,in_house,,UTC,USD\nP2,Shop abroad,outsourced,Acme,UTC,USD\n",
    )
    lines = [
        f"K{at},P{1 + at % 2},C{at},voice,wismo,2026-01-{day:02}T10:00:00,2026-01-{day:02}T10:10:00,5\n"
        for at, day in ((at, 1 + at % 27) for at in range(60))
    ]
    write(tmp_path, "contacts", CONTACTS + "".join(lines))
    return tmp_path


def write(root: Path, name: str, text: str) -> None:
    (root / f"{name}.csv").write_text(text)


def load_shop(shop: Path, as_of: datetime) -> str:
    return load(read_workspace(shop), as_of=as_of.replace(tzinfo=UTC)).build_id


def period(shop: Path, grain: str = "month", start: date = date(2026, 1, 1)) -> dict:
    rows = Reader.open(shop).contract_periods(grain)
    (found,) = rows.filter(metric="fcr", program_id="P1", period_start=start).to_dicts()
    return found


def test_a_running_period_is_provisional_and_its_numbers_are_those_of_the_metric(shop: Path) -> None:
    load_shop(shop, datetime(2026, 1, 28))
    reader = Reader.open(shop)
    rows = reader.contract_periods("quarter").filter(pl.col("metric") == "fcr")
    same = reader.metrics(MetricRequest(metrics=("fcr",), by=("program_id",), grain="quarter"))
    assert rows.select(same.columns).equals(same)
    assert not rows["is_frozen"].any()
    assert set(rows["status"]) == {"provisional"}


def test_a_final_period_is_kept_as_printed_with_where_it_came_from(shop: Path) -> None:
    build = load_shop(shop, datetime(2026, 3, 1))
    row = period(shop)
    assert (row["is_frozen"], row["status"], row["build_id"], row["as_of"]) == (
        True,
        "final",
        build,
        datetime(2026, 3, 1),
    )
    assert row["meaning"].startswith("Share of first contacts")
    assert row["cause"] is None
    # the quarter still runs
    assert not period(shop, "quarter")["is_frozen"]


def test_a_late_repeat_leaves_the_printed_number_and_says_what_it_would_be(shop: Path) -> None:
    first = load_shop(shop, datetime(2026, 3, 1))
    before = period(shop)
    write(shop, "contacts_late", CONTACTS + "L1,P1,C0,voice,wismo,2026-01-02T10:00:00,2026-01-02T10:10:00,\n")
    second = load_shop(shop, datetime(2026, 3, 2))
    row = period(shop)
    same = ("value", "lower", "upper", "numerator", "denominator", "build_id", "as_of")
    assert [row[name] for name in same] == [before[name] for name in same]
    assert row["build_id"] == first
    assert row["now_value"] == pytest.approx(29 / 30)
    assert (row["cause"], row["noticed_in"]) == ("late outcome or correction", second)
    # a third load finds nothing new, and the build that noticed stays named
    load_shop(shop, datetime(2026, 3, 3))
    assert period(shop)["noticed_in"] == second
    current = Reader.open(shop).metrics(MetricRequest(metrics=("fcr",), by=("program_id",), grain="month"))
    assert current.filter(program_id="P1")["value"][0] == row["now_value"]


def test_a_changed_window_is_named_as_the_cause(shop: Path) -> None:
    write(shop, "contacts_late", CONTACTS + "L1,P1,C0,voice,wismo,2026-01-05T10:00:00,2026-01-05T10:10:00,\n")
    load_shop(shop, datetime(2026, 3, 1))
    assert period(shop)["value"] == pytest.approx(29 / 30)
    toml = shop / "plumbline.toml"
    toml.write_text("[settings]\nfcr_window_days = 1\n" + toml.read_text())
    load_shop(shop, datetime(2026, 3, 2))
    row = period(shop)
    assert row["value"] == pytest.approx(29 / 30)
    assert row["now_value"] == 1.0
    assert row["cause"] == "definition or setting changed"


def test_beside_the_printed_number_stands_the_newest(shop: Path) -> None:
    first = load_shop(shop, datetime(2026, 3, 1))
    toml = shop / "plumbline.toml"
    kept = toml.read_text()
    write(shop, "contacts_late", CONTACTS + "L1,P1,C0,voice,wismo,2026-01-05T10:00:00,2026-01-05T10:10:00,\n")
    second = load_shop(shop, datetime(2026, 3, 2))
    assert period(shop)["noticed_in"] == second
    toml.write_text("[settings]\nfcr_window_days = 0.5\n" + kept)
    third = load_shop(shop, datetime(2026, 3, 3))
    row = period(shop)
    # under the shorter window the late contact is a first contact of its own
    assert (row["denominator"], row["now_denominator"]) == (30, 31)
    assert (row["build_id"], row["noticed_in"]) == (first, third)


def test_an_earlier_as_of_shows_what_was_printed_by_then(shop: Path) -> None:
    load_shop(shop, datetime(2026, 3, 1))
    load_shop(shop, datetime(2026, 1, 20))
    assert not period(shop)["is_frozen"]
    load_shop(shop, datetime(2026, 3, 5))
    row = period(shop)
    assert (row["is_frozen"], row["as_of"], row["cause"]) == (True, datetime(2026, 3, 1), None)


def test_the_target_in_force_is_that_of_the_first_day(shop: Path) -> None:
    write(
        shop,
        "targets",
        "metric,program_id,valid_from,target\nfcr,,2025-06-01,0.5\nfcr,P1,2026-01-15,0.999\n"
        "fcr,P1,2026-02-01,0.9999\ncsat,,2026-01-10,0.8\n",
    )
    load_shop(shop, datetime(2026, 3, 1))
    reader = Reader.open(shop)
    rows = judged(reader.contract_periods("month"), catalogue(), reader.targets)
    held = {
        (row["metric"], row["program_id"]): (row["target"], row["verdict"])
        for row in rows.filter(pl.col("period_start") == date(2026, 1, 1)).iter_rows(named=True)
    }
    assert held[("fcr", "P1")] == (0.5, "met")
    assert held[("fcr", "P2")] == (0.5, "met")
    assert held[("csat", "P1")] == (0.8, "met")  # none was in force on the first day
    assert held[("escalation_rate", "P1")] == (None, "none")


@pytest.mark.parametrize(
    ("start", "grain", "last"),
    [
        (date(2026, 1, 1), "quarter", date(2026, 3, 31)),
        (date(2026, 12, 1), "month", date(2026, 12, 31)),
        (date(2024, 2, 1), "month", date(2024, 2, 29)),
    ],
    ids=["quarter", "december", "leap"],
)
def test_last_days(start: date, grain: str, last: date) -> None:
    assert last_day(start, grain) == last


def test_the_mix_of_operations_adds_up_to_the_metric(shop: Path) -> None:
    load_shop(shop, datetime(2026, 3, 1))
    reader = Reader.open(shop)
    mix = reader.mix("fcr", "operation")
    assert mix["operation"].unique().sort().to_list() == ["Acme", "In-house"]
    (row,) = reader.metrics(MetricRequest(metrics=("fcr",))).to_dicts()
    assert (mix["n"].sum(), mix["total"].sum()) == (row["denominator"], row["numerator"])
    assert reader.mix("handle_minutes_median", "site").height == 0
