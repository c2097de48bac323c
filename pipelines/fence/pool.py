"""Warm workers for many askers; imports `process`.

A worker serves one query and is replaced, so nothing of one person's query is left for the next. Spare
ones are kept started, since a start takes longer than most queries.
"""

from __future__ import annotations

import atexit
import contextlib
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path

from pipelines.errors import UsageError
from pipelines.fence.process import (
    MAX_ROWS,
    MEMORY_MB,
    TIMEOUT_SECONDS,
    FenceResult,
    Worker,
    refuse_early,
)


class FencePool:
    """Workers on the newest file that was asked for; any thread may ask.

    Args:
        size: Queries that run at once; make it larger than the number of people who may abuse it.
        spares: Workers kept started and waiting.
        memory_mb: Memory of one query.
        max_seconds: Longest time that a query may ask for.
        wait_seconds: Longest time to wait for a place.
    """

    def __init__(
        self,
        size: int = 2,
        *,
        spares: int = 1,
        memory_mb: int = MEMORY_MB,
        max_seconds: float = 60.0,
        wait_seconds: float = 30.0,
    ) -> None:
        self._memory_mb = memory_mb
        self._max_seconds = max_seconds
        self._wait_seconds = wait_seconds
        self._spares = spares
        self._places = threading.BoundedSemaphore(size)
        self._lock = threading.Lock()
        self._waiting: list[Worker] = []
        self._busy_askers: set[str] = set()
        self._is_closed = False
        _POOLS.add(self)

    def query(
        self,
        path: Path,
        sql: str,
        *,
        max_rows: int = MAX_ROWS,
        timeout_seconds: float = TIMEOUT_SECONDS,
        asker: str | None = None,
    ) -> FenceResult:
        """Rows of one query; see `pipelines.fence.query`.

        Args:
            path: The DuckDB file.
            sql: One SELECT.
            max_rows: Rows after which the result is cut.
            timeout_seconds: Time after which the query is ended, waiting for a place not counted.
            asker: Who asks; one query a person runs at a time. None: no such limit.

        Raises:
            UsageError: As `query`, and if no place gets free or the asker's last query still runs.
            StateError: As `query`.
        """
        refuse_early(sql, max_rows)
        with self._place(asker):
            worker = self._take(path)
            try:
                worker.wait_ready()
                return worker.ask(sql, max_rows=max_rows, timeout_seconds=timeout_seconds)
            finally:
                worker.close()
                self.warm(path)

    def warm(self, path: Path) -> None:
        """Start spare workers on a file, in the background; those on another file are ended."""
        with self._lock:
            stale = [worker for worker in self._waiting if worker.path != path or not worker.is_alive]
            self._waiting = [worker for worker in self._waiting if worker not in stale]
            missing = 0 if self._is_closed else self._spares - len(self._waiting)
            for _ in range(missing):
                self._waiting.append(self._start(path))
        for worker in stale:
            worker.close()

    def close(self) -> None:
        """End the spare workers; running queries end with their own limits."""
        with self._lock:
            self._is_closed = True
            waiting, self._waiting = self._waiting, []
        for worker in waiting:
            worker.close()

    def _start(self, path: Path) -> Worker:
        return Worker(path, memory_mb=self._memory_mb, max_seconds=self._max_seconds)

    def _take(self, path: Path) -> Worker:
        with self._lock:
            for worker in self._waiting:
                if worker.path == path and worker.is_alive:
                    self._waiting.remove(worker)
                    return worker
        return self._start(path)

    @contextlib.contextmanager
    def _place(self, asker: str | None) -> Iterator[None]:
        deadline = time.monotonic() + self._wait_seconds
        with self._lock:
            if asker in self._busy_askers:
                raise UsageError("your last query still runs; wait for it to end.")
            if asker is not None:
                self._busy_askers.add(asker)
        try:
            if not self._places.acquire(timeout=max(0.0, deadline - time.monotonic())):
                raise UsageError("all places for SQL are taken; try again in a moment.")
            try:
                yield
            finally:
                self._places.release()
        finally:
            with self._lock:
                self._busy_askers.discard(asker or "")


_POOLS: weakref.WeakSet[FencePool] = weakref.WeakSet()


@atexit.register
def _close_pools() -> None:
    for pool in list(_POOLS):
        pool.close()
