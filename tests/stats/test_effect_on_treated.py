"""The doubly robust effect among the treated: covers a known truth, refuses where none are comparable."""

from __future__ import annotations

import numpy as np
import pytest

from pipelines.stats.effect_on_treated import effects_on_treated
from tests.stats.treated_worlds import world

WORLDS = 160


def constant_model(train: np.ndarray, target: np.ndarray, new: np.ndarray) -> np.ndarray:
    """A wrong model: everybody alike."""
    return np.full(new.shape[0], target.mean())


def asked(w, **options):
    return effects_on_treated(
        {"avoided": w.avoided, "retained": w.retained},
        w.treated,
        w.columns,
        scales={"retained": w.at_stake},
        **options,
    )


@pytest.mark.parametrize("effect", [0.0, 0.5])
def test_the_truth_is_covered_as_often_as_said_and_no_effect_is_rarely_claimed(effect):
    random = np.random.default_rng(21)
    covered, claimed, off = np.zeros(2), np.zeros(2), np.zeros((WORLDS, 2))
    for place in range(WORLDS):
        w = world(random, size=1800, effect=effect)
        found, comparability = asked(w, folds=3)
        assert comparability.is_enough
        for part, (name, truth) in enumerate((("avoided", w.true_avoided), ("retained", w.true_retained))):
            one = found[name]
            covered[part] += one.lower <= truth <= one.upper
            claimed[part] += one.lower > 0 or one.upper < 0
            off[place, part] = (one.value - truth) / one.standard_error
    # One standard error is 1.7 %; the bench asks hundreds of worlds and finds 94.7 to 95.5 %.
    assert (np.abs(covered / WORLDS - 0.95) < 0.04).all(), covered
    assert np.abs(off.mean(axis=0)).max() < 3 / np.sqrt(WORLDS)
    if effect == 0:
        assert (claimed / WORLDS < 0.09).all()
    else:
        assert claimed[0] / WORLDS > 0.9


def test_a_wrong_model_of_the_outcome_is_forgiven_where_the_plain_difference_is_not():
    w = world(np.random.default_rng(3), size=20_000, effect=0.5, confounding=1.5)
    found, _ = asked(w, outcome_model=constant_model, folds=2)
    plain = w.avoided[w.treated].mean() - w.avoided[~w.treated].mean()
    assert found["avoided"].value == pytest.approx(w.true_avoided, abs=3 * found["avoided"].standard_error)
    assert abs(plain - w.true_avoided) > 6 * found["avoided"].standard_error


def test_a_wrong_model_of_the_treatment_is_seen_by_what_it_leaves_unbalanced():
    w = world(np.random.default_rng(3), effect=0.5, confounding=1.5)
    found, comparability = asked(w, treatment_model=constant_model)
    assert any("even after weighting" in problem for problem in comparability.problems)
    assert found["avoided"].value is None


def test_observed_less_counterfactual_is_the_effect():
    w = world(np.random.default_rng(4), effect=0.5)
    found, comparability = asked(w)
    assert found["avoided"].observed == pytest.approx(w.avoided[w.treated].mean())
    assert found["avoided"].observed - found["avoided"].counterfactual == pytest.approx(
        found["avoided"].value
    )
    assert found["retained"].observed == pytest.approx((w.retained * w.at_stake)[w.treated].mean())
    assert comparability.imbalance < 0.1 < comparability.imbalance_before
    again, _ = asked(w)
    assert [again[name].upper for name in again] == [found[name].upper for name in found]


def test_nothing_is_claimed_where_the_treated_are_a_world_of_their_own():
    w = world(np.random.default_rng(5))
    apart = np.column_stack(
        [w.columns, w.treated * 4.0 + np.random.default_rng(1).normal(0, 0.5, w.treated.size)]
    )
    found, comparability = effects_on_treated({"avoided": w.avoided}, w.treated, apart)
    assert not comparability.is_enough
    assert any("no counterpart" in problem for problem in comparability.problems)
    assert found["avoided"].value is None


def test_nothing_is_claimed_from_a_handful_elsewhere():
    w = world(np.random.default_rng(6), size=400)
    keep = np.flatnonzero(w.treated | (np.arange(400) < 60))
    found, comparability = effects_on_treated({"avoided": w.avoided[keep]}, w.treated[keep], w.columns[keep])
    assert not comparability.is_enough
    assert any("comparable ones elsewhere" in problem for problem in comparability.problems)
    assert found["avoided"].lower is None


def test_customers_with_several_stakes_widen_the_interval():
    w = world(np.random.default_rng(7), size=1200)
    five = np.repeat(np.arange(1200), 5)
    alone, _ = effects_on_treated({"a": w.avoided}, w.treated, w.columns)
    many, _ = effects_on_treated({"a": w.avoided[five]}, w.treated[five], w.columns[five], cluster=five)
    naive, _ = effects_on_treated({"a": w.avoided[five]}, w.treated[five], w.columns[five])
    assert naive["a"].standard_error < 0.6 * many["a"].standard_error
    assert many["a"].standard_error == pytest.approx(alone["a"].standard_error, rel=0.15)


def test_wrong_shapes_and_lonely_sides_are_refused():
    with pytest.raises(ValueError, match="one row a unit"):
        effects_on_treated({"a": [1, 0]}, [True, False, True], np.zeros((3, 1)))
    with pytest.raises(ValueError, match="in every fold"):
        effects_on_treated({"a": np.zeros(20)}, np.arange(20) < 3, np.zeros((20, 1)))
