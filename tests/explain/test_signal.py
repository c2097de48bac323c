"""Signal or noise in words: the newest weeks against the level, and what takes part."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from pipelines.explain import verdict, verdicts
from pipelines.metrics import catalogue, definition
from pipelines.reader import Reader

MONDAY = date(2025, 6, 30)


def weekly(values: np.ndarray, n: int = 400, *, provisional: int = 0, start: date = MONDAY) -> pl.DataFrame:
    """Rows of a proportion by week; the newest few provisional."""
    random = np.random.default_rng(1)
    counted = random.binomial(n, values)
    weeks = len(values)
    return pl.DataFrame(
        {
            "period_start": [start + timedelta(weeks=week) for week in range(weeks)],
            "value": counted / n,
            "numerator": counted.astype(float),
            "denominator": [n] * weeks,
            "status": ["final"] * (weeks - provisional) + ["provisional"] * provisional,
        }
    )


def test_a_step_is_a_real_rise_since_its_week():
    rows = weekly(np.r_[np.full(40, 0.7), np.full(10, 0.78)])
    found = verdict(definition("fcr"), rows)
    assert found.is_signal
    assert found.words == "real rise since week of 6 April"
    assert found.since == date(2026, 4, 6)
    assert found.chart in ("p", "p′")
    assert "eight weeks" in found.why
    assert "false alarm about once a year" in found.why
    assert found.points["is_beyond"].tail(10).any()


def test_a_fall_last_year_names_its_year():
    found = verdict(definition("fcr"), weekly(np.r_[np.full(20, 0.8), np.full(14, 0.7)]))
    assert found.words == "real fall since week of 17 November 2025"


def test_a_level_series_is_unchanged():
    found = verdict(definition("fcr"), weekly(np.full(50, 0.75)))
    assert (found.state, found.words, found.since) == ("unchanged", "unchanged", None)
    assert found.points.filter(pl.col("is_baseline")).height == 37


def test_weeks_that_are_not_final_take_no_part():
    rows = weekly(np.r_[np.full(40, 0.75), np.full(3, 0.2)], provisional=3)
    found = verdict(definition("fcr"), rows)
    assert found.words == "unchanged"
    assert found.judged_to == MONDAY + timedelta(weeks=39)
    assert found.weeks == 40


def test_the_week_cut_by_the_first_day_takes_no_part():
    rows = weekly(np.full(30, 0.75))
    assert verdict(definition("fcr"), rows, first=MONDAY + timedelta(days=2)).weeks == 29
    assert verdict(definition("fcr"), rows, first=MONDAY).weeks == 30


def test_too_few_weeks_are_too_early_and_say_what_is_missing():
    found = verdict(definition("fcr"), weekly(np.full(12, 0.75)))
    assert found.words == "too early to tell"
    assert found.why == "12 of 20 final weeks."
    nothing = verdict(definition("fcr"), weekly(np.full(12, 0.75), provisional=12))
    assert (nothing.words, nothing.judged_to, nothing.points.height) == ("too early to tell", None, 0)


def test_a_week_without_units_is_a_gap():
    rows = weekly(np.full(40, 0.75)).filter(pl.col("period_start") != MONDAY + timedelta(weeks=20))
    found = verdict(definition("fcr"), rows)
    assert found.words == "unchanged"
    assert found.points.height == 40
    assert found.points["value"].null_count() == 1


@pytest.mark.parametrize("metric", catalogue(), ids=lambda metric: metric.key)
def test_every_metric_of_a_reader_gets_a_verdict(reader: Reader, metric):
    program = reader.dimension_values("program_id")[0]
    found = verdicts(reader, [metric.key], program)[metric.key]
    assert found.metric == metric.key
    assert found.state in ("unchanged", "rise", "fall", "early")
    assert (found.since is None) == (not found.is_signal)
    final = found.points.drop_nulls("value")
    assert final.height == found.weeks
    if found.state != "early":
        kinds = {"proportion": ("p", "p′"), "per_orders": ("u", "u′")}.get(metric.kind, ("XmR",))
        assert found.chart in kinds
        assert final["center"].null_count() == 0
