"""What a reader of metrics concludes from them: change against noise, bands, targets, funnels.

Pure functions over rows that `pipelines.reader` returns; imports `pipelines.stats` only. A verdict is given
by an interval, never by a point: where there is none, the answer says so.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from pipelines.stats.intervals import Z95, newcombe_difference

FIGURES = (
    "fcr",
    "csat",
    "refund_avoidance",
    "net_value_retained",
    "repeat_purchase_rate",
    "escalation_rate",
    "contacts_per_100_orders",
    "qa_score",
)
"""An executive's key figures, on the first page and in the report, in the order in which they are read."""

BANDS = ("above", "within", "below", "unknown")
SMALLEST_MEAN = 10
"""Values that a mean needs before it is judged: the normal interval of fewer is far too narrow."""


@dataclass(frozen=True)
class Measured:
    """One value of a metric with what it rests on.

    Attributes:
        value: In the metric's unit; None where there is none.
        lower: Lower end of the 95 % interval, or None.
        upper: Upper end, or None.
        numerator: What was counted or summed, or None.
        denominator: Mature units, or None.
        pending: Units whose window is still open.
        status: final, provisional or empty.
    """

    value: float | None = None
    lower: float | None = None
    upper: float | None = None
    numerator: float | None = None
    denominator: float | None = None
    pending: int = 0
    status: str = "empty"

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Measured:
        """The measured value of one row of `reader.metrics`; other columns are left aside."""
        return cls(
            value=_number(row.get("value")),
            lower=_number(row.get("lower")),
            upper=_number(row.get("upper")),
            numerator=_number(row.get("numerator")),
            denominator=_number(row.get("denominator")),
            pending=int(row.get("pending") or 0),
            status=str(row.get("status") or "empty"),
        )


@dataclass(frozen=True)
class Change:
    """A difference of two values, told from noise.

    Attributes:
        value: Now less before, in the metric's unit (shares as shares); None where one of them is missing.
        lower: Lower end of the 95 % interval of the difference, or None.
        upper: Upper end, or None.
        verdict: rise or fall where the interval leaves out 0; noise where it holds 0; untold where there is a
            difference but no interval; missing where there is no difference.
        strength: The difference in units of its interval's arm towards 0, with the difference's sign: beyond
            ±1 it is told from noise. None without an interval.
    """

    value: float | None
    lower: float | None
    upper: float | None
    verdict: str
    strength: float | None

    def judged(self, better: str) -> str:
        """Whether the change is better, worse or neither, given which way is better; noise is neither."""
        if self.verdict not in ("rise", "fall") or better not in ("higher", "lower"):
            return "neither"
        return "better" if (self.verdict == "rise") == (better == "higher") else "worse"


def change(kind: str, now: Measured, before: Measured) -> Change:
    """The change between two independent values, with a 95 % interval where both have one.

    Proportions by Newcombe's hybrid score interval (square and add the Wilson limits), means by the normal
    interval of Welch: the squared standard errors add. Sums, percentiles and rates per 100 orders carry no
    interval, so their change cannot be told from noise; nor can that of a mean of fewer than ten values.

    Args:
        kind: The metric's kind, as in the catalogue.
        now: The later value.
        before: The earlier value.

    Source: Newcombe (1998), Stat. Med. 17:873-890, method 10; Welch (1947), Biometrika 34:28-35.
    """
    if now.value is None or before.value is None:
        return Change(None, None, None, "missing", None)
    difference = now.value - before.value
    limits = _difference_limits(kind, now, before)
    if limits is None:
        return Change(difference, None, None, "untold", None)
    lower, upper = limits
    verdict = "rise" if lower > 0 else "fall" if upper < 0 else "noise"
    arm = difference - lower if difference > 0 else upper - difference
    return Change(difference, lower, upper, verdict, difference / arm if arm > 0 else None)


def _difference_limits(kind: str, now: Measured, before: Measured) -> tuple[float, float] | None:
    if kind == "proportion":
        counts = (now.numerator, now.denominator, before.numerator, before.denominator)
        if any(count is None for count in counts):
            return None
        _, lower, upper = newcombe_difference(*counts)  # type: ignore[arg-type]  # none of them is None
        return None if math.isnan(lower) else (float(lower), float(upper))
    ends = (now.value, now.lower, now.upper, before.value, before.lower, before.upper)
    if kind != "mean" or any(end is None for end in ends) or min(_size(now), _size(before)) < SMALLEST_MEAN:
        return None
    value_now, lower_now, upper_now, value_before, lower_before, upper_before = ends
    difference = value_now - value_before  # type: ignore[operator]  # none of them is None
    below = math.hypot(value_now - lower_now, upper_before - value_before)  # type: ignore[operator]
    above = math.hypot(upper_now - value_now, value_before - lower_before)  # type: ignore[operator]
    return difference - below, difference + above


def band(measured: Measured, reference: float | None) -> str:
    """Where a value stands against a reference: above or below only where its whole interval does.

    For a proportion with a Wilson interval this is the score test at 5 %, that is, the same as lying outside
    the funnel of `funnel_limits`.
    """
    if reference is None or measured.lower is None or measured.upper is None:
        return "unknown"
    if measured.lower > reference:
        return "above"
    return "below" if measured.upper < reference else "within"


def bands(
    rows: pl.DataFrame, references: pl.DataFrame, *, on: Sequence[str], kind: str = "proportion"
) -> pl.DataFrame:
    """Rows of `reader.metrics` with the reference each is held against and the band it falls in.

    Args:
        rows: The finer rows, such as one an agent.
        references: The coarser rows, such as one a program; one a combination of `on`.
        on: Columns that match a row with its reference; unknown matches unknown. Empty: one for all.
        kind: The metric's kind; a mean of fewer than ten values is unknown.

    Returns:
        `rows` in their order, with `reference` and `band` (above, within, below, unknown) behind.
    """
    if on:
        known = references.select(*on, pl.col("value").alias("reference"))
        joined = rows.join(known, on=list(on), how="left", nulls_equal=True, maintain_order="left")
    else:
        only = references["value"][0] if references.height else None
        joined = rows.with_columns(pl.lit(only, dtype=pl.Float64).alias("reference"))
    is_known = pl.all_horizontal(pl.col("reference", "lower", "upper").is_not_null())
    if kind == "mean":
        is_known &= pl.col("denominator") >= SMALLEST_MEAN
    return joined.with_columns(
        pl.when(~is_known)
        .then(pl.lit("unknown"))
        .when(pl.col("lower") > pl.col("reference"))
        .then(pl.lit("above"))
        .when(pl.col("upper") < pl.col("reference"))
        .then(pl.lit("below"))
        .otherwise(pl.lit("within"))
        .alias("band")
    )


def against_target(kind: str, measured: Measured, target: float | None, better: str) -> str:
    """Whether a target is met, told from noise.

    Returns:
        met or missed where the whole interval (or, for values that carry none, the value) lies on that side;
        open where the interval holds the target; none where there is no target, no value, no better side, or
        where the value is a sum, which grows with the length of its period.
    """
    if target is None or measured.value is None or kind == "sum" or better not in ("higher", "lower"):
        return "none"
    lower = measured.value if measured.lower is None else measured.lower
    upper = measured.value if measured.upper is None else measured.upper
    if better == "higher":
        return "met" if lower >= target else "missed" if upper < target else "open"
    return "met" if upper <= target else "missed" if lower > target else "open"


def run_against_target(values: Sequence[float | None], target: float, better: str) -> tuple[str, int]:
    """How long the newest values have been on one side of a target.

    Args:
        values: Values in time order, newest last; a missing one ends the run.
        target: The target.
        better: higher or lower; a value equal to the target meets it.

    Returns:
        met or missed, and the number of newest values in a row for which that holds; 0 without any value.
    """
    side, length = "met", 0
    for value in reversed(values):
        if value is None:
            break
        now = "met" if (value >= target if better == "higher" else value <= target) else "missed"
        if length and now != side:
            break
        side, length = now, length + 1
    return side, length


def funnel_limits(reference: float, sizes: Sequence[float]) -> tuple[list[float], list[float]]:
    """Limits within which 95 % of units of a size fall when all share one proportion.

    The score limits reference ± z·√(reference·(1 − reference)/n), cut at 0 and 1: a unit lies outside exactly
    when its Wilson interval leaves out the reference.

    Args:
        reference: The common proportion, 0 to 1.
        sizes: Numbers of units, above 0.

    Source: Spiegelhalter (2005), Stat. Med. 24:1185-1202, section 3.
    """
    spread = [Z95 * math.sqrt(reference * (1 - reference) / size) for size in sizes]
    return [max(0.0, reference - arm) for arm in spread], [min(1.0, reference + arm) for arm in spread]


def _size(measured: Measured) -> float:
    return measured.denominator or 0


def _number(value: Any) -> float | None:
    if value is None:
        return None
    number = float(value)
    return None if math.isnan(number) else number


def targets_for(targets: Mapping[tuple[str, str | None], float], programs: Sequence[str]) -> dict[str, float]:
    """The target of each metric for a set of programs taken together.

    A program's own target goes before the general one. Programs that do not share a target have none
    together: an average of targets is nobody's promise.

    Args:
        targets: Targets by metric and program; program None is the general one.
        programs: Programs shown, at least one.
    """
    shared: dict[str, float] = {}
    for metric in {metric for metric, _ in targets}:
        own = {targets.get((metric, program), targets.get((metric, None))) for program in programs}
        if len(own) == 1 and (only := own.pop()) is not None:
            shared[metric] = only
    return shared


def common_currency(currencies: Sequence[str | None]) -> str | None:
    """The currency that programs share, or None where they have several: money is never added over them."""
    distinct = set(currencies)
    return distinct.pop() if len(distinct) == 1 else None


def expected_outside(units: int) -> float:
    """How many of so many units lie outside their 95 % interval by chance alone, when none differs."""
    return 0.05 * units


def accounts(files: pl.DataFrame) -> pl.DataFrame:
    """Accounts of files with whether they hold: rows read = loaded + known + rejected.

    Args:
        files: Rows of `reader.load_files`.
    """
    parts = pl.col("rows_loaded") + pl.col("rows_known") + pl.col("rows_rejected")
    return files.with_columns((pl.col("rows_read") == parts).alias("holds"))


def account_totals(files: pl.DataFrame) -> dict[str, int]:
    """Rows read, loaded, updated, known, rejected over some files; 0 where there is none."""
    names = ("rows_read", "rows_loaded", "rows_updated", "rows_known", "rows_rejected")
    return {name: int(files[name].sum() or 0) for name in names}


def reject_reasons(rejects: pl.DataFrame) -> pl.DataFrame:
    """Rejected rows counted by table, column and reason, most first."""
    return (
        rejects.group_by("table_name", "column_name", "reason")
        .len("rows")
        .sort("rows", "table_name", "column_name", "reason", descending=[True, False, False, False])
    )


def periods_led(rows: pl.DataFrame, *, by: str, better: str) -> tuple[str | None, int, int] | None:
    """The group that was ahead in the most periods, in how many, and of how many.

    Args:
        rows: Rows of one metric by period and group.
        by: Column of the groups.
        better: higher or lower.

    Returns:
        None where no period has two groups with a value, or nobody is ahead of the others in the most.
        Of groups with equal values none is ahead.
    """
    if better not in ("higher", "lower"):
        return None
    known = rows.filter(pl.col("value").is_not_null())
    ordered = known.sort("period_start", "value", descending=[False, better == "higher"])
    firsts = ordered.group_by("period_start", maintain_order=True).agg(
        pl.col(by).first().alias("ahead"),
        (pl.col("value").first() != pl.col("value").get(1, null_on_oob=True)).alias("is_ahead"),
        pl.len().alias("groups"),
    )
    compared = firsts.filter(pl.col("groups") > 1)
    wins = compared.filter(pl.col("is_ahead")).group_by("ahead").len("wins").sort("wins", descending=True)
    if wins.height == 0 or (wins.height > 1 and wins["wins"][0] == wins["wins"][1]):
        return None
    return wins["ahead"][0], int(wins["wins"][0]), compared.height
