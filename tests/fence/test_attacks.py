"""Attacks on the fence: through it, and once more with its gate taken out, so that only the cage is left."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pipelines.errors import UsageError
from pipelines.fence import process, query

MANY = Path(__file__).with_name("caged_many.py")

# {d} is the folder with the secrets, {p} a port that somebody listens on.
ATTACKS = [
    # Reading files
    "select * from read_csv('{d}/secret.csv')",
    "select * from read_csv_auto('{d}/secret.csv')",
    "select * from '{d}/secret.csv'",
    "from '{d}/secret.parquet'",
    "select * from \"{d}/secret.json\"",
    "select * from read_parquet('{d}/secret.parquet')",
    "select * from parquet_scan('{d}/secret.parquet')",
    "select * from parquet_metadata('{d}/secret.parquet')",
    "select * from parquet_schema('{d}/secret.parquet')",
    "select * from parquet_kv_metadata('{d}/secret.parquet')",
    "select * from read_json('{d}/secret.json')",
    "select * from read_json_objects('{d}/secret.json')",
    "select * from read_ndjson('{d}/secret.json')",
    "select * from read_text('{d}/secret.txt')",
    "select * from read_blob('{d}/secret.txt')",
    "select * from read_duckdb('{d}/other.duckdb', table_name = 't')",
    "select * from sniff_csv('{d}/secret.csv')",
    "select * from glob('{d}/*')",
    "select * from read_text('/etc/passwd')",
    "select * from read_text('/proc/self/environ')",
    "select * from read_blob('/proc/self/fd/3')",
    "select * from read_text('/proc/self/maps')",
    "select * from read_csv('/proc/self/mounts')",
    "select * from read_csv('file://{d}/secret.csv')",
    "select * from read_csv(['{d}/secret.csv'])",
    "select * from read_csv('/dev/stdin')",
    "select (select content from read_text('{d}/secret.txt'))",
    "with s as (from read_text('{d}/secret.txt')) select * from s",
    "select * from contacts where contact_id in (select content from read_text('{d}/secret.txt'))",
    "select * from contacts, lateral (select * from read_text('{d}/secret.txt'))",
    "select * from read_parquet('{d}/warehouse.duckdb')",
    "select * from read_blob('{d}/warehouse.duckdb')",
    "select * from read_csv('relative.csv')",
    "select * from read_csv('../../../../../etc/passwd', sep = ':')",
    "summarize '{d}/secret.csv'",
    "describe '{d}/secret.csv'",
    "summarize select * from read_csv('{d}/secret.csv')",
    "show '{d}/secret.csv'",
    "select * from query('select * from read_text(''{d}/secret.txt'')')",
    "select * from query_table('{d}/secret.csv')",
    "select * from query_table(['{d}/secret.csv'])",
    "select * from json_execute_serialized_sql(json_serialize_sql('from read_text(''{d}/secret.txt'')'))",
    "select json_serialize_plan('from read_text(''{d}/secret.txt'')')",
    "select * from histogram('{d}/secret.csv', a)",
    "select * from histogram_values('{d}/secret.csv', a)",
    "select * from unnest((select list(content) from read_text('{d}/secret.txt')))",
    "pivot '{d}/secret.csv' on b using count(*)",
    "select * from (values (1)) v(x) positional join read_text('{d}/secret.txt')",
    "select * from seq_scan('{d}/secret.csv')",
    "select * from parquet_bloom_probe('{d}/secret.parquet', 'word', 'TOPSECRET')",
    # Other databases
    "attach '{d}/other.duckdb' as o",
    "attach '{d}/other.duckdb' as o; select * from o.t",
    "select * from other.t",
    "select * from other.main.t",
    "select * from '{d}/other.duckdb'",
    "detach warehouse",
    "use memory",
    "import database '{d}'",
    "attach ':memory:' as m",
    "attach 'sqlite:{d}/x.sqlite' as s (type sqlite)",
    "attach 'postgresql://127.0.0.1:{p}/x' as s (type postgres)",
    # Writing
    "copy contacts to '{d}/out.csv'",
    "copy (select 1) to '{d}/out.parquet' (format parquet)",
    "with w as (copy (select 1) to '{d}/out.csv') select * from w",
    "with w as (copy contacts to '{d}/out.json' (format json)) select 1",
    "select * from (with w as (copy contacts to '{d}/deep.csv') select 1)",
    "export database '{d}/out'",
    "create table x as select 1",
    "create temp table x as select 1",
    "create or replace view contacts as select 1",
    "insert into orders values ('x', 1)",
    "with x as (insert into orders values ('x', 1) returning *) select * from x",
    "with x as (delete from orders returning *) select * from x",
    "with x as (update orders set amount = 0 returning *) select * from x",
    "update orders set amount = 0",
    "delete from orders",
    "drop table orders",
    "alter table orders add column x int",
    "truncate orders",
    "checkpoint",
    "force checkpoint",
    "vacuum",
    "select * from force_checkpoint()",
    "call enable_logging(storage = 'file', storage_path = '{d}/log')",
    "select * from enable_logging(storage_config = {{'path': '{d}/log'}})",
    "select * from enable_profiling(save_location = '{d}/profile.json')",
    "pragma enable_profiling = 'json'",
    "select write_log('x')",
    "select nextval('s')",
    "begin transaction",
    # Settings
    "set enable_external_access = true",
    "set global enable_external_access = true",
    "reset enable_external_access",
    "set lock_configuration = false",
    "set disabled_filesystems = ''",
    "set allowed_paths = ['{d}/secret.txt']",
    "set allowed_directories = ['{d}']",
    "set memory_limit = '100GB'",
    "set threads = 64",
    "set max_execution_time = 0",
    "set temp_directory = '{d}'",
    "set log_query_path = '{d}/log'",
    "set secret_directory = '{d}'",
    "set home_directory = '{d}'",
    "set file_search_path = '{d}'",
    "set profile_output = '{d}/profile'",
    "pragma memory_limit = '100GB'",
    "pragma database_list",
    "set variable x = 1",
    "select current_setting('secret_directory')",
    "select * from duckdb_settings()",
    "select * from duckdb_settings",
    "from pg_catalog.pg_settings",
    "select * from duckdb_databases()",
    "select * from duckdb_secrets()",
    "select * from duckdb_logs",
    "select * from duckdb_temporary_files()",
    "select * from duckdb_extensions()",
    "select * from duckdb_external_file_cache()",
    "show home_directory",
    "prepare p as select 1",
    "execute p",
    "deallocate p",
    "create macro m() as 1",
    "create secret s (type s3)",
    "create type t as int",
    # Extensions and the network
    "install httpfs",
    "load httpfs",
    "load '{d}/evil.duckdb_extension'",
    "install spatial from 'http://127.0.0.1:{p}'",
    "force install json from community",
    "create extension repository r from 'http://127.0.0.1:{p}'",
    "update extensions",
    "select * from read_csv('http://127.0.0.1:{p}/x.csv')",
    "select * from 'http://127.0.0.1:{p}/x.parquet'",
    "select * from read_parquet('s3://bucket/x.parquet')",
    "select * from read_text('https://127.0.0.1:{p}/x')",
    "from 'hf://datasets/x/y.csv'",
    "copy contacts to 'http://127.0.0.1:{p}/x.csv'",
    "select * from which_secret('s3://bucket', 's3')",
    "call start_ui()",
    "select * from postgres_scan('host=127.0.0.1 port={p}', 'public', 't')",
    "select * from sqlite_scan('{d}/x.sqlite', 't')",
    "select * from register_external_resource('x', 'y')",
    # The process round the database
    "select * from __builtins__",
    "select * from connection",
    "select * from tables",
    "select * from sys.modules",
    "select * from outcomes",
    "select * from python_map_function()",
    "select * from arrow_scan(0, 0, 0)",
    "select * from arrow_scan_dumb(140000000000000, 140000000000000, 140000000000000)",
    "select * from pandas_scan(0)",
    "select * from python_arrow_scan(0, 0, 0)",
    "select getenv('HOME')",
    "select sleep_ms(1)",
]  # fmt: skip


def tried(gate: str, warehouse: Path, port: int) -> list[dict[str, object]]:
    """What became of each attack in one caged process."""
    texts = [attack.format(d=warehouse.parent, p=port) for attack in ATTACKS]
    done = subprocess.run(
        [sys.executable, "-I", str(MANY), str(warehouse), gate],
        env=process.ENVIRONMENT, cwd=warehouse.parent, input=json.dumps(texts), capture_output=True,
        text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    outcomes = json.loads(done.stdout)
    assert len(outcomes) == len(ATTACKS)
    return outcomes


@pytest.mark.usefixtures("untouched")
@pytest.mark.parametrize("gate", ["shut", "open"])
def test_no_attack_reaches_outside(gate: str, warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLUMBLINE_TEST_SECRET", "TOPSECRET")
    root_before = set(Path("/").iterdir())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        outcomes = tried(gate, warehouse, listener.getsockname()[1])
        listener.settimeout(0.2)
        with pytest.raises(TimeoutError):
            listener.accept()
    for outcome in outcomes:
        # What was typed comes back in an error, and holds the words itself.
        said = str(outcome["said"]).replace(str(outcome["sql"]), "")
        assert "root:" not in said and "{'word': 'TOPSECRET'" not in said, outcome
        if outcome["ran"]:
            assert "TOPSECRET" not in said, outcome
    assert set(Path("/").iterdir()) == root_before
    if gate == "shut":
        assert [outcome["sql"] for outcome in outcomes if outcome["ran"]] == []
        assert not [outcome for outcome in outcomes if str(warehouse.resolve()) in str(outcome["said"])
                    and str(warehouse) not in str(outcome["sql"])]  # fmt: skip


# Each wants more time or memory than it may have; some do not look at DuckDB's own limits at all.
BOMBS = [
    "select repeat('x', 4000000000)",
    "select lpad('x', 2000000000, 'y')",
    "select levenshtein(repeat('ab', 200000), repeat('ba', 200000))",
    "select damerau_levenshtein(repeat('ab', 20000), repeat('ba', 20000))",
    "select format('{:>2000000000}', 'x')",
    "select count(*) from range(10000000000) a, range(10000000000) b",
    "select sum(a.n * b.n * c.n * d.n) from contacts a, contacts b, contacts c, contacts d",
    "with recursive r as (select 1 as n union all select n + 1 from r) select count(*) from r",
    "with recursive r(s) as (select 'x' union all select s || s from r) select max(length(s)) from r",
    "select list(n) from range(1000000000) t(n)",
    "select string_agg(repeat('x', 1000), '') from range(10000000)",
    "select regexp_matches(repeat('a', 100000000), '(a|a)*b(a|a)*c')",
    "select list_reduce(range(100000000), lambda a, b: a + b)",
    "select md5(repeat('x', 500000000)), sha256(repeat('y', 500000000)), random() from range(1000)",
    "select * from range(100000000000) order by random()",
    "select distinct hash(range) from range(100000000000)",
    "select json_extract(repeat('[', 1000000), '$')",
    "select " + "(" * 40_000 + "1" + ")" * 40_000,
    "select " + "+".join(["1"] * 45_000),
    "select " + "case when 1=1 then " * 4_000 + "1" + " end" * 4_000,
    "with a0 as (select 1)" + "".join(f", a{i} as (from a{i - 1}, a{i - 1} b)" for i in range(1, 60))
    + " select count(*) from a59",
    "select " + "[" * 20_000 + "]" * 20_000,
]  # fmt: skip


class Sampler(threading.Thread):
    """Looks at a process's memory until it ends."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.pid = pid
        self.idle = self.peak = process._resident_bytes(pid)
        self.start()

    def run(self) -> None:
        while held := process._resident_bytes(self.pid):
            self.peak = max(self.peak, held)
            time.sleep(0.01)


@pytest.mark.usefixtures("untouched")
def test_no_bomb_outlives_its_limit(warehouse: Path) -> None:
    """Each bomb ends within its time and its memory, either with few rows or with a sentence."""
    seconds, memory_mb = 0.4, 96
    for bomb in BOMBS:
        worker = process.Worker(warehouse, memory_mb=memory_mb, max_seconds=seconds)
        try:
            worker.wait_ready()
            sampler = Sampler(worker.pid)
            started = time.monotonic()
            try:
                assert worker.ask(bomb, timeout_seconds=seconds).table.num_rows < 10, bomb[:80]
            except UsageError as error:
                assert len(str(error)) < 800 and "\n" not in str(error), bomb[:80]
            assert time.monotonic() - started < seconds + 4, bomb[:80]
            assert 0 < sampler.idle <= sampler.peak
            assert sampler.peak < sampler.idle + (memory_mb + 300) * 1024 * 1024, bomb[:80]
        finally:
            worker.close()
        with pytest.raises(ProcessLookupError):
            os.kill(worker.pid, 0)


def test_ten_megabytes_of_sql_are_refused_before_they_are_parsed(
    warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def started(*args: object, **options: object) -> None:
        raise AssertionError("a worker was started, and it alone parses")

    monkeypatch.setattr(process, "Worker", started)
    with pytest.raises(UsageError, match="10,000,008 characters and the fence takes 100,000"):
        query(warehouse, "select " + "1," * 5_000_000 + "1")


def test_an_abandoned_worker_ends_by_itself(warehouse: Path) -> None:
    worker = process.Worker(warehouse, memory_mb=96, max_seconds=1.0)
    try:
        worker.wait_ready()
        worker._in.close()  # as when the parent dies
        worker._process.wait(timeout=10)
    finally:
        worker.close()
