"""From columns of names to the codes and columns that statistics work on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.stats.ratings import FloatArray, IntArray
from pipelines.stats.regression import dummies

UNKNOWN = "(unknown)"
# Up to here an Enum codes a column faster than a sort of it does.
_FEW_NAMES = 20_000


@dataclass(frozen=True, eq=False)
class Coded:
    """A column as codes into its sorted distinct names."""

    code: IntArray
    names: pl.Series

    @property
    def levels(self) -> int:
        """Number of distinct names."""
        return self.names.len()


def coded(frame: pl.DataFrame, *columns: str) -> Coded:
    """Codes of one column, or of several taken together; an unknown value is a name of its own.

    Names of several are joined by the unit separator, and sorted column by column.
    """
    first, *others = (_coded(frame[name]) for name in columns)
    if not others:
        return Coded(first.code, first.names.alias(columns[0]))
    # Numbers are joined rather than a million strings: a pair's number is in the order of its names.
    code = first.code
    for other in others:
        code = code * other.levels + other.code
    met, code = np.unique(code, return_inverse=True)
    parts = []
    for one in reversed([first, *others]):
        met, place = np.divmod(met, one.levels)
        parts.append(one.names.gather(place))
    joined = pl.select(pl.concat_str(reversed(parts), separator="\x1f")).to_series()
    return Coded(code.astype(np.int64), joined.alias(columns[0]))


def _coded(column: pl.Series) -> Coded:
    text = column.cast(pl.String).fill_null(UNKNOWN)
    names = text.unique().sort()
    if names.len() < _FEW_NAMES:
        return Coded(text.cast(pl.Enum(names)).to_physical().to_numpy().astype(np.int64), names)
    return Coded(text.rank("dense").to_numpy().astype(np.int64) - 1, names)


def mix_columns(frame: pl.DataFrame, columns: Sequence[str], *, rare: int = 5) -> FloatArray:
    """Indicator columns of the contact mix: each column's levels but the most frequent.

    Args:
        frame: One row an observation.
        columns: Names such as channel and issue; one that the frame lacks is left out.
        rare: Levels with fewer rows share one indicator, since an effect of their own would be noise.
    """
    blocks = []
    for name in columns:
        if name not in frame.columns:
            continue
        found = coded(frame, name)
        count = np.bincount(found.code, minlength=found.levels)
        code = np.where(count[found.code] < rare, found.levels, found.code)
        _, code = np.unique(code, return_inverse=True)
        blocks.append(dummies(code))
    return np.hstack(blocks) if blocks else np.zeros((frame.height, 0))


def require(frame: pl.DataFrame, columns: Sequence[str], what: str) -> None:
    """Check that a frame has its documented columns.

    Raises:
        ValueError: Naming those it lacks.
    """
    missing = [name for name in columns if name not in frame.columns]
    if missing:
        raise ValueError(
            f"{what} lack the columns {', '.join(missing)}; they have {', '.join(frame.columns)}"
        )
