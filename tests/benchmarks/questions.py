"""How fast the reader answers what pages and people ask, on a warehouse that is loaded."""

from __future__ import annotations

import logging
import statistics
import time
from datetime import date, timedelta
from pathlib import Path

from dashboard import deps
from pipelines.explain import quarter_of
from pipelines.insight import FIGURES
from pipelines.reader import MetricRequest, Reader

CLOSER = "fcr"
# Filters a visitor may click through; contacts_per_100_orders and the like take all of them.
FILTERS: tuple[dict[str, tuple[str | None, ...]], ...] = (
    {},
    {"program_id": ("fernway-home",)},
    {"program_id": ("fernway-active",)},
    {"channel": ("voice",)},
    {"channel": ("chat", "email")},
    {"issue": ("refund", "return")},
    {"site": ("Manila",)},
    {"site": ("Bogotá",), "channel": ("voice",)},
    {"issue": ("wismo",), "program_id": ("fernway-active",)},
)


def overview_milliseconds(workspace: Path) -> tuple[list[float], list[float], list[float]]:
    """Milliseconds of an Overview's questions, by choice of filters: cards, all of it, processor of all.

    Cards with what they are compared with and the two splits stand first; verdicts on all weeks and the
    targets' chances follow. Nothing is asked twice. On a busy machine the processor's time says more.
    """
    logging.getLogger("streamlit").setLevel(logging.ERROR)  # its caches miss the page that they serve
    deps.forget()
    reader = Reader.open(workspace)
    last = reader.period()[1]
    start, weeks = last - timedelta(weeks=13), timedelta(weeks=13)
    _ask_cards(reader, FILTERS[0], start - weeks, start)  # opens the file's blocks, as any first page does
    cards, whole, processor = [], [], []
    for filters in FILTERS:
        began, used = time.perf_counter(), time.process_time()
        _ask_cards(reader, filters, start, last)
        cards.append(1_000 * (time.perf_counter() - began))
        deps.verdicts(reader, FIGURES, chosen=filters)
        deps.progresses(reader, FIGURES, chosen=filters)
        whole.append(1_000 * (time.perf_counter() - began))
        processor.append(1_000 * (time.process_time() - used))
    return cards, whole, processor


def _ask_cards(reader: Reader, filters: dict[str, tuple[str | None, ...]], start: date, end: date) -> None:
    """What the page asks, by the page's own cached ways."""
    length = end - start + timedelta(days=1)
    windows = {"start": start, "end": end}
    before = {"start": start - length, "end": start - timedelta(days=1)}
    weeks = {"grain": "week"}
    quarter = {"grain": "quarter", "start": quarter_of(end)[0]}
    deps.ahead(reader, FIGURES, [windows, before, {**weeks, **windows}, weeks, quarter], chosen=filters)
    deps.metrics(reader, FIGURES, chosen=filters, **windows)
    deps.metrics(reader, FIGURES, chosen=filters, **before)
    deps.metrics(reader, FIGURES, chosen=filters, grain="week", **windows)
    deps.metrics(reader, (CLOSER,), by=("issue", "channel"), chosen=filters, **windows)
    deps.metrics(reader, (CLOSER,), by=("site", "operating_model"), chosen=filters, **windows)


def agent_weeks_seconds(workspace: Path) -> float:
    """Seconds of fcr by agent and week over everything, the median of three."""
    reader = Reader.open(workspace)
    request = MetricRequest(metrics=("fcr",), by=("agent_id",), grain="week")
    times = []
    for _ in range(3):
        began = time.perf_counter()
        rows = reader.metrics(request)
        times.append(time.perf_counter() - began)
        if not rows.height:
            raise RuntimeError("fcr by agent and week has no row; nothing was measured.")
    return statistics.median(times)
