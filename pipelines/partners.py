"""Partners: scorecards held against the targets of their period, and comparisons fair to the contact mix.

Pure functions over what `pipelines.reader` returns; imports statistics and `insight` only.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

import numpy as np
import polars as pl

from pipelines import insight
from pipelines.stats.intervals import Z95, FloatArray, newcombe_difference, normal_mean, wilson
from pipelines.stats.normal_shrinkage import fit_normal
from pipelines.stats.standardise import directly_standardised

SMALLEST = 30
"""Units that a group needs to be compared; with fewer it keeps its raw value only."""

LEAST_COVERED = 0.8
"""Share of every group's units that must lie in strata which all groups have."""

Targets = Callable[[date], Mapping[tuple[str, str | None], float]]


def last_day(start: date, grain: str) -> date:
    """Last day of a contract period.

    >>> last_day(date(2026, 10, 1), "quarter"), last_day(date(2026, 2, 1), "month")
    (datetime.date(2026, 12, 31), datetime.date(2026, 2, 28))
    """
    months = start.year * 12 + start.month - 1 + (3 if grain == "quarter" else 1)
    return date(months // 12, months % 12 + 1, 1) - timedelta(days=1)


def judged(rows: pl.DataFrame, catalogue: Sequence[Any], targets: Targets) -> pl.DataFrame:
    """Rows of `reader.contract_periods` with the target in force and what became of it.

    In force is the target of the period's first day; one that begins within the period counts only where
    none was in force before.

    Args:
        rows: The rows.
        catalogue: The metrics' definitions.
        targets: Targets on a day, as `reader.targets` answers.

    Returns:
        `rows` with target and verdict (met, missed, open, none) behind.
    """
    metrics = {what.key: what for what in catalogue}
    held: list[float | None] = []
    verdicts: list[str] = []
    for row in rows.iter_rows(named=True):
        what = metrics[row["metric"]]
        start = row["period_start"]
        found = None
        for day in (start, last_day(start, row["grain"])):
            shared = insight.targets_for(targets(day), [row["program_id"]])
            found = shared.get(what.key) if found is None else found
        held.append(found)
        verdicts.append(insight.against_target(what.kind, insight.Measured.of(row), found, what.better))
    return rows.with_columns(
        pl.Series("target", held, dtype=pl.Float64), pl.Series("verdict", verdicts, dtype=pl.String)
    )


@dataclass(frozen=True, eq=False)
class Fair:
    """Groups compared on one common mix of contacts.

    Attributes:
        groups: One row a group: group, n, raw with raw_lower and raw_upper, standardised with lower and
            upper, others (all other groups on the same mix), difference (standardised less others) with
            difference_lower and difference_upper, shrunk with shrunk_lower and shrunk_upper (toward the
            common mean, from three groups on). Null where a group is too small or nothing can be compared.
        strata: Columns of the mix that was held alike.
        covered: Smallest share of a group's units that lie in strata which all groups have.
        note: Why nothing is compared; empty otherwise.
    """

    groups: pl.DataFrame
    strata: tuple[str, ...] = ()
    covered: float = 0.0
    note: str = ""


@dataclass(frozen=True, eq=False)
class _Table:
    """Sums by group (rows) and stratum (columns)."""

    n: FloatArray
    total: FloatArray
    squares: FloatArray
    names: tuple[str, ...] = field(default=())

    def rest(self, row: int) -> _Table:
        """All other groups as one."""
        others = [place for place in range(len(self.n)) if place != row]
        n, total, squares = (
            part[others].sum(axis=0, keepdims=True) for part in (self.n, self.total, self.squares)
        )
        return _Table(n, total, squares)


def fair(cells: pl.DataFrame, group: str, kind: str, strata: Sequence[str] = ("issue", "channel")) -> Fair:
    """Compare groups as if all had the same contacts: direct standardisation to their pooled mix.

    Strata are crossed as finely as the groups share them: where the crossing covers too little, the last one
    of `strata` is given up. Contacts without a group take no part.

    Args:
        cells: As `reader.mix` gives them.
        group: Column of the groups.
        kind: proportion, or anything else for a mean.
        strata: Columns of the mix, the most important first.
    """
    known = cells.filter(pl.col(group).is_not_null() & (pl.col("n") > 0))
    raw = _raw(known, group, kind)
    large = raw.filter(pl.col("n") >= SMALLEST)["group"].to_list()
    if len(large) < 2:
        return Fair(_unlike(raw), note=f"Fewer than two groups have {SMALLEST} units or more.")
    compared = known.filter(pl.col(group).is_in(large))
    for size in range(len(strata), 0, -1):
        table = _table(compared, group, tuple(strata[:size]))
        common = (table.n > 0).all(axis=0)
        covered = float((table.n[:, common].sum(axis=1) / table.n.sum(axis=1)).min()) if common.any() else 0.0
        if covered >= LEAST_COVERED:
            kept = _Table(table.n[:, common], table.total[:, common], table.squares[:, common], table.names)
            found = _standardised(kept, kind)
            return Fair(raw.join(found, on="group", how="left"), tuple(strata[:size]), covered)
    return Fair(_unlike(raw), note="The groups handle too few contacts of the same kind to be compared.")


def _raw(cells: pl.DataFrame, group: str, kind: str) -> pl.DataFrame:
    sums = (
        cells.group_by(group).agg(pl.col("n", "total", "squares").sum()).sort(group).rename({group: "group"})
    )
    n, total, squares = (sums[name].cast(pl.Float64).to_numpy() for name in ("n", "total", "squares"))
    value = total / n
    if kind == "proportion":
        lower, upper = wilson(total, n)
    else:
        spread = np.maximum(squares - n * value**2, 0.0) / np.maximum(n - 1, 1)
        lower, upper = normal_mean(value, np.sqrt(spread), n)
    return sums.select("group", pl.col("n").cast(pl.Int64)).with_columns(
        pl.Series(name, part, nan_to_null=True)
        for name, part in (("raw", value), ("raw_lower", lower), ("raw_upper", upper))
    )


def _table(cells: pl.DataFrame, group: str, strata: tuple[str, ...]) -> _Table:
    names = cells[group].unique().sort()
    kinds = cells.select(strata).unique(maintain_order=True).with_row_index("column")
    coded = cells.join(kinds, on=list(strata), how="left", nulls_equal=True, maintain_order="left")
    place = (coded[group].cast(pl.Enum(names)).to_physical().to_numpy(), coded["column"].to_numpy())

    def summed(name: str) -> FloatArray:
        part = np.zeros((names.len(), kinds.height))
        np.add.at(part, place, coded[name].cast(pl.Float64).to_numpy())
        return part

    return _Table(summed("n"), summed("total"), summed("squares"), tuple(names.to_list()))


def _standardised(table: _Table, kind: str) -> pl.DataFrame:
    standard = table.n.sum(axis=0)
    value, error, size = _on_mix(table, table, standard, kind)
    rest = [_on_mix(table.rest(row), table, standard, kind) for row in range(len(table.n))]
    others, other_error, other_size = (np.concatenate(part) for part in zip(*rest, strict=True))
    difference = value - others
    if kind == "proportion":
        lower, upper = wilson(value * size, size)
        difference, below, above = newcombe_difference(value * size, size, others * other_size, other_size)
    else:
        lower, upper = value - Z95 * error, value + Z95 * error
        arm = Z95 * np.hypot(error, other_error)
        below, above = difference - arm, difference + arm
    shrunk = np.full((3, value.size), np.nan)
    if value.size > 2:
        found = fit_normal(value, error**2)
        shrunk = found.value + Z95 * np.outer([0, -1, 1], found.standard_error)
    numbers = (value, lower, upper, others, difference, below, above, *shrunk)
    return pl.DataFrame(
        {
            "group": pl.Series(table.names, dtype=pl.String),
            **{
                name: pl.Series(part, nan_to_null=True, dtype=pl.Float64)
                for name, part in zip(_COLUMNS, numbers, strict=True)
            },
        }
    )


_COLUMNS = (
    "standardised",
    "lower",
    "upper",
    "others",
    "difference",
    "difference_lower",
    "difference_upper",
    "shrunk",
    "shrunk_lower",
    "shrunk_upper",
)


def _on_mix(
    side: _Table, everyone: _Table, standard: FloatArray, kind: str
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Value, standard error and, of a proportion, the size of a simple sample with that error.

    In a stratum with few units the variance is drawn toward that of everybody there, by the weight of two
    units, so that 0 of 3 is not certain.
    """
    of_stratum = everyone.n.sum(axis=0)
    mean = side.total / side.n
    if kind == "proportion":
        overall = (everyone.total.sum() + 1) / (everyone.n.sum() + 2)
        pooled = (everyone.total.sum(axis=0) + 2 * overall) / (of_stratum + 2)
        moved = (side.total + 2 * pooled) / (side.n + 2)
        value, error = directly_standardised(mean, moved * (1 - moved), side.n, standard)
        middle = moved @ (standard / standard.sum())
        return value, error, middle * (1 - middle) / error**2
    inner = np.maximum(everyone.squares - everyone.total**2 / np.maximum(everyone.n, 1), 0.0)
    freedom = np.maximum(everyone.n - 1, 0)
    overall = inner.sum() / max(freedom.sum(), 1)
    pooled = (inner.sum(axis=0) + 2 * overall) / (freedom.sum(axis=0) + 2)
    own = np.maximum(side.squares - side.total**2 / side.n, 0.0)
    value, error = directly_standardised(mean, (own + 2 * pooled) / (side.n + 1), side.n, standard)
    return value, error, np.full(value.shape, np.nan)


def _unlike(raw: pl.DataFrame) -> pl.DataFrame:
    return raw.with_columns(pl.lit(None, dtype=pl.Float64).alias(name) for name in _COLUMNS)
