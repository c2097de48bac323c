"""Files for other programs: nothing runs, nothing is rounded, nothing is lost."""

import csv
import io
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import openpyxl
import polars as pl
import pyarrow as pa
import pytest

from pipelines import export
from pipelines.errors import UsageError

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "=cmd|' /C calc'!A0"]

ROWS = pl.DataFrame(
    {
        "text": ["plain", '=HYPERLINK("http://x")', None, "https://example.org"],
        "number": [-1.5, 0.1 + 0.2, None, float("nan")],
        "whole": [-7, 2**60, None, 1],
        "money": pl.Series(
            [Decimal("-12.3400"), Decimal("0.0001"), None, Decimal("1")], dtype=pl.Decimal(18, 4)
        ),
        "day": [date(2026, 1, 5), None, date(2026, 1, 6), date(1900, 1, 1)],
        "at": [datetime(2026, 1, 5, 12, 30, tzinfo=UTC), None, None, None],
        "local": [datetime(2026, 1, 5, 12, 30, 0, 250000), None, None, None],
        "ok": [True, False, None, True],
        "long": [timedelta(hours=1), None, None, None],
        "list": [[1, 2], None, [], [3]],
    }
)


def cells(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode("utf-8"), newline="")))


@pytest.mark.parametrize("text", FORMULAS)
def test_csv_makes_a_formula_a_text(text: str) -> None:
    assert cells(export.to_csv(pl.DataFrame({"a": [text, "b=c"]})))[1:] == [[f"'{text}"], ["b=c"]]


def test_csv_makes_a_formula_in_a_name_a_text() -> None:
    assert cells(export.to_csv(pl.DataFrame({"=a()": [1]})))[0] == ["'=a()"]


def test_csv_leaves_numbers_alone() -> None:
    rows = cells(export.to_csv(ROWS))
    assert rows[1][1:4] == ["-1.5", "-7", "-12.3400"]
    assert float(rows[2][1]) == 0.1 + 0.2 and rows[2][2] == str(2**60)
    assert rows[3][:4] == ["", "", "", ""]
    assert rows[4][1] == ""  # nan is no number


def test_csv_writes_iso_times_and_flat_cells() -> None:
    row = cells(export.to_csv(ROWS))[1]
    assert row[4] == "2026-01-05"
    assert datetime.fromisoformat(row[5]) == datetime(2026, 1, 5, 12, 30, tzinfo=UTC)
    assert datetime.fromisoformat(row[6]) == datetime(2026, 1, 5, 12, 30, 0, 250000)
    assert row[7:] == ["true", "3600.0", "[1, 2]"]


def test_csv_is_utf_8() -> None:
    assert cells(export.to_csv(pl.DataFrame({"ä": ["東京", 'a,"b"\nc']}))) == [["ä"], ["東京"], ['a,"b"\nc']]


def test_parquet_comes_back_the_same() -> None:
    assert pl.read_parquet(io.BytesIO(export.to_parquet(ROWS))).equals(ROWS)


def test_an_arrow_table_is_taken_too() -> None:
    table = pa.table({"word": pa.array(["a", "b"]).dictionary_encode(), "n": [1, 2]})
    assert cells(export.to_csv(table)) == [["word", "n"], ["a", "1"], ["b", "2"]]


def test_xlsx_holds_values_of_the_right_kind() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(export.to_xlsx(ROWS, "a/b: [c]"))).active
    assert sheet is not None
    assert sheet.title == "ab c" and sheet.freeze_panes == "A2"
    rows = list(sheet.iter_rows())
    assert [cell.value for cell in rows[0]] == ROWS.columns
    first = [cell.value for cell in rows[1]]
    assert first[:4] == ["plain", -1.5, -7, -12.34]
    assert first[4] == datetime(2026, 1, 5) and rows[1][4].number_format == "yyyy-mm-dd"
    assert first[5] == datetime(2026, 1, 5, 12, 30) and first[5].tzinfo is None
    assert first[6] == datetime(2026, 1, 5, 12, 30, 0, 250000)
    assert first[7:] == [True, 3600, "[1, 2]"]
    assert [cell.value for cell in rows[3]] == [None] * 4 + [datetime(2026, 1, 6)] + [None] * 4 + ["[]"]


def test_xlsx_runs_no_formula_and_follows_no_link() -> None:
    sheet = openpyxl.load_workbook(
        io.BytesIO(export.to_xlsx(pl.DataFrame({"a": [*FORMULAS, "https://x.org"]})))
    ).active
    assert sheet is not None
    for (cell,) in sheet.iter_rows(min_row=2):
        assert cell.data_type == "s" and cell.hyperlink is None


def test_xlsx_keeps_every_digit_of_a_long_number() -> None:
    sheet = openpyxl.load_workbook(io.BytesIO(export.to_xlsx(ROWS))).active
    assert sheet is not None
    assert sheet["C3"].value == str(2**60)


def test_xlsx_refuses_more_rows_than_a_sheet_has() -> None:
    frame = pl.DataFrame({"n": pl.zeros(export.MAX_SHEET_ROWS, eager=True)})
    with pytest.raises(UsageError, match=r"1,048,576 rows do not fit a sheet, .* take CSV or Parquet"):
        export.to_xlsx(frame)


def test_no_rows_are_a_file_with_a_header() -> None:
    empty = ROWS.head(0)
    assert cells(export.to_csv(empty)) == [ROWS.columns]
    assert pl.read_parquet(io.BytesIO(export.to_parquet(empty))).schema == ROWS.schema
    sheet = openpyxl.load_workbook(io.BytesIO(export.to_xlsx(empty))).active
    assert sheet is not None and sheet.max_row == 1


def test_the_kind_of_file_is_told_by_its_ending() -> None:
    assert export.writer_for(Path("a.CSV")) is export.to_csv
    with pytest.raises(UsageError, match=r"end it with \.csv, \.parquet, \.xlsx\. Did you mean '\.xlsx'"):
        export.writer_for(Path("a.xls"))
