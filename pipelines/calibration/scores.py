"""Calibrated agent scores: raw beside calibrated, who changes band by it and why."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.calibration.bands import FALSE_DISCOVERY, bands, more_to_tell
from pipelines.calibration.model import ReviewModel
from pipelines.stats.intervals import Z95, normal_mean
from pipelines.stats.ratings import FloatArray

_REASONS = {
    "severity_part": ("stricter graders than the program's", "more lenient graders than the program's"),
    "mix_part": ("harder contacts", "easier contacts"),
    "chance_part": ("chance in few reviews", "chance in few reviews"),
}


@dataclass(frozen=True)
class CalibratedScores:
    """Agents with their scores and what the model found.

    Attributes:
        agents: One row an agent; see `calibrated_scores`.
        agent_sd: Standard deviation of agents' true scores within programs.
        grader_sd: Standard deviation of graders' severity.
        review_sd: Standard deviation of one review once agent and grader are known.
        changed: Agents whose band calibration changes.
        parts: Parts of the review graph; scores of different parts are not comparable.
        standard: "expert" or "average grader": by whom calibrated scores are as if given.
    """

    agents: pl.DataFrame
    agent_sd: float
    grader_sd: float
    review_sd: float
    changed: int
    parts: int
    standard: str


def calibrated_scores(model: ReviewModel, *, false_discovery: float = FALSE_DISCOVERY) -> CalibratedScores:
    """Scores of every agent with a review.

    A raw score's distance from the program's splits exactly into: how severe this agent's graders were, how
    easy the contacts, chance (what shrinkage takes back), and the agent.

    Args:
        model: From `fit_reviews`.
        false_discovery: Share of wrong calls among those above or below.

    Returns:
        `agents` has agent_id, home (program), part (0 is the largest part of the graph), n_reviews (all
        purposes), n_routine, n_graders, raw_score with raw_lower and raw_upper (mean of routine reviews;
        null without), raw_band, calibrated_score with lower and upper (points of 100, program kept, mix of
        all, by the expert or, without one, the average grader), deviation (calibrated, from the program),
        deviation_lower, deviation_upper, p_value (adjusted), band, band_changed, severity_part, mix_part,
        chance_part (points of the raw deviation), because (words, where the band changes), more_reviews (at
        which the band would be decided; 0 when it is, null when hopeless).
    """
    fit, effects, scores, rows = model.fit, model.agents, model.agent_scores, model.rows
    code, levels = model.agent.code, model.agent.levels
    routine = _is_routine(rows)
    y, home_of_agent = model.score, model.home_of_agent
    n_reviews = np.bincount(code, minlength=levels)

    n_routine = np.bincount(code[routine], minlength=levels)
    raw, raw_sd = _mean(y, code, routine, levels), _deviation(y, code, routine, levels)
    lower, upper = normal_mean(raw, raw_sd, n_routine)
    raw_deviation = raw - _mean(y, model.home.code, routine, model.home.levels)[home_of_agent]
    parts = {
        name: _mean(part, code, routine, levels)
        - _mean(part, model.home.code, routine, model.home.levels)[home_of_agent]
        for name, part in (("severity_part", model.grader_part), ("mix_part", model.mix_part))
    }
    parts["chance_part"] = raw_deviation - parts["severity_part"] - parts["mix_part"] - effects.value
    with np.errstate(divide="ignore", invalid="ignore"):
        pooled = _pooled_deviation(y, code, routine, levels)
        raw_band, _ = bands(raw_deviation, pooled / np.sqrt(n_routine), false_discovery=false_discovery)
    band, p = bands(effects.value, effects.standard_error, false_discovery=false_discovery)
    agent_sd = fit.sd["agent"]
    prior_size = (model.spread / agent_sd) ** 2 if agent_sd > 0 else np.inf
    more = more_to_tell(
        effects.value,
        effects.standard_error,
        model.spread,
        prior_size,
        n_reviews,
        false_discovery=false_discovery,
    )
    agents = pl.DataFrame(
        {
            "agent_id": model.agent.names,
            "home": _home_names(model, home_of_agent),
            "part": model.parts.of_level[0],
            "n_reviews": n_reviews,
            "n_routine": n_routine,
            "n_graders": _distinct_graders(model, levels),
            "raw_score": raw,
            "raw_lower": lower,
            "raw_upper": upper,
            "raw_band": raw_band,
            "calibrated_score": scores.value,
            "lower": scores.value - Z95 * scores.standard_error,
            "upper": scores.value + Z95 * scores.standard_error,
            "deviation": effects.value,
            "deviation_lower": effects.value - Z95 * effects.standard_error,
            "deviation_upper": effects.value + Z95 * effects.standard_error,
            "p_value": p,
            "band": band,
            **parts,
            "more_reviews": more,
        },
        schema_overrides={"raw_band": pl.String, "band": pl.String, "more_reviews": pl.Int64},
    ).with_columns(pl.col(pl.Float64).fill_nan(None))
    agents = agents.with_columns(
        band_changed=(pl.col("raw_band") != pl.col("band")).fill_null(False),
    ).with_columns(because=_because())
    return CalibratedScores(
        agents=agents,
        agent_sd=agent_sd,
        grader_sd=fit.sd["grader"],
        review_sd=model.spread,
        changed=int(agents["band_changed"].sum()),
        parts=model.parts.count,
        standard="expert" if model.has_expert else "average grader",
    )


def _because() -> pl.Expr:
    """What moved the score most, in words, where the band changes; parts are of the raw score's deviation."""
    sizes = [pl.col(name).abs() for name in _REASONS]
    largest = pl.max_horizontal(sizes)
    words = pl.lit(None, dtype=pl.String)
    for name, (when_negative, when_positive) in _REASONS.items():
        reason = pl.when(pl.col(name) < 0).then(pl.lit(when_negative)).otherwise(pl.lit(when_positive))
        said = pl.concat_str(
            reason, pl.lit(": "), pl.col(name).round(1).cast(pl.String), pl.lit(" points of the raw score")
        )
        words = pl.when(pl.col(name).abs() == largest).then(said).otherwise(words)
    return pl.when("band_changed").then(words)


def _is_routine(rows: pl.DataFrame) -> np.ndarray:
    if "purpose" not in rows.columns:
        return np.ones(rows.height, dtype=bool)
    return rows.select(pl.col("purpose").fill_null("routine") == "routine").to_series().to_numpy()


def _mean(values: FloatArray, code: np.ndarray, rows: np.ndarray, levels: int) -> FloatArray:
    count = np.bincount(code[rows], minlength=levels)
    return np.bincount(code[rows], weights=values[rows], minlength=levels) / np.where(
        count > 0, count, np.nan
    )


def _deviation(values: FloatArray, code: np.ndarray, rows: np.ndarray, levels: int) -> FloatArray:
    mean = np.nan_to_num(_mean(values, code, rows, levels))
    squares = np.bincount(code[rows], weights=(values[rows] - mean[code[rows]]) ** 2, minlength=levels)
    count = np.bincount(code[rows], minlength=levels)
    return np.sqrt(squares / np.where(count > 1, count - 1, np.nan))


def _pooled_deviation(values: FloatArray, code: np.ndarray, rows: np.ndarray, levels: int) -> float:
    mean = np.nan_to_num(_mean(values, code, rows, levels))
    count = np.bincount(code[rows], minlength=levels)
    degrees = int(rows.sum()) - int((count > 0).sum())
    return (
        float(np.sqrt(((values[rows] - mean[code[rows]]) ** 2).sum() / degrees))
        if degrees > 0
        else float("nan")
    )


def _home_names(model: ReviewModel, home_of_agent: np.ndarray) -> pl.Series:
    return model.home.names.str.split("\x1f").list.first().gather(home_of_agent)


def _distinct_graders(model: ReviewModel, levels: int) -> np.ndarray:
    pairs = np.unique(model.agent.code * model.grader.levels + model.grader.code)
    return np.bincount(pairs // model.grader.levels, minlength=levels)
