"""Runs suites over one lazy frame by Great Expectations and gives results as our own values.

Each expectation says itself which metrics it needs (`get_validation_dependencies`) and judges them itself
(`_validate`); between the two stands our engine. What they need does not depend on the data, and working it
out costs Great Expectations more than our scan of a small file does, so it is done once a suite and process.

Nothing is written and nothing leaves the machine: no data context is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import great_expectations as gx
from great_expectations.expectations.expectation import (
    ColumnMapExpectation,
    ColumnPairMapExpectation,
    Expectation,
    MulticolumnMapExpectation,
)
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration
from great_expectations.validator.metric_configuration import MetricConfiguration
from great_expectations.validator.validation_graph import MetricEdge, ValidationGraph

from pipelines.quality.conditions import rows_of
from pipelines.quality.engine import PolarsExecutionEngine
from pipelines.quality.results import ExpectationResult, Severity

_ASKED = {
    "result_format": {"result_format": "BASIC", "partial_unexpected_count": 0},
    "catch_exceptions": False,
}


@dataclass(frozen=True)
class _Plan:
    """What it takes to run some suites, whatever the data."""

    suites: tuple[gx.ExpectationSuite, ...]
    expectations: tuple[tuple[str, Expectation], ...]
    needs: tuple[Mapping[str, MetricConfiguration], ...]
    edges: tuple[MetricEdge, ...]


_plans: dict[tuple[int, ...], _Plan] = {}


def run_suites(
    engine: PolarsExecutionEngine, suites: Sequence[gx.ExpectationSuite]
) -> tuple[ExpectationResult, ...]:
    """Results of all expectations of all suites, in order, from one pass over the engine's frame.

    Suites are remembered by identity: hand over the same objects for the same table.
    """
    with _configured_once():
        plan = _plan(engine, tuple(suites))
        graph = ValidationGraph(execution_engine=engine, edges=list(plan.edges))
        values, _ = graph.resolve(runtime_configuration=dict(_ASKED), show_progress_bars=False)
        results = []
        for (suite, expectation), needs in zip(plan.expectations, plan.needs, strict=True):
            metrics = {name: values[metric.id] for name, metric in needs.items()}
            outcome = expectation._validate(
                metrics=metrics, runtime_configuration=dict(_ASKED), execution_engine=engine
            )
            results.append(_result(suite, expectation, outcome))
    return tuple(results)


class _Graph(ValidationGraph):
    """A validation graph that works out what a metric rests on once, however many others rest on it."""

    def __init__(self, execution_engine: PolarsExecutionEngine) -> None:
        super().__init__(execution_engine)
        self._worked_out: dict[Any, MetricConfiguration] = {}

    def build_metric_dependency_graph(
        self, metric_configuration: MetricConfiguration, runtime_configuration: dict[str, Any] | None = None
    ) -> None:
        same = self._worked_out.get(metric_configuration.id)
        if same is None:
            super().build_metric_dependency_graph(metric_configuration, runtime_configuration)
            self._worked_out[metric_configuration.id] = metric_configuration
        else:
            self.set_metric_configuration_default_kwargs_if_absent(metric_configuration)
            metric_configuration.metric_dependencies = same.metric_dependencies


@contextmanager
def _configured_once() -> Iterator[None]:
    """Let an expectation write down its configuration once, not for each of the forty looks at it."""
    written = Expectation.configuration
    # the expectation is held too, lest another one get its identity
    known: dict[int, tuple[Expectation, ExpectationConfiguration]] = {}

    def once(expectation: Expectation) -> ExpectationConfiguration:
        key = id(expectation)
        if key not in known:
            known[key] = (expectation, written.__get__(expectation))
        return known[key][1]

    Expectation.configuration = property(once)  # type: ignore[assignment,method-assign]
    try:
        yield
    finally:
        Expectation.configuration = written  # type: ignore[method-assign]


def _plan(engine: PolarsExecutionEngine, suites: tuple[gx.ExpectationSuite, ...]) -> _Plan:
    key = tuple(id(suite) for suite in suites)
    if key not in _plans:
        expectations = tuple((suite.name, one) for suite in suites for one in suite.expectations)
        graph = _Graph(execution_engine=engine)
        needs = []
        for _, expectation in expectations:
            wanted = expectation.get_validation_dependencies(
                execution_engine=engine, runtime_configuration=dict(_ASKED)
            ).metric_configurations
            for metric in wanted.values():
                graph.build_metric_dependency_graph(metric, runtime_configuration=dict(_ASKED))
            needs.append(wanted)
        _plans[key] = _Plan(suites, expectations, tuple(needs), tuple(graph.edges))
    return _plans[key]


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
    """Our result of one expectation; `outcome` has `success` and `result`, the counts."""
    counts = outcome["result"] or {}
    success = bool(outcome["success"])
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
