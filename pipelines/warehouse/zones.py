"""Clock changes as tables, so that local wall times can be read and told in SQL; imports nothing of ours.

The rule of reading is RFC 5545's and that of Python's `zoneinfo` with fold 0: a repeated hour is its first
occurrence, a skipped time is read with the offset before the change.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

EPOCH = datetime(1, 1, 1)
FIRST, LAST = datetime(1990, 1, 1, tzinfo=UTC), datetime(2060, 1, 1, tzinfo=UTC)


@cache
def wall_clock_offsets(timezone: str) -> tuple[tuple[datetime, datetime, float], ...]:
    """Spans of local wall time with the offset to read them with.

    Args:
        timezone: IANA name.

    Returns:
        Rows of (first local instant, local instant past the last, seconds east of UTC), in order,
        without gaps, from year 1 to year 9999; changes before 1990 and after 2059 are not listed.
    """
    starts: list[tuple[datetime, float]] = []
    before = 0.0
    for change, after in _offsets(timezone):
        starts.append((change + timedelta(seconds=max(before, after)) if starts else EPOCH, after))
        before = after
    ends = [start for start, _ in starts[1:]] + [datetime.max]
    return tuple((start, end, offset) for (start, offset), end in zip(starts, ends, strict=True))


@cache
def utc_offsets(timezone: str) -> tuple[tuple[int, datetime, datetime, float], ...]:
    """Spans of UTC with the offset in force, each within one year, so that few are looked at for a moment.

    Args:
        timezone: IANA name.

    Returns:
        Rows of (year, first instant, instant past the last, seconds east of UTC), naive UTC, in order,
        without gaps, from 1990 to 2059.
    """
    offsets = _offsets(timezone)
    spans = []
    for year in range(FIRST.year, LAST.year):
        begins, ends = datetime(year, 1, 1), datetime(year + 1, 1, 1)
        inside = [(change, offset) for change, offset in offsets if begins < change < ends]
        in_force = next(offset for change, offset in reversed(offsets) if change <= begins)
        starts = [(begins, in_force), *inside]
        untils = [*(change for change, _ in inside), ends]
        spans += [(year, start, until, offset) for (start, offset), until in zip(starts, untils, strict=True)]
    return tuple(spans)


@cache
def _offsets(timezone: str) -> tuple[tuple[datetime, float], ...]:
    """Each offset of a zone with the naive UTC instant from which it is in force; the first from year 1."""
    zone = ZoneInfo(timezone)
    step = timedelta(days=7)
    found = [(EPOCH, _offset(zone, FIRST))]
    at = FIRST
    while at < LAST:
        if _offset(zone, at) != _offset(zone, at + step):
            found += [
                (change.replace(tzinfo=None), _offset(zone, change))
                for change in _changes(zone, at, at + step)
            ]
        at += step
    return tuple(found)


def _changes(zone: ZoneInfo, low: datetime, high: datetime) -> Iterable[datetime]:
    # Halving finds one change in a week; zones that change twice within one are not known since 1990.
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        middle = middle.replace(microsecond=0)
        if middle <= low:
            break
        if _offset(zone, middle) == _offset(zone, low):
            low = middle
        else:
            high = middle
    yield high


def _offset(zone: ZoneInfo, at: datetime) -> float:
    offset = at.astimezone(zone).utcoffset()
    assert offset is not None  # an aware datetime has one
    return offset.total_seconds()
