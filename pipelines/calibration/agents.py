"""Agents with one metric, raw beside calibrated, in one shape for scores and outcomes; and their criteria."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from pipelines.calibration.coding import require
from pipelines.calibration.model import ReviewModel
from pipelines.calibration.outcomes import CalibratedOutcomes
from pipelines.calibration.scores import calibrated_scores
from pipelines.stats.intervals import Z95

_NUMBERS = ("raw", "raw_lower", "raw_upper", "value", "lower", "upper", "reference", "deviation")
_EMPTY = {
    **dict.fromkeys(("agent_id", "program_id", "raw_band", "band", "standing", "because"), pl.String),
    **dict.fromkeys(_NUMBERS, pl.Float64),
    **dict.fromkeys(("n", "more", "part"), pl.Int64),
    "band_changed": pl.Boolean,
}


@dataclass(frozen=True)
class CalibratedAgents:
    """Agents with one metric, raw and calibrated.

    Attributes:
        rows: agent_id, program_id, n (reviews or contacts), raw, raw_lower, raw_upper, raw_band, value,
            lower, upper (calibrated), reference (the program's), deviation, band, standing (better, within,
            worse),
            band_changed, because (words, where the band changes), more (reviews or contacts at which
            the band would be decided; 0 when it is, null when hopeless), part (of the review graph).
        changed: How many agents change band.
        parts: Parts of the review graph whose agents cannot be compared.
        standard: By whom scores are as if given; empty for outcomes.
        note: Why there are no rows; empty otherwise.
    """

    rows: pl.DataFrame
    changed: int = 0
    parts: int = 1
    standard: str = ""
    note: str = ""


def of_scores(model: ReviewModel | None) -> CalibratedAgents:
    """Agents' review scores, from the model that `fit_reviews` gives; None was too little to fit."""
    if model is None:
        return CalibratedAgents(
            pl.DataFrame(schema=_EMPTY),
            note="fewer than 10 reviews, two agents or two graders: nothing to calibrate by",
        )
    found = calibrated_scores(model)
    standing = {"above": "better", "below": "worse", "within": "within"}
    rows = found.agents.select(
        "agent_id",
        program_id="home",
        n="n_reviews",
        raw="raw_score",
        raw_lower="raw_lower",
        raw_upper="raw_upper",
        raw_band="raw_band",
        value="calibrated_score",
        lower="lower",
        upper="upper",
        reference=pl.col("calibrated_score") - pl.col("deviation"),
        deviation="deviation",
        band="band",
        standing=pl.col("band").replace_strict(standing, default=None, return_dtype=pl.String),
        band_changed="band_changed",
        because="because",
        more="more_reviews",
        part=pl.col("part").cast(pl.Int64),
    )
    return CalibratedAgents(rows, found.changed, found.parts, found.standard)


def of_outcome(found: CalibratedOutcomes) -> CalibratedAgents:
    """Agents' rates of one outcome, as `calibrated_outcomes` gives them."""
    mix, chance = pl.col("mix_part"), pl.col("chance_part")
    is_mix = mix.abs() > chance.abs()
    points = (100 * pl.when(is_mix).then(mix).otherwise(chance)).round(1).cast(pl.String)
    cause = pl.when(is_mix).then(pl.lit("the contact mix")).otherwise(pl.lit("chance in few contacts"))
    said = pl.concat_str(cause, pl.lit(": "), points, pl.lit(" points of the raw rate"))
    rows = found.agents.select(
        "agent_id",
        "program_id",
        n=pl.col("trials").cast(pl.Int64),
        raw="raw_rate",
        raw_lower="raw_lower",
        raw_upper="raw_upper",
        raw_band="raw_band",
        value="calibrated_rate",
        lower="lower",
        upper="upper",
        reference="program_rate",
        deviation="deviation",
        band="band",
        standing="standing",
        band_changed="band_changed",
        because=pl.when("band_changed").then(said),
        more="more_contacts",
        part=pl.lit(0, dtype=pl.Int64),
    )
    return CalibratedAgents(rows, found.changed, note=found.note)


def against_program(ratings: pl.DataFrame, agent_id: str) -> pl.DataFrame:
    """Criteria of one agent's routine reviews against those of the other agents of their programs.

    Args:
        ratings: criterion_id, label, weight, score, min, max, purpose, agent_id, program_id.
        agent_id: Whose.

    Returns:
        criterion_id, label, weight, n, value and reference (shares of the scale), difference with lower and
        upper, points (of the review's 100 that the difference gains or costs), largest loss first.
    """
    require(ratings, ["criterion_id", "label", "weight", "score", "purpose", "agent_id"], "ratings")
    rows = ratings.filter(
        pl.col("score").is_not_null(),
        pl.col("max") > pl.col("min"),
        pl.col("purpose").fill_null("routine") == "routine",
    ).with_columns(
        share=(pl.col("score") - pl.col("min")) / (pl.col("max") - pl.col("min")),
        is_own=(pl.col("agent_id") == agent_id).fill_null(False),
    )
    homes = rows.filter("is_own")["program_id"].unique().to_list()
    share, own = pl.col("share"), pl.col("is_own")
    weights = rows.group_by("criterion_id").agg(pl.col("weight").max())
    total = float(weights["weight"].sum() or 0.0)
    return (
        rows.filter(pl.col("program_id").is_in(homes, nulls_equal=True))
        .group_by("criterion_id", maintain_order=True)
        .agg(
            pl.col("label").first(),
            pl.col("weight").max(),
            n=own.sum(),
            value=share.filter(own).mean(),
            reference=share.filter(~own).mean(),
            error=(share.filter(own).var() / own.sum() + share.filter(~own).var() / (~own).sum()).sqrt(),
        )
        .filter(pl.col("value").is_not_null(), pl.col("reference").is_not_null())
        .with_columns(difference=pl.col("value") - pl.col("reference"))
        .with_columns(
            lower=pl.col("difference") - Z95 * pl.col("error"),
            upper=pl.col("difference") + Z95 * pl.col("error"),
            points=100 * pl.col("difference") * pl.col("weight") / total if total else pl.lit(None),
        )
        .drop("error")
        .sort("points", "criterion_id", nulls_last=True)
    )
