"""The Polars engine gives what Great Expectations' own pandas engine gives."""

from __future__ import annotations

import polars as pl
import polars.selectors as cs
import pytest
from great_expectations.execution_engine import PandasExecutionEngine
from great_expectations.expectations.expectation import Expectation
from great_expectations.validator.validator import Validator

from pipelines import canonical
from pipelines.quality import check_frame
from pipelines.quality.suites import suites_of
from tests.quality.frames import dirty

COUNTS = {"result_format": "BASIC", "partial_unexpected_count": 0}


@pytest.mark.parametrize("table", canonical.tables())
@pytest.mark.parametrize("seed", [1, 2])
def test_counts_and_verdicts_equal_the_pandas_engine(table: str, seed: int) -> None:
    frame = dirty(table, rows=300, seed=seed)
    # Decimals become floats: GX compares a pandas object column cell by cell and chokes on decimal bounds.
    plain = frame.with_columns(cs.decimal().cast(pl.Float64)).to_pandas()
    suites = suites_of(table)
    validator = Validator(execution_engine=PandasExecutionEngine(batch_data_dict={"frame": plain}))
    expected = validator.graph_validate(
        configurations=[e.configuration for suite in suites for e in suite.expectations],
        runtime_configuration={"result_format": COUNTS, "catch_exceptions": False},
    )

    found = check_frame(table, frame.lazy()).results

    assert [(r.success, r.failed) for r in found] == [
        (outcome.success, outcome.result["unexpected_count"]) for outcome in expected
    ]
    assert [r.checked for r in found] == [
        outcome.result["element_count"] - outcome.result.get("missing_count", 0) for outcome in expected
    ]
    assert any(not r.success for r in found)


def test_great_expectations_is_left_as_it_was() -> None:
    configuration = Expectation.configuration
    check_frame("signals", dirty("signals", rows=10, seed=1).lazy())
    assert Expectation.configuration is configuration
