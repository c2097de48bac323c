"""Text to the types of the canonical tables, with the reason where it does not go; imports config, masking.

Numbers: `3` and `3.0` are integers; money has at most four decimals and no exponent; nothing is infinite.
Timestamps with an offset become UTC; without one they are local times of the source's zone if it has one,
else of a zone that the build knows, and marked so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from pipelines.canonical import MONEY_SCALE, RATE_SCALE, Column, Table
from pipelines.errors import DataRefusedError
from pipelines.sources.config import is_zone
from pipelines.sources.masking import MASKED, scrubbed_column, shown
from pipelines.sources.pseudonyms import Pseudonymiser
from pipelines.sources.reading import LINE
from pipelines.sources.timestamps import (
    FIRST_YEAR,
    LAST_YEAR,
    in_range,
    local_to_utc,
    read_dates,
    read_timestamps,
)

LOCAL_MASK = "_local_mask"
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
SCALES = {"money": MONEY_SCALE, "rate": RATE_SCALE}
TRUE, FALSE = ("true", "1", "yes", "t", "y"), ("false", "0", "no", "f", "n")
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
    pseudonyms: Pseudonymiser,
    formats: Mapping[str, tuple[str, ...]],
    zone: str | None = None,
    decimal: str = ".",
    trimmed: bool = False,
    at_signs: bool = True,
) -> Typed:
    """The rows of a mapped chunk, typed.

    Args:
        frame: Canonical columns as written, and `_line`; a column that the file does not have is left out.
        pseudonyms: Makes the pseudonyms of customers.
        formats: Formats of timestamps and dates that are not ISO 8601.
        zone: Zone of timestamps without an offset.
        decimal: The decimal mark.
        trimmed: Whether it is known that no cell has spaces around it, and that empty ones are null.
        at_signs: Whether a cell may hold an @; where none does, none is looked for.
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
            pseudonyms=pseudonyms,
            trimmed=trimmed,
            at_signs=at_signs,
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
    pseudonyms: Pseudonymiser,
    trimmed: bool = False,
    at_signs: bool = True,
) -> Cast:
    """One column, cast to its canonical type."""
    if column.type == "timestamp":
        return _timestamps(values, formats, zone, trimmed=trimmed)
    if values.dtype == TYPES[column.type] and column.type in ("integer", "boolean", "date"):
        return Cast(values)
    if column.type == "date" and isinstance(values.dtype, pl.Datetime):
        return Cast(values.cast(pl.Date))
    if column.type in SCALES and values.dtype.is_float():
        values = _without_noise(values, SCALES[column.type])
    text = _text(values, trimmed=trimmed)
    if column.type == "text":
        return _words(text, column, pseudonyms, at_signs=at_signs)
    if column.type == "boolean":
        return _checked(text, _booleans(text))
    if column.type == "date":
        return _checked(text, read_dates(text, formats))
    if decimal == "," and values.dtype == pl.String:
        fine = text.str.contains(_COMMA_NUMBER)
        dotted = text.str.replace_all(".", "", literal=True).str.replace(",", ".", literal=True)
        return _checked(text, _numbers(dotted.set(~fine.fill_null(True), None), column))
    return _checked(text, _numbers(text, column))


def _without_noise(values: pl.Series, scale: int) -> pl.Series:
    """Binary fractions as the decimals they stand for (19.990000000000002), where that is beyond doubt."""
    rounded = values.round(scale)
    is_noise = (values - rounded).abs() <= 1e-12 * (values.abs() + 1)
    return rounded.zip_with(is_noise.fill_null(False), values)


def _text(values: pl.Series, *, trimmed: bool) -> pl.Series:
    """Trimmed text; what is empty is null. Whole numbers that a typed file has as floats lose their `.0`."""
    if values.dtype.is_nested() or values.dtype == pl.Binary:
        raise DataRefusedError(f"column '{values.name}' holds {values.dtype}, not plain values")
    text = values if values.dtype == pl.String else values.cast(pl.String, strict=False)
    if values.dtype.is_float():
        text = text.str.replace(r"\.0$", "")
    if trimmed:
        return text
    text = text.str.strip_chars()
    empty = text == ""
    return text.set(empty, None) if empty.any() else text


def _checked(text: pl.Series, values: pl.Series) -> Cast:
    if text.null_count() == values.null_count():
        return Cast(values)
    bad = text.is_not_null() & values.is_null()
    return Cast(values, bad if bad.any() else None)


def _words(text: pl.Series, column: Column, pseudonyms: Pseudonymiser, *, at_signs: bool) -> Cast:
    if column.personal == "pseudonym":
        return Cast(pseudonyms.of(text, at_signs=at_signs))
    if column.personal == "scrub":
        return Cast(scrubbed_column(text))
    if column.values:
        # A word that is none of the allowed ones is kept: the table's expectations say so of it.
        if text.is_in(list(column.values)).all():
            return Cast(text)
        plain = text.str.to_lowercase()
        return Cast(plain.zip_with(plain.is_in(list(column.values)).fill_null(False), text))
    if is_currency(column):
        code = r"^[A-Z]{3}$"
        if text.str.contains(code).all():
            return Cast(text)
        upper = text.str.to_uppercase()
        return _checked(text, upper.set(~upper.str.contains(code).fill_null(True), None))
    if column.name == "timezone":
        zones = [name for name in text.drop_nulls().unique().to_list() if is_zone(name)]
        return _checked(text, text.set(~text.is_in(zones).fill_null(True), None))
    if at_signs and column.name not in _STAFF and text.str.contains("@", literal=True).any():
        address = text.str.contains(r"[^\s@]@[^\s@]+\.[^\s@]").fill_null(False)
        return Cast(text, address if address.any() else None)
    return Cast(text)


def _booleans(text: pl.Series) -> pl.Series:
    usual = text == "true"
    if (usual | (text == "false")).all():
        return usual
    plain = text.str.to_lowercase()
    yes, no = plain.is_in(list(TRUE)), plain.is_in(list(FALSE))
    return yes.set(~(yes | no), None)


def _numbers(text: pl.Series, column: Column) -> pl.Series:
    if column.type == "integer":
        return _integers(text)
    if column.type == "number":
        numbers = text.cast(pl.Float64, strict=False)
        strange = ~numbers.is_finite()
        return numbers.set(strange, None) if strange.any() else numbers
    scale = SCALES[column.type]
    plain = rf"^[+-]?\d{{1,{18 - scale}}}(\.\d{{0,{scale}}}0*)?$|^[+-]?\.\d{{1,{scale}}}0*$"
    strange = ~text.str.contains(plain)
    fine = text.set(strange, None) if strange.any() else text
    return fine.cast(pl.Decimal(18, scale), strict=False)


def _integers(text: pl.Series) -> pl.Series:
    numbers = text.cast(pl.Int64, strict=False)
    if numbers.null_count() == text.null_count():
        return numbers
    return text.str.replace(r"^([+-]?\d+)\.0*$", "$1").cast(pl.Int64, strict=False)


def _timestamps(values: pl.Series, formats: tuple[str, ...], zone: str | None, *, trimmed: bool) -> Cast:
    if values.dtype.is_temporal():
        stamps = values.cast(pl.Datetime("us")) if values.dtype == pl.Date else values
        local: pl.Series | None = stamps.is_not_null()
        if getattr(stamps.dtype, "time_zone", None) is not None:
            stamps, local = stamps.dt.convert_time_zone("UTC").dt.replace_time_zone(None), None
        stamps = stamps.cast(pl.Datetime("us"))
        checked = _checked(stamps, in_range(stamps))
    else:
        text = _text(values, trimmed=trimmed)
        stamps, local = read_timestamps(text, formats)
        checked = _checked(text, stamps)
    if local is None:
        return checked
    if zone is not None:
        utc = local_to_utc(checked.values, zone)
        return Cast(
            utc if local.all() else checked.values.zip_with(~local.fill_null(False), utc), checked.bad
        )
    local = local.fill_null(False) & checked.values.is_not_null()
    return Cast(checked.values, checked.bad, local if local.any() else None)
