"""Validity: does a criterion predict what customers do, after contact mix; which weigh much for nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl

from pipelines.calibration.bands import FALSE_DISCOVERY
from pipelines.calibration.coding import coded, mix_columns, require
from pipelines.stats.intervals import Z95
from pipelines.stats.multiplicity import benjamini_hochberg, two_sided_p
from pipelines.stats.regression import logistic

# Outcomes and whether more of them is better.
OUTCOMES: Mapping[str, bool] = {
    "fcr": True,
    "csat": True,
    "escalation": False,
    "refund": False,
    "repeat_purchase": True,
}
MIN_ROWS, MIN_EVENTS = 50, 10
# Of contacts with another score than the commonest, so many must be expected to end the rarer way: three
# failures that all ended well would look like certainty.
MIN_EXPECTED = 5
# A criterion with at least this share of the scorecard's weight weighs much.
_WEIGHS_MUCH = 1.0
MIX = ("program_id", "channel", "issue", "grader_id")


def criterion_validity(
    ratings: pl.DataFrame,
    outcomes: Sequence[str] = tuple(OUTCOMES),
    *,
    mix: Sequence[str] = MIX,
    false_discovery: float = FALSE_DISCOVERY,
) -> pl.DataFrame:
    """What each criterion says about each outcome of the same contact.

    A logistic regression of the outcome on the criterion's score, over contact mix and grader, with errors
    clustered by agent. The effect is the odds ratio between a contact one standard deviation better and one
    not: criteria of different ranges compare. Reviews of one contact are averaged first, so that a
    calibration contact counts once.

    Args:
        ratings: contact_id, agent_id, criterion_id, score, min, max, a boolean column for each outcome
            (null where it is not known or not mature), and where known label, weight, program_id, channel,
            issue, grader_id.
        outcomes: Columns of the outcomes; those the frame lacks are left out.
        mix: Columns held constant; those it lacks are left out.
        false_discovery: Share of false findings allowed over all criteria and outcomes.

    Returns:
        criterion_id, label, weight_share, outcome, n, events, odds_ratio, lower, upper, p_value,
        adjusted_p, finding ("predicts", "predicts the wrong way", "nothing found" or "too few"), note. Odds
        ratios are null where they cannot be computed, and the note says why.
    """
    require(ratings, ["contact_id", "agent_id", "criterion_id", "score", "min", "max"], "ratings")
    known = [name for name in outcomes if name in ratings.columns]
    rows = ratings.filter(pl.col("score").is_not_null(), pl.col("max") > pl.col("min")).with_columns(
        share=(pl.col("score") - pl.col("min")) / (pl.col("max") - pl.col("min"))
    )
    kept = [name for name in ("agent_id", "label", "weight", *mix, *known) if name in rows.columns]
    contacts = (
        rows.group_by("criterion_id", "contact_id", maintain_order=True)
        .agg(pl.col("share").mean(), *[pl.col(name).first() for name in dict.fromkeys(kept)])
        .sort("criterion_id", "contact_id")
    )
    total = _total_weight(contacts)
    found = []
    for (criterion,), group in contacts.group_by(["criterion_id"], maintain_order=True):
        head = {
            "criterion_id": criterion,
            "label": group["label"][0] if "label" in group.columns else criterion,
            "weight_share": group["weight"].max() / total if total else None,  # type: ignore[operator]  # numbers
        }
        for outcome in known:
            found.append(head | {"outcome": outcome} | _one(group, outcome, mix))
    table = pl.DataFrame(found, schema=_SCHEMA)
    return _findings(table, false_discovery)


def weighs_and_predicts(validity: pl.DataFrame) -> pl.DataFrame:
    """One row a criterion: its weight, what it predicts, and a word.

    Args:
        validity: From `criterion_validity`.

    Returns:
        criterion_id, label, weight_share, predicts (outcomes, sorted) and word, heaviest first:
        "earns its weight", "weighs much, predicts nothing", "weighs little, predicts", "weighs little",
        "works backwards" or "too few". A criterion weighs much if it has its even share of the scorecard or
        more.
    """
    even = 1 / max(validity["criterion_id"].n_unique(), 1)
    is_found = pl.col("finding") == "predicts"
    grouped = (
        validity.group_by("criterion_id", maintain_order=True)
        .agg(
            pl.col("label", "weight_share").first(),
            predicts=pl.col("outcome").filter(is_found).sort(),
            backwards=(pl.col("finding") == "predicts the wrong way").any(),
            told=(pl.col("finding") != "too few").any(),
        )
        .with_columns(
            much=(pl.col("weight_share") >= _WEIGHS_MUCH * even).fill_null(False),
            some=pl.col("predicts").list.len() > 0,
        )
    )
    word = (
        pl.when(~pl.col("told"))
        .then(pl.lit("too few"))
        .when(pl.col("backwards") & ~pl.col("some"))
        .then(pl.lit("works backwards"))
        .when(pl.col("much") & pl.col("some"))
        .then(pl.lit("earns its weight"))
        .when(pl.col("much"))
        .then(pl.lit("weighs much, predicts nothing"))
        .when(pl.col("some"))
        .then(pl.lit("weighs little, predicts"))
        .otherwise(pl.lit("weighs little"))
    )
    return (
        grouped.with_columns(word=word)
        .select("criterion_id", "label", "weight_share", "predicts", "word")
        .sort("weight_share", "criterion_id", descending=[True, False], nulls_last=True)
    )


_SCHEMA = {
    "criterion_id": pl.String,
    "label": pl.String,
    "weight_share": pl.Float64,
    "outcome": pl.String,
    "n": pl.Int64,
    "events": pl.Int64,
    "odds_ratio": pl.Float64,
    "lower": pl.Float64,
    "upper": pl.Float64,
    "p_value": pl.Float64,
    "note": pl.String,
}


def _one(group: pl.DataFrame, outcome: str, mix: Sequence[str]) -> dict[str, object]:
    rows = group.filter(pl.col(outcome).is_not_null())
    n = rows.height
    events = int(rows[outcome].cast(pl.Int64).sum()) if n else 0
    nothing = {"odds_ratio": None, "lower": None, "upper": None, "p_value": None}
    counts: dict[str, object] = {"n": n, "events": events}
    if n < MIN_ROWS or min(events, n - events) < MIN_EVENTS:
        return counts | nothing | {"note": f"needs {MIN_ROWS} contacts and {MIN_EVENTS} of each outcome"}
    share = rows["share"].to_numpy()
    spread = float(share.std())
    if spread == 0:
        return counts | nothing | {"note": "every contact got the same score"}
    others = n - int(rows["share"].unique_counts().max())  # type: ignore[arg-type]  # a count
    if others * min(events, n - events) / n < MIN_EXPECTED:
        return counts | nothing | {"note": f"only {others} contacts got another score than the commonest"}
    columns = np.column_stack([(share - share.mean()) / spread, mix_columns(rows, mix, rare=10)])
    agent = coded(rows, "agent_id")
    y = rows[outcome].cast(pl.Float64).to_numpy()
    # A slight penalty, so that a rare level of the mix without an event does not run away.
    fit = logistic(y, columns, cluster=agent.code if agent.levels >= 10 else None, ridge=0.01)
    found = fit.of(1)
    if found is None or not fit.converged or not found[1] > 0:
        return counts | nothing | {"note": "mix and grader leave nothing of the score to learn from"}
    slope, error = found
    return counts | {
        "odds_ratio": float(np.exp(slope)),
        "lower": float(np.exp(slope - Z95 * error)),
        "upper": float(np.exp(slope + Z95 * error)),
        "p_value": float(two_sided_p(slope / error)),
        "note": "",
    }


def _findings(table: pl.DataFrame, false_discovery: float) -> pl.DataFrame:
    p = table["p_value"].fill_null(float("nan")).to_numpy()
    adjusted = pl.Series("adjusted_p", benjamini_hochberg(p)).fill_nan(None)
    better = pl.col("outcome").replace_strict(dict(OUTCOMES), default=True, return_dtype=pl.Boolean)
    right = (pl.col("odds_ratio") > 1) == better
    return table.with_columns(adjusted).with_columns(
        finding=pl.when(pl.col("odds_ratio").is_null())
        .then(pl.lit("too few"))
        .when(pl.col("adjusted_p") > false_discovery)
        .then(pl.lit("nothing found"))
        .when(right)
        .then(pl.lit("predicts"))
        .otherwise(pl.lit("predicts the wrong way"))
    )


def _total_weight(contacts: pl.DataFrame) -> float:
    if "weight" not in contacts.columns:
        return 0.0
    return float(contacts.group_by("criterion_id").agg(pl.col("weight").max())["weight"].sum() or 0.0)
