"""Why a metric differs between two periods or two programs: its change as mix and rate, by any dimension."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.metrics import MetricDefinition
from pipelines.stats.intervals import Z95, newcombe_difference
from pipelines.stats.kitagawa import Groups, Part, mean_groups, proportion_groups, split_change, split_mix

KINDS = ("proportion", "mean")
"""Kinds of metric whose change has mix and rate."""

LEAST_SHARED = 0.5
"""Share of the units that must lie in groups of both sides before rates are said to be compared."""


@dataclass(frozen=True)
class Effect:
    """A part of a change with its 95 % interval, in the metric's unit."""

    value: float
    lower: float
    upper: float

    @property
    def is_told(self) -> bool:
        """Whether it is told from noise."""
        return self.lower > 0 or self.upper < 0


@dataclass(frozen=True, eq=False)
class Explanation:
    """A change split by one dimension, or by two crossed.

    Attributes:
        metric: The metric's key.
        by: The dimensions.
        before: Value before (or of the other program), over mature units.
        after: Value after (or of the program itself).
        change: After less before, with its interval: of the same units, so the parts add up to it.
        mix: What the changed shares of the groups made.
        rate: What the changed rates within the groups made.
        mix_by: Where two dimensions are crossed, the mix of each, which add up to `mix`.
        parts: One row a group: the dimensions, n_before, n_after, weight_before, weight_after, value_before,
            value_after, then mix, rate and effect (their sum), each with _lower and _upper; largest first.
        shared: Share of the units, on the side where it is smaller, in groups that both sides have.
        reversal: Every group moved one way and the whole the other: Simpson's paradox.
        masked: The rates together moved one way and the whole the other.
        pending: Units whose window is open on either side; they take no part.
    """

    metric: str
    by: tuple[str, ...]
    before: float
    after: float
    change: Effect
    mix: Effect
    rate: Effect
    mix_by: tuple[tuple[str, Effect], ...]
    parts: pl.DataFrame
    shared: float
    reversal: bool
    masked: bool
    pending: int

    @property
    def has_rates_to_compare(self) -> bool:
        """Whether most units lie in groups of both sides; else the split only says who is there."""
        return self.shared >= LEAST_SHARED


def explain(
    what: MetricDefinition, before: pl.DataFrame, after: pl.DataFrame, by: Sequence[str]
) -> Explanation | None:
    """The change of a metric split by one or two dimensions.

    Args:
        what: The metric, a proportion or a mean.
        before: Rows of `reader.cells` of one side, by these dimensions or finer.
        after: Rows of the other side.
        by: One dimension, or two to cross.

    Returns:
        None where a side has no mature unit.

    Raises:
        ValueError: If the metric is of another kind, or other than one or two dimensions are asked for.
    """
    if what.kind not in KINDS or len(by) not in (1, 2):
        raise ValueError(
            f"a {what.kind} by {len(by)} dimensions is not split; take a proportion or a mean by 1 or 2"
        )
    pending = sum(int(side["pending"].sum()) for side in (before, after))
    table = _aligned(before, after, list(by))
    if table["n_before"].sum() == 0 or table["n_after"].sum() == 0:
        return None
    sides = _groups(what, table, "before"), _groups(what, table, "after")
    split = split_change(*sides)
    mix_by: tuple[tuple[str, Effect], ...] = ()
    if len(by) == 2:
        shape = (table[by[0]].n_unique(), table[by[1]].n_unique())
        mix_by = tuple((name, _effect(part)) for name, part in zip(by, split_mix(*sides, shape), strict=True))
    parts = table.select(
        *by,
        "n_before",
        "n_after",
        *(
            pl.Series(f"{name}_{side}", values, dtype=pl.Float64, nan_to_null=True)
            for side, group in zip(("before", "after"), sides, strict=True)
            for name, values in (("weight", group.weight), ("value", group.mean))
        ),
        *_columns("mix", split.mix),
        *_columns("rate", split.rate),
        *_columns("effect", split.together),
    ).filter((pl.col("n_before") > 0) | (pl.col("n_after") > 0))
    return Explanation(
        metric=what.key,
        by=tuple(by),
        before=split.before,
        after=split.after,
        change=_change(what, table),
        mix=_effect(split.mix_total),
        rate=_effect(split.rate_total),
        mix_by=mix_by,
        parts=parts.sort(pl.col("effect").abs(), *by, descending=[True, *[False] * len(by)], nulls_last=True),
        shared=split.shared,
        reversal=split.reversal,
        masked=split.masked,
        pending=pending,
    )


def explain_by_each(
    what: MetricDefinition, before: pl.DataFrame, after: pl.DataFrame, names: Sequence[str]
) -> tuple[Explanation, ...]:
    """The same change split by each of several dimensions, that with the largest mix first.

    Dimensions whose groups the two sides hardly share come last: they say who is there and compare no rates.

    Args:
        what: The metric.
        before: Rows of `reader.cells` by all of the dimensions.
        after: The same of the other side.
        names: The dimensions.
    """
    found = [each for name in names if (each := explain(what, before, after, [name])) is not None]
    return tuple(sorted(found, key=lambda each: (not each.has_rates_to_compare, -abs(each.mix.value))))


def _aligned(before: pl.DataFrame, after: pl.DataFrame, by: list[str]) -> pl.DataFrame:
    """One row a group (of two dimensions: a full table of cells) with both sides' sums, 0 where none."""
    sums = [
        side.group_by(by).agg(
            pl.col("n").sum().alias(f"n_{name}"),
            pl.col("total").sum().alias(f"total_{name}"),
            pl.col("squares").sum().alias(f"squares_{name}"),
        )
        for name, side in (("before", before), ("after", after))
    ]
    groups = pl.concat([side.select(by) for side in sums]).unique()
    if len(by) == 2:
        groups = groups.select(by[0]).unique().join(groups.select(by[1]).unique(), how="cross")
    table = groups.sort(by, nulls_last=True)
    for side in sums:
        table = table.join(side, on=by, how="left", nulls_equal=True, maintain_order="left")
    return table.with_columns(pl.exclude(by).fill_null(0))


def _groups(what: MetricDefinition, table: pl.DataFrame, side: str) -> Groups:
    total, n = table[f"total_{side}"].to_numpy(), table[f"n_{side}"].to_numpy()
    if what.kind == "proportion":
        return proportion_groups(total, n)
    return mean_groups(total, table[f"squares_{side}"].to_numpy(), n)


def _change(what: MetricDefinition, table: pl.DataFrame) -> Effect:
    """The change itself, with the interval that `insight.change` gives it on every page."""
    sums = table.select(
        pl.sum("n_before", "total_before", "squares_before", "n_after", "total_after", "squares_after")
    )
    row = sums.row(0, named=True)
    if what.kind == "proportion":
        found = newcombe_difference(row["total_after"], row["n_after"], row["total_before"], row["n_before"])
        return Effect(*(float(number) for number in found))
    after, before = (
        mean_groups([row[f"total_{side}"]], [row[f"squares_{side}"]], [row[f"n_{side}"]])
        for side in ("after", "before")
    )
    difference = float(after.mean[0] - before.mean[0])
    half = Z95 * float(np.sqrt(after.variance[0] / after.n[0] + before.variance[0] / before.n[0]))
    return Effect(difference, difference - half, difference + half)


def _effect(part: Part) -> Effect:
    value, half = float(part.value[0]), Z95 * float(part.error[0])
    return Effect(value, value - half, value + half)


def _columns(name: str, part: Part) -> list[pl.Series]:
    half = Z95 * part.error
    return [
        pl.Series(name, part.value),
        pl.Series(f"{name}_lower", part.value - half),
        pl.Series(f"{name}_upper", part.value + half),
    ]
