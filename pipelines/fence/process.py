"""The parent's side of the fence: starts a caged worker, asks it once, ends it in any case.

Nothing that a worker says is trusted beyond its size.
"""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import pyarrow as pa

from pipelines.errors import StateError, UsageError
from pipelines.fence.limits import MAX_SQL_CHARACTERS
from pipelines.fence.shape import plain

WORKER = Path(__file__).with_name("worker.py")
ALLOW_UNCAGED = "PLUMBLINE_ALLOW_UNCAGED_SQL"
# All that a worker's environment holds. The cage closes round one thread only, and the memory allocators and
# the linear algebra library start more when they are loaded, unless they are told not to.
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_CONF": "background_thread:false",
    "JE_ARROW_MALLOC_CONF": "background_thread:false",
    "DUCKDB_JE_MALLOC_CONF": "background_thread:false",
}
MAX_ROWS = 50_000
MAX_BYTES = 64 * 1024 * 1024
MEMORY_MB = 512
TIMEOUT_SECONDS = 10.0
START_SECONDS = 60.0
_LOOK_SECONDS = 0.05
_GRACE_SECONDS = 0.25


@dataclass(frozen=True)
class FenceResult:
    """Rows of a query.

    Attributes:
        table: The rows.
        truncated: Whether there were more than the row or byte limit let through.
        seconds: Time that the query took in its process.
    """

    table: pa.Table
    truncated: bool
    seconds: float


def query(
    path: Path,
    sql: str,
    *,
    max_rows: int = MAX_ROWS,
    timeout_seconds: float = TIMEOUT_SECONDS,
    memory_mb: int = MEMORY_MB,
) -> FenceResult:
    """Rows of one query on a warehouse file, read in a caged process that is started for it.

    Args:
        path: The DuckDB file.
        sql: One SELECT.
        max_rows: Rows after which the result is cut.
        timeout_seconds: Time after which the query is ended, its start not counted.
        memory_mb: Memory that the query may take beside what an idle worker has.

    Raises:
        UsageError: If the text is no query that may run, the database refuses it, or a limit is met.
        StateError: If the file cannot be opened or the kernel cannot cage the process.
    """
    refuse_early(sql, max_rows)
    with contextlib.closing(Worker(path, memory_mb=memory_mb, max_seconds=timeout_seconds)) as worker:
        return worker.ask(sql, max_rows=max_rows, timeout_seconds=timeout_seconds)


def refuse_early(sql: str, max_rows: int) -> None:
    """Refuse what needs no worker to be refused."""
    if len(sql) > MAX_SQL_CHARACTERS:
        raise UsageError(
            f"the query has {len(sql):,} characters and the fence takes {MAX_SQL_CHARACTERS:,}; "
            "join to a table instead of listing values."
        )
    if not sql.strip():
        raise UsageError("there is no query in the text; write one SELECT.")
    if max_rows < 1:
        raise UsageError(f"the row limit is {max_rows}, but it must be at least 1.")


class Worker:
    """One caged process on one file; it answers one query."""

    def __init__(
        self, path: Path, *, memory_mb: int = MEMORY_MB, max_seconds: float = TIMEOUT_SECONDS
    ) -> None:
        self.path = path
        self.memory_mb = memory_mb
        self.max_seconds = max_seconds
        command = [
            sys.executable, "-I", str(WORKER), str(path.resolve()),
            "--memory-mb", str(memory_mb), "--seconds", str(max_seconds),
        ]  # fmt: skip
        if os.environ.get(ALLOW_UNCAGED) == "1":
            command.append("--may-lack-landlock")
        self._process = subprocess.Popen(
            command,
            env=ENVIRONMENT,
            cwd="/",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._out: IO[bytes] = _pipe(self._process.stdout)
        self._in: IO[bytes] = _pipe(self._process.stdin)
        os.set_blocking(self._out.fileno(), False)
        self._is_ready = False
        self._idle_bytes = 0

    @property
    def pid(self) -> int:
        """The process's id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def wait_ready(self) -> None:
        """Return when the cage is closed and the worker waits for its question.

        Raises:
            StateError: If the file cannot be opened, or the kernel cannot close the cage.
        """
        if self._is_ready:
            return
        line = self._read(time.monotonic() + START_SECONDS, size=64 * 1024, until=b"\n")
        said = _json(line)
        if "no_cage" in said:
            raise StateError(
                f"SQL is not run without a cage: {said['no_cage']} "
                f"An operator who accepts the risk may set {ALLOW_UNCAGED}=1."
            )
        if "error" in said:
            raise StateError(f"the warehouse {self.path.name} cannot be opened: {said['error']}")
        if "landlock" not in said:
            raise StateError(
                f"the SQL process for {self.path.name} did not start; 'plumbline doctor' says why."
            )
        self._idle_bytes = _resident_bytes(self.pid)
        self._is_ready = True

    def ask(
        self, sql: str, *, max_rows: int = MAX_ROWS, timeout_seconds: float = TIMEOUT_SECONDS,
        max_bytes: int = MAX_BYTES,
    ) -> FenceResult:  # fmt: skip
        """The rows of the one query that this worker answers; see `query`."""
        self.wait_ready()
        seconds = min(timeout_seconds, self.max_seconds)
        asked = {"sql": sql, "max_rows": max_rows, "max_bytes": max_bytes, "seconds": seconds}
        try:
            self._in.write(json.dumps(asked).encode() + b"\n")
            self._in.flush()
        except BrokenPipeError:
            raise StateError("the SQL process ended before it was asked; run the query again.") from None
        deadline = time.monotonic() + seconds + _GRACE_SECONDS
        try:
            said = self._read(deadline, size=2 * max_bytes + 1024 * 1024)
        except TimeoutError:
            raise UsageError(_took_too_long(seconds)) from None
        except MemoryError:
            raise UsageError(_took_too_much(self.memory_mb)) from None
        return _result(said, seconds=seconds, memory_mb=self.memory_mb)

    def close(self) -> None:
        """End the process now, whatever it does."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._in, self._out):
            with contextlib.suppress(OSError):  # an unflushed question to a process that is gone
                pipe.close()

    def _read(self, deadline: float, *, size: int, until: bytes | None = None) -> bytes:
        """What the worker writes, up to its end (or a mark).

        Raises:
            TimeoutError: At the deadline.
            MemoryError: If the process grew beyond its limit, or says more than `size` bytes.
        """
        heard = bytearray()
        limit = self._idle_bytes + (self.memory_mb + 256) * 1024 * 1024
        with selectors.DefaultSelector() as selector:
            selector.register(self._out, selectors.EVENT_READ)
            while True:
                left = deadline - time.monotonic()
                if left <= 0:
                    raise TimeoutError
                if self._is_ready and _resident_bytes(self.pid) > limit:
                    raise MemoryError
                if not selector.select(min(left, _LOOK_SECONDS)):
                    continue
                part = self._out.read(1024 * 1024)
                if part is None:
                    continue
                heard += part
                if len(heard) > size:
                    raise MemoryError
                if not part or (until and until in part):
                    return bytes(heard)


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None  # both were asked for
    return pipe


def _json(text: bytes) -> dict[str, object]:
    try:
        said = json.loads(text)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _result(said: bytes, *, seconds: float, memory_mb: int) -> FenceResult:
    size = struct.unpack("<I", said[-4:])[0] if len(said) >= 4 else 0
    account = _json(said[-4 - size : -4]) if 0 < size <= len(said) - 4 else {}
    if "seconds" not in account:
        # No account at the end: the kernel ended the process at one of its limits.
        raise UsageError(
            "the query ended its process without an answer, most likely for want of memory "
            f"({memory_mb} MB); narrow it, or add up before joining."
        )
    error = account["error"]
    if error == "time":
        raise UsageError(_took_too_long(seconds))
    if error == "memory":
        raise UsageError(_took_too_much(memory_mb))
    if error:
        raise UsageError(str(error))
    with pa.ipc.open_stream(said[: -4 - size]) as stream:
        table = stream.read_all()
    # A worker could have been taken over by what it ran, so its bytes are checked like a stranger's.
    table.validate(full=True)
    return FenceResult(
        table=plain(table), truncated=bool(account["truncated"]), seconds=float(str(account["seconds"]))
    )


def _took_too_long(seconds: float) -> str:
    return f"the query was ended after {seconds:g} s; narrow it by date or program, or add up before joining."


def _took_too_much(memory_mb: int) -> str:
    return f"the query needed more than its {memory_mb} MB of memory; narrow it, or add up before joining."


def _resident_bytes(pid: int) -> int:
    """Memory that a process holds, 0 where the system does not say."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")
