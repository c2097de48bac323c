"""Where pages get their reader and their cached answers; the only place that caches.

Everything cached is keyed by the build, so that a newly published warehouse is seen at once and nothing is
ever stale. Frames are shared between sessions and never changed.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import streamlit as st

from pipelines.fence import FencePool
from pipelines.reader import MetricRequest, Reader, Refusal, last_refusal
from pipelines.settings import STATE_FOLDER

WORKSPACE_VARIABLE = "PLUMBLINE_WORKSPACE"
Choices = Mapping[str, Sequence[str | None]]


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
    """Rows of `reader.metrics`, from the cache where this build was asked the same before."""
    filters = tuple(sorted((name, tuple(values)) for name, values in (chosen or {}).items()))
    return _metrics(source, source.build.build_id, tuple(keys), tuple(by), grain, start, end, filters)


def answer(source: Reader, method: str, *arguments: Any) -> Any:
    """The answer of another method of the reader, from the cache where this build was asked it before."""
    return _answer(source, source.build.build_id, method, *arguments)


@st.cache_resource(show_spinner=False)
def _opened(root: str) -> Reader:
    return open_reader(Path(root))


@st.cache_resource(show_spinner=False, max_entries=512)
def _metrics(
    _source: Reader,
    build_id: str,
    keys: tuple[str, ...],
    by: tuple[str, ...],
    grain: str,
    start: date | None,
    end: date | None,
    filters: tuple[tuple[str, tuple[str | None, ...]], ...],
) -> pl.DataFrame:
    request = MetricRequest(metrics=keys, by=by, grain=grain, start=start, end=end, filters=dict(filters))
    return _source.metrics(request)


@st.cache_resource(show_spinner=False, max_entries=128)
def _answer(_source: Reader, build_id: str, method: str, *arguments: Any) -> Any:
    return getattr(_source, method)(*arguments)


def was_ever_loaded() -> bool:
    """Whether the workspace has a pointer to a warehouse, whatever became of the warehouse."""
    return (workspace_root() / STATE_FOLDER / "warehouse" / "current.json").exists()


def refusal() -> Refusal | None:
    """The load that was refused since the last one that went through, or None."""
    return last_refusal(workspace_root() / STATE_FOLDER)


@st.cache_resource(show_spinner=False)
def fence() -> FencePool:
    """The caged workers that run people's SQL, a few for all visitors."""
    return FencePool(size=3)
