"""Text to the types of the canonical tables, with the reason where it does not go; imports config, masking.

Numbers: `3` and `3.0` are integers; money has at most four decimals and no exponent; nothing is infinite.
Timestamps: ISO 8601 with `T` or a space, seconds and fractions optional, or a date alone, or a format of the
source's own. With an offset they become UTC; without one they are local times of the source's zone if it has
one, else of a zone that the build knows, and marked so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import polars as pl

from pipelines.canonical import MONEY_SCALE, RATE_SCALE, Column, Table
from pipelines.sources.config import is_zone
from pipelines.sources.masking import MASKED, scrubbed, shown
from pipelines.sources.pseudonyms import pseudonyms
from pipelines.sources.reading import LINE

LOCAL_MASK = "_local_mask"
FIRST_YEAR, LAST_YEAR = 1900, 2199
TYPES: dict[str, pl.DataType] = {
    "text": pl.String(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "money": pl.Decimal(18, MONEY_SCALE),
    "rate": pl.Decimal(18, RATE_SCALE),
    "boolean": pl.Boolean(),
    "timestamp": pl.Datetime("us"),
    "date": pl.Date(),
}
TRUE, FALSE = ("true", "1", "yes", "t", "y"), ("false", "0", "no", "f", "n")
_ISO = (
    r"^(\d{4}-\d{2}-\d{2})(?:[Tt ](\d{2}:\d{2})(?::?(\d{2})(?:[.,](\d{1,9}))?)?)?"
    r"\s?(?:([Zz])|(?:UTC|GMT)?([+-]\d{2}):?(\d{2})?|(UTC|GMT))?$"
)
_INTEGER = r"^[+-]?\d+(\.0*)?$"
_NUMBER = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?$"
_COMMA_NUMBER = r"^[+-]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?$"
# Columns of text that may rightly hold an e-mail address: the people who work here, not customers.
_STAFF = ("agent_id", "grader_id", "agent_name", "customer_id")


@dataclass(frozen=True)
class Cast:
    """A column after casting.

    Attributes:
        values: The typed values, empty where there was nothing or nothing that could be cast.
        bad: Which values could not be cast; None when all could.
        local: Which timestamps are local times; None when none is.
    """

    values: pl.Series
    bad: pl.Series | None = None
    local: pl.Series | None = None


@dataclass(frozen=True)
class Typed:
    """Rows that could be cast, and those that could not.

    Attributes:
        rows: All columns of the table in their order, `_line` and `_local_mask`.
        rejects: line, column, value (masked), reason; one row a rejected record.
    """

    rows: pl.DataFrame
    rejects: pl.DataFrame


REJECT_SCHEMA = {"line": pl.Int64, "column": pl.String, "value": pl.String, "reason": pl.String}


def cast_rows(
    frame: pl.DataFrame,
    table: Table,
    *,
    key: bytes,
    formats: dict[str, tuple[str, ...]],
    zone: str | None,
    decimal: str,
) -> Typed:
    """The rows of a mapped chunk, typed.

    Args:
        frame: Canonical columns as written, and `_line`; a column that the file does not have is left out.
        key: Secret of the pseudonyms.
        formats: Formats of timestamps and dates that are not ISO 8601.
        zone: Zone of timestamps without an offset.
        decimal: The decimal mark.
    """
    columns: list[pl.Series] = []
    first_bad: list[tuple[Column, pl.Series]] = []
    mask = pl.Series([0], dtype=pl.Int32).new_from_index(0, frame.height)
    for column in table.columns:
        if column.name not in frame.columns:
            columns.append(pl.Series(column.name, [], TYPES[column.type]).clear(frame.height))
            continue
        cast = cast_column(
            frame[column.name],
            column,
            formats=formats.get(column.name, ("iso",)),
            zone=zone,
            decimal=decimal,
            personal=key,
        )
        columns.append(cast.values.alias(column.name))
        if cast.bad is not None and cast.bad.any():
            first_bad.append((column, cast.bad))
        if cast.local is not None:
            mask = mask + cast.local.cast(pl.Int32) * (1 << table.timestamps.index(column.name))
    rows = pl.DataFrame([*columns, frame[LINE], mask.alias(LOCAL_MASK)])
    if not first_bad:
        return Typed(rows, pl.DataFrame(schema=REJECT_SCHEMA))
    rejects = []
    seen = pl.Series([False]).new_from_index(0, frame.height)
    for column, bad in first_bad:
        new = bad & ~seen
        seen = seen | bad
        rejects.append(_rejects(frame.filter(new), column, formats.get(column.name, ("iso",)), decimal))
    return Typed(rows.filter(~seen), pl.concat(rejects))


def _rejects(frame: pl.DataFrame, column: Column, formats: tuple[str, ...], decimal: str) -> pl.DataFrame:
    value = pl.col(column.name).cast(pl.String).str.strip_chars()
    return frame.select(
        pl.col(LINE).alias("line"),
        pl.lit(column.name).alias("column"),
        (pl.lit(MASKED) if column.personal else shown(value)).alias("value"),
        pl.lit(_reason(column, formats, decimal)).alias("reason"),
    )


def _reason(column: Column, formats: tuple[str, ...], decimal: str) -> str:
    if column.name == "timezone":
        return "not an IANA time zone such as Europe/London"
    if is_currency(column):
        return "not a three-letter currency code such as USD"
    written = " or ".join("ISO 8601" if text == "iso" else text for text in formats)
    mark = "decimal comma" if decimal == "," else "decimal point"
    return {
        "text": "holds an e-mail address, which must not be stored here",
        "integer": "not a whole number",
        "number": f"not a number with a {mark}",
        "money": f"not an amount of money with a {mark} and at most {MONEY_SCALE} decimals",
        "rate": f"not a rate with a {mark} and at most {RATE_SCALE} decimals",
        "boolean": "neither true nor false",
        "timestamp": f"not a timestamp ({written}) between {FIRST_YEAR} and {LAST_YEAR}",
        "date": f"not a date ({written}) between {FIRST_YEAR} and {LAST_YEAR}",
    }[column.type]


def is_currency(column: Column) -> bool:
    """Whether a column holds currency codes."""
    return column.name in ("currency", "to_currency")


def cast_column(
    values: pl.Series,
    column: Column,
    *,
    formats: tuple[str, ...],
    zone: str | None,
    decimal: str,
    personal: bytes,
) -> Cast:
    """One column, cast to its canonical type."""
    if column.type == "timestamp":
        return _timestamps(values, formats, zone)
    if values.dtype == TYPES[column.type] and column.type in ("integer", "boolean", "date"):
        return Cast(values)
    if column.type == "date" and isinstance(values.dtype, pl.Datetime):
        return Cast(values.cast(pl.Date))
    text = _text(values)
    if column.type == "text":
        return _words(text, column, personal)
    if column.type == "boolean":
        return _checked(text, _booleans(text))
    if column.type == "date":
        return _checked(text, _dates(text, formats))
    if decimal == "," and values.dtype == pl.String:
        fine = text.str.contains(_COMMA_NUMBER)
        dotted = text.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
        return _checked(text, _numbers(dotted.set(~fine.fill_null(True), None), column))
    return _checked(text, _numbers(text, column))


def _text(values: pl.Series) -> pl.Series:
    """Trimmed text; what is empty is null."""
    text = values if values.dtype == pl.String else values.cast(pl.String, strict=False)
    text = text.str.strip_chars()
    empty = text == ""
    return text.set(empty, None) if empty.any() else text


def _checked(text: pl.Series, values: pl.Series) -> Cast:
    bad = text.is_not_null() & values.is_null()
    return Cast(values, bad if bad.any() else None)


def _words(text: pl.Series, column: Column, key: bytes) -> Cast:
    if column.personal == "pseudonym":
        return Cast(pseudonyms(key, text))
    if column.personal == "scrub":
        return Cast(pl.select(scrubbed(pl.lit(text))).to_series())
    if column.values:
        # A word that is none of the allowed ones is kept: the table's expectations say so of it.
        plain = text.str.to_lowercase()
        return Cast(text.zip_with(~plain.is_in(list(column.values)).fill_null(False), plain))
    if is_currency(column):
        upper = text.str.to_uppercase()
        return _checked(text, upper.set(~upper.str.contains(r"^[A-Z]{3}$").fill_null(True), None))
    if column.name == "timezone":
        zones = [name for name in text.drop_nulls().unique().to_list() if is_zone(name)]
        return _checked(text, text.set(~text.is_in(zones).fill_null(True), None))
    if column.name not in _STAFF and text.str.contains("@", literal=True).any():
        address = text.str.contains(r"[^\s@]@[^\s@]+\.[^\s@]").fill_null(False)
        return Cast(text, address if address.any() else None)
    return Cast(text)


def _booleans(text: pl.Series) -> pl.Series:
    plain = text.str.to_lowercase()
    words = dict.fromkeys(TRUE, True) | dict.fromkeys(FALSE, False)
    return plain.replace_strict(list(words), list(words.values()), default=None, return_dtype=pl.Boolean)


def _numbers(text: pl.Series, column: Column) -> pl.Series:
    if column.type == "integer":
        whole = text.str.contains(_INTEGER).fill_null(False)
        return text.set(~whole, None).str.replace(r"\.0*$", "").cast(pl.Int64, strict=False)
    if column.type == "number":
        numbers = text.cast(pl.Float64, strict=False)
        fine = numbers.is_finite().fill_null(False) & text.str.contains(_NUMBER).fill_null(False)
        return numbers.set(~fine, None)
    scale = MONEY_SCALE if column.type == "money" else RATE_SCALE
    plain = rf"^[+-]?\d{{1,{18 - scale}}}(\.\d{{0,{scale}}}0*)?$|^[+-]?\.\d{{1,{scale}}}0*$"
    fine = text.str.contains(plain).fill_null(False)
    return text.set(~fine, None).cast(pl.Decimal(18, scale), strict=False)


def _dates(text: pl.Series, formats: tuple[str, ...]) -> pl.Series:
    found = pl.Series([None], dtype=pl.Date).new_from_index(0, len(text))
    for written in formats:
        left = text.is_not_null() & found.is_null()
        if not left.any():
            break
        rest = text.filter(left)
        if written == "iso":
            midnight = rest.str.replace(r"[T ]00:00(:00(\.0+)?)?$", "")
            read = midnight.str.to_date("%Y-%m-%d", strict=False)
            read = read.set(~midnight.str.contains(r"^\d{4}-\d{1,2}-\d{1,2}$").fill_null(True), None)
        elif written.startswith("epoch"):
            read = _epoch(rest, written).cast(pl.Date)
        else:
            read = _strptime(rest, written)[0].cast(pl.Date)
        found = found.scatter(left.arg_true(), read)
    year = found.dt.year()
    return found.set(~year.is_between(FIRST_YEAR, LAST_YEAR).fill_null(True), None)


def _timestamps(values: pl.Series, formats: tuple[str, ...], zone: str | None) -> Cast:
    if isinstance(values.dtype, pl.Datetime):
        stamps = values
        local = stamps.is_not_null() if values.dtype.time_zone is None else None
        if local is None:
            stamps = stamps.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
        return _zoned(Cast(stamps.cast(pl.Datetime("us")), local=local), zone)
    if values.dtype == pl.Date:
        return _zoned(Cast(values.cast(pl.Datetime("us")), local=values.is_not_null()), zone)
    text = _text(values)
    found = pl.Series([None], dtype=pl.Datetime("us")).new_from_index(0, len(text))
    local = pl.Series([False]).new_from_index(0, len(text))
    for written in formats:
        left = text.is_not_null() & found.is_null()
        if not left.any():
            break
        whole = left.all()
        rest = text if whole else text.filter(left)
        if written == "iso":
            read, is_local = iso_timestamps(rest)
        elif written.startswith("epoch"):
            read = _epoch(rest, written)
            is_local = pl.Series([False]).new_from_index(0, len(rest))
        else:
            read, is_local = _strptime(rest, written)
        if whole:
            found, local = read, is_local
        else:
            places = left.arg_true()
            found, local = found.scatter(places, read), local.scatter(places, is_local)
    year = found.dt.year()
    strange = ~year.is_between(FIRST_YEAR, LAST_YEAR).fill_null(True)
    if strange.any():
        found = found.set(strange, None)
    local = local & found.is_not_null()
    checked = _checked(text, found)
    return _zoned(Cast(checked.values, checked.bad, local if local.any() else None), zone)


def _zoned(cast: Cast, zone: str | None) -> Cast:
    if zone is None or cast.local is None:
        return cast
    return Cast(cast.values.zip_with(~cast.local, local_to_utc(cast.values, zone)), cast.bad)


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


def _epoch(text: pl.Series, unit: str) -> pl.Series:
    number = text.set(~text.str.contains(r"^-?\d{1,14}(\.\d*)?$").fill_null(True), None)
    micros = number.cast(pl.Float64, strict=False) * (1_000_000 if unit == "epoch_s" else 1_000)
    return micros.round(0).cast(pl.Int64, strict=False).cast(pl.Datetime("us"))


def _strptime(text: pl.Series, written: str) -> tuple[pl.Series, pl.Series]:
    """Timestamps in a format of the source's own, and which of them are local."""
    none = pl.Series([False]).new_from_index(0, len(text))
    if re.search(r"%[:#]*z", written):
        aware = text.str.to_datetime(written, strict=False, time_unit="us", time_zone="UTC")
        return aware.dt.replace_time_zone(None), none
    if re.search(r"%[HIklMSTRrpPcXsfD]|%\.", written):
        naive = text.str.to_datetime(written, strict=False, time_unit="us")
    else:
        naive = text.str.to_date(written, strict=False).cast(pl.Datetime("us"))
    return naive, naive.is_not_null()


def iso_timestamps(text: pl.Series) -> tuple[pl.Series, pl.Series]:
    """ISO 8601 timestamps and which of them are local; what is none is empty.

    Columns are nearly always written in one way, so the first value's way is tried on all, twice; what is
    left is taken apart by a pattern that knows them all.
    """
    size = len(text)
    found = pl.Series([None], dtype=pl.Datetime("us")).new_from_index(0, size)
    local = pl.Series([False]).new_from_index(0, size)
    left = text.is_not_null()
    for _ in range(2):
        if not left.any():
            return found, local
        written = _way(str(text.filter(left)[0]))
        if written is None:
            break
        read, is_local = _strptime(text.set(~left, None), written)
        if written.endswith("Z"):
            is_local = pl.Series([False]).new_from_index(0, size)
        found = read.zip_with(left, found)
        local = is_local.zip_with(left, local)
        left = text.is_not_null() & found.is_null()
    if left.any():
        read, is_local = _taken_apart(text.filter(left))
        places = left.arg_true()
        found, local = found.scatter(places, read), local.scatter(places, is_local)
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


def _taken_apart(text: pl.Series) -> tuple[pl.Series, pl.Series]:
    parts = text.str.extract_groups(_ISO).struct.unnest()
    day, time, seconds, fraction, zulu, hours, minutes, named = (parts[name] for name in parts.columns)
    written = day + "T" + time.fill_null("00:00") + ":" + seconds.fill_null("00")
    stamps = written.str.to_datetime("%Y-%m-%dT%H:%M:%S", strict=False, time_unit="us")
    micros = fraction.str.pad_end(6, "0").str.head(6).cast(pl.Int64).fill_null(0)
    sign = hours.str.starts_with("-").fill_null(False).cast(pl.Int64) * -2 + 1
    away = (hours.str.tail(2).cast(pl.Int64) * 60 + minutes.cast(pl.Int64).fill_null(0)) * sign
    shift = micros - away.fill_null(0) * 60_000_000
    stamps = (stamps.cast(pl.Int64) + shift).cast(pl.Datetime("us"))
    local = zulu.is_null() & hours.is_null() & named.is_null() & stamps.is_not_null()
    return stamps, local


def now_text() -> str:
    """This moment in UTC, ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")
