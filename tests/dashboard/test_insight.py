"""Verdicts on change, bands, targets and funnels."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
import pytest

from pipelines import insight
from pipelines.insight import Measured
from pipelines.stats.intervals import Z95, normal_mean, wilson

# Newcombe (1998), Statistics in Medicine 17:873-890, Table II, method 10.
NEWCOMBE = [
    ((56, 70, 48, 80), (0.0524, 0.3339)),
    ((9, 10, 3, 10), (0.1705, 0.8090)),
    ((10, 10, 0, 20), (0.6791, 1.0000)),
    ((6, 7, 2, 7), (0.0582, 0.8062)),
    ((5, 56, 0, 29), (-0.0381, 0.1926)),
    ((0, 10, 0, 20), (-0.1611, 0.2775)),
    ((0, 10, 0, 10), (-0.2775, 0.2775)),
    ((10, 10, 0, 10), (0.6075, 1.0000)),
]


def share(numerator: float, denominator: float) -> Measured:
    lower, upper = wilson(numerator, denominator)
    return Measured(
        value=numerator / denominator,
        lower=float(lower),
        upper=float(upper),
        numerator=numerator,
        denominator=denominator,
        status="final",
    )


def mean(value: float, deviation: float, n: int) -> Measured:
    lower, upper = normal_mean(value, deviation, n)
    return Measured(value, float(lower), float(upper), value * n, n, 0, "final")


@pytest.mark.parametrize(("counts", "limits"), NEWCOMBE)
def test_change_of_a_proportion_is_newcombes_hybrid_score_interval(counts, limits):
    now, before = share(*counts[:2]), share(*counts[2:])
    change = insight.change("proportion", now, before)
    assert (change.lower, change.upper) == pytest.approx(limits, abs=6e-5)
    assert change.value == pytest.approx(counts[0] / counts[1] - counts[2] / counts[3])


def test_change_of_a_mean_adds_the_squared_standard_errors():
    change = insight.change("mean", mean(85, 6, 400), mean(84, 8, 100))
    arm = Z95 * math.sqrt(36 / 400 + 64 / 100)
    assert (change.lower, change.upper) == pytest.approx((1 - arm, 1 + arm))
    assert change.verdict == "noise"
    assert change.strength == pytest.approx(1 / arm)


def test_change_is_told_from_noise_exactly_when_its_strength_is_beyond_one():
    rng = np.random.default_rng(3)
    for _ in range(300):
        n_now, n_before = rng.integers(5, 900, 2)
        now = share(rng.binomial(n_now, 0.6), n_now)
        before = share(rng.binomial(n_before, 0.55), n_before)
        change = insight.change("proportion", now, before)
        if change.strength is not None:
            assert (abs(change.strength) > 1) == (change.verdict in ("rise", "fall"))


def test_change_without_an_interval_is_untold_and_never_judged():
    now, before = Measured(value=500.0, denominator=10), Measured(value=100.0, denominator=10)
    change = insight.change("sum", now, before)
    assert (change.value, change.verdict, change.judged("higher")) == (400.0, "untold", "neither")


def test_change_is_missing_where_a_period_has_no_value():
    change = insight.change("proportion", share(5, 9), Measured())
    assert (change.value, change.verdict) == (None, "missing")


@pytest.mark.parametrize(
    ("better", "now", "before", "judged"),
    [
        ("higher", share(80, 100), share(50, 100), "better"),
        ("higher", share(50, 100), share(80, 100), "worse"),
        ("lower", share(50, 100), share(80, 100), "better"),
        ("lower", share(80, 100), share(50, 100), "worse"),
        ("neither", share(80, 100), share(50, 100), "neither"),
        ("higher", share(52, 100), share(50, 100), "neither"),
    ],
)
def test_a_change_is_judged_by_the_way_that_is_better(better, now, before, judged):
    assert insight.change("proportion", now, before).judged(better) == judged


def test_a_band_is_left_only_by_the_whole_interval():
    assert insight.band(share(90, 100), 0.7) == "above"
    assert insight.band(share(75, 100), 0.7) == "within"
    assert insight.band(share(50, 100), 0.7) == "below"
    assert insight.band(Measured(value=0.5), 0.7) == "unknown"
    assert insight.band(share(50, 100), None) == "unknown"


def test_bands_hold_each_row_against_its_own_program_unknown_too():
    frame = pl.DataFrame(
        {
            "program_id": ["P2", "P1", None, "P3"],
            "lower": [0.80, 0.60, 0.10, 0.1],
            "upper": [0.90, 0.75, 0.20, 0.2],
            "value": [0.85, 0.70, 0.15, 0.15],
        }
    )
    programs = pl.DataFrame({"program_id": ["P1", "P2", None], "value": [0.70, 0.70, 0.50]})
    banded = insight.bands(frame, programs, on=["program_id"])
    assert banded["program_id"].to_list() == ["P2", "P1", None, "P3"]
    assert banded["band"].to_list() == ["above", "within", "below", "unknown"]
    assert banded["reference"].to_list() == [0.70, 0.70, 0.50, None]


def test_bands_without_a_key_hold_all_rows_against_one_value():
    frame = pl.DataFrame({"site": ["A"], "value": [0.5], "lower": [0.4], "upper": [0.6]})
    assert insight.bands(frame, pl.DataFrame({"value": [0.7]}), on=())["band"].to_list() == ["below"]
    assert insight.bands(frame, pl.DataFrame({"value": []}), on=())["band"].to_list() == ["unknown"]


def test_a_unit_lies_outside_the_funnel_exactly_when_its_interval_leaves_out_the_reference():
    for size in (5, 20, 133, 800):
        (low,), (high,) = insight.funnel_limits(0.72, [size])
        for counted in range(size + 1):
            is_outside = not low <= counted / size <= high
            assert is_outside == (insight.band(share(counted, size), 0.72) != "within")


@pytest.mark.parametrize(
    ("measured", "better", "state"),
    [
        (share(90, 100), "higher", "met"),
        (share(50, 100), "higher", "missed"),
        (share(71, 100), "higher", "open"),
        (share(90, 100), "lower", "missed"),
        (share(50, 100), "lower", "met"),
        (Measured(), "higher", "none"),
        (share(90, 100), "neither", "none"),
    ],
)
def test_a_target_is_met_or_missed_by_the_whole_interval(measured, better, state):
    assert insight.against_target("proportion", measured, 0.7, better) == state


def test_a_target_is_never_held_against_a_sum():
    assert insight.against_target("sum", Measured(value=10.0), 5.0, "higher") == "none"


def test_a_value_without_interval_is_held_against_its_target_as_it_is():
    assert insight.against_target("percentile", Measured(value=4.0), 5.0, "lower") == "met"


def test_a_run_counts_the_newest_values_on_one_side():
    assert insight.run_against_target([0.9, 0.6, 0.7, 0.8], 0.7, "higher") == ("met", 2)
    assert insight.run_against_target([0.9, 0.6, 0.5], 0.7, "higher") == ("missed", 2)
    assert insight.run_against_target([0.9, None, 0.8], 0.7, "higher") == ("met", 1)
    assert insight.run_against_target([0.5, 0.6], 0.7, "lower") == ("met", 2)
    assert insight.run_against_target([], 0.7, "higher")[1] == 0


def test_programs_taken_together_have_a_target_only_where_they_share_it():
    targets = {("fcr", None): 0.73, ("fcr", "P2"): 0.70, ("csat", None): 0.8, ("qa_score", "P1"): 85.0}
    assert insight.targets_for(targets, ["P1"]) == {"fcr": 0.73, "csat": 0.8, "qa_score": 85.0}
    assert insight.targets_for(targets, ["P2"]) == {"fcr": 0.70, "csat": 0.8}
    assert insight.targets_for(targets, ["P1", "P2"]) == {"csat": 0.8}


def test_money_has_a_currency_only_where_programs_share_it():
    assert insight.common_currency(["USD", "USD"]) == "USD"
    assert insight.common_currency(["USD", "EUR"]) is None
    assert insight.common_currency([]) is None


def weekly(*values: tuple[int, str, float | None]) -> pl.DataFrame:
    weeks, groups, numbers = zip(*values, strict=True)
    return pl.DataFrame({"period_start": weeks, "site": groups, "value": numbers})


def test_the_group_ahead_in_most_periods_is_counted_over_periods_with_two():
    rows = weekly(
        (1, "A", 0.7),
        (1, "B", 0.6),
        (2, "A", 0.8),
        (2, "B", 0.6),
        (3, "A", 0.5),
        (3, "B", 0.6),
        (4, "A", 0.9),
    )
    assert insight.periods_led(rows, by="site", better="higher") == ("A", 2, 3)
    assert insight.periods_led(rows, by="site", better="lower") == ("B", 2, 3)


def test_nobody_is_ahead_in_a_tie():
    assert insight.periods_led(weekly((1, "A", 0.5), (1, "B", 0.5)), by="site", better="higher") is None
    tied = weekly((1, "A", 0.5), (1, "B", 0.6), (2, "A", 0.7), (2, "B", 0.6))
    assert insight.periods_led(tied, by="site", better="higher") is None
    assert insight.periods_led(weekly((1, "A", 0.5), (2, "B", None)), by="site", better="higher") is None


def test_a_mean_of_few_values_is_not_judged():
    few = pl.DataFrame({"value": [9.0], "lower": [8.0], "upper": [10.0], "denominator": [9]})
    overall = pl.DataFrame({"value": [5.0]})
    assert insight.bands(few, overall, on=(), kind="mean")["band"].to_list() == ["unknown"]
    enough = few.with_columns(pl.lit(10).alias("denominator"))
    assert insight.bands(enough, overall, on=(), kind="mean")["band"].to_list() == ["above"]
    assert insight.change("mean", mean(90, 1, 9), mean(50, 1, 400)).verdict == "untold"
    assert insight.change("mean", mean(90, 1, 10), mean(50, 1, 400)).verdict == "rise"
