"""Whether the product, fed with the simulated files, finds again what was put in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest

from pipelines.cli import main
from pipelines.reader import MetricRequest, Reader

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("recovery")
    where = ["--workspace", str(root)]
    for words in (
        ["simulate", *where, "--contacts", "25000", "--seed", "5"],
        ["init", "--yes", *where],
        ["load", *where],
    ):
        assert main(words) == 0, words
    return root


@pytest.fixture(scope="module")
def reader(workspace: Path) -> Reader:
    return Reader.open(workspace)


@pytest.fixture(scope="module")
def truth(workspace: Path) -> dict[str, Any]:
    return json.loads((workspace / "truth.json").read_text("utf-8"))


def by_agent(reader: Reader, truth: dict[str, Any], metric: str, least: int) -> pl.DataFrame:
    agents = pl.DataFrame(truth["agents"], infer_schema_length=None)
    found = reader.metrics(MetricRequest(metrics=(metric,), by=("agent_id",)))
    return found.filter(pl.col("denominator") >= least).join(agents, on="agent_id")


def test_every_simulated_row_loads(reader: Reader, truth: dict[str, Any]) -> None:
    loaded = {row["table_name"]: row for row in reader.load_files().iter_rows(named=True)}
    for table, rows in truth["counts"].items():
        assert (loaded[table]["rows_read"], loaded[table]["rows_rejected"]) == (rows, 0), table


@pytest.mark.parametrize(
    ("metric", "expected", "least", "correlation"),
    [
        ("fcr", "expected_fcr", 100, 0.75),
        ("csat", "expected_csat", 40, 0.7),
        ("refund_avoidance", "expected_refund_avoidance", 40, 0.65),
        ("qa_score", "expected_qa_score", 8, 0.8),
        ("handle_minutes_median", "speed", 100, 0.85),
    ],
)
def test_agents_differ_as_they_truly_do(
    reader: Reader, truth: dict[str, Any], metric: str, expected: str, least: int, correlation: float
) -> None:
    rows = by_agent(reader, truth, metric, least)
    assert rows.height >= 15
    assert np.corrcoef(rows["value"], rows[expected])[0, 1] > correlation


@pytest.mark.parametrize("metric", ["fcr", "escalation_rate"])
def test_programs_come_out_at_their_true_level(reader: Reader, truth: dict[str, Any], metric: str) -> None:
    rows = reader.metrics(MetricRequest(metrics=(metric,), by=("program_id",)))
    for program in truth["programs"]:
        row = rows.filter(pl.col("program_id") == program["program_id"]).row(0, named=True)
        slack = (row["upper"] - row["lower"]) / 2
        assert row["value"] == pytest.approx(program[f"expected_{metric}"], abs=2 * slack + 0.004)


def test_informed_customers_are_counted_to_the_last(reader: Reader, truth: dict[str, Any]) -> None:
    rows = reader.metrics(MetricRequest(metrics=("informed_within_2h",), by=("program_id",)))
    for program in truth["programs"]:
        events = [event for event in truth["events"] if event["program_id"] == program["program_id"]]
        row = rows.filter(pl.col("program_id") == program["program_id"]).row(0, named=True)
        assert row["numerator"] == sum(event["informed_within_2h"] for event in events)
        assert row["denominator"] == sum(event["customers_with_open_order"] for event in events)


def test_the_weak_site_and_the_surge_stand_out(reader: Reader, truth: dict[str, Any]) -> None:
    weak = truth["effects"]
    rows = reader.metrics(
        MetricRequest(metrics=("fcr",), by=("site",), filters={"issue": (weak["weak_issue"],)})
    ).drop_nulls("site")
    assert rows.sort("value")["site"][0] == weak["weak_site"]
    weeks = reader.metrics(
        MetricRequest(
            metrics=("abandonment_rate",), grain="week", filters={"program_id": ("fernway-active",)}
        )
    ).sort("value", descending=True)
    sale = truth["load"]["sale_day"]
    worst = weeks["period_start"][0]
    assert 0 <= (np.datetime64(worst) - np.datetime64(sale)).astype(int) + 6 <= 20
