"""Where a period ends: against the arithmetic of small cases, and stated chances against what happens."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.stats.outlook import outlook, recent

WEEKS, QUARTER = 13, 13


def shares(random: np.random.Generator, *, dispersion: float, done: int) -> tuple[float, bool, bool]:
    """One world: the chance stated after some weeks of a quarter, whether it came true, and the interval.

    Weeks before the quarter and in it share a true level; each week's own rate strays from it.
    """
    level, volume = random.uniform(0.03, 0.9), random.uniform(60, 600)
    size = np.maximum(5, random.negative_binomial(20, 20 / (20 + volume), WEEKS + QUARTER))
    stray = np.sqrt(dispersion * level * (1 - level) / volume)
    good = random.binomial(size, np.clip(random.normal(level, stray, size.size), 0.0, 1.0))
    past = recent(good[done : WEEKS + done], size[done : WEEKS + done], unit_variance="binomial")
    quarter = slice(WEEKS, WEEKS + QUARTER)
    final = good[quarter].sum() / size[quarter].sum()
    noise = np.sqrt((1 + dispersion) * level * (1 - level) / size[quarter].sum())
    target = level + random.uniform(-4, 4) * noise
    found = outlook(
        past,
        total=float(good[WEEKS : WEEKS + done].sum()),
        size=float(size[WEEKS : WEEKS + done].sum()),
        waiting=0.0,
        weeks_left=QUARTER - done,
        target=target,
        at_least=True,
    )
    return found.chance, bool(final >= target), bool(found.lower <= final <= found.upper)


@pytest.mark.parametrize("dispersion", [0.0, 1.0, 4.0], ids=["chance_alone", "twice_chance", "five_times"])
@pytest.mark.parametrize("done", [3, 9], ids=["early", "late"])
def test_what_is_said_to_have_a_chance_happens_that_often(dispersion: float, done: int):
    random = np.random.default_rng(20260401)
    worlds = np.array([shares(random, dispersion=dispersion, done=done) for _ in range(2_000)])
    chance, happened, held = worlds[:, 0], worlds[:, 1], worlds[:, 2]
    for low, high in ((0.0, 0.1), (0.1, 0.3), (0.3, 0.7), (0.7, 0.9), (0.9, 1.0)):
        here = (chance >= low) & (chance <= high)
        stated, came = chance[here].mean(), happened[here].mean()
        # three standard errors of so many draws, and a little for the rarer end's normal curve
        room = 3 * np.sqrt(stated * (1 - stated) / here.sum()) + 0.015
        assert came == pytest.approx(stated, abs=room), (low, high, int(here.sum()))
    assert 0.93 <= held.mean() <= 0.99


def test_the_spread_between_weeks_counts():
    sizes = np.full(10, 400)
    calm = recent(np.full(10, 300), sizes, unit_variance="binomial")
    wild = recent(np.tile([270, 330], 5), sizes, unit_variance="binomial")
    assert calm.dispersion == 1.0
    # Pearson, by hand: Σ (±30)² / (400 · 0.75 · 0.25) over 9; the variance is held off its edge
    assert wild.dispersion == pytest.approx(10 * 900 / 400 / (0.75 * 0.25) / 9, rel=1e-3)
    asked = {
        "total": 900.0,
        "size": 1200.0,
        "waiting": 0.0,
        "weeks_left": 5.0,
        "target": 0.74,
        "at_least": True,
    }
    assert outlook(calm, **asked).chance > outlook(wild, **asked).chance > 0.5


def test_the_expected_end_is_what_is_counted_and_the_rest_at_the_recent_rate():
    past = recent(np.full(8, 80), np.full(8, 100), unit_variance="binomial")
    found = outlook(past, total=70.0, size=100.0, waiting=20.0, weeks_left=1.8, target=0.75, at_least=True)
    assert found.rest == pytest.approx(200.0)
    assert found.value == pytest.approx((70 + 0.8 * 200) / 300)
    assert found.lower < found.value < found.upper


@pytest.mark.parametrize(("at_least", "chance"), [(True, 1.0), (False, 0.0)])
def test_a_period_that_is_over_has_met_its_target_or_not(at_least: bool, chance: float):
    past = recent(np.full(8, 80), np.full(8, 100), unit_variance="binomial")
    over = outlook(past, total=76.0, size=100.0, waiting=0.0, weeks_left=0.0, target=0.75, at_least=at_least)
    assert (over.value, over.chance) == (0.76, chance)
    assert over.lower == over.upper == 0.76


def test_a_value_on_the_target_meets_it_either_way():
    past = recent(np.full(8, 80), np.full(8, 100), unit_variance="binomial")
    for at_least in (True, False):
        on = outlook(past, total=77.0, size=110.0, waiting=0.0, weeks_left=0.0, target=0.7, at_least=at_least)
        assert on.chance == 1.0


def test_the_two_directions_are_complements_while_it_is_open():
    past = recent([41, 39, 44, 38, 40, 37, 45, 42, 40], np.full(9, 1000), unit_variance="poisson")
    asked = {"total": 130.0, "size": 3000.0, "waiting": 0.0, "weeks_left": 6.5, "target": 0.041}
    up, down = (outlook(past, **asked, at_least=at_least).chance for at_least in (True, False))
    assert up + down == pytest.approx(1.0)
    assert 0.2 < up < 0.9


def test_means_bring_their_own_spread_within_weeks():
    totals, sizes = [1640.0, 1610.0, 1625.0, 1615.0, 1635.0, 1620.0, 1630.0, 1625.0], np.full(8, 20)
    past = recent(totals, sizes, unit_variance=100.0)
    assert (past.rate, past.unit_variance, past.dispersion) == (pytest.approx(81.25), 100.0, 1.0)


def test_perfect_weeks_do_not_promise_a_perfect_rest():
    past = recent(np.full(8, 50), np.full(8, 50), unit_variance="binomial")
    found = outlook(past, total=200.0, size=200.0, waiting=0.0, weeks_left=8.0, target=0.999, at_least=True)
    assert 0.0 < found.chance < 0.9


def test_too_few_weeks_are_refused():
    with pytest.raises(ValueError, match="at least 8 weeks"):
        recent(np.full(7, 5), np.full(7, 10), unit_variance="binomial")
    with pytest.raises(ValueError, match="with units"):
        recent(np.full(9, 0), np.r_[np.full(8, 10), 0], unit_variance="binomial")
