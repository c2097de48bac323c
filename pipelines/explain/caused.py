"""What a group of people, or a period, caused: refunds avoided against what the same stakes would have seen.

incremental_refund_avoidance compares the stakes that one group handled (a team, a site, a program; or a
period) with comparable stakes handled elsewhere (or before): of the same issue, channel, value, delay, age
and history of the order, month and program. It is the effect of the group on its own stakes, never the gross
rate, and it is claimed only where comparable stakes exist. What it cannot see, it cannot make alike: a group
that is sent the angrier customers looks worse than it is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from pipelines.stats.effect_on_treated import Comparability, TreatedEffect, effects_on_treated
from pipelines.stats.ratings import FloatArray

LEAST_STAKES = 100
"""Mature stakes that each side needs before anything is tried."""
LEAST_EACH_WAY = 20
"""Stakes refunded, and stakes avoided, that each side needs."""

ADJUSTED = (
    "issue",
    "channel",
    "value at stake",
    "delay",
    "age of the order",
    "delivered or not",
    "earlier orders",
    "earlier partial refund",
    "month",
    "program",
)
"""What is made alike, in words."""

_NOTHING = TreatedEffect(None, None, None, None, None, None)


@dataclass(frozen=True)
class Caused:
    """The incremental part of refund avoidance of one group, or why it is not claimed.

    Attributes:
        stakes: Mature stakes of the group.
        elsewhere: Mature stakes it is compared with.
        avoided: Effect on the share avoided: observed, counterfactual, their difference with its interval.
        money: The same of money retained a stake.
        total: Money retained because of the group over all its stakes, with its interval; else None.
        currency: Of the money; None where there are several.
        comparability: Overlap and balance; None where it was not come to.
        refusal: Why nothing is claimed, as a sentence; empty where something is.
    """

    stakes: int
    elsewhere: int
    avoided: TreatedEffect
    money: TreatedEffect
    total: tuple[float, float, float] | None
    currency: str | None
    comparability: Comparability | None
    refusal: str = ""

    @property
    def is_claimed(self) -> bool:
        """Whether a figure is given at all."""
        return not self.refusal

    @property
    def is_told(self) -> bool:
        """Whether the effect on the share avoided is told from noise."""
        low, high = self.avoided.lower, self.avoided.upper
        return low is not None and high is not None and (low > 0 or high < 0)


def caused(stakes: pl.DataFrame, is_treated: pl.Expr, *, across_time: bool = False) -> Caused:
    """The incremental refund avoidance of some stakes against the others.

    Programs in which only one of the two sides has stakes are left out, unless programs themselves are what
    is compared; currencies are never mixed. Intervals are by customer: they are of these people's work on
    these stakes, not of other people one might have hired.

    Args:
        stakes: Rows of `reader.stake_units`; of two periods to compare one with the other.
        is_treated: Which of them the group handled, or fall in the later period.
        across_time: A period against an earlier one: month is then what differs and is not made alike.
    """
    marked = stakes.with_columns(is_treated.fill_null(False).alias("is_treated"))
    sides = marked.group_by("program_id").agg(pl.col("is_treated").mean().alias("share"))
    both = sides.filter(pl.col("share").is_between(0, 1, closed="none"))["program_id"].to_list()
    if both:
        marked = marked.filter(pl.col("program_id").is_in(both))
    treated, others = marked.filter("is_treated"), marked.filter(~pl.col("is_treated"))
    currencies = marked["currency"].unique().to_list()
    currency = currencies[0] if len(currencies) == 1 else None
    refusal = _too_little(treated, others, currency)
    if refusal:
        return Caused(treated.height, others.height, _NOTHING, _NOTHING, None, currency, None, refusal)
    categories = ["issue", "channel", *(["program_id"] if both else []), *([] if across_time else ["month"])]
    found, comparability = effects_on_treated(
        {
            "avoided": marked["is_avoided"].cast(pl.Float64).to_numpy(),
            "money": (marked["retained"] / marked["at_stake"]).clip(0, 1).to_numpy(),
        },
        marked["is_treated"].to_numpy(),
        mix_columns(marked, categories=categories),
        scales={"money": marked["at_stake"].to_numpy()},
        cluster=marked["customer"].to_numpy(),
    )
    money = found["money"]
    total = None
    if money.value is not None and money.lower is not None and money.upper is not None:
        total = (money.value * treated.height, money.lower * treated.height, money.upper * treated.height)
    return Caused(
        stakes=treated.height,
        elsewhere=others.height,
        avoided=found["avoided"],
        money=money,
        total=total,
        currency=currency,
        comparability=comparability,
        refusal=""
        if comparability.is_enough
        else f"These stakes have too little in common with the others: {'; '.join(comparability.problems)}.",
    )


def caused_by_each(stakes: pl.DataFrame, dimension: str) -> dict[str | None, Caused]:
    """The incremental part of each group of a dimension against all others, the largest group first.

    Args:
        stakes: Rows of `reader.stake_units`.
        dimension: team, site, program_id or another of its columns.
    """
    sizes = stakes.group_by(dimension).len().sort("len", dimension, descending=[True, False], nulls_last=True)
    return {
        value: caused(stakes, pl.col(dimension).eq_missing(pl.lit(value, dtype=pl.String)))
        for value in sizes[dimension].to_list()
    }


def mix_columns(stakes: pl.DataFrame, *, categories: Sequence[str]) -> FloatArray:
    """What a refund may depend on before anybody handled the stake, as columns of numbers.

    Categories are one column a level but the largest; levels with fewer than 20 stakes are one together.

    Args:
        stakes: Rows of `reader.stake_units`.
        categories: Of issue, channel, program_id and month.
    """
    columns = [
        (stakes["at_stake"] + 1).log(),
        (stakes["at_stake"] + 1).log() ** 2,
        stakes["was_part_refunded"].cast(pl.Float64),
        (stakes["days_since_order"].clip(0, 365) + 1).log(),
        (stakes["days_late"] > 0).cast(pl.Float64),
        (stakes["days_late"].clip(0, 60) + 1).log(),
        stakes["is_delivered"].cast(pl.Float64),
        (stakes["earlier_orders"].clip(0, 20).cast(pl.Float64) + 1).log(),
    ]
    months = stakes["event_date"].dt.to_string("%Y-%m").alias("month")
    levels = stakes.with_columns(months).select(categories).fill_null("")
    wide = [column.to_numpy() for column in columns] + [
        dummy for level in levels.get_columns() for dummy in _dummies(level.to_numpy())
    ]
    return np.column_stack(wide).astype(np.float64)


def _dummies(values: NDArray[Any]) -> list[FloatArray]:
    _, place, counts = np.unique(values.astype(str), return_inverse=True, return_counts=True)
    order = np.argsort(-counts, kind="stable")
    wanted = [code for code in order[1:] if counts[code] >= 20]
    rare = np.isin(place, [code for code in order[1:] if counts[code] < 20])
    columns = [(place == code).astype(np.float64) for code in wanted]
    return [*columns, rare.astype(np.float64)] if rare.sum() >= 20 else columns


def _too_little(treated: pl.DataFrame, others: pl.DataFrame, currency: str | None) -> str:
    if others.height == 0:
        return "There is nothing to compare with: nobody else handled stakes here."
    if currency is None and treated.height:
        return "Several currencies cannot be compared; choose programs that share one."
    for side, name in ((treated, "mature stakes of its own"), (others, "mature stakes elsewhere")):
        if side.height < LEAST_STAKES:
            return f"Too few to tell: {side.height:,} {name}, of {LEAST_STAKES} needed."
        avoided = int(side["is_avoided"].sum())
        if min(avoided, side.height - avoided) < LEAST_EACH_WAY:
            return f"Too one-sided to tell: {avoided:,} of {side.height:,} {name} were avoided."
    return ""
