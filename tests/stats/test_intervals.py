"""Intervals against Newcombe's tables, at their edges, and as properties."""

import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.stats.intervals import exact_proportion, newcombe_difference, normal_mean, wilson

ORACLE = tomllib.loads((Path(__file__).parents[1] / "oracles" / "newcombe_1998.toml").read_text())
TOLERANCE = ORACLE["tolerance"]


@pytest.mark.parametrize("case", ORACLE["proportion"], ids=lambda case: str(case["counts"]))
def test_limits_of_a_proportion_are_those_printed(case):
    assert wilson(*case["counts"]) == pytest.approx(case["wilson"], abs=TOLERANCE)
    assert exact_proportion(*case["counts"]) == pytest.approx(case["exact"], abs=TOLERANCE)


@pytest.mark.parametrize("case", ORACLE["difference"], ids=lambda case: str(case["counts"]))
def test_limits_of_a_difference_are_those_printed(case):
    difference, lower, upper = newcombe_difference(*case["counts"])
    a, n, b, m = case["counts"]
    assert difference == pytest.approx(a / n - b / m)
    assert (lower, upper) == pytest.approx(case["limits"], abs=TOLERANCE)


def test_no_success_starts_at_zero_and_nothing_but_success_ends_at_one_exactly():
    n = np.arange(1, 5000)
    assert (wilson(np.zeros(n.size), n)[0] == 0.0).all()
    assert (wilson(n, n)[1] == 1.0).all()
    assert (exact_proportion(0, n)[0] == 0.0).all()
    assert (exact_proportion(n, n)[1] == 1.0).all()


def test_no_trials_is_no_interval_among_others():
    lower, upper = wilson([0, 1, 0], [0, 2, 5])
    assert np.isnan([lower[0], upper[0]]).all()
    assert not np.isnan([*lower[1:], *upper[1:]]).any()
    assert np.isnan(newcombe_difference(0, 0, 1, 2)).all()


def test_more_successes_than_trials_is_the_callers_mistake():
    with pytest.raises(ValueError, match="between 0 and trials"):
        wilson(3, 2)
    with pytest.raises(ValueError, match="between 0 and trials"):
        wilson(-1, 2)


def test_a_mean_needs_two_values_for_an_interval():
    lower, upper = normal_mean([10.0, 10.0], [2.0, np.nan], [4, 1])
    assert (lower[0], upper[0]) == pytest.approx((10 - 1.959963984540054, 10 + 1.959963984540054))
    assert np.isnan([lower[1], upper[1]]).all()


@given(st.integers(0, 400).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_holds_the_share_and_narrows_with_more_of_the_same(counts):
    successes, trials = counts
    if trials == 0:
        assert np.isnan(wilson(successes, trials)).all()
        return
    lower, upper = wilson(successes, trials)
    assert 0 <= lower <= successes / trials <= upper <= 1
    more_lower, more_upper = wilson(4 * successes, 4 * trials)
    assert more_upper - more_lower < upper - lower
    mirrored_lower, mirrored_upper = wilson(trials - successes, trials)
    assert (mirrored_lower, mirrored_upper) == pytest.approx((1 - upper, 1 - lower), abs=1e-12)
