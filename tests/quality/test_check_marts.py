"""What the suites of the marts say of a small warehouse, whole and damaged."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from pipelines.errors import ModelError
from pipelines.quality import check_marts

WAREHOUSE = """
create table programs as select 'P1' as program_id, 'UTC' as timezone, 'USD' as currency;
create table agents as select 'A1' as agent_id, 'P1' as program_id;
create table orders as select 'O1' as order_id, 'P1' as program_id, 20.00::decimal(18, 4) as amount;
create table order_outcomes as
    select 'X1' as outcome_id, 'O1' as order_id, 5.00::decimal(18, 4) as amount;
create table contacts (
    contact_id varchar, program_id varchar, order_id varchar, agent_id varchar, is_first_contact boolean,
    thread_id varchar, fcr_state varchar, repeat_contact_id varchar, repeat_opened_at timestamp,
    opened_at timestamp, closed_at timestamp, is_handled boolean, is_refund_asked boolean,
    has_own_order boolean
);
insert into contacts values
    ('C1', 'P1', 'O1', 'A1', true, 'C1', 'repeated', 'C2', '2026-01-06', '2026-01-05', '2026-01-05',
     true, true, true),
    ('C2', 'P1', 'O1', 'A1', false, 'C1', null, null, null, '2026-01-06', '2026-01-07', true, false,
     false),
    ('C3', 'P1', null, null, false, null, null, null, null, '2026-01-06', null, true, true, false);
create table threads as select 'C1' as thread_id;
create table scorecards as select 'S' as scorecard_id, '1' as version, 'k1' as criterion_id;
create table qa_ratings as
    select 'R1' as review_id, 'S' as scorecard_id, '1' as version, 'k1' as criterion_id;
create table qa_reviews as
    select 'R1' as review_id, 'C1' as contact_id, 80.0::double as raw_score, false as auto_failed
    union all select 'R2', 'C1', null, false;
create table stakes as
    select 'C1' as contact_id, 'O1' as order_id, 20.00::decimal(18, 4) as at_stake,
        20.00::decimal(18, 4) as refunded;
create table events as select 'E1' as event_id, 'P1' as program_id;
create table metrics as
    select 'fcr' as key, 'First-contact resolution' as label, 'Resolved at once.' as definition,
        'higher' as better;
"""


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    con = duckdb.connect()
    con.execute(WAREHOUSE)
    yield con
    con.close()


def test_a_sound_warehouse_passes_every_suite(warehouse: duckdb.DuckDBPyConnection) -> None:
    results = check_marts(warehouse)

    assert [result for result in results if not result.success] == []
    suites = {result.suite for result in results}
    tables = {row[0] for row in warehouse.sql("select table_name from duckdb_tables()").fetchall()}
    assert suites == {f"marts.{table}" for table in tables}
    assert all(len(result.note) > 15 for result in results)


@pytest.mark.parametrize(
    ("damage", "suite", "column", "severity"),
    [
        (
            "insert into contacts select * from contacts where contact_id = 'C3'",
            "contacts",
            "contact_id",
            "critical",
        ),
        (
            "update contacts set fcr_state = 'maybe' where contact_id = 'C1'",
            "contacts",
            "fcr_state",
            "critical",
        ),
        ("update contacts set fcr_state = null where contact_id = 'C1'", "contacts", "fcr_state", "critical"),
        (
            "update contacts set fcr_state = 'resolved' where contact_id = 'C2'",
            "contacts",
            "fcr_state",
            "critical",
        ),
        ("update contacts set thread_id = null where contact_id = 'C1'", "contacts", "thread_id", "critical"),
        (
            "update contacts set repeat_opened_at = opened_at where contact_id = 'C1'",
            "contacts",
            "repeat_opened_at, opened_at",
            "critical",
        ),
        (
            "update contacts set repeat_contact_id = null where contact_id = 'C1'",
            "contacts",
            "repeat_is_named",
            "critical",
        ),
        (
            "update contacts set closed_at = '2025-01-01' where contact_id = 'C2'",
            "contacts",
            "closed_at, opened_at",
            "critical",
        ),
        ("update contacts set program_id = 'P9'", "contacts", "program_is_known", "critical"),
        ("update contacts set program_id = null", "contacts", "program_is_known", "critical"),
        (
            "update contacts set order_id = 'O9' where contact_id = 'C2'",
            "contacts",
            "order_is_known",
            "warning",
        ),
        (
            "update contacts set agent_id = 'A9' where contact_id = 'C2'",
            "contacts",
            "agent_is_known",
            "warning",
        ),
        ("update stakes set refunded = 20.01", "stakes", "at_stake, refunded", "critical"),
        ("update stakes set refunded = -0.01", "stakes", "refunded", "critical"),
        ("update stakes set at_stake = 0, refunded = 0", "stakes", "at_stake", "critical"),
        ("update stakes set contact_id = 'C2'", "stakes", "contact_asks", "critical"),
        ("update stakes set order_id = 'O9'", "stakes", "order_is_known", "critical"),
        ("update qa_reviews set raw_score = 100.5", "qa_reviews", "raw_score", "critical"),
        ("update qa_reviews set auto_failed = true", "qa_reviews", "raw_score", "critical"),
        ("update qa_reviews set contact_id = 'C9'", "qa_reviews", "contact_is_known", "critical"),
        (
            "insert into qa_ratings select * from qa_ratings",
            "qa_ratings",
            "review_id, criterion_id",
            "critical",
        ),
        ("update qa_ratings set version = '2'", "qa_ratings", "criterion_is_known", "critical"),
        ("update threads set thread_id = 'C9'", "threads", "contact_is_first", "critical"),
        ("update threads set thread_id = 'C2'", "threads", "contact_is_first", "critical"),
        ("update orders set amount = -1", "orders", "amount", "critical"),
        ("update order_outcomes set order_id = 'O9'", "order_outcomes", "order_is_known", "warning"),
        ("update metrics set better = 'up'", "metrics", "better", "critical"),
    ],
)
def test_damage_is_seen_where_it_is(
    warehouse: duckdb.DuckDBPyConnection, damage: str, suite: str, column: str, severity: str
) -> None:
    warehouse.execute(damage)
    broken = [result for result in check_marts(warehouse) if not result.success]
    assert [(result.suite, result.column, result.severity) for result in broken] == [
        (f"marts.{suite}", column, severity)
    ]
    assert broken[0].failed >= 1


def test_a_table_that_was_not_built_is_named(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute("drop table stakes")
    with pytest.raises(ModelError, match="no table 'stakes'"):
        check_marts(warehouse)


def test_a_column_that_was_not_built_is_named(warehouse: duckdb.DuckDBPyConnection) -> None:
    warehouse.execute("alter table stakes drop column refunded")
    with pytest.raises(ModelError, match="'stakes' does not fit"):
        check_marts(warehouse)
