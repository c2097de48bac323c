"""Accounts and history inside the warehouse: loads, files, rejected rows, expectations.

What the last published warehouse remembers is carried over; the rest follows from what was landed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from pipelines.landing import Batch
from pipelines.quality.results import ExpectationResult
from pipelines.warehouse.insert import insert_rows
from pipelines.warehouse.landed import BatchAccount, sql_list

RUNS = (
    "build_id varchar, as_of timestamp, started timestamp, finished timestamp, seconds double, "
    "n_files bigint, rows_read bigint, rows_loaded bigint, rows_updated bigint, rows_known bigint, "
    "rows_rejected bigint"
)
FILES = (
    "build_id varchar, file varchar, table_name varchar, source varchar, rows_read bigint, "
    "rows_loaded bigint, rows_updated bigint, rows_known bigint, "
    "rows_rejected bigint, rows_waiting bigint, landed_at timestamp"
)
EXPECTATIONS = (
    "stage varchar, table_name varchar, file varchar, suite varchar, expectation varchar, "
    "column_name varchar, severity varchar, success boolean, checked bigint, failed bigint, note varchar"
)
RESTATEMENTS = (
    "noticed_in varchar, metric varchar, grain varchar, program_id varchar, period_start date, "
    "old_value double, new_value double, old_denominator double, new_denominator double, cause varchar"
)


@dataclass(frozen=True)
class FileAccount:
    """A file's rows in one load: read = loaded + known + rejected.

    Attributes:
        updated: Rows that replaced what an earlier file had said; part of `loaded`.
        waiting: Rejected rows that are tried again on every load.
    """

    file: str
    table: str
    read: int
    loaded: int
    updated: int
    known: int
    rejected: int
    waiting: int

    def __post_init__(self) -> None:
        assert self.read == self.loaded + self.known + self.rejected, self


def file_account(batch: Batch, built: BatchAccount, *, published_waiting: int | None) -> FileAccount:
    """The account of one batch in this load.

    Args:
        batch: As landed.
        built: What the build made of its rows.
        published_waiting: Rows of it that waited when a warehouse that holds it was last published;
            None where none was, so that its rows are new.
    """
    rejected = batch.rows_rejected + built.waiting
    if published_waiting is None:
        known, updated = built.known, built.updated
        loaded = batch.rows_read - rejected - known
    else:
        loaded, updated = max(0, published_waiting - built.waiting), 0
        known = batch.rows_read - rejected - loaded
    return FileAccount(
        file=batch.file,
        table=batch.table,
        read=batch.rows_read,
        loaded=loaded,
        updated=min(updated, loaded),
        known=known,
        rejected=rejected,
        waiting=built.waiting,
    )


def attach_previous(con: duckdb.DuckDBPyConnection, previous: Path | None) -> bool:
    """Attach the last published warehouse as `previous`; says whether there is one that can be continued.

    One that another version of Plumbline wrote, with other tables of history, is not continued.
    """
    if previous is None:
        return False
    path = str(previous).replace("'", "''")
    con.execute(f"attach '{path}' as previous (read_only)")
    told = con.sql(
        "select count(*) from duckdb_tables() where database_name = 'previous' "
        "and (schema_name, table_name) in (('main', 'load_runs'), ('main', 'load_files'), "
        "('main', 'restatements'), ('internal', 'batches'), ('internal', 'frozen'))"
    ).fetchall()
    return bool(told == [(5,)])


def published_waiting(con: duckdb.DuckDBPyConnection, *, is_continued: bool) -> dict[str, int]:
    """Rows that waited for another row when last published, by batch; empty where nothing was."""
    if not is_continued:
        return {}
    return dict(con.sql("select batch_id, rows_waiting from previous.internal.batches").fetchall())


def write_history(
    con: duckdb.DuckDBPyConnection,
    *,
    is_continued: bool,
    batches: Sequence[Batch],
    built: Mapping[int, BatchAccount],
) -> None:
    """Make the tables of accounts, with what the last warehouse, attached as `previous`, remembers."""
    for name, columns in (("load_runs", RUNS), ("load_files", FILES), ("restatements", RESTATEMENTS)):
        con.execute(f"create table {name} ({columns})")
    con.execute("create table internal.batches (batch_id varchar, rows_waiting bigint)")
    insert_rows(con, "internal.batches", ((batch.batch_id, built[batch.seq].waiting) for batch in batches))
    if is_continued:
        for name in ("load_runs", "load_files", "restatements"):
            con.execute(f"insert into {name} by name select * from previous.{name}")
    _rejected_rows(con, batches)


def _rejected_rows(con: duckdb.DuckDBPyConnection, batches: Sequence[Batch]) -> None:
    con.execute(
        "create table rejected_rows (file varchar, table_name varchar, line bigint, column_name varchar, "
        "value varchar, reason varchar)"
    )
    rejects = [batch.rejects for batch in batches if batch.rows_rejected]
    if rejects:
        con.execute(
            'insert into rejected_rows select file, table_name, line, "column", value, reason '
            f"from read_parquet({sql_list(rejects)})"
        )
    for batch in batches:
        con.execute(
            f"insert into rejected_rows select $file, $table, _line, column_name, value, reason "
            f"from problem_{batch.table} where _seq = $seq",
            {"file": batch.file, "table": batch.table, "seq": batch.seq},
        )


def write_run(
    con: duckdb.DuckDBPyConnection,
    *,
    build_id: str,
    as_of: datetime,
    started: datetime,
    finished: datetime,
    accounts: Sequence[tuple[FileAccount, Batch]],
) -> None:
    """Add this load to `load_runs` and `load_files`; all times naive UTC."""
    totals = [
        sum(getattr(account, name) for account, _ in accounts)
        for name in ("read", "loaded", "updated", "known", "rejected")
    ]
    con.execute(
        f"insert into load_runs values ({', '.join('?' * 11)})",
        [build_id, as_of, started, finished, (finished - started).total_seconds(), len(accounts), *totals],
    )
    files = (
        (build_id, a.file, a.table, batch.source, a.read, a.loaded, a.updated, a.known, a.rejected, a.waiting,
         batch.landed_at)
        for a, batch in accounts
    )  # fmt: skip
    insert_rows(con, "load_files", files)


def write_expectations(
    con: duckdb.DuckDBPyConnection, batches: Sequence[Batch], marts: Sequence[ExpectationResult]
) -> None:
    """Make `expectation_results` from what landing and the marts' suites said."""
    con.execute(f"create table expectation_results ({EXPECTATIONS})")
    said: list[tuple[str, str, str | None, ExpectationResult]] = [
        ("landing", batch.table, batch.file, result) for batch in batches for result in batch.expectations
    ]
    said += [("mart", result.suite.removeprefix("marts."), None, result) for result in marts]
    rows = [
        (stage, table, file, result.suite, result.expectation, result.column, result.severity, result.success,
         result.checked, result.failed, result.note)
        for stage, table, file, result in said
    ]  # fmt: skip
    insert_rows(con, "expectation_results", rows)
