"""Runs suites over one lazy frame by Great Expectations and gives results as our own values.

Nothing is written and nothing leaves the machine: the context is ephemeral, analytics are off.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterable
from functools import cache
from typing import Any

# Read by Great Expectations when it is first imported, so it must be set before.
os.environ.setdefault("GX_ANALYTICS_ENABLED", "false")

import great_expectations as gx
from great_expectations.data_context.types.base import ProgressBarsConfig
from great_expectations.expectations.expectation import (
    ColumnMapExpectation,
    ColumnPairMapExpectation,
    Expectation,
    MulticolumnMapExpectation,
)
from great_expectations.validator.validator import Validator

from pipelines.quality.conditions import rows_of
from pipelines.quality.engine import PolarsExecutionEngine
from pipelines.quality.results import ExpectationResult, Severity

_COUNTS_ONLY = {"result_format": "BASIC", "partial_unexpected_count": 0}


@cache
def _context() -> Any:
    logging.getLogger("great_expectations").setLevel(logging.ERROR)
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False, metric_calculations=False)
    return context


def run_suites(
    engine: PolarsExecutionEngine, suites: Iterable[gx.ExpectationSuite]
) -> tuple[ExpectationResult, ...]:
    """Results of all expectations of all suites, in order, from one pass over the engine's frame."""
    asked = [(suite.name, expectation) for suite in suites for expectation in suite.expectations]
    validator = Validator(execution_engine=engine, data_context=_context())
    found = validator.graph_validate(
        configurations=[expectation.configuration for _, expectation in asked],
        runtime_configuration={"result_format": _COUNTS_ONLY, "catch_exceptions": False},
    )
    return tuple(
        _result(suite, expectation, outcome)
        for (suite, expectation), outcome in zip(asked, found, strict=True)
    )


def columns_of(expectation: Expectation) -> tuple[str, ...]:
    """The columns an expectation speaks of; none for one about the table."""
    if isinstance(expectation, MulticolumnMapExpectation):
        return tuple(expectation.column_list)
    if isinstance(expectation, ColumnPairMapExpectation):
        return (expectation.column_A, expectation.column_B)
    return (expectation.column,) if isinstance(expectation, ColumnMapExpectation) else ()


def columns_read(suite: gx.ExpectationSuite) -> tuple[str, ...]:
    """All columns that a suite looks at, those of its row conditions included, each once."""
    read: dict[str, None] = {}
    for expectation in suite.expectations:
        read |= dict.fromkeys(columns_of(expectation))
        condition = getattr(expectation, "row_condition", None)
        if condition is not None:
            read |= dict.fromkeys(rows_of(condition).meta.root_names())
    return tuple(read)


def _result(suite: str, expectation: Expectation, outcome: Any) -> ExpectationResult:
    counts = outcome.result or {}
    success = bool(outcome.success)
    checked = int(counts.get("element_count", 1)) - int(counts.get("missing_count") or 0)
    if expectation.expectation_type == "expect_column_values_to_not_be_null":
        checked = int(counts.get("element_count", 0))
    severity: Severity = "critical" if str(expectation.severity.value) == "critical" else "warning"
    notes = expectation.notes
    return ExpectationResult(
        suite=suite,
        expectation=expectation.expectation_type,
        column=", ".join(columns_of(expectation)) or None,
        severity=severity,
        success=success,
        checked=checked,
        failed=int(counts.get("unexpected_count", 0 if success else 1)),
        note=" ".join(notes) if isinstance(notes, list) else str(notes or ""),
    )
