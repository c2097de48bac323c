"""The suites of a canonical table: shape, derived from canonical.yml, and business, from `expectations`."""

from __future__ import annotations

import importlib
from functools import cache

import great_expectations as gx
from great_expectations import expectations as gxe
from great_expectations.expectations.metadata_types import FailureSeverity

from pipelines import canonical


@cache
def suites_of(table: str) -> tuple[gx.ExpectationSuite, gx.ExpectationSuite]:
    """The suites of a canonical table, the same objects each time: shape first, then business."""
    return shape_suite(canonical.tables()[table]), business_suite(table)


def shape_suite(table: canonical.Table) -> gx.ExpectationSuite:
    """What follows from a table's definition: required cells, value sets, no negatives, a unique key.

    They stand in the order of the columns, the key last, so that a row that breaks several is listed under
    the leftmost cell. Types need none: a landed column has its type.
    """
    expected: list[gxe.Expectation] = []
    for column in table.columns:
        if column.required:
            expected.append(
                gxe.ExpectColumnValuesToNotBeNull(
                    column=column.name,
                    severity=FailureSeverity.CRITICAL,
                    notes=f"{column.meaning} It is required.",
                )
            )
        if column.values:
            expected.append(
                gxe.ExpectColumnValuesToBeInSet(
                    column=column.name,
                    value_set=list(column.values),
                    severity=FailureSeverity.CRITICAL,
                    notes="Metrics count by these words; map the source's own words to them.",
                )
            )
        if column.is_numeric and not column.signed:
            expected.append(
                gxe.ExpectColumnValuesToBeBetween(
                    column=column.name,
                    min_value=0,
                    severity=FailureSeverity.CRITICAL,
                    notes="Durations, counts and money are never negative.",
                )
            )
    expected.append(_key(table))
    return gx.ExpectationSuite(name=f"{table.name}.shape", expectations=expected)


def _key(table: canonical.Table) -> gxe.Expectation:
    why = "One row a key: landing has already decided which of several rows wins."
    if len(table.key) == 1:
        return gxe.ExpectColumnValuesToBeUnique(
            column=table.key[0], severity=FailureSeverity.CRITICAL, notes=why
        )
    return gxe.ExpectCompoundColumnsToBeUnique(
        column_list=list(table.key),
        severity=FailureSeverity.CRITICAL,
        notes=why,
        ignore_row_if="all_values_are_missing",
    )


def business_suite(name: str) -> gx.ExpectationSuite:
    """What we believe of a table beyond its shape: `SUITE` of `expectations/<name>.py`."""
    return importlib.import_module(f"expectations.{name}").SUITE
