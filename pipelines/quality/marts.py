"""Checks the marts of a warehouse: for each, the few columns that its suite looks at, as one frame."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import duckdb
import polars as pl

import expectations.marts
from pipelines.errors import ModelError
from pipelines.quality.engine import PolarsExecutionEngine
from pipelines.quality.results import ExpectationResult
from pipelines.quality.run import columns_read, run_suites


def mart_names() -> tuple[str, ...]:
    """The tables that have a suite, sorted."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(expectations.marts.__path__)))


def check_all(con: duckdb.DuckDBPyConnection) -> tuple[ExpectationResult, ...]:
    """See `pipelines.quality.check_marts`."""
    return tuple(result for name in mart_names() for result in _check(con, name))


def _check(con: duckdb.DuckDBPyConnection, name: str) -> tuple[ExpectationResult, ...]:
    module = importlib.import_module(f"expectations.marts.{name}")
    return run_suites(PolarsExecutionEngine(_frame(con, name, module)), [module.SUITE])


def _frame(con: duckdb.DuckDBPyConnection, name: str, module: Any) -> pl.LazyFrame:
    helpers: dict[str, str] = getattr(module, "HELPERS", {})
    read = columns_read(module.SUITE)
    selected = [
        f"coalesce({helpers[column]}, false) as {column}" if column in helpers else column for column in read
    ]
    try:
        return con.sql(f"select {', '.join(selected)} from {name}").pl().lazy()
    except duckdb.CatalogException:
        raise ModelError(
            f"the warehouse has no table '{name}', which has a suite in expectations/marts."
        ) from None
    except duckdb.BinderException as error:
        raise ModelError(f"the suite of the mart '{name}' does not fit the table: {error}.") from None
