"""Weekly control charts: quiet where nothing happens, awake where something does, and honest about both."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from pipelines.stats.weekly import (
    FALSE_ALARMS_A_YEAR,
    LEAST_WEEKS,
    RECENT,
    WEEKS_A_YEAR,
    Judgement,
    judge_proportions,
    judge_rates,
    judge_values,
)

Series = tuple[np.ndarray, ...]
Judge = Callable[..., Judgement]


def plain_share(random: np.random.Generator, weeks: int) -> Series:
    n = random.integers(150, 350, weeks)
    return random.binomial(n, 0.77), n


def restless_share(random: np.random.Generator, weeks: int) -> Series:
    n = random.integers(800, 1500, weeks)
    return random.binomial(n, np.clip(random.normal(0.77, 0.03, weeks), 0, 1)), n


def restless_rate(random: np.random.Generator, weeks: int) -> Series:
    n = random.integers(800, 1500, weeks)
    return random.poisson(0.4 * n * np.clip(random.normal(1, 0.1, weeks), 0.1, None)), n


def skewed_sum(random: np.random.Generator, weeks: int) -> Series:
    return (random.gamma(25, 100, weeks),)


def waving_share(random: np.random.Generator, weeks: int) -> Series:
    n = random.integers(300, 600, weeks)
    angle = 2 * np.pi * np.arange(weeks) / WEEKS_A_YEAR + 6 * random.random()
    return random.binomial(n, 0.77 + 0.05 * np.sin(angle)), n


def alarms_a_year(make: Callable[..., Series], judge: Judge, first: int, *, series: int, seed: int) -> float:
    """Alarms that begin in the year after week `first`, as each new week is judged, on average."""
    random = np.random.default_rng(seed)
    begun, weeks = 0, first + 52
    for _ in range(series):
        whole = make(random, weeks)
        was_on = True  # an alarm that stands at the start did not begin in this year
        for known in range(first, weeks + 1):
            is_on = judge(*(part[:known] for part in whole)).state in ("rise", "fall")
            begun += is_on and not was_on
            was_on = is_on
    return begun / (series * 52 / WEEKS_A_YEAR)


@pytest.mark.parametrize(
    ("make", "judge", "kind"),
    [
        (plain_share, judge_proportions, "p"),
        (restless_share, judge_proportions, "p′"),
        (restless_rate, judge_rates, "u′"),
        (skewed_sum, judge_values, "XmR"),
    ],
)
def test_false_alarms_a_year_are_what_is_said(make, judge, kind):
    settled = alarms_a_year(make, judge, 65, series=40, seed=3)
    young = alarms_a_year(make, judge, 26, series=40, seed=4)
    # 40 simulated years: one standard error is about 0.12
    assert 0.1 < settled < FALSE_ALARMS_A_YEAR[1] + 0.25
    assert 0.1 < young < FALSE_ALARMS_A_YEAR[0] + 0.3
    assert FALSE_ALARMS_A_YEAR[0] > FALSE_ALARMS_A_YEAR[1]
    found = judge(*make(np.random.default_rng(5), 90))
    assert found.chart in (kind, kind.rstrip("′") + "′")


def test_a_season_is_no_alarm_once_a_year_is_known():
    assert (
        alarms_a_year(waving_share, judge_proportions, 65, series=30, seed=6) < FALSE_ALARMS_A_YEAR[1] + 0.3
    )
    found = judge_proportions(*waving_share(np.random.default_rng(1), 117))
    assert found.is_seasonal
    assert np.ptp(found.center) > 0.06
    assert not judge_proportions(*plain_share(np.random.default_rng(1), 117)).is_seasonal


@pytest.mark.parametrize("way", ["rise", "fall"])
def test_a_step_is_found_and_dated(way):
    random = np.random.default_rng(12)
    dated = []
    for _ in range(60):
        n = random.integers(300, 500, 78)
        share = np.where(np.arange(78) < 68, 0.77, 0.77 + (0.05 if way == "rise" else -0.05))
        found = judge_proportions(random.binomial(n, share), n)
        if found.state == way:
            dated.append(found.since)
    assert len(dated) > 50
    assert abs(np.median(dated) - 68) <= 1


def test_one_wild_newest_week_is_an_alarm_of_its_own_and_a_past_one_is_only_noted():
    random = np.random.default_rng(2)
    values = random.normal(80, 2, 60)
    newest, earlier = values.copy(), values.copy()
    newest[-1] = 95
    earlier[-4] = 95
    found = judge_values(newest)
    assert (found.state, found.since, found.rule) == ("rise", 59, "point")
    noted = judge_values(earlier)
    assert noted.state == "unchanged"
    assert 56 in noted.past


def test_a_step_is_told_for_months_and_then_becomes_the_level():
    values = np.r_[np.full(30, 80.0), np.full(90, 90.0)] + np.random.default_rng(3).normal(0, 1, 120)
    for known in (38, 50, 60):
        found = judge_values(values[:known])
        assert (found.state, found.since) == ("rise", 30)
    for known in (80, 100, 120):
        found = judge_values(values[:known])
        assert found.state == "unchanged"
        assert np.flatnonzero(found.is_baseline)[0] == 30


def test_too_little_is_said_to_be_too_early():
    assert judge_values(np.arange(LEAST_WEEKS - 1.0)).state == "early"
    assert "19 of 20 final weeks" in judge_values(np.arange(LEAST_WEEKS - 1.0)).why
    assert judge_proportions(np.ones(60), np.full(60, 100)).why == "too few a week to tell"
    assert judge_rates(np.ones(60), np.full(60, 100)).state == "early"
    assert judge_values([]).state == "early"
    assert judge_proportions([], []).state == "early"


def test_gaps_neither_alarm_nor_count_and_the_newest_weeks_set_no_level():
    random = np.random.default_rng(7)
    n = random.integers(200, 300, 60)
    n[[10, 30, 55]] = 0
    found = judge_proportions(random.binomial(n, 0.8), n)
    assert found.state == "unchanged"
    assert np.isnan(found.center[[10, 30, 55]]).all()
    known = np.flatnonzero(n > 0)
    assert not found.is_baseline[known[-RECENT:]].any()
    assert found.is_baseline[known[:-RECENT]].all()


def test_a_series_that_never_varies_is_unchanged_until_it_moves():
    assert judge_values(np.full(40, 5.0)).state == "unchanged"
    assert judge_proportions(np.full(40, 50), np.full(40, 100)).state == "unchanged"


def test_limits_of_a_share_stay_within_its_bounds():
    random = np.random.default_rng(4)
    n = np.full(40, 60)
    found = judge_proportions(random.binomial(n, 0.9), n)
    assert np.nanmax(found.upper) <= 1
    assert np.nanmin(found.lower) >= 0
