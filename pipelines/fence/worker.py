"""The caged process: opens one warehouse, closes the cage, answers one query, ends.

Run by `process` as `python -I worker.py …` with an environment of its own. Standard input brings one line
of JSON, standard output takes an Arrow stream and, at its end, the account as JSON and its length in four
bytes.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import struct
import sys
import time
from pathlib import Path
from typing import Any, BinaryIO

import duckdb
import pyarrow as pa

# `-I` leaves out the folder of the script and what PYTHONPATH says.
sys.path.append(str(Path(__file__).resolve().parents[2]))

from pipelines.fence import cage, gate, words

MEGABYTE = 1024 * 1024
BATCH_ROWS = 2_048
# Room for the interpreter, the parser and the batch on its way out, beside the memory that DuckDB counts.
SLACK_BYTES = 192 * MEGABYTE


def open_locked(path: str, *, memory_mb: int, seconds: float) -> duckdb.DuckDBPyConnection:
    """A read-only connection whose settings can no longer be changed.

    GLOBAL, one by one and in this order: `SET` alone binds one connection only, and a dictionary given to
    `connect` is applied in no fixed order. The last but one makes even the file's own path unreadable.
    """
    connection = duckdb.connect(path, read_only=True, config={"threads": 1, "async_threads": 0})
    for setting in (
        "temp_directory = ''",
        "max_temp_directory_size = '0KB'",
        "autoload_known_extensions = false",
        "autoinstall_known_extensions = false",
        "allow_community_extensions = false",
        "allow_persistent_secrets = false",
        "allow_extension_repositories = 'forbidden'",
        "python_enable_replacements = false",
        "enable_external_file_cache = false",
        "catalog_error_max_schemas = 0",
        "show_behavior = 'TABLE'",
        "max_expression_depth = 250",
        f"memory_limit = '{memory_mb}MiB'",
        "threads = 1",
        "async_threads = 0",
        f"max_execution_time = {int(seconds * 1000)}",
        "TimeZone = 'UTC'",
        "enable_external_access = false",
        "disabled_filesystems = 'LocalFileSystem'",
        "lock_configuration = true",
    ):
        connection.execute(f"set global {setting}")
    return connection


def warm(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Load what a first query loads, and return the names of the tables."""
    reader = connection.sql("select 1::decimal(18, 4) as a, 'x' as b, current_date as c").to_arrow_reader(1)
    with pa.ipc.new_stream(pa.BufferOutputStream(), reader.schema) as stream:
        for batch in reader:
            stream.write_batch(batch)
    connection.execute("select json_serialize_sql($sql)", {"sql": "select 1"}).fetchall()
    for faulty in ("select 1 +", "from no_such_table", "select error('x')"):
        # Errors load modules too, and those could not be read any more inside the cage.
        with contextlib.suppress(duckdb.Error):
            connection.sql(gate.admit(connection, faulty)).fetchall()
    tables = connection.execute("select table_name from information_schema.tables").fetchall()
    return [str(row[0]) for row in tables]


def answer(connection: duckdb.DuckDBPyConnection, asked: dict[str, Any], out: BinaryIO) -> dict[str, Any]:
    """Run one query and write its rows as an Arrow stream.

    Args:
        connection: The caged connection.
        asked: sql, max_rows, max_bytes.
        out: Where the stream goes.

    Returns:
        `truncated`: whether rows were left out.
    """
    statement = gate.admit(connection, asked["sql"])
    reader = connection.sql(statement).to_arrow_reader(BATCH_ROWS)
    rows_left, bytes_left = int(asked["max_rows"]), int(asked["max_bytes"])
    with pa.ipc.new_stream(out, reader.schema) as stream:
        for batch in reader:
            kept = batch.slice(0, rows_left)
            while kept.num_rows and kept.nbytes > bytes_left:
                kept = kept.slice(0, kept.num_rows // 2)
            if kept.num_rows:
                stream.write_batch(kept)
            if kept.num_rows < batch.num_rows:
                return {"truncated": True}
            rows_left -= kept.num_rows
            bytes_left -= kept.nbytes
    return {"truncated": False}


def serve(connection: duckdb.DuckDBPyConnection, tables: list[str], out: BinaryIO) -> None:
    """Wait for the one question, answer it, write the account."""
    line = sys.stdin.buffer.readline()
    if not line:
        return
    asked = json.loads(line)
    # The parent ends what takes too long; should it have died, the kernel's alarm does.
    signal.alarm(int(asked["seconds"]) + 5)
    started = time.perf_counter()
    account: dict[str, Any] = {"truncated": False, "error": None}
    try:
        account |= answer(connection, asked, out)
    except gate.RefusedError as refusal:
        account["error"] = str(refusal)
    except (MemoryError, duckdb.OutOfMemoryException, pa.ArrowMemoryError):
        account["error"] = "memory"
    except duckdb.InterruptException:
        account["error"] = "time"
    except Exception as error:
        # Whatever else: the reader of the pipe needs words, and this process ends now anyway.
        account["error"] = "memory" if words.is_memory(error) else words.sentence(error, asked["sql"], tables)
    account["seconds"] = time.perf_counter() - started
    trailer = json.dumps(account).encode()
    out.write(trailer + struct.pack("<I", len(trailer)))
    out.flush()


def main() -> int:
    """Open, cage, say so, serve."""
    parser = argparse.ArgumentParser()
    parser.add_argument("path")
    parser.add_argument("--memory-mb", type=int, required=True)
    parser.add_argument("--seconds", type=float, required=True)
    parser.add_argument("--may-lack-landlock", action="store_true")
    args = parser.parse_args()
    out = sys.stdout.buffer
    try:
        connection = open_locked(args.path, memory_mb=args.memory_mb, seconds=args.seconds)
        tables = warm(connection)
        closed = cage.close(
            extra_memory_bytes=args.memory_mb * MEGABYTE + SLACK_BYTES,
            cpu_seconds=int(time.process_time() + args.seconds) + 5,
            may_lack_landlock=args.may_lack_landlock,
        )
    except cage.NoCageError as error:
        out.write(json.dumps({"no_cage": str(error)}).encode() + b"\n")
        out.flush()
        return 1
    except duckdb.Error as error:
        out.write(json.dumps({"error": words.sentence(error, "", [])}).encode() + b"\n")
        out.flush()
        return 1
    ready = {"landlock": closed.landlock, "has_call_filter": closed.has_call_filter}
    out.write(json.dumps(ready).encode() + b"\n")
    out.flush()
    serve(connection, tables, out)
    # No tidying: destructors of a caged process have nothing to save and could only fail.
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main())
