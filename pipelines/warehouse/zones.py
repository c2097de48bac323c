"""Clock changes as a table, so that local wall times can be read in SQL; imports nothing of ours.

The rule is RFC 5545's and that of Python's `zoneinfo` with fold 0: a repeated hour is its first
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
    zone = ZoneInfo(timezone)
    step = timedelta(days=7)
    starts: list[tuple[datetime, float]] = [(EPOCH, _offset(zone, FIRST))]
    at = FIRST
    while at < LAST:
        if _offset(zone, at) != _offset(zone, at + step):
            for change in _changes(zone, at, at + step):
                before, after = starts[-1][1], _offset(zone, change)
                local = change.replace(tzinfo=None) + timedelta(seconds=max(before, after))
                starts.append((local, after))
        at += step
    ends = [start for start, _ in starts[1:]] + [datetime.max]
    return tuple((start, end, offset) for (start, offset), end in zip(starts, ends, strict=True))


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
