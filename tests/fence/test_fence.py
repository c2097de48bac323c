"""What a person gets from the fence: rows, cut results, and sentences."""

import threading
import time
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import StateError, UsageError
from pipelines.fence import FencePool, process, query
from pipelines.fence.words import sentence


@pytest.fixture(scope="module")
def pool(warehouse: Path) -> "pytest.Generator[FencePool]":  # type: ignore[name-defined]  # only a hint
    pool = FencePool(size=2, spares=2, memory_mb=128)
    pool.warm(warehouse)
    yield pool
    pool.close()


def test_rows_keep_their_types(pool: FencePool, warehouse: Path) -> None:
    found = pool.query(
        warehouse, "select order_id, amount, date '2026-01-05' as day from orders order by order_id"
    )
    assert not found.truncated and found.seconds > 0
    frame = pl.DataFrame(pl.from_arrow(found.table))
    assert frame["amount"].to_list() == [Decimal("12.3456"), None]
    assert frame.schema == {"order_id": pl.String, "amount": pl.Decimal(18, 4), "day": pl.Date}


def test_every_kind_of_value_comes_through(pool: FencePool, warehouse: Path) -> None:
    sql = (
        "select 1::hugeint as a, 'x'::blob as b, uuid() as c, [1, null] as d, {'a': 1} as e, "
        "map {'k': 2} as f, interval 3 day as g, time '01:02:03' as h, "
        "timestamptz '2026-01-01 00:00:00+02' as i, true as j, "
        "'happy'::enum('happy', 'sad') as k, '{}'::json as l, 'nan'::double as m, null as n, "
        "'101'::bit as o, timestamp_ns '2026-01-01 00:00:00.123456789' as p, 5::utinyint as q"
    )
    found = pool.query(warehouse, sql)
    frame = pl.DataFrame(pl.from_arrow(found.table))
    assert frame.shape == (1, 17)
    assert frame["g"][0] == timedelta(days=3)


def test_columns_of_one_name_are_told_apart(pool: FencePool, warehouse: Path) -> None:
    found = pool.query(warehouse, "select 1 as a, 2 as a, 3 as a_1, 4 as a, interval '1 month 2 days' as b")
    assert found.table.column_names[0] == "a" and len(set(found.table.column_names)) == 5
    assert found.table.to_pylist()[0]["b"] == "1 months 2 days"


def test_more_rows_than_asked_for_are_cut_and_said(pool: FencePool, warehouse: Path) -> None:
    found = pool.query(warehouse, "select n from contacts order by n", max_rows=7)
    assert found.truncated
    assert found.table["n"].to_pylist() == list(range(7))


def test_exactly_as_many_rows_as_asked_for_are_whole(pool: FencePool, warehouse: Path) -> None:
    assert not pool.query(warehouse, "select n from contacts", max_rows=1_000).truncated


def test_an_endless_result_is_cut_by_rows_without_waiting(pool: FencePool, warehouse: Path) -> None:
    found = pool.query(warehouse, "select range as n from range(100000000000)", max_rows=10)
    assert found.truncated and found.table.num_rows == 10


def test_a_wide_result_is_cut_by_bytes(warehouse: Path) -> None:
    worker = process.Worker(warehouse, memory_mb=256)
    try:
        found = worker.ask("select repeat('x', 10000) as x from range(1000)", max_bytes=1_000_000)
    finally:
        worker.close()
    assert found.truncated and 50 <= found.table.num_rows <= 100


@pytest.mark.parametrize(
    "sql",
    [
        "with a as (select 1 as x) select * from a",
        "values (1), (2)",
        "from contacts",
        "table contacts",
        "describe contacts",
        "describe select * from contacts",
        "summarize orders",
        "show tables",
        "show all tables",
        "(select 1) union all (select 2)",
        "select 1 -- a remark",
        "select 1;",
        "select * from range(3)",
        "select * from unnest([1, 2])",
        "select * from internal.nothing_here right join (select 1) on true".replace(
            "internal.nothing_here", "busy"
        ),
        "with recursive r as (select 1 as n union all select n + 1 from r where n < 5) select * from r",
        "select table_name, comment from duckdb_tables()",
        "select * from information_schema.columns",
        "pivot orders on order_id in ('o1', 'o2') using sum(amount)",
        "select n, row_number() over (order by n) from contacts qualify n < 3",
    ],
)
def test_reading_is_let_through(pool: FencePool, warehouse: Path, sql: str) -> None:
    assert pool.query(warehouse, sql).table.num_columns >= 1


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("select * from contcts", "there is no table 'contcts'. Did you mean 'contacts'?"),
        ("select * from main.contcts", "there is no table 'contcts'. Did you mean 'contacts'?"),
        ("select * from zzz", "there is no table 'zzz'. SHOW TABLES lists them."),
        ("select contact from contacts", 'Referenced column "contact" not found'),
        ("selec 1", 'syntax error at or near "selec"'),
        ("select 1 +\nfrom", "line 2: "),
        ("", "there is no query in the text"),
        ("-- only a remark", "there is no query in the text"),
        ("select 1; select 2", "the text holds 2 statements; run one at a time."),
        ("drop table orders", "the fence only reads, and this is DROP"),
        ("with a as (copy orders to 'x') select 1", "the fence only reads, and a part of this is COPY"),
        ("from read_csv('x.csv')", "read_csv() reads files, which the fence does not allow"),
        ("from 'x.csv'", "files cannot be read here"),
        ("from query('select 1')", "query() runs a text as SQL"),
        ("pivot orders on order_id using sum(amount)", "PIVOT needs its values named here"),
        ("select cast('abc' as int)", "Could not convert string 'abc' to INT32"),
        ("select error('boom')", "boom."),
    ],
)
def test_a_mistake_is_told_in_one_sentence(pool: FencePool, warehouse: Path, sql: str, words: str) -> None:
    with pytest.raises(UsageError) as told:
        pool.query(warehouse, sql)
    assert words in str(told.value)
    assert "\n" not in str(told.value) and str(warehouse) not in str(told.value)


SLOW = "select sum(sin(a.n + b.n + c.n + d.n)) from contacts a, contacts b, contacts c, contacts d"


def test_a_slow_query_is_ended_in_words(pool: FencePool, warehouse: Path) -> None:
    started = time.monotonic()
    with pytest.raises(UsageError, match=r"ended after 0.5 s; narrow it"):
        pool.query(warehouse, SLOW, timeout_seconds=0.5)
    assert time.monotonic() - started < 8


def test_a_greedy_query_is_ended_in_words(pool: FencePool, warehouse: Path) -> None:
    with pytest.raises(UsageError, match="memory"):
        pool.query(warehouse, "select list(range) from range(1000000000)")


def test_a_file_that_is_no_warehouse_is_told(tmp_path: Path) -> None:
    file = tmp_path / "w.duckdb"
    file.write_text("not a database")
    with pytest.raises(StateError, match=r"the warehouse w\.duckdb cannot be opened"):
        query(file, "select 1")


def test_no_row_limit_below_one(warehouse: Path) -> None:
    with pytest.raises(UsageError, match="at least 1"):
        query(warehouse, "select 1", max_rows=0)


def test_many_threads_ask_one_pool(pool: FencePool, warehouse: Path) -> None:
    found: list[int] = []

    def ask(n: int) -> None:
        found.append(pool.query(warehouse, f"select {n} as n").table["n"][0].as_py())

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(6))


def test_an_abuser_does_not_stop_the_others(pool: FencePool, warehouse: Path) -> None:
    bomb = "select levenshtein(repeat('ab', 200000), repeat('ba', 200000))"

    def abuse() -> None:
        with pytest.raises(UsageError):
            pool.query(warehouse, bomb, timeout_seconds=3, asker="mallory")

    abuser = threading.Thread(target=abuse)
    abuser.start()
    time.sleep(0.1)
    with pytest.raises(UsageError, match="your last query still runs"):
        pool.query(warehouse, "select 1", asker="mallory")
    assert pool.query(warehouse, "select 1 as n", asker="alice").table["n"][0].as_py() == 1
    assert abuser.is_alive()
    abuser.join()
    assert pool.query(warehouse, "select 1 as n", asker="mallory").table["n"][0].as_py() == 1


def test_a_pool_moves_to_a_new_file(warehouse: Path, tmp_path: Path) -> None:
    newer = tmp_path / "newer.duckdb"
    newer.write_bytes(warehouse.read_bytes())
    pool = FencePool(size=1, memory_mb=96)
    try:
        pool.warm(warehouse)
        old = pool._waiting[0]
        assert pool.query(newer, "select count(*) as n from contacts").table["n"][0].as_py() == 1_000
        assert not old.is_alive
        assert [worker.path for worker in pool._waiting] == [newer]
    finally:
        pool.close()
    assert pool._waiting == []


def test_paths_of_the_machine_are_not_told() -> None:
    error = RuntimeError('IO Error: Cannot open file "/srv/data/x.duckdb": Permission denied')
    assert sentence(error, "select 1", []) == 'Cannot open file "…": Permission denied.'
    assert "/srv/data/x.duckdb" in sentence(error, "from '/srv/data/x.duckdb'", [])


def test_without_a_cage_the_operator_is_told_what_to_set(
    warehouse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "worker.py"
    script.write_text(
        f"import sys\nsys.path.insert(0, {str(process.WORKER.parents[2])!r})\n"
        "from pipelines.fence import worker\n"
        "worker.cage.landlock_version = lambda: 0\n"
        "sys.exit(worker.main())\n"
    )
    monkeypatch.setattr(process, "WORKER", script)
    monkeypatch.delenv(process.ALLOW_UNCAGED, raising=False)
    with pytest.raises(StateError, match=r"no Landlock .* set PLUMBLINE_ALLOW_UNCAGED_SQL=1"):
        query(warehouse, "select 1", memory_mb=96)
    monkeypatch.setenv(process.ALLOW_UNCAGED, "1")
    assert query(warehouse, "select 1 as n", memory_mb=96).table["n"][0].as_py() == 1
