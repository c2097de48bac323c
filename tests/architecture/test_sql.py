"""What keeps the SQL readable, ordered and honest."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import sqlglot
from sqlglot import exp

from pipelines.canonical import tables
from pipelines.metrics import catalogue
from pipelines.warehouse.build import derived_columns
from pipelines.warehouse.models import LAYERS, SQL_FOLDER, models

FILES = sorted(SQL_FOLDER.rglob("*.sql"))
MAY_READ = {
    "staging": ("staging",),
    # orders and the like are one table from source to analyst: a copy of 2 million rows is not free
    "intermediate": ("staging", "intermediate", "marts"),
    "marts": ("staging", "intermediate", "marts"),
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_query_says_its_grain_first(path: Path) -> None:
    header = path.read_text("utf-8").splitlines()[:4]
    assert [line.split(":")[0] for line in header] == ["-- grain", "-- what", "-- keeps", "-- drops"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_query_is_one_select_that_reads_no_clock(path: Path) -> None:
    statements = sqlglot.parse(path.read_text("utf-8"), dialect="duckdb")
    assert len(statements) == 1
    assert isinstance(statements[0], exp.Select | exp.SetOperation)
    assert not list(statements[0].find_all(exp.CurrentTimestamp, exp.CurrentDate, exp.CurrentTime))
    assert not re.search(r"\b(now|today|random|uuid)\s*\(", path.read_text("utf-8"))


@pytest.mark.parametrize("model", models(), ids=lambda model: model.name)
def test_a_model_reads_its_own_layer_or_below(model) -> None:
    layer_of = {other.name: other.layer for other in models()}
    for name in model.reads:
        if name in layer_of:
            assert layer_of[name] in MAY_READ[model.layer], f"{model.name} reads {name}"
        else:
            sources = {f"src_{table}" for table in tables()} | {"build_settings", "fx_spans", "utc_offsets"}
            assert name in sources, f"{model.name} reads {name}, which nobody makes"


@pytest.mark.parametrize("model", [m for m in models() if m.layer != "staging"], ids=lambda model: model.name)
def test_only_marts_of_sources_read_sources(model) -> None:
    read = {name for name in model.reads if name.startswith("src_")}
    assert not read or model.layer == "marts"


def test_no_mart_ends_in_a_star() -> None:
    for path in (SQL_FOLDER / "marts").glob("*.sql"):
        final = sqlglot.parse_one(path.read_text("utf-8"), dialect="duckdb")
        assert not any(isinstance(column, exp.Star) for column in final.expressions), path.name


@pytest.mark.parametrize("metric", catalogue(), ids=lambda metric: metric.key)
def test_a_metric_reads_marts_and_never_groups_or_divides_by_count(metric) -> None:
    names = {model.name for model in models() if model.layer == "marts"} | {"build", "service_levels"}
    tree = sqlglot.parse_one(metric.sql, dialect="duckdb")
    own = {cte.alias_or_name for cte in tree.find_all(exp.CTE)}
    assert {table.name for table in tree.find_all(exp.Table)} - own <= names
    assert tree.args.get("group") is None, "grouping is done once for all metrics"


def test_every_derived_column_is_described_once_and_used() -> None:
    canonical = {column.name for table in tables().values() for column in table.columns}
    text = "\n".join(path.read_text("utf-8") for path in FILES)
    history = (Path(__file__).parents[2] / "pipelines/warehouse/history.py").read_text("utf-8")
    build = (Path(__file__).parents[2] / "pipelines/warehouse/build.py").read_text("utf-8")
    for name in derived_columns():
        assert re.search(rf"\b{name}\b", text + history + build), f"{name} is described and used nowhere"
    assert not {name for name in derived_columns() if name in canonical} - {
        "kind",
        "metric",
        "reason",
        "value",
    }


def test_layers_are_the_folders() -> None:
    assert {path.name for path in SQL_FOLDER.iterdir() if path.is_dir()} == {
        *LAYERS, "checks", "estimates", "metrics", "sources",
    }  # fmt: skip
