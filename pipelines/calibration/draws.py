"""Which contacts a session scores: drawn by a stated rule that can be repeated; imports the errors only.

A contact's lot is md5 of "<seed>:<contact_id>", so that the same seed and rule over the same contacts draw
the same ones, and anyone can check it. What a draw says of a contact never names the agent: graders read it.
"""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from dataclasses import dataclass
from typing import Literal

import polars as pl

from pipelines.errors import UsageError

Rule = Literal["random", "stratified", "widest", "picked"]
Z95 = 1.959963984540054


@dataclass(frozen=True)
class Drawn:
    """One contact of a draw, and why it is there."""

    contact_id: str
    is_picked: bool
    reason: str


@dataclass(frozen=True)
class Draw:
    """A draw and its account.

    Attributes:
        detail: The rule in words, with the size of the pool.
        contacts: In the order in which they are scored.
        note: What came out otherwise than asked, or empty.
    """

    rule: Rule
    detail: str
    contacts: tuple[Drawn, ...]
    note: str = ""


def lot(seed: int, contact_id: str) -> str:
    """The lot of a contact: 32 hexadecimal digits; the smallest are drawn.

    >>> lot(7, "K1")[:8]
    'dea542e8'
    """
    return hashlib.md5(f"{seed}:{contact_id}".encode(), usedforsecurity=False).hexdigest()


def random_draw(pool: pl.DataFrame, n: int) -> Draw:
    """The n smallest lots: every contact of the pool is as likely as the next.

    Args:
        pool: contact_id, lot, n_pool; as `Reader.contacts_to_draw` gives them.
        n: Contacts wanted.
    """
    chosen = pool.sort("lot").head(n)["contact_id"].to_list()
    detail = f"{_of(len(chosen), pool)}, each as likely as the next"
    return Draw("random", detail, _drawn(chosen, "drawn at random"), _short(len(chosen), n))


def stratified_draw(pool: pl.DataFrame, n: int, *, seed: int) -> Draw:
    """Channels and issues in proportion to their contacts, each contact still as likely as the next.

    Systematic sampling: the strata are laid end to end and n evenly spaced points, from a start that the seed
    decides, say how many come from each; within a stratum the smallest lots are taken. So a stratum gets its
    share to within one contact, and a small one has its chance. (Cochran 1977, Sampling Techniques, ch. 8.)

    Args:
        pool: contact_id, channel, issue, lot, n_stratum, n_pool.
        n: Contacts wanted.
        seed: Decides the start.
    """
    strata = pool.select("channel", "issue", "n_stratum").unique().sort("channel", "issue")
    total = int(strata["n_stratum"].sum())
    wanted = min(n, total)
    start = int(lot(seed, "start")[:12], 16) / 16**12
    chosen: list[Drawn] = []
    end = 0
    for channel, issue, size in strata.iter_rows():
        begin, end = end, end + size
        # points sit at (start + k) · total / wanted; those in [begin, end) belong to this stratum
        count = math.ceil(end * wanted / total - start) - math.ceil(begin * wanted / total - start)
        inside = pool.filter((pl.col("channel") == channel) & (pl.col("issue") == issue)).sort("lot")
        chosen += _drawn(inside.head(count)["contact_id"].to_list(), f"drawn from {channel}, {issue}")
    order = {contact: place for place, contact in enumerate(pool.sort("lot")["contact_id"])}
    chosen.sort(key=lambda one: order[one.contact_id])
    detail = f"{_of(len(chosen), pool)}, by channel and issue in proportion"
    return Draw("stratified", detail, tuple(chosen), _short(len(chosen), n))


def widths(spread: pl.DataFrame, agents: list[str], criteria: list[str]) -> pl.DataFrame:
    """How uncertain each agent's mean on each criterion is: 95 % half-widths, as shares of the scale.

    The standard deviation of a criterion is pooled within agents, since few agents have reviews enough for
    one of their own; it is the same for all, so n decides between agents and the spread between criteria.

    Args:
        spread: agent_id, criterion_id, n, mean, sum_of_squares; as `Reader.review_spread` gives them.
        agents: Agents who may be drawn.
        criteria: Criteria of the scorecard.

    Returns:
        agent_id, criterion_id, n, half_width (null where the agent has no score on it, or nobody has two),
        deviation (of the criterion, pooled). The widest first: no score at all is wider than any number.
    """
    pooled = (
        spread.filter(pl.col("n") > 0)
        .group_by("criterion_id")
        .agg(
            (pl.col("sum_of_squares").clip(0).sum() / (pl.col("n") - 1).sum()).sqrt().alias("deviation"),
            (pl.col("n") - 1).sum().alias("freedom"),
        )
        .select("criterion_id", pl.when(pl.col("freedom") > 0).then("deviation").alias("deviation"))
    )
    cells = (
        pl.DataFrame({"agent_id": agents}, schema={"agent_id": pl.String})
        .join(pl.DataFrame({"criterion_id": criteria}, schema={"criterion_id": pl.String}), how="cross")
        .join(spread.select("agent_id", "criterion_id", "n"), on=["agent_id", "criterion_id"], how="left")
        .join(pooled, on="criterion_id", how="left")
    )
    n = pl.col("n").fill_null(0)
    return cells.select(
        "agent_id",
        "criterion_id",
        n.cast(pl.Int64).alias("n"),
        pl.when(n > 0).then(Z95 * pl.col("deviation") / n.sqrt()).alias("half_width"),
        "deviation",
    ).sort(
        pl.col("n") > 0,
        pl.col("half_width").fill_null(-1.0),
        pl.col("deviation").fill_null(-1.0),
        "agent_id",
        "criterion_id",
        descending=[False, True, True, False, False],
    )


def aimed_draw(
    pool: pl.DataFrame, n: int, *, cells: pl.DataFrame, use: pl.DataFrame, labels: dict[str, str]
) -> Draw:
    """Contacts of the agents, and fit for the criteria, of which least is known.

    The cells (agent, criterion) are gone through from the widest on; each takes a contact of its agent on
    which its criterion is most likely to apply, the smallest lot among equals. No agent is taken twice before
    every agent was taken once.

    Args:
        pool: contact_id, agent_id, channel, issue, lot, n_pool.
        n: Contacts wanted.
        cells: As `widths` gives them.
        use: criterion_id, channel, issue, applies; as `Reader.criterion_use` gives them.
        labels: What criteria are called.
    """
    taken: dict[str, Drawn] = {}
    per_agent: Counter[str] = Counter()
    rows = cells.select("agent_id", "criterion_id", "half_width", "n").rows()
    by_agent = {key[0]: frame for key, frame in pool.sort("lot").group_by("agent_id", maintain_order=True)}
    most = 1
    while len(taken) < min(n, pool.height) and most <= n:
        for agent, criterion, half_width, seen in rows:
            if len(taken) == n:
                break
            if per_agent[agent] >= most or agent not in by_agent:
                continue
            contact = _fit(by_agent[agent], criterion, use, taken)
            if contact is not None:
                reason = _why(labels.get(criterion, criterion), half_width, seen)
                taken[contact] = Drawn(contact, False, reason)
                per_agent[agent] += 1
        most += 1
    agents = len(per_agent)
    detail = (
        f"{_of(len(taken), pool)}, aimed at the {agents} agent{'' if agents == 1 else 's'} and the criteria "
        "whose interval is widest"
    )
    return Draw("widest", detail, tuple(taken.values()), _short(len(taken), n))


def with_picked(draw: Draw | None, picked: list[str]) -> Draw:
    """A draw with hand-picked contacts behind it, each marked as such; without a draw, those alone.

    Raises:
        UsageError: If there is neither.
    """
    chosen = list(dict.fromkeys(name.strip() for name in picked if name.strip()))
    drawn = () if draw is None else tuple(one for one in draw.contacts if one.contact_id not in chosen)
    if not drawn and not chosen:
        raise UsageError("the session has no contacts yet; draw some, or pick some by hand.")
    hand = tuple(Drawn(name, True, "picked by hand") for name in chosen)
    if not hand:
        assert draw is not None  # else nothing would be drawn
        return draw
    said = f"{len(hand)} picked by hand, which stand for nothing but themselves"
    if draw is None or not drawn:
        return Draw("picked", said, hand)
    return Draw(draw.rule, f"{draw.detail}; {said}", (*drawn, *hand), draw.note)


def _fit(mine: pl.DataFrame, criterion: str, use: pl.DataFrame, taken: dict[str, Drawn]) -> str | None:
    """The agent's contact on which a criterion is likeliest to apply, the smallest lot among equals."""
    free = mine.filter(~pl.col("contact_id").is_in(list(taken)))
    if free.is_empty():
        return None
    likely = free.join(
        use.filter(pl.col("criterion_id") == criterion), on=["channel", "issue"], how="left"
    ).with_columns(pl.col("applies").fill_null(0.0))
    found: str = likely.sort("applies", "lot", descending=[True, False])["contact_id"][0]
    return found


def _why(label: str, half_width: float | None, n: int) -> str:
    if n == 0:
        return f"aimed at “{label}”: its agent has no score on it yet"
    if half_width is None:
        return f"aimed at “{label}”: too few scores to say how sure its agent's is"
    return f"aimed at “{label}”: its agent's score is known to ±{100 * half_width:.0f}% of the scale"


def _drawn(contacts: list[str], reason: str) -> tuple[Drawn, ...]:
    return tuple(Drawn(contact, False, reason) for contact in contacts)


def _of(n: int, pool: pl.DataFrame) -> str:
    size = int(pool["n_pool"][0]) if pool.height else 0
    return f"{n:,} of {size:,} handled, closed contacts"


def _short(found: int, asked: int) -> str:
    return "" if found >= asked else f"Only {found:,} of the {asked:,} asked for can be drawn."
