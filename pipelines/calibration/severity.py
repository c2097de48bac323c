"""Grader severity: with interval, and by criterion."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from pipelines.calibration.bands import FALSE_DISCOVERY, bands
from pipelines.calibration.coding import require
from pipelines.calibration.model import MIX, ReviewModel, fit_reviews
from pipelines.stats.intervals import Z95

STRICT, LENIENT, INSIDE = "strict", "lenient", "inside"
# Points of 100 from which a grader's difference matters to an agent.
TOLERANCE_POINTS = 2.0
RATING_COLUMNS = ("review_id", "contact_id", "agent_id", "grader_id", "criterion_id", "score", "min", "max")


def grader_severity(
    model: ReviewModel,
    *,
    tolerance: float = TOLERANCE_POINTS,
    false_discovery: float = FALSE_DISCOVERY,
) -> pl.DataFrame:
    """Severity of every grader, in points that a review loses against the average grader.

    Args:
        model: From `fit_reviews`.
        tolerance: Points from which a told difference is called strict or lenient.
        false_discovery: Share of wrong calls allowed.

    Returns:
        grader_id, part, n_reviews, n_contacts, n_agents, severity (above 0 is stricter), lower, upper,
        p_value (adjusted), verdict (strict, lenient, inside), strictest first.
    """
    effects = model.graders
    severity, error = -effects.value, effects.standard_error
    band, p = bands(severity, error, false_discovery=false_discovery)
    words = [
        INSIDE if one == "within" or abs(points) < tolerance else STRICT if one == "above" else LENIENT
        for one, points in zip(band, severity, strict=True)
    ]
    counts = (
        model.rows.select("contact_id", "agent_id", grader_id=pl.col("grader_id").cast(pl.String))
        .group_by("grader_id")
        .agg(n_contacts=pl.col("contact_id").n_unique(), n_agents=pl.col("agent_id").n_unique())
    )
    return (
        pl.DataFrame(
            {
                "grader_id": model.grader.names,
                "part": model.parts.of_level[1],
                "n_reviews": np.bincount(model.grader.code, minlength=model.grader.levels),
                "severity": severity,
                "lower": severity - Z95 * error,
                "upper": severity + Z95 * error,
                "p_value": p,
                "verdict": words,
            }
        )
        .join(counts, on="grader_id", how="left")
        .select(
            "grader_id",
            "part",
            "n_reviews",
            "n_contacts",
            "n_agents",
            "severity",
            "lower",
            "upper",
            "p_value",
            "verdict",
        )
        .sort("severity", "grader_id", descending=[True, False])
    )


def severity_by_criterion(
    ratings: pl.DataFrame,
    *,
    mix: Sequence[str] = MIX,
    tolerance: float = TOLERANCE_POINTS,
    false_discovery: float = FALSE_DISCOVERY,
) -> pl.DataFrame:
    """Severity of every grader on every criterion, in percent of its range, fitted criterion by criterion.

    Args:
        ratings: review_id, contact_id, agent_id, grader_id, criterion_id, score, min, max, and where known
            channel, issue, program_id. Empty scores are left out.
        mix: Columns of the contact mix.
        tolerance: Percent of the range from which a told difference is called strict or lenient.
        false_discovery: Share of wrong calls allowed, over all graders and criteria.

    Returns:
        criterion_id, grader_id, n_reviews, severity, lower, upper, p_value (adjusted over all rows),
        verdict. A criterion with too few ratings, or that never varies, has no rows.
    """
    require(ratings, RATING_COLUMNS, "ratings")
    scaled = ratings.filter(pl.col("max") > pl.col("min"), pl.col("score").is_not_null()).with_columns(
        raw_score=100 * (pl.col("score") - pl.col("min")) / (pl.col("max") - pl.col("min"))
    )
    tables = []
    for (criterion,), rows in scaled.group_by(["criterion_id"], maintain_order=True):
        if rows["raw_score"].n_unique() < 2:
            continue
        model = fit_reviews(rows, mix=mix)
        if model is not None:
            table = grader_severity(model, tolerance=0.0)
            tables.append(
                table.select(pl.lit(criterion).alias("criterion_id"), pl.exclude("part", "n_agents"))
            )
    if not tables:
        return pl.DataFrame(
            schema={
                "criterion_id": pl.String,
                "grader_id": pl.String,
                "n_reviews": pl.Int64,
                "severity": pl.Float64,
                "lower": pl.Float64,
                "upper": pl.Float64,
                "p_value": pl.Float64,
                "verdict": pl.String,
            }
        )
    found = pl.concat(tables)
    error = ((found["upper"] - found["lower"]) / (2 * Z95)).to_numpy()
    band, p = bands(found["severity"].to_numpy(), error, false_discovery=false_discovery)
    words = [
        INSIDE if one == "within" or abs(points) < tolerance else STRICT if one == "above" else LENIENT
        for one, points in zip(band, found["severity"], strict=True)
    ]
    return found.with_columns(p_value=pl.Series(p), verdict=pl.Series(words)).select(
        "criterion_id", "grader_id", "n_reviews", "severity", "lower", "upper", "p_value", "verdict"
    )
