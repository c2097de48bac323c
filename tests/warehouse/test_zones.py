"""Local wall times: the table of offsets against Python's own reading of the same zone."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.landing import current_batches, land
from pipelines.settings import read_workspace
from pipelines.warehouse.build import connect
from pipelines.warehouse.landed import prepare
from pipelines.warehouse.zones import utc_offsets, wall_clock_offsets

ZONES = (
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Manila",
    "Europe/London",
    "America/Sao_Paulo",
    "UTC",
)


def read(timezone: str, local: datetime) -> datetime:
    for start, end, offset in wall_clock_offsets(timezone):
        if start <= local < end:
            return local - timedelta(seconds=offset)
    raise AssertionError(f"{local} is in no span of {timezone}")


@given(st.sampled_from(ZONES), st.datetimes(datetime(1991, 1, 1), datetime(2059, 6, 1)))
def test_any_wall_time_is_read_as_python_reads_its_first_occurrence(timezone: str, local: datetime) -> None:
    expected = local.replace(tzinfo=ZoneInfo(timezone), fold=0).astimezone(UTC).replace(tzinfo=None)
    assert read(timezone, local) == expected


@pytest.mark.parametrize(
    ("local", "utc"),
    [
        (datetime(2026, 3, 8, 1, 59, 59, 999999), datetime(2026, 3, 8, 6, 59, 59, 999999)),
        (datetime(2026, 3, 8, 2, 30), datetime(2026, 3, 8, 7, 30)),  # skipped: the offset before
        (datetime(2026, 3, 8, 3, 0), datetime(2026, 3, 8, 7, 0)),
        (datetime(2026, 11, 1, 1, 30), datetime(2026, 11, 1, 5, 30)),  # repeated: the first of the two
        (datetime(2026, 11, 1, 2, 0), datetime(2026, 11, 1, 7, 0)),
    ],
)
def test_the_hours_that_a_clock_change_skips_or_repeats(local: datetime, utc: datetime) -> None:
    assert read("America/New_York", local) == utc


def test_spans_follow_each_other_without_a_gap() -> None:
    spans = wall_clock_offsets("Australia/Lord_Howe")
    assert all(one[1] == two[0] for one, two in itertools.pairwise(spans))
    assert spans[0][0] == datetime(1, 1, 1)
    assert spans[-1][1] == datetime.max


@given(st.sampled_from(ZONES), st.datetimes(datetime(1990, 1, 1), datetime(2059, 12, 31)))
def test_any_instant_has_the_offset_that_python_says(timezone: str, instant: datetime) -> None:
    found = [
        seconds for year, start, end, seconds in utc_offsets(timezone)
        if year == instant.year and start <= instant < end
    ]  # fmt: skip
    expected = instant.replace(tzinfo=UTC).astimezone(ZoneInfo(timezone)).utcoffset()
    assert expected is not None
    assert found == [expected.total_seconds()]


def test_the_offset_changes_in_the_very_microsecond() -> None:
    change = datetime(2026, 3, 8, 7)
    spans = [span for span in utc_offsets("America/New_York") if change in (span[1], span[2])]
    assert [(start == change, seconds) for _, start, _, seconds in spans] == [(False, -18000), (True, -14400)]


def test_spans_of_utc_follow_each_other_without_a_gap() -> None:
    spans = utc_offsets("Australia/Lord_Howe")
    assert all(one[2] == two[1] for one, two in itertools.pairwise(spans))
    assert all(year == start.year for year, start, _, _ in spans)
    assert (spans[0][1], spans[-1][2]) == (datetime(1990, 1, 1), datetime(2060, 1, 1))


def test_local_dates_of_a_build_are_those_that_duckdb_converts_to(tmp_path: Path) -> None:
    (tmp_path / "plumbline.toml").write_text(
        '[workspace]\nname = "shop"\n[[source]]\nfiles = "programs.csv"\npreset = "canonical"\n'
        'table = "programs"\n'
    )
    programs = "".join(f"{zone},{zone},{zone},USD\n" for zone in ZONES)
    (tmp_path / "programs.csv").write_text("program_id,program_name,timezone,currency\n" + programs)
    workspace = read_workspace(tmp_path)
    land(workspace)
    con = connect(tmp_path / "built.duckdb", temporary=tmp_path / "spill")
    prepare(con, current_batches(workspace))
    found = con.sql(
        """
        with moments as (
            select range as moment from range(timestamp '2025-01-01', timestamp '2027-01-01', interval 1 hour)
            union all
            select range from range(timestamp '1971-01-01', timestamp '1972-01-01', interval 5 hour)
        )
        select year(moment) > 2000 as is_listed, count(*) > 1000, count(utc_offset),
            bool_and(local_date(moment, src_programs.timezone, utc_offset)
                = cast(moment at time zone 'UTC' at time zone src_programs.timezone as date))
        from moments
        cross join src_programs
        left join utc_offsets
            on utc_offsets.timezone = src_programs.timezone
            and utc_offsets.year = year(moment)
            and utc_offsets.starts_at <= moment
            and utc_offsets.ends_at > moment
        group by is_listed
        order by is_listed
        """
    ).fetchall()
    hours = 2 * 365 * 24 * len(ZONES)
    assert found == [(False, True, 0, True), (True, True, hours, True)]
    con.close()
