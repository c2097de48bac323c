"""`plumbline metrics` as people type it: what it refuses, how rows are ordered and printed."""

import csv
import io
import json
from pathlib import Path

import pytest

from pipelines.cli import main
from tests.referee.product import run
from tests.spec.cases import Case, Workspace

CASES = [
    Case(
        "Only case",
        orders="""
            id | ordered          | amount
            o  | 2026-01-15T09:00 | 33.33
        """,
        events="""
            started
            2026-03-01T10:00
        """,
        agents="""
            id | site
            x  | Manila
            y  | Austin
        """,
        contacts="""
            id | customer | agent | issue  | order | opened           | closed
            a  | a        | x     | wismo  |       | 2026-03-02T10:00 | 2026-03-02T11:00
            b  | b        | y     | promo  |       | 2026-03-02T10:00 | 2026-03-02T11:00
            c  | c        |       | promo  |       | 2026-03-02T10:00 | 2026-03-02T11:00
            d  | d        | x     | promo  |       | 2026-02-01T10:00 | 2026-02-01T11:00
            e  | ann      |       | refund | o     | 2026-02-01T10:00 | 2026-02-01T11:00
        """,
    )
]


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Workspace(CASES, Path(tmp_path_factory.mktemp("command"))).product.root


def test_a_split_that_one_metric_refuses_fails_the_whole_command_before_any_row(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["metrics", "fcr", "informed_within_2h", "--by", "agent_id", "--workspace", str(root)]
    assert main([*words, "--format", "csv"]) == 2
    printed, said = capsys.readouterr()
    assert printed == ""
    assert "informed_within_2h" in said
    assert "program_id" in said
    assert "operating_model" in said


def test_an_unknown_metric_is_wrong_usage(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["metrics", "fcrr", "--workspace", str(root)]) == 2
    printed, said = capsys.readouterr()
    assert printed == ""
    assert "fcr" in said


def test_rows_are_ordered_by_metric_as_asked_then_period_then_dimensions_unknown_last(root: Path) -> None:
    text = run(
        [
            *[
                "metrics",
                "transfer_rate",
                "fcr",
                "--by",
                "site,issue",
                "--grain",
                "month",
                "--format",
                "json",
            ],
            *["--workspace", str(root)],
        ]
    )
    rows = json.loads(text)
    expected = [
        ("2026-02-01", "Manila", "promo"),
        ("2026-02-01", None, "refund"),
        ("2026-03-01", "Austin", "promo"),
        ("2026-03-01", "Manila", "wismo"),
        ("2026-03-01", None, "promo"),
    ]
    assert [(row["metric"], row["period_start"], row["site"], row["issue"]) for row in rows] == [
        (metric, *cells) for metric in ("transfer_rate", "fcr") for cells in expected
    ]


def test_csv_prints_numbers_in_full_and_unknown_and_missing_as_empty(root: Path) -> None:
    text = run(
        ["metrics", "value_retained", "csat", "--grain", "all", "--format", "csv", "--workspace", str(root)]
    )
    retained, csat = csv.DictReader(io.StringIO(text))
    assert list(retained) == [
        *["metric", "grain", "period_start", "value", "lower", "upper", "numerator", "denominator"],
        *["pending", "status"],
    ]
    assert float(retained["value"]) == 33.33
    assert (retained["period_start"], retained["lower"], retained["upper"]) == ("", "", "")
    assert (csat["value"], csat["denominator"], csat["status"]) == ("", "0", "empty")
    site = run(["metrics", "fcr", "--by", "site", "--format", "csv", "--workspace", str(root)])
    assert [row["site"] for row in csv.DictReader(io.StringIO(site))] == ["Austin", "Manila", ""]
    share = next(
        csv.DictReader(
            io.StringIO(run(["metrics", "wismo_rate", "--format", "csv", "--workspace", str(root)]))
        )
    )
    assert float(share["value"]) == 100.0


def test_dates_are_checked(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["metrics", "fcr", "--from", "2026-02-30", "--workspace", str(root)])
    assert stopped.value.code == 2
    assert capsys.readouterr().out == ""
