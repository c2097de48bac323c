"""Text to timestamps and dates, and local wall times to UTC; imports nothing of ours.

ISO 8601 with `T` or a space, seconds and fractions optional, or a date alone, or a format of the source's
own. With an offset a timestamp becomes UTC; without one it is a local time, and said to be one.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import polars as pl

FIRST_YEAR, LAST_YEAR = 1900, 2199
_ISO = (
    r"^(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2})(?::?(\d{2})(?:[.,](\d{1,9}))?)?)?"
    r"\s?(?:([Zz])|(?:UTC|GMT)?([+-]\d{2}):?(\d{2})?|(UTC|GMT))?$"
)
_MICROSECONDS = pl.Datetime("us")

Stamps = tuple[pl.Series, "pl.Series | None"]
"""Timestamps, and which of them are local times (None: none is)."""


def read_timestamps(text: pl.Series, formats: tuple[str, ...]) -> Stamps:
    """Timestamps in one of several formats, tried in turn; what is none is empty."""
    found = _empty(text, _MICROSECONDS)
    local: pl.Series | None = None
    for position, written in enumerate(formats):
        left = text.is_not_null() & found.is_null() if position else None
        if left is not None and not left.any():
            break
        rest = text if left is None else text.filter(left)
        read, is_local = _read(rest, written)
        if left is None:
            found, local = read, is_local
        else:
            places = left.arg_true()
            found = found.scatter(places, read)
            if is_local is not None or local is not None:
                known = local if local is not None else _all(text, False)
                local = known.scatter(places, is_local if is_local is not None else _all(rest, False))
    return in_range(found), local


def read_dates(text: pl.Series, formats: tuple[str, ...]) -> pl.Series:
    """Dates in one of several formats; a timestamp at midnight is a date too."""
    found = _empty(text, pl.Date())
    for written in formats:
        left = text.is_not_null() & found.is_null()
        if not left.any():
            break
        rest = text.filter(left)
        if written == "iso":
            day = rest.str.replace(r"[T ]00:00(:00(\.0+)?)?$", "")
            read = day.str.to_date("%Y-%m-%d", strict=False)
            read = read.set(~day.str.contains(r"^\d{4}-\d{1,2}-\d{1,2}$").fill_null(True), None)
        else:
            read = _read(rest, written)[0].cast(pl.Date)
        found = found.scatter(left.arg_true(), read)
    return in_range(found)


def in_range(found: pl.Series) -> pl.Series:
    """Timestamps or dates without those outside the years that a business can mean."""
    kind = date if found.dtype == pl.Date else datetime
    strange = (found < kind(FIRST_YEAR, 1, 1)) | (found >= kind(LAST_YEAR + 1, 1, 1))
    return found.set(strange, None) if strange.any() else found


def _empty(text: pl.Series, kind: pl.DataType) -> pl.Series:
    return pl.Series([None], dtype=kind).new_from_index(0, len(text))


def _all(text: pl.Series, value: bool) -> pl.Series:
    return pl.Series([value]).new_from_index(0, len(text))


def _read(text: pl.Series, written: str) -> Stamps:
    if written == "iso":
        return iso_timestamps(text)
    if written.startswith("epoch"):
        return _epoch(text, written), None
    return _strptime(text, written)


def _epoch(text: pl.Series, unit: str) -> pl.Series:
    number = text.set(~text.str.contains(r"^-?\d{1,14}(\.\d*)?$").fill_null(True), None)
    micros = number.cast(pl.Float64, strict=False) * (1_000_000 if unit == "epoch_s" else 1_000)
    return micros.round(0).cast(pl.Int64, strict=False).cast(pl.Datetime("us"))


def _strptime(text: pl.Series, written: str) -> Stamps:
    """Timestamps in one format."""
    if re.search(r"%[:#]*z", written):
        aware = text.str.to_datetime(written, strict=False, cache=False, time_unit="us", time_zone="UTC")
        return aware.dt.replace_time_zone(None), None
    if re.search(r"%[HIklMSTRrpPcXsfD]|%\.", written):
        naive = text.str.to_datetime(written, strict=False, cache=False, time_unit="us")
    else:
        naive = text.str.to_date(written, strict=False).cast(pl.Datetime("us"))
    return naive, naive.is_not_null()


def iso_timestamps(text: pl.Series) -> Stamps:
    """ISO 8601 timestamps; what is none is empty.

    A column is nearly always written in one way, so the first value's way is tried on all, twice; what is
    left is taken apart by a pattern that knows them all.
    """
    found, local = _empty(text, _MICROSECONDS), None
    missing = text.null_count()
    for attempt in range(2):
        if found.null_count() == missing:
            return found, local
        left = text.is_not_null() & found.is_null()
        written = _way(str(text.filter(left)[0]))
        if written is None:
            break
        read, is_local = _strptime(text if attempt == 0 else text.set(~left, None), written)
        if written.endswith("Z"):
            is_local = None
        found = read if attempt == 0 else found.zip_with(~left, read)
        if is_local is not None:
            local = is_local if local is None else local | is_local
    left = text.is_not_null() & found.is_null()
    if left.any():
        read, is_local = _taken_apart(text.filter(left))
        places = left.arg_true()
        found = found.scatter(places, read)
        if is_local is not None:
            local = (local if local is not None else _all(text, False)).scatter(places, is_local)
    return found, local


def _way(sample: str) -> str | None:
    """The format that an ISO timestamp is written in, None when it is an uncommon one."""
    match = re.fullmatch(
        r"\d{4}-\d\d-\d\d([T ])\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:?\d\d)?", sample, flags=re.ASCII
    )
    if match is None:
        return None
    fraction = "%.f" if match[2] else ""
    zone = {None: "", "Z": "Z"}.get(match[3], "%z")
    return f"%Y-%m-%d{match[1]}%H:%M:%S{fraction}{zone}"


def _taken_apart(text: pl.Series) -> Stamps:
    parts = text.str.extract_groups(_ISO).struct.unnest()
    day, time, seconds, fraction, zulu, hours, minutes, named = (parts[name] for name in parts.columns)
    written = day + "T" + time.fill_null("00:00") + ":" + seconds.fill_null("00")
    stamps = written.str.to_datetime("%Y-%m-%dT%H:%M:%S", strict=False, cache=False, time_unit="us")
    micros = fraction.str.pad_end(6, "0").str.head(6).cast(pl.Int64).fill_null(0)
    sign = hours.str.starts_with("-").fill_null(False).cast(pl.Int64) * -2 + 1
    away = (hours.str.tail(2).cast(pl.Int64) * 60 + minutes.cast(pl.Int64).fill_null(0)) * sign
    shift = micros - away.fill_null(0) * 60_000_000
    stamps = (stamps.cast(pl.Int64) + shift).cast(pl.Datetime("us"))
    local = zulu.is_null() & hours.is_null() & named.is_null() & stamps.is_not_null()
    return stamps, local


def local_to_utc(stamps: pl.Series, zone: str) -> pl.Series:
    """Local wall times of a zone as UTC.

    An hour that a clock change repeats is its first occurrence; a time that it skips is read with the offset
    before the change (RFC 5545, section 3.3.5).
    """
    aware = stamps.dt.replace_time_zone(zone, ambiguous="earliest", non_existent="null")
    utc = aware.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    skipped = stamps.is_not_null() & utc.is_null()
    if skipped.any():
        place = ZoneInfo(zone)
        moved = [
            moment.replace(tzinfo=place, fold=0).astimezone(UTC).replace(tzinfo=None)
            for moment in stamps.filter(skipped).to_list()
        ]
        utc = utc.scatter(skipped.arg_true(), pl.Series(moved, dtype=pl.Datetime("us")))
    return utc
