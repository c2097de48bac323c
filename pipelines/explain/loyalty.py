"""Whether a good contact keeps a customer, and whether a good rating was bought; over rows of a reader."""

from __future__ import annotations

import math
from dataclasses import dataclass

import polars as pl

from pipelines.explain.change import Effect
from pipelines.metrics.loyalty import BOTTOM_TWO, TOP_TWO
from pipelines.stats.intervals import Z95, newcombe_difference, wilson
from pipelines.stats.standardise import directly_standardised

LEAST_OF_CELL = 5
"""Contacts with and without a concession that an issue and channel needs to be compared."""

WITHOUT_CONTACT = "without contact"
EVERYBODY = "every customer"
OUTCOMES = ("resolved", "repeated", "unresolved")
RATINGS = (TOP_TWO, BOTTOM_TWO)


def repurchase_groups(rows: pl.DataFrame, without: pl.DataFrame) -> pl.DataFrame:
    """Shares of customers who ordered again, with Wilson intervals.

    Args:
        rows: Rows of `reader.repurchase`.
        without: The row of `reader.repurchase_without_contact`.

    Returns:
        kind (all, outcome, rating, comparison), group, value, lower, upper, numerator, denominator, pending,
        difference to the comparison group with difference_lower and difference_upper (Newcombe's interval);
        empty where nothing is mature.
    """
    groups = [("all", EVERYBODY, rows)]
    groups += [("outcome", name, rows.filter(pl.col("fcr_state") == name)) for name in OUTCOMES]
    groups += [("rating", name, rows.filter(pl.col("rating") == name)) for name in RATINGS]
    groups.append(("comparison", WITHOUT_CONTACT, without))
    table = pl.DataFrame(
        [
            (kind, name, int(own["again"].sum()), int(own["n"].sum()), int(own["pending"].sum()))
            for kind, name, own in groups
        ],
        schema={
            "kind": pl.String,
            "group": pl.String,
            "numerator": pl.Int64,
            "denominator": pl.Int64,
            "pending": pl.Int64,
        },
        orient="row",
    )
    again, n = table["numerator"].to_numpy(), table["denominator"].to_numpy()
    lower, upper = wilson(again, n)
    apart = newcombe_difference(again, n, again[-1], n[-1])
    names = ("lower", "upper", "difference", "difference_lower", "difference_upper")
    limits = dict(zip(names, (lower, upper, *apart), strict=True))
    return table.with_columns(
        (pl.col("numerator") / pl.col("denominator")).fill_nan(None).alias("value"),
        *(pl.Series(name, values, nan_to_null=True, dtype=pl.Float64) for name, values in limits.items()),
    ).with_columns(
        pl.when(pl.col("kind") != "comparison").then(pl.col(name)).alias(name) for name in names[2:]
    )


@dataclass(frozen=True)
class Rated:
    """One side of a comparison of ratings.

    Attributes:
        n: Rated contacts, mature.
        value: Share in the top two boxes, as they are.
        lower: Lower end of its 95 % interval (Wilson).
        upper: Upper end.
        adjusted: The share at the common mix of issue and channel, with its interval; None where no cell has
            enough on both sides.
    """

    n: int
    value: float | None
    lower: float | None
    upper: float | None
    adjusted: Effect | None


@dataclass(frozen=True, eq=False)
class ConcessionCsat:
    """Ratings after a concession beside those without one.

    Attributes:
        given: Contacts after which something was conceded.
        none: Contacts after which nothing was.
        difference: given less none, as they are; None where one side is empty.
        adjusted: given less none at the common mix; None where no cell can be compared.
        cells: Issue and channel, n and share on each side, and whether the cell is compared.
        n_left_out: Contacts in cells that cannot be compared.
        pending: Rated contacts whose window for a concession is open.
    """

    given: Rated
    none: Rated
    difference: Effect | None
    adjusted: Effect | None
    cells: pl.DataFrame
    n_left_out: int
    pending: int


def concession_csat(rows: pl.DataFrame) -> ConcessionCsat:
    """CSAT of contacts that got a concession and of those that did not, as they are and at the same mix.

    Both sides are standardised to the issues and channels of all contacts compared; a cell with fewer than
    five contacts on one side is in neither. The difference is an association: who is given something is not
    drawn by lot.

    Args:
        rows: Rows of `reader.concession_cells`.

    Source: `pipelines.stats.standardise.directly_standardised`; Newcombe (1998) for the raw difference.
    """
    cells = _cells(rows)
    compared = cells.filter("is_compared")
    sides = {}
    for side in ("given", "none"):
        n, top = int(cells[f"n_{side}"].sum()), int(cells[f"top_{side}"].sum())
        lower, upper = (float(end) for end in wilson(top, n))
        made = _adjusted(compared, side)
        sides[side] = (n, top, lower, upper, made)
    given, none = (
        Rated(
            n=n,
            value=top / n if n else None,
            lower=None if math.isnan(lower) else lower,
            upper=None if math.isnan(upper) else upper,
            adjusted=None if made is None else _share(*made),
        )
        for n, top, lower, upper, made in (sides["given"], sides["none"])
    )
    return ConcessionCsat(
        given=given,
        none=none,
        difference=_raw_difference(sides["given"], sides["none"]),
        adjusted=_adjusted_difference(sides["given"][4], sides["none"][4]),
        cells=cells,
        n_left_out=given.n + none.n - int((compared["n_given"] + compared["n_none"]).sum()),
        pending=int(rows["pending"].sum()),
    )


_Side = tuple[int, int, float, float, tuple[float, float] | None]


def _cells(rows: pl.DataFrame) -> pl.DataFrame:
    def of(name: str, has: bool) -> pl.Expr:
        return pl.col(name).filter(pl.col("has_concession") == has).sum()

    return (
        rows.group_by("issue", "channel")
        .agg(
            of("n", True).alias("n_given"),
            of("top", True).alias("top_given"),
            of("n", False).alias("n_none"),
            of("top", False).alias("top_none"),
        )
        .with_columns(
            (pl.min_horizontal("n_given", "n_none") >= LEAST_OF_CELL).alias("is_compared"),
            (pl.col("top_given") / pl.col("n_given")).fill_nan(None).alias("csat_given"),
            (pl.col("top_none") / pl.col("n_none")).fill_nan(None).alias("csat_none"),
        )
        .sort(pl.col("n_given") + pl.col("n_none"), "issue", "channel", descending=[True, False, False])
    )


def _adjusted(compared: pl.DataFrame, side: str) -> tuple[float, float] | None:
    """The share at the common mix and its standard error."""
    if compared.height == 0:
        return None
    n, top = (compared[f"{name}_{side}"].cast(pl.Float64).to_numpy() for name in ("n", "top"))
    share = top / n
    # the unbiased variance within a stratum, over n − 1: Cochran (1977), Sampling Techniques, chapter 5
    spread = share * (1 - share) * n / (n - 1)
    mix = (compared["n_given"] + compared["n_none"]).to_numpy()
    value, error = directly_standardised([share], [spread], [n], mix)
    return float(value[0]), float(error[0])


def _share(value: float, error: float) -> Effect:
    return Effect(value, max(0.0, value - Z95 * error), min(1.0, value + Z95 * error))


def _raw_difference(given: _Side, none: _Side) -> Effect | None:
    if not (given[0] and none[0]):
        return None
    value, lower, upper = newcombe_difference(given[1], given[0], none[1], none[0])
    return Effect(float(value), float(lower), float(upper))


def _adjusted_difference(
    given: tuple[float, float] | None, none: tuple[float, float] | None
) -> Effect | None:
    if given is None or none is None:
        return None
    difference, arm = given[0] - none[0], Z95 * math.hypot(given[1], none[1])
    return Effect(difference, difference - arm, difference + arm)
