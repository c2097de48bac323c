"""From text to canonical types: what is accepted, what is not, and what it is said to be."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.canonical import Column
from pipelines.errors import DataRefusedError
from pipelines.sources.casting import Cast, cast_column
from pipelines.sources.pseudonyms import Pseudonymiser, pseudonym, shortened
from pipelines.sources.timestamps import local_to_utc

KEY = b"k" * 32


def cast(
    cells: list[Any] | pl.Series,
    kind: str,
    *,
    name: str = "field",
    formats: tuple[str, ...] = ("iso",),
    zone: str | None = None,
    decimal: str = ".",
    **options: Any,
) -> Cast:
    series = cells if isinstance(cells, pl.Series) else pl.Series(cells, dtype=pl.String)
    column = Column(name=name, type=kind, meaning="", **options)
    return cast_column(
        series, column, formats=formats, zone=zone, decimal=decimal, pseudonyms=Pseudonymiser(KEY)
    )


def accepted(texts: list[Any] | pl.Series, kind: str, **options: Any) -> list[Any]:
    """The cast values, "bad" where a value was not accepted."""
    found = cast(texts, kind, **options)
    bad = found.bad.to_list() if found.bad is not None else [False] * len(texts)
    return ["bad" if wrong else value for value, wrong in zip(found.values.to_list(), bad, strict=True)]


def test_integers() -> None:
    texts = ["3", " 3.0 ", "-2", "+7", "3.5", "3e2", "x", "", None, "99999999999999999999", "3.", "١"]
    assert accepted(texts, "integer") == [3, 3, -2, 7, "bad", "bad", "bad", None, None, "bad", 3, "bad"]


def test_numbers() -> None:
    texts = [
        "1.5",
        "-1",
        "1e3",
        ".5",
        "5.",
        "NaN",
        "inf",
        "-Infinity",
        "1e999",
        "1,5",
        "1 000",
        "0x10",
        "",
        None,
    ]
    assert accepted(texts, "number") == [1.5, -1, 1000, 0.5, 5, *["bad"] * 7, None, None]


def test_money_is_exact_and_has_four_decimals_at_most() -> None:
    texts = [
        "10.1",
        "0.0001",
        "1.00000",
        "1.00001",
        "1e3",
        "-5",
        "99999999999999.9999",
        "100000000000000",
        "$5",
        ".5",
    ]
    assert accepted(texts, "money") == [
        Decimal("10.1"),
        Decimal("0.0001"),
        Decimal("1"),
        "bad",
        "bad",
        Decimal("-5"),
        Decimal("99999999999999.9999"),
        "bad",
        "bad",
        Decimal("0.5"),
    ]


def test_decimal_commas() -> None:
    texts = ["1.234,50", "1234,5", "12", "1.234", "1.23", "1,2,3", "12.34,5", "-1.000.000,00"]
    assert accepted(texts, "money", decimal=",") == [
        Decimal("1234.5"),
        Decimal("1234.5"),
        Decimal(12),
        Decimal(1234),
        "bad",
        "bad",
        "bad",
        Decimal(-1000000),
    ]
    assert accepted(["2,5"], "number", decimal=",") == [2.5]
    assert accepted(["1.000"], "integer", decimal=",") == [1000]


def test_numbers_of_a_typed_file_have_no_decimal_comma() -> None:
    assert cast(pl.Series([1.5, None]), "money", decimal=",").values.to_list() == [Decimal("1.5"), None]


def test_booleans() -> None:
    texts = ["true", "FALSE", "1", "0", "Yes", "no", "t", "F", "y", "N", "2", "on", ""]
    assert accepted(texts, "boolean") == [*[True, False] * 5, "bad", "bad", None]


def test_dates() -> None:
    texts = [
        "2024-02-29",
        "2023-02-29",
        "2024-02-29 00:00:00",
        "2024-02-29T00:00:00.000",
        "2024-02-29 10:00",
        "x",
    ]
    day = date(2024, 2, 29)
    assert accepted(texts, "date") == [day, "bad", day, day, "bad", "bad"]
    assert accepted(["29.02.2024", "2024-02-29"], "date", formats=("%d.%m.%Y", "iso")) == [day, day]


def test_timestamps_in_every_way_that_iso_8601_is_written() -> None:
    at = datetime(2024, 1, 5, 10, 11, 12)
    ways = {
        "2024-01-05T10:11:12Z": (at, False),
        "2024-01-05 10:11:12": (at, True),
        "2024-01-05T10:11:12": (at, True),
        "2024-01-05T10:11:12z": (at, False),
        "2024-01-05T12:11:12+02:00": (at, False),
        "2024-01-05T12:11:12+0200": (at, False),
        "2024-01-05 12:11:12 +02:00": (at, False),
        "2024-01-05T12:11:12+02": (at, False),
        "2024-01-05T05:41:12-04:30": (at, False),
        "2024-01-05 10:11:12 UTC": (at, False),
        "2024-01-05T10:11:12.5Z": (at.replace(microsecond=500_000), False),
        "2024-01-05T10:11:12.123456": (at.replace(microsecond=123_456), True),
        "2024-01-05T10:11:12.123456789Z": (at.replace(microsecond=123_456), False),
        "2024-01-05T12:11:12.000001+02:00": (at.replace(microsecond=1), False),
        "2024-01-05T10:11": (at.replace(second=0), True),
        "2024-01-05": (datetime(2024, 1, 5), True),
    }
    for first in ways:
        # The first value decides which way is tried first, which must not matter.
        order = [first, *(way for way in ways if way != first)]
        found = cast(order, "timestamp")
        assert found.bad is None
        assert found.local is not None
        got = zip(order, zip(found.values.to_list(), found.local.to_list(), strict=True), strict=True)
        assert dict(got) == ways


@pytest.mark.parametrize(
    "text",
    [
        "2024-13-01",
        "2024-02-30T00:00:00",
        "05/01/2024",
        "2024-01-05T25:00:00",
        "noon",
        "1704449472",
        "0001-01-01T00:00:00",
        "9999-12-31T00:00:00Z",
        "20240105",
        "2024-01-05T10:61:00",
        "-2024-01-05T10:11:12",
    ],
)
def test_what_is_no_timestamp(text: str) -> None:
    assert accepted([text, "2024-01-05T10:11:12Z", None], "timestamp") == [
        "bad",
        datetime(2024, 1, 5, 10, 11, 12),
        None,
    ]


def test_timestamps_in_formats_of_the_source() -> None:
    at = datetime(2024, 1, 5, 15, 4)
    assert accepted(["05/01/2024 03:04 PM"], "timestamp", formats=("%d/%m/%Y %I:%M %p",)) == [at]
    assert accepted(["5.1.24"], "timestamp", formats=("%d.%m.%y",)) == [datetime(2024, 1, 5)]
    assert accepted(["1704467040", "1704467040.5"], "timestamp", formats=("epoch_s",)) == [
        at,
        at.replace(microsecond=500_000),
    ]
    assert accepted(["1704467040000"], "timestamp", formats=("epoch_ms",)) == [at]
    assert accepted(
        ["05/01/2024 17:04 +0200", "2024-01-05T15:04:00Z"], "timestamp", formats=("%d/%m/%Y %H:%M %z", "iso")
    ) == [
        at,
        at,
    ]
    found = cast(["05/01/2024 15:04", "2024-01-05T15:04:00Z"], "timestamp", formats=("%d/%m/%Y %H:%M", "iso"))
    assert found.local is not None
    assert found.local.to_list() == [True, False]


def test_typed_timestamps_of_parquet() -> None:
    aware = pl.Series([datetime(2024, 7, 1, 12)]).dt.replace_time_zone("Europe/Berlin")
    found = cast(aware, "timestamp")
    assert (found.values.to_list(), found.local) == ([datetime(2024, 7, 1, 10)], None)
    naive = cast(pl.Series([datetime(2024, 7, 1, 12)]), "timestamp")
    assert naive.local is not None
    assert naive.local.to_list() == [True]
    assert cast(pl.Series([datetime(1, 1, 1)]), "timestamp").bad is not None


@given(
    st.datetimes(datetime(1975, 1, 1), datetime(2037, 1, 1)),
    st.sampled_from(
        ["Europe/London", "America/New_York", "Australia/Lord_Howe", "Asia/Manila", "Pacific/Apia"]
    ),
)
def test_local_times_follow_the_first_occurrence_and_the_offset_before_a_gap(at: datetime, zone: str) -> None:
    expected = at.replace(tzinfo=ZoneInfo(zone), fold=0).astimezone(UTC).replace(tzinfo=None)
    assert local_to_utc(pl.Series([at]), zone).to_list() == [expected]


def test_an_hour_that_a_clock_change_skips_or_repeats() -> None:
    texts = ["2024-03-31T01:30:00", "2024-10-27T01:30:00", "2024-10-27T01:30:00+00:00"]
    found = cast(texts, "timestamp", zone="Europe/London")
    assert found.local is None
    assert found.values.to_list() == [
        datetime(2024, 3, 31, 1, 30),
        datetime(2024, 10, 27, 0, 30),
        datetime(2024, 10, 27, 1, 30),
    ]


def test_words_of_a_value_set_in_any_case() -> None:
    words = accepted([" Voice ", "CHAT", "fax", ""], "text", values=("voice", "chat"))
    assert words == ["voice", "chat", "fax", None]


def test_currencies_and_zones() -> None:
    assert accepted(["usd", "EUR", "US", "U$D"], "text", name="currency") == ["USD", "EUR", "bad", "bad"]
    assert accepted(["Europe/London", "London"], "text", name="timezone") == ["Europe/London", "bad"]


def test_an_address_in_an_id_is_not_stored() -> None:
    assert accepted(["A1", "ann@example.com", "a@b"], "text", name="order_id") == ["A1", "bad", "a@b"]
    assert accepted(["ann@example.com"], "text", name="agent_id") == ["ann@example.com"]


def test_pseudonyms_are_stable_and_tell_nothing() -> None:
    ids = ["Ann@Example.com", "ann@example.com", "17", " 17 ", None, ""]
    made = cast(ids, "text", personal="pseudonym").values.to_list()
    assert made[0] == made[1] == pseudonym(KEY, "ann@example.com")
    assert made[2] == made[3] != made[0]
    assert made[4:] == [None, None]
    assert all(re.fullmatch(r"c_[0-9A-Za-z_-]{10}", one) for one in made[:4])
    assert pseudonym(b"x" * 32, "17") != made[2]


def test_a_pseudonym_is_sixty_bits_of_a_keyed_hash_in_the_alphabet_of_urls() -> None:
    ids = [f"customer {number}" for number in range(500)]
    digests = [hashlib.blake2b(one.encode(), key=KEY, digest_size=16).digest() for one in ids]
    made = cast(ids, "text", personal="pseudonym").values
    assert made.to_list() == ["c_" + base64.urlsafe_b64encode(one).decode()[:10] for one in digests]
    assert "-" in "".join(made) and "_" in "".join(one[2:] for one in made)
    long = pl.DataFrame({"one": [*("c_" + one.hex() for one in digests), *made, None]})
    assert shortened(long["one"]).to_list() == [*made, *made, None]


@given(st.lists(st.one_of(st.none(), st.text(max_size=12)), max_size=20))
def test_no_text_is_lost_or_breaks_a_cast(texts: list[str | None]) -> None:
    for kind in ("integer", "number", "money", "boolean", "timestamp", "date"):
        found = cast(texts, kind)
        bad = found.bad.to_list() if found.bad is not None else [False] * len(texts)
        for text, value, wrong in zip(texts, found.values.to_list(), bad, strict=True):
            trimmed = pl.Series([text], dtype=pl.String).str.strip_chars()[0]
            assert wrong == (bool(trimmed) and value is None)


def test_what_typed_files_hold() -> None:
    floats = pl.Series("customer", [17850.0, None, 0.5])
    assert cast(floats, "text").values.to_list() == ["17850", None, "0.5"]
    money = pl.Series([0.1 + 0.2, 19.990000000000002, 1.23456, 3.0])
    assert accepted(money, "money") == [Decimal("0.3"), Decimal("19.99"), "bad", Decimal(3)]
    assert cast(pl.Series([True, None]), "boolean").values.to_list() == [True, None]
    assert cast(pl.Series([1, 0]), "boolean").values.to_list() == [True, False]
    with pytest.raises(DataRefusedError, match="holds List"):
        cast(pl.Series("tags", [["a"]]), "text")
