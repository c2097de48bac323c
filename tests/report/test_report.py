"""The report: the reader's own numbers in every format, self-contained, honest about what it cannot do."""

from __future__ import annotations

import io
import re
import subprocess
import sys
from datetime import date
from html import unescape
from pathlib import Path

import polars as pl
import pytest

from dashboard import format as screen
from dashboard.pages.overview import FIGURES as ON_SCREEN
from pipelines import export
from pipelines.cli import main
from pipelines.errors import StateError, UsageError
from pipelines.metrics import catalogue
from pipelines.reader import MetricRequest, Reader
from pipelines.report import html_of, pdf, pdf_of, report_of, words, workbook_of
from pipelines.report.content import FIGURES

openpyxl = pytest.importorskip(
    "openpyxl", reason="openpyxl reads workbooks back; 'make install-dev' brings it"
)


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("shop")
    for command in (["simulate", "--contacts", "5000", "--seed", "5"], ["init", "--yes"], ["load"]):
        assert main([*command, "--workspace", str(root)]) == 0
    return root


@pytest.fixture(scope="session")
def reader(shop: Path) -> Reader:
    return Reader.open(shop)


def text_of(html: str) -> str:
    body = html[html.index("<body>") :]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", body)))


def card_of(html: str, key: str) -> str:
    return text_of("<body>" + html.split(f'data-metric="{key}"')[1].split("</article>")[0])


def test_the_figures_are_those_of_the_first_page():
    assert FIGURES == ON_SCREEN


@pytest.mark.parametrize("metric", catalogue(), ids=lambda metric: metric.key)
def test_every_metric_prints_in_the_digits_of_the_dashboard(reader: Reader, metric):
    rows = reader.metrics(MetricRequest(metrics=(metric.key,), by=("program_id",), grain="month"))
    for row in rows.iter_rows(named=True):
        for amount in (row["value"], row["lower"]):
            assert words.value(metric.unit, amount, currency="USD") == screen.value(
                metric.unit, amount, currency="USD"
            )
            assert words.change(metric.unit, amount, currency="USD") == screen.change(
                metric.unit, amount, currency="USD"
            )
        if row["lower"] is not None:
            assert words.interval(metric.unit, row["lower"], row["upper"]) == screen.interval(
                metric.unit, row["lower"], row["upper"]
            )


@pytest.mark.parametrize("by_program", [False, True])
def test_html_shows_the_numbers_of_the_reader(reader: Reader, by_program: bool):
    program = reader.dimension_values("program_id")[0] if by_program else None
    start, end = date(2026, 1, 5), date(2026, 3, 29)
    html = html_of(report_of(reader, program=program, start=start, end=end))
    filters = {"program_id": (program,)} if program else {}
    for key in FIGURES:
        what = reader.definition(key)
        row = reader.metrics(MetricRequest(metrics=(key,), start=start, end=end, filters=filters)).row(
            0, named=True
        )
        said = card_of(html, key)
        assert words.value(what.unit, row["value"], currency="USD") in said
        assert f"n {words.count(row['denominator'])}" in said
        assert row["status"] in said
        assert what.denominator in said
    ledger = reader.ledger((), start, end, tuple(filters.items())).row(0, named=True)
    for key in ("at_stake", "retained", "net", "healthy"):
        assert words.money(ledger[key], "USD") in text_of(html)
    assert ("By program" in text_of(html)) != by_program


def test_html_needs_nothing_else_and_runs_nothing(reader: Reader):
    html = html_of(report_of(reader))
    assert "<script" not in html
    assert "default-src 'none'" in html
    assert not re.findall(r"(?:src|href|url)\s*[=(]", html.split("</style>")[1])
    assert "@import" not in html
    assert html.count("<svg") > 8
    assert html.count("<svg") == html.count('role="img"')


def test_the_default_period_is_thirteen_whole_weeks_against_those_before(reader: Reader):
    report = report_of(reader)
    assert report.start.weekday() == 0
    assert report.end == reader.period()[1]
    assert report.before_name == "the 13 weeks before"
    assert (report.start - report.before[0]).days == 91
    own = report_of(reader, start=date(2026, 2, 1), end=date(2026, 2, 10))
    assert own.before == (date(2026, 1, 22), date(2026, 1, 31))
    assert own.before_name == "the 10 days before"
    first, last = reader.period()
    everything = report_of(reader, start=first, end=last)
    assert everything.before is None
    assert everything.explained == ()
    assert "Why" not in text_of(html_of(everything))


def test_a_period_without_anything_is_said_and_not_an_error(reader: Reader):
    report = report_of(reader, start=date(2030, 1, 1), end=date(2030, 1, 31))
    assert "Nothing can be said yet" in text_of(html_of(report))
    assert workbook_of(report).startswith(b"PK")


def test_names_are_text_never_html(reader: Reader, monkeypatch: pytest.MonkeyPatch):
    hostile = "<img src=x onerror=alert(1)>"
    names = dict.fromkeys(reader.labels("program_id"), hostile)
    monkeypatch.setattr(Reader, "labels", lambda self, dimension: names)
    program = next(iter(names))
    for html in (html_of(report_of(reader)), html_of(report_of(reader, program=program))):
        assert "<img" not in html
        assert "&lt;img" in html


def test_the_workbook_has_every_number_in_full(reader: Reader):
    start, end = date(2026, 1, 5), date(2026, 3, 29)
    report = report_of(reader, start=start, end=end)
    book = openpyxl.load_workbook(io.BytesIO(workbook_of(report)))
    assert book.sheetnames == [
        "Summary", "Weeks", "Signals", "Why", "Why by group", "Ledger", "Programs", "Sites",
            "Every metric", "About",
    ]  # fmt: skip
    summary = rows_of(book["Summary"])
    expected = reader.metrics(MetricRequest(metrics=FIGURES, start=start, end=end))
    for found, row in zip(summary, expected.iter_rows(named=True), strict=True):
        assert found["metric"] == row["metric"]
        for name in ("value", "lower", "upper", "numerator", "denominator", "pending", "status"):
            wanted = row[name]
            assert found[name] == (pytest.approx(wanted, rel=1e-15) if isinstance(wanted, float) else wanted)
    by_site = reader.metrics(MetricRequest(metrics=FIGURES, by=("site",), start=start, end=end))
    assert len(rows_of(book["Sites"])) == by_site.height
    why = rows_of(book["Why"])
    assert all(abs(row["mix"] + row["rate"] - row["change"]) < 1e-12 for row in why)


def rows_of(sheet) -> list[dict]:
    head, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(head, row, strict=True)) for row in rows]


def test_a_workbook_of_several_sheets_escapes_formulas_like_one_of_one():
    book = openpyxl.load_workbook(
        io.BytesIO(export.to_workbook({"a": pl.DataFrame({"x": ["=1+1"]}), "b": pl.DataFrame({"y": [2]})}))
    )
    assert book.sheetnames == ["a", "b"]
    assert book["a"]["A2"].value == "=1+1"
    assert book["a"]["A2"].data_type == "s"


@pytest.mark.parametrize(("paper", "size"), [("A4", (595, 842)), ("Letter", (612, 792))])
def test_a_pdf_has_its_paper_and_charts_as_vectors(reader: Reader, paper: str, size: tuple[int, int]):
    if pdf.browser() is None:
        pytest.skip("no chromium on this machine: 'make browser' installs it")
    printed = pdf_of(html_of(report_of(reader), paper=paper))
    assert printed.startswith(b"%PDF")
    boxes = re.findall(rb"/MediaBox *\[ *0 +0 +([0-9.]+) +([0-9.]+) *\]", printed)
    assert boxes
    for width, height in boxes:
        assert (round(float(width)), round(float(height))) == size
    assert b"/Subtype /Image" not in printed


def test_without_a_browser_a_pdf_is_refused_in_one_sentence(shop: Path, tmp_path: Path, monkeypatch, capsys):
    monkeypatch.setattr(pdf.shutil, "which", lambda name: None)
    with pytest.raises(StateError, match="none on this machine"):
        pdf_of("<p>x</p>")
    output = tmp_path / "x.pdf"
    assert main(["report", "--workspace", str(shop), "--output", str(output)]) == 1
    assert "install chromium" in capsys.readouterr().err
    assert not output.exists()


def test_a_browser_that_prints_nothing_is_said(monkeypatch):
    monkeypatch.setattr(pdf.shutil, "which", lambda name: sys.executable)
    with pytest.raises(StateError, match="did not print the report"):
        pdf_of("<p>x</p>")


def test_the_command_writes_what_the_name_asks_for(shop: Path, tmp_path: Path, capsys):
    for name, start in (("r.html", b"<!doctype html>"), ("r.xlsx", b"PK")):
        assert main(["report", "--workspace", str(shop), "--output", str(tmp_path / name)]) == 0
        assert (tmp_path / name).read_bytes().startswith(start)
    said = capsys.readouterr()
    assert said.out == ""
    assert "written to" in said.err
    odd = tmp_path / "weekly"
    words_ = ["report", "--workspace", str(shop), "--format", "html", "--output", str(odd)]
    assert main(words_) == 0
    assert odd.exists()


def test_standard_output_gets_the_report_and_nothing_else(shop: Path):
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pipelines",
            "report",
            "--workspace",
            str(shop),
            "--format",
            "html",
            "--output",
            "-",
        ],
        capture_output=True,
        check=True,
        env={"PATH": ""},
    )
    assert done.stdout.startswith(b"<!doctype html>")
    assert done.stderr == b""


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (["--program", "nobody", "--output", "x.html"], 2, "no program 'nobody' here; there are:"),
        (["--output", "x.doc"], 2, "end it with .html, .pdf or .xlsx"),
        (["--from", "2026-05-01", "--to", "2026-04-01", "--output", "x.html"], 2, "is after the last day"),
        (["--output", "no/such/folder/x.html"], 1, "cannot write"),
    ],
)
def test_what_goes_wrong_is_said_with_the_right_exit_code(
    shop, tmp_path, monkeypatch, capsys, options, code, said
):
    monkeypatch.chdir(tmp_path)
    assert main(["report", "--workspace", str(shop), *options]) == code
    assert said in capsys.readouterr().err
    assert not (tmp_path / "x.html").exists()


def test_before_the_first_load_nothing_is_written(tmp_path: Path, capsys):
    (tmp_path / "plumbline.toml").write_text('[workspace]\nname = "New"\n')
    assert main(["report", "--workspace", str(tmp_path), "--output", str(tmp_path / "x.html")]) == 1
    assert "plumbline load" in capsys.readouterr().err


def test_an_unknown_program_offers_the_nearest(reader: Reader):
    program = reader.dimension_values("program_id")[0]
    with pytest.raises(UsageError, match=f"Did you mean '{program}'"):
        report_of(reader, program=program[:-1])


def test_the_running_quarter_stands_against_its_targets_in_every_format(reader: Reader):
    report = report_of(reader)
    assert report.progress
    html = text_of(html_of(report))
    assert "Targets of the quarter" in html
    book = openpyxl.load_workbook(io.BytesIO(workbook_of(report)))
    rows = list(book["Targets"].values)
    told = [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]
    assert [row["metric"] for row in told] == [each.what.key for each in report.progress]
    for each, row in zip(report.progress, told, strict=True):
        assert words.value(each.what.unit, each.goal.target, currency=report.currency) in html
        if each.outlook is not None:
            assert words.chance(each.outlook.chance) in html
            assert row["chance"] == pytest.approx(each.outlook.chance, rel=1e-12)
        else:
            assert each.why in html
    past = report_of(reader, start=date(2026, 1, 5), end=date(2026, 3, 29))
    assert past.progress == ()
    assert "Targets of the quarter" not in html_of(past)
