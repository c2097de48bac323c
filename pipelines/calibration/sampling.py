"""Which contacts a calibration session scores: drawn by a rule and a seed that can be repeated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np
import polars as pl

from pipelines.calibration.coding import coded, require

Rule = Literal["random", "stratified", "aimed"]


def draw_contacts(
    contacts: pl.DataFrame,
    size: int,
    rule: Rule = "random",
    *,
    seed: int,
    strata: Sequence[str] = ("channel", "issue"),
    widths: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Draw contacts without replacement.

    The order of the rows does not matter: contacts are sorted by contact_id before the seed is used.

    Args:
        contacts: contact_id, and what the rule needs: the strata's columns, or agent_id.
        size: Contacts wanted; all are returned where there are no more.
        rule: "random": every contact alike. "stratified": each stratum in proportion, largest remainders
            first, so that rare kinds are not forgotten. "aimed": chances in proportion to the width of the
            agent's interval, so that the next session tells most.
        seed: Of the draw; the same contacts, rule and seed give the same draw.
        strata: Columns of the strata.
        widths: For "aimed": agent_id and width (of the interval of the agent's calibrated score); an agent
            that is missing counts as the widest.

    Returns:
        The drawn contacts with drawn_by (the rule), in the order drawn.

    Raises:
        ValueError: If the rule is unknown, a column is missing, or "aimed" has no widths.
    """
    if rule not in get_args(Rule):
        raise ValueError(f"unknown rule '{rule}'; the rules are {', '.join(get_args(Rule))}")
    if size < 1:
        raise ValueError(f"a draw of {size} contacts was asked for; ask for 1 or more")
    needed = {"random": [], "stratified": list(strata), "aimed": ["agent_id"]}[rule]
    require(contacts, ["contact_id", *needed], "contacts")
    pool = contacts.unique("contact_id", keep="first").sort("contact_id")
    size = min(size, pool.height)
    random = np.random.default_rng(seed)
    if rule == "random":
        chosen = random.permutation(pool.height)[:size]
    elif rule == "stratified":
        chosen = _stratified(pool, size, strata, random)
    else:
        if widths is None:
            raise ValueError("an aimed draw needs the widths of the agents' intervals")
        chosen = _aimed(pool, size, widths, random)
    return pool[chosen].with_columns(drawn_by=pl.lit(rule))


def _stratified(
    pool: pl.DataFrame, size: int, strata: Sequence[str], random: np.random.Generator
) -> np.ndarray:
    stratum = coded(pool, *strata)
    available = np.bincount(stratum.code, minlength=stratum.levels)
    ideal = size * available / pool.height
    quota = np.floor(ideal).astype(np.int64)
    # What is left goes to the largest remainders; equal ones in the order that the seed gives.
    order = np.lexsort((random.random(stratum.levels), -(ideal - quota)))
    quota[order[: size - int(quota.sum())]] += 1
    shuffled = random.permutation(pool.height)
    rank_in_stratum = np.empty(pool.height, dtype=np.int64)
    for code in range(stratum.levels):
        members = shuffled[stratum.code[shuffled] == code]
        rank_in_stratum[members] = np.arange(members.size)
    return shuffled[rank_in_stratum[shuffled] < quota[stratum.code[shuffled]]]


def _aimed(pool: pl.DataFrame, size: int, widths: pl.DataFrame, random: np.random.Generator) -> np.ndarray:
    joined = pool.join(widths.select("agent_id", "width"), on="agent_id", how="left", maintain_order="left")
    widest = joined["width"].max()
    filled = joined["width"].fill_null(widest if widest is not None else 1.0).cast(pl.Float64).to_numpy()
    per_agent = joined.select(pl.len().over("agent_id")).to_series().to_numpy()
    # An agent's chance follows the width, however many contacts the agent has.
    weight = np.maximum(filled, 1e-9) / per_agent
    return random.choice(pool.height, size=size, replace=False, p=weight / weight.sum())
