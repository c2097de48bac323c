"""Severity over time: steady graders are left in peace, and those who change are named."""

from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest

from pipelines.calibration.model import fit_reviews
from pipelines.calibration.severity_time import FALSE_ALARMS_A_YEAR, over_time, severity_over_time

MONTHS = pl.date_range(pl.date(2025, 9, 1), pl.date(2026, 7, 1), "1mo", eager=True)
YEAR = (datetime(2025, 7, 1), 365)


def a_year(seed: int, *, graders: int = 8, reviews: int = 22, month_sd: float = 0.0) -> pl.DataFrame:
    """What reviews lose with graders who do not change: skewed by auto-fails, which the strict give more of.

    Args:
        seed: Of the world.
        graders: How many.
        reviews: Each grader's in a month, on average.
        month_sd: Points by which a grader's months differ for no lasting reason.
    """
    random = np.random.default_rng(seed)
    grader = np.repeat(np.arange(graders), random.poisson(12 * reviews, graders))
    severity = random.normal(0, 5, graders)[grader]
    day = random.integers(0, YEAR[1], grader.size)
    fails = random.random(grader.size) < 0.03 + 0.003 * np.clip(severity, -5, 10)
    mood = random.normal(0, month_sd, (graders, 13))[grader, day // 30]
    lost = severity + mood + random.normal(0, 9.5, grader.size) + 50 * fails
    return pl.DataFrame(
        {
            "grader_id": [f"g{number}" for number in grader],
            "reviewed_at": [YEAR[0] + timedelta(days=int(one)) for one in day],
            "lost": lost,
        }
    )


def named(lost: pl.DataFrame) -> set[str]:
    drift = over_time(lost).drift
    return set(drift.filter(pl.col("alert") != "")["grader_id"])


@pytest.mark.parametrize("month_sd", [0.0, 3.0], ids=["chance alone", "moody months"])
def test_a_year_of_monthly_looks_at_steady_graders_raises_the_stated_false_alarms_at_most(month_sd):
    alarms = []
    for seed in range(40):
        lost = a_year(seed, month_sd=month_sd)
        seen: set[str] = set()
        for month in MONTHS:
            seen |= named(lost.filter(pl.col("reviewed_at") < month))
        alarms.append(len(seen))
    assert np.mean(alarms) <= FALSE_ALARMS_A_YEAR


def test_points_leave_their_limits_no_oftener_than_three_standard_errors_say():
    points = pl.concat(over_time(a_year(seed)).points for seed in range(80))
    assert points.height > 7000
    assert 0 < (points["signal"] == "outside").mean() <= 0.0027
    assert (points["signal"] == "run").mean() < 0.004


@pytest.mark.parametrize("kind", ["drift over five months", "jump in the last month"])
def test_who_changes_is_named_and_nobody_else(kind):
    found, wrong = 0, 0
    for seed in range(20):
        lost = a_year(seed)
        since = (pl.col("reviewed_at") - YEAR[0]).dt.total_days()
        more = pl.max_horizontal(since - 219, 0) * 20 / 146 if "drift" in kind else 14 * (since >= 335)
        changed = lost.with_columns(
            lost=pl.col("lost") + pl.when(pl.col("grader_id") == "g3").then(more).otherwise(0)
        )
        alerts = dict(over_time(changed).drift.select("grader_id", "alert").iter_rows())
        found += "stricter" in alerts["g3"]
        wrong += sum(alert != "" for grader, alert in alerts.items() if grader != "g3")
    assert found >= 18
    assert wrong <= 1


def test_a_period_of_few_reviews_alarms_nobody():
    lost = a_year(4)
    last = lost.filter(pl.col("grader_id") == "g0").tail(3)
    odd = last.with_columns(reviewed_at=pl.lit(datetime(2026, 7, 15)), lost=pl.lit(75.0))
    drift = over_time(pl.concat([lost, odd])).drift
    assert drift.filter(pl.col("grader_id") == "g0")["alert"][0] == ""
    points = over_time(pl.concat([lost, odd])).points
    assert points.filter(pl.col("grader_id") == "g0")["signal"][-1] == ""


def test_a_drifting_grader_is_named_from_reviews_and_the_others_are_not(make_world):
    drifting = make_world(5, agents=20, per_agent=30, drift=14.0, days=360)
    found = severity_over_time(fit_reviews(drifting.reviews))
    alerts = dict(found.drift.select("grader_id", "alert").iter_rows())
    assert "grows stricter" in alerts["g00"]
    assert not any(alert for grader, alert in alerts.items() if grader != "g00")
    slope = found.drift.filter(pl.col("grader_id") == "g00")["per_30_days"][0]
    assert slope == pytest.approx(14 / 12, abs=0.5)
    points = found.points.filter(pl.col("grader_id") == "g00")
    assert points["severity"][-1] > points["severity"][0] + 5


def test_a_slope_is_the_weighted_least_squares_of_its_periods():
    lost = a_year(2, graders=3)
    found = over_time(lost).drift.row(by_predicate=pl.col("grader_id") == "g1", named=True)
    own = lost.filter(pl.col("grader_id") == "g1").with_columns(
        month=pl.col("reviewed_at").dt.truncate("1mo")
    )
    months = (
        own.group_by("month")
        .agg(pl.len(), pl.col("lost").mean(), at=pl.col("reviewed_at").mean())
        .sort("month")
    )
    days = (months["at"] - YEAR[0]).dt.total_seconds().to_numpy() / 86_400
    slope, _ = np.polyfit(days, months["lost"].to_numpy(), 1, w=np.sqrt(months["len"].to_numpy()))
    assert found["per_30_days"] == pytest.approx(30 * slope)
    assert found["n_periods"] == months.height


def test_reviews_of_one_period_have_a_point_and_no_drift():
    one_month = a_year(1).filter(pl.col("reviewed_at") < datetime(2025, 8, 1))
    found = over_time(one_month)
    assert found.points.height == 8
    assert found.drift.is_empty()
    assert over_time(one_month.head(0)).points.is_empty()
