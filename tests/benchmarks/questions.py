"""How fast the reader answers what pages and people ask, on a warehouse that is loaded."""

from __future__ import annotations

import statistics
import time
from datetime import timedelta
from pathlib import Path

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


def overview_milliseconds(workspace: Path) -> tuple[list[float], list[float]]:
    """Wall and processor milliseconds of one Overview page's questions, a pair for each choice of filters.

    Nothing is asked twice. On a busy machine the processor's time says more than the wall's.
    """
    reader = Reader.open(workspace)
    last = reader.period()[1]
    start, weeks = last - timedelta(weeks=13), timedelta(weeks=13)
    _ask_overview(reader, FILTERS[0], start - weeks, start)  # opens the file's blocks, as any first page does
    wall, processor = [], []
    for filters in FILTERS:
        began, used = time.perf_counter(), time.process_time()
        _ask_overview(reader, filters, start, last)
        wall.append(1_000 * (time.perf_counter() - began))
        processor.append(1_000 * (time.process_time() - used))
    return wall, processor


def _ask_overview(reader: Reader, filters: dict[str, tuple[str | None, ...]], start, end) -> None:
    length = end - start + timedelta(days=1)
    windows = {"start": start, "end": end}
    before = {"start": start - length, "end": start - timedelta(days=1)}
    requests = [
        MetricRequest(metrics=FIGURES, filters=filters, **windows),
        MetricRequest(metrics=FIGURES, filters=filters, **before),
        MetricRequest(metrics=FIGURES, grain="week", filters=filters, **windows),
        MetricRequest(metrics=(CLOSER,), by=("issue", "channel"), filters=filters, **windows),
        MetricRequest(metrics=(CLOSER,), by=("site", "operating_model"), filters=filters, **windows),
    ]
    for request in requests:
        reader.metrics(request)


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
