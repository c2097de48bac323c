"""The one door: what a page, a report or a command may ask of a published warehouse.

Each number has one way here, so that every surface shows the same digits.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.errors import StateError, UsageError
from pipelines.metrics import MetricDefinition, MetricRequest, catalogue, definition, metric_rows
from pipelines.metrics.catalogue import CONTACT_DIMENSIONS
from pipelines.metrics.rolled import DaySums
from pipelines.reader_calibration import CalibrationQuestions
from pipelines.reader_estimates import EstimateQuestions
from pipelines.reader_explain import ExplanationQuestions
from pipelines.reader_lab import LaboratoryQuestions
from pipelines.reader_loyalty import LoyaltyQuestions
from pipelines.reader_partners import PartnerQuestions
from pipelines.reader_quality import QualityQuestions
from pipelines.settings import read_workspace
from pipelines.warehouse.publish import LAYOUT, Published, read_pointer
from pipelines.warehouse.refusal import Refusal, last_refusal

__all__ = [
    "Build",
    "ColumnDoc",
    "MetricDefinition",
    "MetricRequest",
    "Reader",
    "Refusal",
    "TableDoc",
    "last_refusal",
]

Build = Published


@dataclass(frozen=True)
class ColumnDoc:
    """A column as the data dictionary describes it."""

    name: str
    type: str
    comment: str


@dataclass(frozen=True)
class TableDoc:
    """A table as the data dictionary describes it; `rows` is its number of rows."""

    name: str
    comment: str
    rows: int
    columns: tuple[ColumnDoc, ...]


class Reader(
    CalibrationQuestions,
    ExplanationQuestions,
    LaboratoryQuestions,
    LoyaltyQuestions,
    PartnerQuestions,
    QualityQuestions,
    EstimateQuestions,
):
    """Reads the published warehouse of one workspace; safe to share between threads.

    Open one with `Reader.open`. It stays on its build until `refresh` is called, so that one page run
    never mixes two builds.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder
        self._lock = threading.Lock()
        self._build = read_pointer(folder)
        self._con = _connect(self._build)
        self._day_sums = DaySums()
        self._period: tuple[str, tuple[date, date]] | None = None

    @classmethod
    def open(cls, workspace_root: Path) -> Reader:
        """A reader of a workspace's published warehouse.

        Raises:
            UsageError: If the folder is no workspace.
            StateError: If nothing was ever loaded, or by another version of Plumbline.
        """
        return cls(read_workspace(workspace_root).warehouse)

    @property
    def build(self) -> Build:
        """The build that is read: build_id, as_of and published_at (aware, UTC), workspace, path."""
        return self._build

    def refresh(self) -> bool:
        """Follow the pointer to a newer build; says whether there was one."""
        published = read_pointer(self._folder)
        with self._lock:
            if published.build_id == self._build.build_id:
                return False
            # calls under way keep the old connection alive through their cursors
            self._con, self._build = _connect(published), published
            self._day_sums = DaySums()
            return True

    @property
    def catalogue(self) -> tuple[MetricDefinition, ...]:
        """All metrics, by key."""
        return catalogue()

    def definition(self, key: str) -> MetricDefinition:
        """One metric; UsageError with the nearest key where there is none."""
        return definition(key)

    def metrics(self, request: MetricRequest) -> pl.DataFrame:
        """Metrics by period and group; columns as `pipelines.metrics.metric_rows` says."""
        with self._lock:
            cursor, days = self._con.cursor(), self._day_sums
        with cursor:
            return metric_rows(cursor, request, days=days)

    def dimension_values(self, dimension: str) -> list[str | None]:
        """Values that a dimension has among contacts, sorted; None (unknown) last."""
        if dimension not in CONTACT_DIMENSIONS:
            raise UsageError(f"unknown dimension '{dimension}'; there are {', '.join(CONTACT_DIMENSIONS)}.")
        if dimension in ("program_id", "operating_model"):
            sql = f"select distinct {dimension} as value from programs"
        elif dimension in ("site", "team", "region"):
            sql = (
                f"select distinct agents.{dimension} as value "
                "from (select distinct agent_id from contacts) as handling left join agents using (agent_id)"
            )
        else:
            sql = f"select distinct {dimension} as value from contacts"
        return self._frame(f"select value from ({sql}) order by value nulls last")["value"].to_list()

    def labels(self, dimension: str) -> dict[str, str]:
        """Names to show for the values of program_id or agent_id; a value without a name shows itself."""
        sources = {"program_id": ("programs", "program_name"), "agent_id": ("agents", "agent_name")}
        if dimension not in sources:
            return {}
        table, name = sources[dimension]
        rows = self._frame(
            f"select {dimension} as value, coalesce({name}, {dimension}) as label from {table}"
        )
        return dict(zip(rows["value"], rows["label"], strict=True))

    def programs(self) -> pl.DataFrame:
        """Programs with their names, partner, timezone, currency and local date of as-of."""
        return self._frame("select * from programs order by program_id")

    def agents(self) -> pl.DataFrame:
        """Agents with their current site and team."""
        return self._frame("select * from agents order by agent_id")

    def targets(self, on: date) -> dict[tuple[str, str | None], float]:
        """Targets in force on a local day, by metric and program (None: all programs)."""
        rows = self._frame(
            "select metric, program_id, arg_max(target, valid_from) as target from targets "
            "where valid_from <= $on group by metric, program_id",
            {"on": on},
        )
        return {(metric, program): target for metric, program, target in rows.iter_rows()}

    def all_targets(self) -> pl.DataFrame:
        """Every target with its first day: metric, program_id (empty: all programs), valid_from, target."""
        return self._frame("select metric, program_id, valid_from, target from targets order by all")

    def period(self) -> tuple[date, date]:
        """First and last local day with a contact, an order or a review.

        Raises:
            StateError: If the warehouse has none.
        """
        build = self._build.build_id
        if self._period is None or self._period[0] != build:
            self._period = (build, self._days())
        return self._period[1]

    def _days(self) -> tuple[date, date]:
        rows = self._frame(
            "select min(day) as first, max(day) as last from ("
            "select min(opened_date) as day from contacts union all select max(opened_date) from contacts "
            "union all select min(ordered_date) from orders where not exists (from contacts) "
            "union all select max(ordered_date) from orders where not exists (from contacts) "
            "union all select min(reviewed_date) from qa_reviews where not exists (from contacts) "
            "union all select max(reviewed_date) from qa_reviews where not exists (from contacts))"
        )
        first, last = rows.row(0)
        if first is None:
            raise StateError(
                "the warehouse holds no contacts yet; add a contacts file and run 'plumbline load'."
            )
        return first, last

    def events(self, start: date, end: date) -> pl.DataFrame:
        """Events that started within local days, both included."""
        return self._frame(
            "select * from events where started_date between $start and $end order by started_at, event_id",
            {"start": start, "end": end},
        )

    def load_runs(self) -> pl.DataFrame:
        """Loads, newest first."""
        return self._frame("select * from load_runs order by started desc")

    def load_files(self, build_id: str | None = None) -> pl.DataFrame:
        """Accounts of files, newest load first; of one build where it is given."""
        return self._frame(
            "select load_files.* from load_files left join load_runs using (build_id) "
            "where $build is null or build_id = $build order by started desc, file, table_name",
            {"build": build_id},
        )

    def rejected_rows(self, limit: int = 1000, file: str | None = None) -> pl.DataFrame:
        """Rejected rows with their place and reason; of one file where it is given."""
        return self._frame(
            "select * from rejected_rows where $file is null or file = $file "
            "order by file, table_name, line limit $limit",
            {"file": file, "limit": limit},
        )

    def expectation_results(self) -> pl.DataFrame:
        """What every expectation said, the broken ones first."""
        return self._frame(
            "select * from expectation_results "
            "order by success, severity, table_name, expectation, column_name, file"
        )

    def restatements(self) -> pl.DataFrame:
        """Periods that were final and moved, newest build first."""
        return self._frame(
            "select * from restatements order by noticed_in desc, metric, program_id, period_start"
        )

    def tables(self) -> tuple[TableDoc, ...]:
        """The data dictionary of schema `main`."""
        columns = self._frame(
            "select table_name, column_name, data_type, coalesce(comment, '') as comment "
            "from duckdb_columns() where schema_name = 'main' and not internal "
            "order by table_name, column_index"
        )
        tables = self._frame(
            "select table_name, coalesce(comment, '') as comment, estimated_size as n from duckdb_tables() "
            "where schema_name = 'main' and not internal order by table_name"
        )
        by_table: dict[str, list[ColumnDoc]] = {}
        for table, column, kind, comment in columns.iter_rows():
            by_table.setdefault(table, []).append(ColumnDoc(column, kind, comment))
        return tuple(
            TableDoc(name, comment, rows, tuple(by_table[name])) for name, comment, rows in tables.iter_rows()
        )

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        with self._lock:
            return self._con.cursor()

    def _build_id(self) -> str:
        return self._build.build_id

    def _frame(self, sql: str, parameters: dict[str, Any] | None = None) -> pl.DataFrame:
        with self._cursor() as cursor:
            return cursor.sql(sql, params=parameters or {}).pl()


def _connect(build: Published) -> duckdb.DuckDBPyConnection:
    if build.layout != LAYOUT:
        raise StateError(
            "the warehouse was built by another version of Plumbline; run 'plumbline load' to rebuild it."
        )
    con = duckdb.connect(str(build.path), read_only=True, config={"enable_external_access": "false"})
    con.execute("set enable_progress_bar = false")
    con.execute("set TimeZone = 'UTC'")
    return con
