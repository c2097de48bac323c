"""Consistency: do different agents, sites and teams give the same answer to the same problem."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.calibration.bands import FALSE_DISCOVERY
from pipelines.calibration.coding import coded, mix_columns, require
from pipelines.stats.intervals import newcombe_difference
from pipelines.stats.mixed import fit_crossed
from pipelines.stats.multiplicity import benjamini_hochberg, two_sided_p

COLUMNS = ("contact_id", "program_id", "issue", "value_band", "agent_id", "resolution")
MIN_CONTACTS = 20


def answer_consistency(
    contacts: pl.DataFrame, *, by: Sequence[str] = ("issue", "value_band")
) -> pl.DataFrame:
    """Probability that two contacts of one stratum, handled by different agents, got the same resolution.

    A stratum is a program, issue and order-value band. In each, p = pairs of different agents with equal
    resolution over pairs of different agents; a row is Σ n·p / Σ n over its strata with such a pair
    (contract, fine print 15).

    Args:
        contacts: Handled, closed contacts: contact_id, program_id, issue, value_band (null is a band of its
            own), agent_id, resolution. Rows without agent or resolution are left out.
        by: Columns of program_id, issue, value_band to show; none gives one row.

    Returns:
        The columns of by, value, numerator (Σ n·p), denominator (Σ n), n_agents, common (the commonest
        resolution) and common_share, least consistent first.

    Raises:
        ValueError: If a column is missing or `by` names another.
    """
    if unknown := set(by) - {"program_id", "issue", "value_band"}:
        raise ValueError(
            f"consistency is split by program_id, issue and value_band, not by {', '.join(unknown)}"
        )
    strata = ["program_id", "issue", "value_band"]
    rows = _usable(contacts).with_columns(all=pl.lit("all"))
    names = list(by) or ["all"]
    cells = rows.group_by(*strata, "agent_id", "resolution").agg(k=pl.len().cast(pl.Int64))

    def pairs(*keys: str) -> pl.Expr:
        """Σ over the groups of keys of k², to be halved against the whole."""
        return pl.col("k").sum().over(*strata, *keys)

    squares = cells.select(
        *strata,
        "k",
        whole=pl.col("k").sum().over(strata),
        same_agent=pl.col("k") * pairs("agent_id"),
        same_answer=pl.col("k") * pairs("resolution"),
        same_both=pl.col("k") * pl.col("k"),
    )
    by_stratum = (
        squares.group_by(strata)
        .agg(
            n=pl.col("k").sum(),
            different_agents=pl.col("whole").first() ** 2 - pl.col("same_agent").sum(),
            equal=pl.col("same_answer").sum() - pl.col("same_both").sum(),
        )
        .filter(pl.col("different_agents") > 0)
        .with_columns(weighted=pl.col("n") * pl.col("equal") / pl.col("different_agents"))
    )
    totals = (
        by_stratum.with_columns(all=pl.lit("all"))
        .group_by(names)
        .agg(numerator=pl.col("weighted").sum(), denominator=pl.col("n").sum())
    )
    people = rows.group_by(names).agg(n_agents=pl.col("agent_id").n_unique())
    commonest = (
        rows.group_by([*names, "resolution"])
        .agg(k=pl.len())
        .sort("k", "resolution", descending=[True, False])
        .group_by(names, maintain_order=True)
        .agg(common=pl.col("resolution").first(), common_share=pl.col("k").first() / pl.col("k").sum())
    )
    found = (
        totals.join(people, on=names, nulls_equal=True)
        .join(commonest, on=names, nulls_equal=True)
        .with_columns(value=pl.col("numerator") / pl.col("denominator"))
        .sort("value", *names, nulls_last=True)
    )
    return found.select(*by, "value", "numerator", "denominator", "n_agents", "common", "common_share")


def differing_groups(
    contacts: pl.DataFrame,
    group: str = "site",
    *,
    examples: int = 3,
    false_discovery: float = FALSE_DISCOVERY,
) -> pl.DataFrame:
    """Pairs of sites (or teams) that answer the same problem differently, with contacts to read.

    For each program, issue and value band, each two groups with 20 contacts or more, and each resolution:
    the difference of its shares, with Newcombe's interval; only differences that survive false-discovery
    control over all of them are returned, the largest of each pair and stratum.

    Args:
        contacts: As in `answer_consistency`, with the group's column.
        group: Column of the groups.
        examples: Contacts of each side to show, the latest by contact_id.
        false_discovery: Share of false differences allowed.

    Returns:
        program_id, issue, value_band, group_a, group_b, resolution (given more often by a), n_a, n_b,
        share_a, share_b, difference, lower, upper, p_value (adjusted), examples_a (contacts of a that got
        it), examples_b (contacts of b that got something else), largest difference first.
    """
    strata = ["program_id", "issue", "value_band"]
    rows = _usable(contacts, group).filter(pl.col(group).is_not_null())
    sizes = rows.group_by(*strata, group).agg(n=pl.len()).filter(pl.col("n") >= MIN_CONTACTS)
    given = rows.group_by(*strata, group, "resolution").agg(k=pl.len())
    answers = rows.select(*strata, "resolution").unique()
    full = sizes.join(answers, on=strata, nulls_equal=True).join(
        given, on=[*strata, group, "resolution"], how="left", nulls_equal=True
    )
    full = full.with_columns(pl.col("k").fill_null(0))
    pairs = full.join(full, on=[*strata, "resolution"], suffix="_b", nulls_equal=True).filter(
        pl.col(group) != pl.col(f"{group}_b"), pl.col("k") / pl.col("n") > pl.col("k_b") / pl.col("n_b")
    )
    if pairs.is_empty():
        return pl.DataFrame(schema=_DIFFERENCES)
    k_a, n_a, k_b, n_b = (pairs[name].to_numpy().astype(np.float64) for name in ("k", "n", "k_b", "n_b"))
    difference, lower, upper = newcombe_difference(k_a, n_a, k_b, n_b)
    pooled = (k_a + k_b) / (n_a + n_b)
    p = benjamini_hochberg(two_sided_p(difference / np.sqrt(pooled * (1 - pooled) * (1 / n_a + 1 / n_b))))
    told = (
        pairs.select(
            *strata,
            pl.col(group).alias("group_a"),
            pl.col(f"{group}_b").alias("group_b"),
            "resolution",
            pl.col("n").alias("n_a"),
            "n_b",
            share_a=pl.col("k") / pl.col("n"),
            share_b=pl.col("k_b") / pl.col("n_b"),
            difference=pl.Series(difference),
            lower=pl.Series(lower),
            upper=pl.Series(upper),
            p_value=pl.Series(p),
        )
        .filter(pl.col("p_value") <= false_discovery)
        .with_columns(
            pair=pl.concat_str(
                pl.min_horizontal("group_a", "group_b"),
                pl.max_horizontal("group_a", "group_b"),
                separator="\x1f",
            )
        )
        .sort("difference", *strata, "group_a", "group_b", descending=[True, *[False] * 5], nulls_last=True)
        .unique([*strata, "pair"], keep="first", maintain_order=True)
        .drop("pair")
    )
    return _with_examples(told, rows, group, strata, examples)


@dataclass(frozen=True)
class VarianceShares:
    """Where the spread of an outcome sits.

    Attributes:
        shares: part (agent, site, …, contact), variance, share, lower and upper of its standard deviation.
        n: Contacts.
    """

    shares: pl.DataFrame
    n: int


def variance_shares(
    contacts: pl.DataFrame,
    outcome: str,
    groups: Sequence[str] = ("agent_id", "site"),
    *,
    mix: Sequence[str] = ("program_id", "channel", "issue"),
) -> VarianceShares | None:
    """How much of an outcome's variance lies between agents, between sites, and between contacts.

    A linear mixed model on the outcome itself (1 or 0, or a number), over contact mix: shares are of the
    variance that mix leaves.

    Args:
        contacts: The outcome's column (null rows are left out), the groups' columns and those of the mix.
        outcome: Column of booleans or numbers.
        groups: Nested or crossed groupings; an agent's name stands for one person everywhere.
        mix: Columns held constant.

    Returns:
        None with fewer than 20 contacts or where the outcome never varies.
    """
    require(contacts, [outcome, *groups], "contacts")
    rows = contacts.filter(pl.all_horizontal(pl.col(outcome, *groups).is_not_null()))
    if rows.height < MIN_CONTACTS or rows[outcome].n_unique() < 2:
        return None
    known = {name: coded(rows, name) for name in groups}
    factors = {name: found.code for name, found in known.items() if 1 < found.levels < rows.height}
    if not factors:
        return None
    fit = fit_crossed(rows[outcome].cast(pl.Float64).to_numpy(), factors, mix_columns(rows, mix), predict=[])
    variances = {name: fit.sd[name] ** 2 for name in factors} | {"contact": fit.residual_sd**2}
    total = sum(variances.values())
    ranges = {name: fit.sd_range[name] for name in factors}
    return VarianceShares(
        pl.DataFrame(
            {
                "part": list(variances),
                "variance": list(variances.values()),
                "share": [one / total for one in variances.values()],
                "sd_lower": [ranges[name][0] if name in ranges else None for name in variances],
                "sd_upper": [ranges[name][1] if name in ranges else None for name in variances],
            }
        ),
        rows.height,
    )


_DIFFERENCES: dict[str, pl.DataType | type[pl.DataType]] = {
    "program_id": pl.String,
    "issue": pl.String,
    "value_band": pl.String,
    "group_a": pl.String,
    "group_b": pl.String,
    "resolution": pl.String,
    "n_a": pl.UInt32,
    "n_b": pl.UInt32,
    **dict.fromkeys(("share_a", "share_b", "difference", "lower", "upper", "p_value"), pl.Float64),
    "examples_a": pl.List(pl.String),
    "examples_b": pl.List(pl.String),
}


def _usable(contacts: pl.DataFrame, *more: str) -> pl.DataFrame:
    require(contacts, [*COLUMNS, *more], "contacts")
    return contacts.filter(pl.col("agent_id").is_not_null(), pl.col("resolution").is_not_null())


def _with_examples(
    told: pl.DataFrame, rows: pl.DataFrame, group: str, strata: list[str], examples: int
) -> pl.DataFrame:
    named = rows.select(*strata, pl.col(group).alias("who"), pl.col("resolution").alias("got"), "contact_id")
    for side, is_given in (("a", True), ("b", False)):
        matches = pl.col("got") == pl.col("resolution")
        found = (
            told.select(*strata, "group_a", "group_b", "resolution")
            .join(named, left_on=[*strata, f"group_{side}"], right_on=[*strata, "who"], nulls_equal=True)
            .filter(matches if is_given else ~matches)
            .group_by(*strata, "group_a", "group_b", "resolution")
            .agg(pl.col("contact_id").sort(descending=True).head(examples).alias(f"examples_{side}"))
        )
        told = told.join(
            found,
            on=[*strata, "group_a", "group_b", "resolution"],
            how="left",
            nulls_equal=True,
            maintain_order="left",
        )
    return told
