"""One warehouse file from landed batches: the models run, the tables described."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from functools import cache
from pathlib import Path

import duckdb

from pipelines.canonical import tables
from pipelines.definitions import parsed
from pipelines.errors import StateError
from pipelines.landing import Batch
from pipelines.metrics import catalogue
from pipelines.metrics.days import create_days
from pipelines.settings import Settings
from pipelines.warehouse.insert import insert_rows
from pipelines.warehouse.landed import BatchAccount, prepare
from pipelines.warehouse.models import SQL_FOLDER, Model, models

log = logging.getLogger(__name__)

# The moments whose newest is the default as-of (contract, fine print 1).
AS_OF_COLUMNS = {
    "contacts": ("opened_at", "first_response_at", "closed_at", "csat_at"),
    "orders": ("ordered_at", "delivered_at", "cancelled_at"),
    "order_outcomes": ("occurred_at",),
    "qa_ratings": ("reviewed_at",),
}

# Names that hardly repeat. To pack them costs a twentieth of a load, and saves a quarter of the warehouse.
UNPACKED = frozenset(
    {
        "contact_id",
        "repeat_contact_id",
        "repeats_contact_id",
        "thread_id",
        "customer_id",
        "order_id",
        "outcome_id",
        "review_id",
    }
)


def connect(path: Path, *, temporary: Path) -> duckdb.DuckDBPyConnection:
    """A connection that builds: UTC, quiet, spilling to `temporary` rather than growing."""
    con = duckdb.connect(str(path))
    spill = str(temporary).replace("'", "''")
    for setting in (
        "enable_progress_bar = false",
        "TimeZone = 'UTC'",
        "preserve_insertion_order = false",
        "memory_limit = '1400MB'",
        f"temp_directory = '{spill}'",
    ):
        con.execute(f"set {setting}")
    return con


def build_tables(
    con: duckdb.DuckDBPyConnection,
    batches: Sequence[Batch],
    settings: Settings,
    *,
    as_of: datetime | None,
    build_id: str,
) -> tuple[dict[int, BatchAccount], datetime]:
    """Make the tables of the contract's section 4 that follow from what was landed.

    Args:
        con: A connection to an empty DuckDB file.
        batches: What was landed, in order of landing.
        as_of: Naive UTC; None takes the newest moment in the data.

    Returns:
        The account of each batch by its `seq`, and the as-of (naive UTC).

    Raises:
        StateError: If there is no as-of and nothing in the data has a time.
    """
    con.execute("create schema internal")
    accounts = prepare(con, batches)
    moment = as_of or _newest(con)
    if moment is None:
        raise StateError("nothing that was loaded has a time; add contacts or orders, or say --as-of.")
    _settings(con, settings, moment, build_id)
    for model in models():
        _create(con, model)
        log.info("built %s", model.name)
    create_days(con)
    log.info("built the sums by day")
    _catalogue(con)
    return accounts, moment


def _create(con: duckdb.DuckDBPyConnection, model: Model) -> None:
    """Make the table of a model."""
    if model.schema == "temp":
        con.execute(f"create temp {'view' if model.is_view else 'table'} {model.name} as {model.sql}")
        return
    columns = con.sql(f"describe {model.sql}").fetchall()
    written = ", ".join(f"{_quoted(name)} {kind}{_compression(name, kind)}" for name, kind, *_ in columns)
    con.execute(f"create table {model.schema}.{model.name} ({written})")
    con.execute(f"insert into {model.schema}.{model.name} {model.sql}")


def _compression(name: str, kind: str) -> str:
    """How a column is packed, where DuckDB is not to try every way and choose."""
    if name in UNPACKED:
        return " using compression uncompressed"
    # what it mostly chooses for them anyway; trying the others takes as long again
    return " using compression roaring" if kind == "BOOLEAN" else ""


def _newest(con: duckdb.DuckDBPyConnection) -> datetime | None:
    moments = [
        con.sql(f"select max(greatest({', '.join(columns)})) from src_{name}").fetchall()[0][0]
        for name, columns in AS_OF_COLUMNS.items()
    ]
    return max((moment for moment in moments if moment is not None), default=None)


def _settings(con: duckdb.DuckDBPyConnection, settings: Settings, as_of: datetime, build_id: str) -> None:
    windows = {
        "fcr_window": settings.fcr_window_days * 86400,
        "refund_window": settings.refund_window_days * 86400,
        "chargeback_window": settings.chargeback_window_days * 86400,
        "repeat_purchase_window": settings.repeat_purchase_window_days * 86400,
        "informed_window": settings.informed_window_hours * 3600,
    }
    spans = ", ".join(
        f"to_microseconds({round(seconds * 1_000_000)}) as {name}" for name, seconds in windows.items()
    )
    bands = ", ".join(str(float(edge)) for edge in settings.value_bands)
    con.execute(
        f"create table internal.build as select $build_id as build_id, cast($as_of as timestamp) as as_of, "
        f"{spans}, cast($shortest as double) as abandonment_min_wait_seconds, "
        f"cast([{bands}] as double[]) as value_bands",
        {"build_id": build_id, "as_of": as_of, "shortest": settings.abandonment_min_wait_seconds},
    )
    con.execute("create temp view build_settings as select * from internal.build")
    con.execute("create table internal.service_levels (channel varchar, max_wait_seconds double)")
    insert_rows(con, "internal.service_levels", settings.service_level_seconds.items())


def _catalogue(con: duckdb.DuckDBPyConnection) -> None:
    columns = ("key", "label", "unit", "better", "window", "definition", "numerator", "denominator", "source",
               "kind", "anchor", "maturity")  # fmt: skip
    con.execute(f"create table metrics ({', '.join(f'{_quoted(column)} varchar' for column in columns)})")
    insert_rows(
        con, "metrics", (tuple(getattr(metric, column) for column in columns) for metric in catalogue())
    )


@cache
def derived_columns() -> dict[str, str]:
    """Meaning of every column that canonical.yml does not define."""
    written: dict[str, str] = parsed((SQL_FOLDER / "columns.yml").read_text("utf-8"))
    return written


TABLE_MEANINGS = {
    "metrics": "The catalogue: every metric with its definition.",
    "load_runs": "One row a load.",
    "load_files": "One row a load, file and table: read = loaded + known + rejected.",
    "rejected_rows": "One row a rejected row, with its place and the reason.",
    "expectation_results": "One row an expectation that was checked.",
    "restatements": "One row a period that was final and moved.",
}


def describe(con: duckdb.DuckDBPyConnection) -> None:
    """Put a comment on every table and column of `main`."""
    what = {model.name: f"{model.what[0].upper()}{model.what[1:]}; {model.grain}." for model in models()}
    what |= TABLE_MEANINGS
    canonical = {column.name: column.meaning for table in tables().values() for column in table.columns}
    rows = con.sql(
        "select table_name, column_name from duckdb_columns() where schema_name = 'main' and not internal "
        "and database_name = current_database() order by table_name, column_index"
    ).fetchall()
    for name in dict.fromkeys(name for name, _ in rows):
        con.execute(f"comment on table {name} is {_literal(what[name])}")
    for name, column in rows:
        own = tables().get(name)
        if own and column in own.column_names:
            meaning = own[column].meaning
        else:
            meaning = derived_columns().get(column) or canonical[column]
        con.execute(f"comment on column {name}.{_quoted(column)} is {_literal(meaning)}")


def _quoted(name: str) -> str:
    return '"' + name + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
