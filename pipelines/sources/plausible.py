"""Whether the values of a column look like a canonical type, and how they would have to be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from pipelines.canonical import Column
from pipelines.sources.casting import FALSE, TRUE, cast_column
from pipelines.sources.pseudonyms import Pseudonymiser

_ENOUGH = 0.9
_FORMATS = (
    "iso",
    "%d/%m/%Y %H:%M:%S",
    "%d/%m/%Y %H:%M",
    "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M",
    "%m/%d/%Y %I:%M:%S %p",
    "%m/%d/%Y %I:%M %p",
    "%d.%m.%Y %H:%M:%S",
    "%d.%m.%Y %H:%M",
    "%d-%m-%Y %H:%M:%S",
    "%d-%m-%Y %H:%M",
    "%Y/%m/%d %H:%M:%S",
    "%Y/%m/%d %H:%M",
    "%d %b %Y %H:%M:%S",
    "%d %b %Y %H:%M",
    "%b %d, %Y %I:%M %p",
    "%b %d, %Y %H:%M",
    "%Y%m%dT%H%M%S",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%Y/%m/%d",
    "%d-%b-%y",
    "%d %b %Y",
    "%Y%m%d",
    "epoch_s",
    "epoch_ms",
)
_TWINS: Mapping[str, str] = {"%d/%m": "%m/%d", "%m/%d": "%d/%m"}
_NO_SECRET = Pseudonymiser(b"")
_DURATION = r"^\d{1,3}:\d{2}(:\d{2})?(\.\d+)?$"


@dataclass(frozen=True)
class Reading:
    """How the values of a column are read.

    Attributes:
        format: Format of a timestamp or date; None for ISO 8601 and for other types.
        decimal: The decimal mark.
        is_ambiguous: Day and month could stand the other way round just as well.
        is_duration: Numbers are written as hours, minutes and seconds: `0:02:23`.
        example: A value, where it tells a person something and no customer's.
    """

    format: str | None = None
    decimal: str = "."
    is_ambiguous: bool = False
    is_duration: bool = False
    example: str = ""

    def with_first(self, first: str) -> Reading:
        """An ambiguous reading settled: the day (`%d`) or the month (`%m`) stands first."""
        written = self.format or ""
        swapped = _TWINS.get(written[:5], written[:5]) + written[5:]
        return replace(self, format=written if written.startswith(first) else swapped, is_ambiguous=False)


def read_as(column: Column, cells: pl.Series) -> Reading | None:
    """How non-empty cells can be read as a column's type; None if too many cannot.

    Args:
        column: The canonical column.
        cells: Text without empty cells; none at all is read as it comes.
    """
    if cells.is_empty() or column.type == "text":
        return Reading()
    if column.type in ("timestamp", "date"):
        return _moment(column, cells)
    if column.type == "boolean":
        plain = cells.str.to_lowercase()
        return Reading() if _share(plain.is_in([*TRUE, *FALSE])) >= _ENOUGH else None
    for decimal in (".", ","):
        if _castable(column, cells, decimal=decimal) >= _ENOUGH:
            return Reading(decimal=decimal, example=str(cells[0]))
    if column.name.endswith("_seconds") and _share(cells.str.contains(_DURATION)) >= _ENOUGH:
        return Reading(is_duration=True, example=str(cells[0]))
    return None


def _moment(column: Column, cells: pl.Series) -> Reading | None:
    for written in _FORMATS:
        if _castable(column, cells, written=written) < _ENOUGH:
            continue
        if written.startswith("epoch") and not _is_epoch(cells, written):
            continue
        twin = _TWINS.get(written[:5])
        other = twin + written[5:] if twin else None
        ambiguous = other is not None and _castable(column, cells, written=other) >= 1.0
        return Reading(
            format=None if written == "iso" else written, is_ambiguous=ambiguous, example=str(cells[0])
        )
    return None


def _is_epoch(cells: pl.Series, written: str) -> bool:
    """Whether numbers lie in this century, counted in this unit; else any number would be a time."""
    unit = 1 if written == "epoch_s" else 1_000
    number = cells.cast(pl.Float64, strict=False)
    return _share(number.is_between(946_684_800 * unit, 4_102_444_800 * unit)) >= _ENOUGH


def _castable(column: Column, cells: pl.Series, *, written: str = "iso", decimal: str = ".") -> float:
    cast = cast_column(cells, column, formats=(written,), zone=None, decimal=decimal, pseudonyms=_NO_SECRET)
    return _share(cast.values.is_not_null())


def _share(fine: pl.Series) -> float:
    return float(fine.fill_null(False).sum()) / max(len(fine), 1)
