"""Rows as table, JSON and CSV."""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import polars as pl
import pytest

from pipelines.cli._print import csv_text, json_lines, print_rows, table_lines

ROWS = pl.DataFrame(
    {
        "site": ["Manila", None, 'a,"b"'],
        "value": [0.1 + 0.2, None, float("nan")],
        "money": pl.Series(
            [Decimal("12.3400"), Decimal("99999999999999.9999"), None], dtype=pl.Decimal(18, 4)
        ),
        "n": [1, 2**62, None],
        "day": [date(2026, 1, 5), None, date(2026, 1, 6)],
        "at": [datetime(2026, 1, 5, 1, 2, 3, 4, tzinfo=UTC), None, None],
        "ok": [True, False, None],
    }
)


def test_json_has_every_digit_and_null() -> None:
    text = "".join(json_lines(ROWS))
    rows = json.loads(text, parse_float=Decimal)
    assert rows[0]["value"] == Decimal(repr(0.1 + 0.2))
    assert rows[0]["money"] == Decimal("12.3400")
    assert rows[1]["money"] == Decimal("99999999999999.9999")
    assert rows[1]["n"] == 2**62
    assert rows[0]["day"] == "2026-01-05"
    assert rows[0]["at"] == "2026-01-05T01:02:03.000004+00:00"
    assert rows[1]["site"] is None and rows[2]["value"] is None and rows[2]["ok"] is None
    assert rows[1]["ok"] is False


def test_json_of_no_rows_is_an_empty_list() -> None:
    assert json.loads("".join(json_lines(ROWS.head(0)))) == []


def test_json_writes_nested_values() -> None:
    frame = pl.DataFrame({"list": [[1, None]], "struct": [{"a": Decimal("1.10"), "b": "x"}]})
    assert json.loads("".join(json_lines(frame))) == [{"list": [1, None], "struct": {"a": 1.1, "b": "x"}}]


def test_csv_has_every_digit_and_empty_cells() -> None:
    lines = list(csv.reader(io.StringIO(csv_text(ROWS))))
    assert lines[0] == ROWS.columns
    assert float(lines[1][1]) == 0.1 + 0.2
    assert lines[1][2] == "12.3400"
    assert lines[2] == ["", "", "99999999999999.9999", str(2**62), "", "", "false"]
    assert lines[3][:2] == ['a,"b"', ""]


def test_csv_writes_nested_values_as_json_and_durations_as_seconds() -> None:
    frame = pl.DataFrame({"list": [[1, 2]], "long": [timedelta(seconds=1.5)]})
    assert list(csv.reader(io.StringIO(csv_text(frame))))[1] == ["[1, 2]", "1.5"]
    assert json.loads("".join(json_lines(frame))) == [{"list": [1, 2], "long": 1.5}]
    assert "1.5 s" in "".join(table_lines(frame))


def test_table_is_aligned_and_rounded() -> None:
    frame = pl.DataFrame({"site": ["Manila", None], "value": [0.123456, 0.5], "n": [7, 12345]})
    assert "".join(table_lines(frame)) == (
        "site     value      n\n──────  ──────  ─────\nManila  0.1235      7\n        0.5000  12345\n"
    )


def test_table_is_cut_to_the_terminal() -> None:
    frame = pl.DataFrame({"long": ["x" * 100], "n": [1]})
    lines = list(table_lines(frame, width=40))
    assert all(len(line.rstrip("\n")) <= 40 for line in lines)
    assert "…" in lines[2] and lines[2].rstrip().endswith("1")


def test_wide_letters_keep_the_columns_in_line() -> None:
    lines = list(table_lines(pl.DataFrame({"name": ["東京", "ab"], "n": [1, 2]})))
    assert lines[2] == "東京  1\n" and lines[3] == "ab    2\n"


def test_table_obeys_no_control_character_of_the_data() -> None:
    text = "".join(table_lines(pl.DataFrame({"x": ["\x1b[31mred\nnext\r"]})))
    assert "\x1b" not in text and "\r" not in text and text.count("\n") == 3


@pytest.mark.parametrize("format", ["table", "json", "csv"])
def test_a_pipe_gets_no_colour_and_no_cut(format: str, capsys: pytest.CaptureFixture[str]) -> None:
    print_rows(pl.DataFrame({"x": ["y" * 500]}), format=format)  # type: ignore[arg-type]  # parametrized text
    assert "y" * 500 in capsys.readouterr().out


def test_a_share_beside_a_large_sum_keeps_its_digits() -> None:
    lines = list(table_lines(pl.DataFrame({"value": [0.0031, 556955.25, None]})))
    assert [line.strip() for line in lines[2:]] == ["0.0031", "556955.25", ""]
