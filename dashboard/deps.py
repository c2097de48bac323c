"""Where pages get their reader and their cached answers; the only place that caches.

Everything cached is keyed by the build, so that a newly published warehouse is seen at once and nothing is
ever stale. Frames are shared between sessions and never changed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import streamlit as st

from pipelines.explain import Progress, Verdict, verdict
from pipelines.explain import progresses as quarter_progresses
from pipelines.fence import FencePool
from pipelines.metrics import by_metric
from pipelines.metrics.days import stands_by_day
from pipelines.metrics.kept import KeptFrames
from pipelines.reader import MetricRequest, Reader, Refusal, last_refusal
from pipelines.settings import STATE_FOLDER, read_workspace

if TYPE_CHECKING:
    from pipelines.store import Store

WORKSPACE_VARIABLE = "PLUMBLINE_WORKSPACE"
Choices = Mapping[str, Sequence[str | None]]
_Settled = tuple[tuple[str, tuple[str | None, ...]], ...]

# Plain caches rather than Streamlit's: these are asked dozens of times a page, from threads of our own.
_METRICS = KeptFrames(2048)
_ASKING = ThreadPoolExecutor(max_workers=4, thread_name_prefix="metrics")
_UNDER_WAY: dict[Hashable, Future[pl.DataFrame]] = {}
_TURN = threading.Lock()


def workspace_root() -> Path:
    """The folder whose dashboard this is."""
    return Path(os.environ.get(WORKSPACE_VARIABLE, "."))


def open_reader(root: Path) -> Reader:
    """A reader on a workspace; tests put another in its place.

    Raises:
        StateError: If nothing was ever loaded.
    """
    return Reader.open(root)


def reader() -> Reader:
    """The reader of this workspace, on the newest published warehouse.

    Raises:
        StateError: If nothing was ever loaded, or the warehouse is gone.
    """
    found: Reader = _opened(str(workspace_root().resolve()))
    found.refresh()
    return found


def metrics(
    source: Reader,
    keys: Sequence[str],
    *,
    by: Sequence[str] = (),
    grain: str = "all",
    start: date | None = None,
    end: date | None = None,
    chosen: Choices | None = None,
) -> pl.DataFrame:
    """Rows of `reader.metrics`, from the cache where this build was asked the same before.

    Metrics that stand by day are asked together, since one scan answers several of them; the others at once
    beside them: the database works while Python waits.
    """
    question = _Question.of(source, by=by, grain=grain, start=start, end=end, chosen=chosen)
    found = {key: _METRICS.get((question, key)) for key in keys}
    missing = [key for key, rows in found.items() if rows is None]
    by_day = [key for key in missing if stands_by_day(source.definition(key))]
    waited = {key: question.under_way(key) for key in missing if key not in by_day}
    if by_day:
        for key, rows in by_metric(question.ask(by_day), by_day).items():
            found[key] = _METRICS.put((question, key), rows)
    found |= {key: each.result() for key, each in waited.items()}
    return pl.concat(found[key] for key in keys) if keys else _metric_schema(by)


def ahead(
    source: Reader,
    keys: Sequence[str],
    questions: Sequence[Mapping[str, Any]],
    *,
    chosen: Choices | None = None,
) -> None:
    """Begin what a page is about to ask of the metrics that do not stand by day, which take longest.

    Args:
        source: The reader.
        keys: Metrics; of those that stand by day nothing is asked here.
        questions: By, grain, start and end of each question, as for `metrics`, in the order of asking.
        chosen: Filters.
    """
    slow = [key for key in keys if not stands_by_day(source.definition(key))]
    for each in questions:
        question = _Question.of(source, chosen=chosen, **each)
        for key in slow:
            if _METRICS.get((question, key)) is None:
                question.under_way(key)


@dataclass(frozen=True)
class _Question:
    """What can be asked of several metrics alike, of one build."""

    source: Reader
    build_id: str
    by: tuple[str, ...]
    grain: str
    start: date | None
    end: date | None
    filters: _Settled

    @classmethod
    def of(
        cls,
        source: Reader,
        *,
        by: Sequence[str] = (),
        grain: str = "all",
        start: date | None = None,
        end: date | None = None,
        chosen: Choices | None = None,
    ) -> _Question:
        return cls(source, source.build.build_id, tuple(by), grain, start, end, _settled(chosen))

    def ask(self, keys: Sequence[str]) -> pl.DataFrame:
        """Rows of some metrics, from the warehouse."""
        return self.source.metrics(
            MetricRequest(
                metrics=tuple(keys),
                by=self.by,
                grain=self.grain,
                start=self.start,
                end=self.end,
                filters=dict(self.filters),
            )
        )

    def under_way(self, key: str) -> Future[pl.DataFrame]:
        """The answer for one metric, asked beside; whoever asks meanwhile waits for the same one."""
        with _TURN:
            if (self, key) not in _UNDER_WAY:
                _UNDER_WAY[self, key] = _ASKING.submit(self._answer, key)
            return _UNDER_WAY[self, key]

    def _answer(self, key: str) -> pl.DataFrame:
        try:
            return _METRICS.put((self, key), self.ask([key]))
        finally:
            with _TURN:
                _UNDER_WAY.pop((self, key), None)


def _settled(chosen: Choices | None) -> _Settled:
    """Filters as part of a cache's key."""
    return tuple(sorted((name, tuple(values)) for name, values in (chosen or {}).items()))


def verdicts(source: Reader, keys: Sequence[str], *, chosen: Choices | None = None) -> Mapping[str, Verdict]:
    """Whether the newest weeks of some metrics have left their level, over every week there is."""
    weeks = by_metric(metrics(source, keys, grain="week", chosen=chosen), keys)
    first, _ = answer(source, "period")
    filters = _settled(chosen)
    return {
        key: remembered(
            ("verdict", str(source.build.path), source.build.build_id, key, filters),
            lambda key=key: verdict(source.definition(key), weeks[key], first=first),
        )
        for key in keys
    }


def progresses(source: Reader, keys: Sequence[str], *, chosen: Choices | None = None) -> tuple[Progress, ...]:
    """How the running quarter stands against the targets of some metrics."""

    def ask(asked: tuple[str, ...], grain: str, start: date | None, filters: Choices) -> pl.DataFrame:
        return metrics(source, asked, grain=grain, start=start, chosen=filters)

    filters = _settled(chosen)
    found: tuple[Progress, ...] = remembered(
        ("progress", str(source.build.path), source.build.build_id, tuple(keys), filters),
        lambda: quarter_progresses(source, keys, chosen, ask=ask),
    )
    return found


def answer(source: Reader, method: str, *arguments: Any) -> Any:
    """The answer of another method of the reader, from the cache where this build was asked it before."""
    return _answer(source, source.build.build_id, method, *arguments)


def was_ever_loaded() -> bool:
    """Whether the workspace has a pointer to a warehouse, whatever became of the warehouse."""
    return (workspace_root() / STATE_FOLDER / "warehouse" / "current.json").exists()


def refusal() -> Refusal | None:
    """The load that was refused since the last one that went through, or None."""
    return last_refusal(workspace_root() / STATE_FOLDER)


def forget() -> None:
    """Forget every cached answer and reader."""
    _METRICS.clear()
    _answer.cache_clear()
    st.cache_resource.clear()


@st.cache_resource(show_spinner=False)
def _opened(root: str) -> Reader:
    return open_reader(Path(root))


@lru_cache(maxsize=128)
def _answer(source: Reader, build_id: str, method: str, *arguments: Any) -> Any:
    return getattr(source, method)(*arguments)


def _metric_schema(by: Sequence[str]) -> pl.DataFrame:
    texts = dict.fromkeys(("metric", "grain", *by, "status"), pl.String)
    numbers = dict.fromkeys(("value", "lower", "upper", "numerator"), pl.Float64)
    counts = dict.fromkeys(("denominator", "pending"), pl.Int64)
    return pl.DataFrame(schema={**texts, "period_start": pl.Date, **numbers, **counts})


@st.cache_resource(show_spinner=False)
def fence() -> FencePool:
    """The caged workers that run people's SQL, a few for all visitors."""
    return FencePool(size=3)


def store() -> Store:
    """The app store of this workspace: what people typed in, made on the first look.

    Raises:
        StateError: If its database cannot be reached.
    """
    found: Store = _store(str(workspace_root().resolve()))
    return found


def remembered(key: tuple[Hashable, ...], make: Callable[[], Any]) -> Any:
    """What `make` gives, computed once for a key that names everything it depends on."""
    return _remembered(key, make)


@st.cache_resource(show_spinner=False)
def _store(root: str) -> Store:
    from pipelines.store import open_store  # SQLAlchemy, which only calibration needs

    workspace = read_workspace(Path(root))
    return open_store(workspace.state, url=workspace.store.address())


@st.cache_resource(show_spinner=False, max_entries=512)
def _remembered(key: tuple[Hashable, ...], _make: Callable[[], Any]) -> Any:
    return _make()
