"""Grader severity: with interval, by criterion and over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.calibration.bands import FALSE_DISCOVERY, bands
from pipelines.calibration.coding import require
from pipelines.calibration.model import MIX, ReviewModel, fit_reviews
from pipelines.stats.charts import Chart, runs
from pipelines.stats.intervals import Z95
from pipelines.stats.multiplicity import benjamini_hochberg, two_sided_p
from pipelines.stats.ratings import FloatArray

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


@dataclass(frozen=True)
class SeverityOverTime:
    """Control charts of graders and their drift.

    Attributes:
        points: One row a grader and period: grader_id, period_start, n_reviews, severity, center, lower,
            upper, signal (empty, "outside" or "run").
        drift: One row a grader with two periods or more: grader_id, n_periods, per_30_days (points), lower,
            upper, p_value (adjusted), alert (words, empty when there is none).
    """

    points: pl.DataFrame
    drift: pl.DataFrame


def severity_over_time(
    model: ReviewModel, *, every: str = "1mo", run_length: int = 6, false_discovery: float = FALSE_DISCOVERY
) -> SeverityOverTime:
    """What each grader's reviews lose against agent and mix, period by period.

    A point is the mean of expected less given score over the period's reviews; limits are 3 standard errors
    around the grader's own mean, widened where neighbouring periods vary more than chance (Laney).

    Args:
        model: From `fit_reviews`, whose reviews have reviewed_at.
        every: Length of a period, in Polars' words.
        run_length: Periods on one side of the centre that are a signal.
        false_discovery: Share of wrong alerts of drift allowed.

    Raises:
        ValueError: If the reviews have no reviewed_at.
    """
    require(model.rows, ["reviewed_at"], "reviews")
    expected = model.home_part + model.mix_part + model.agents.value[model.agent.code]
    lost = model.rows.select(
        grader_id=pl.col("grader_id").cast(pl.String),
        reviewed_at=pl.col("reviewed_at").cast(pl.Datetime("us")),
    ).with_columns(lost=pl.Series(expected - model.score))
    lost = lost.filter(pl.col("reviewed_at").is_not_null())
    periods = (
        lost.with_columns(period_start=pl.col("reviewed_at").dt.truncate(every).dt.date())
        .group_by("grader_id", "period_start")
        .agg(n_reviews=pl.len(), severity=pl.col("lost").mean(), at=pl.col("reviewed_at").mean())
        .sort("grader_id", "period_start")
    )
    charts, drifts = [], []
    for (grader,), rows in periods.group_by(["grader_id"], maintain_order=True):
        n, value = rows["n_reviews"].to_numpy().astype(np.float64), rows["severity"].to_numpy()
        chart = _chart(value, n, model.spread)
        outside = chart.outside
        in_run = runs(chart, length=run_length)
        signal = [
            "outside" if out else "run" if run else "" for out, run in zip(outside, in_run, strict=True)
        ]
        charts.append(
            rows.drop("at").with_columns(
                center=pl.lit(chart.center),
                lower=pl.Series(chart.lower),
                upper=pl.Series(chart.upper),
                signal=pl.Series(signal, dtype=pl.String),
            )
        )
        if rows.height >= 2:
            days = (rows["at"] - rows["at"].min()).dt.total_seconds().to_numpy() / 86_400
            slope, error = _slope(days / 30, value, n, model.spread)
            drifts.append((str(grader), rows.height, slope, error, signal[-1]))
    return SeverityOverTime(pl.concat(charts), _drift(drifts, false_discovery))


def _chart(value: FloatArray, n: FloatArray, spread: float) -> Chart:
    center = float((n @ value) / n.sum())
    sigma = spread / np.sqrt(n)
    z = (value - center) / sigma
    widening = max(1.0, float(np.abs(np.diff(z)).mean()) / 1.128) if z.size > 2 else 1.0
    half = 3 * widening * sigma
    return Chart(value, center, widening * sigma, center - half, center + half, widening)


def _slope(time: FloatArray, value: FloatArray, n: FloatArray, spread: float) -> tuple[float, float]:
    centred = time - (n @ time) / n.sum()
    size = float(n @ centred**2)
    if size <= 0:
        return 0.0, float("inf")
    slope = float(n @ (centred * value)) / size
    rest = value - (n @ value) / n.sum() - slope * centred
    # Where periods scatter more than chance, the slope is less certain by as much.
    over = float(n @ rest**2) / spread**2 / max(value.size - 2, 1) if value.size > 2 else 1.0
    return slope, spread * float(np.sqrt(max(1.0, over) / size))


def _drift(rows: list[tuple[str, int, float, float, str]], false_discovery: float) -> pl.DataFrame:
    slope, error = (np.array([row[place] for row in rows], dtype=np.float64) for place in (2, 3))
    p = benjamini_hochberg(two_sided_p(slope / error)) if rows else np.array([])
    alerts = []
    for (_, _, change, _, last), one_p in zip(rows, p, strict=True):
        if one_p <= false_discovery:
            alerts.append(
                f"grows {'stricter' if change > 0 else 'more lenient'} by {abs(change):.1f} points a month"
            )
        elif last == "outside":
            alerts.append("left its band in the last period")
        elif last == "run":
            alerts.append("has been on one side of its own mean for long")
        else:
            alerts.append("")
    return pl.DataFrame(
        {
            "grader_id": [row[0] for row in rows],
            "n_periods": [row[1] for row in rows],
            "per_30_days": slope,
            "lower": slope - Z95 * error,
            "upper": slope + Z95 * error,
            "p_value": p,
            "alert": alerts,
        },
        schema_overrides={"grader_id": pl.String, "n_periods": pl.Int64, "alert": pl.String},
    )
