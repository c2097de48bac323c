"""Regression against statsmodels, and causal effects against Stata and on data of known effect."""

import json
from pathlib import Path

import numpy as np
import pytest

from pipelines.stats.doubly_robust import average_effect, probit_model
from pipelines.stats.regression import dummies, least_squares, logistic, predict

SHARED = Path(__file__).parents[3] / "shared" / "oracles"


def shared(name):
    path = SHARED / f"{name}.json"
    if not path.exists():
        pytest.skip(f"{name} (a large data set) is not beside the checkout")
    return json.loads(path.read_text())


def rows(seed=0, n=300):
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, 3))
    cluster = random.integers(0, 25, n)
    linear = 0.3 + x @ [0.5, -1.0, 0.0] + random.normal(0, 0.5, 25)[cluster]
    return random, x, cluster, linear


class TestRegression:
    def test_least_squares_equals_statsmodels(self):
        api = pytest.importorskip("statsmodels.api", reason="statsmodels is a development dependency")
        random, x, cluster, linear = rows()
        y = linear + random.normal(size=linear.size)
        for kind in ({}, {"cov_type": "cluster", "cov_kwds": {"groups": cluster}}):
            theirs = api.OLS(y, api.add_constant(x)).fit(**kind)
            ours = least_squares(y, x, cluster=cluster if kind else None)
            assert ours.coefficient == pytest.approx(theirs.params)
            assert np.sqrt(np.diag(ours.covariance)) == pytest.approx(theirs.bse)

    def test_weights_count_as_repetitions(self):
        random, x, _, linear = rows(n=40)
        times = random.integers(1, 4, 40)
        repeated = least_squares(np.repeat(linear, times), np.repeat(x, times, axis=0))
        weighted = least_squares(linear, x, weights=times)
        assert weighted.coefficient == pytest.approx(repeated.coefficient)
        assert weighted.covariance == pytest.approx(repeated.covariance)

    def test_logistic_equals_statsmodels(self):
        api = pytest.importorskip("statsmodels.api", reason="statsmodels is a development dependency")
        random, x, cluster, linear = rows()
        y = (random.random(linear.size) < 1 / (1 + np.exp(-linear))).astype(float)
        for kind in ({}, {"cov_type": "cluster", "cov_kwds": {"groups": cluster}}):
            theirs = api.Logit(y, api.add_constant(x)).fit(disp=0, **kind)
            ours = logistic(y, x, cluster=cluster if kind else None)
            assert ours.converged
            assert ours.coefficient == pytest.approx(theirs.params, abs=1e-7)
            # statsmodels leaves out the factor for the number of coefficients.
            assert np.sqrt(np.diag(ours.covariance)) == pytest.approx(theirs.bse, rel=0.01)
            assert ours.fitted == pytest.approx(theirs.predict())

    def test_separated_outcomes_are_not_called_converged(self):
        x = np.array([[0.0], [0], [0], [1], [1], [1]])
        assert not logistic([0, 0, 0, 1, 1, 1], x).converged
        assert logistic([0, 0, 0, 1, 1, 1], x, ridge=1.0).converged

    def test_a_dropped_column_has_no_coefficient(self):
        _, x, _, linear = rows()
        found = least_squares(linear, np.column_stack([x, x[:, 0]]))
        assert found.of(4) is None
        assert found.of(1) is not None
        assert predict(found, np.column_stack([x, x[:, 0]])) == pytest.approx(found.fitted)

    def test_dummies_leave_out_the_most_frequent_level(self):
        assert dummies([0, 1, 1, 2]).tolist() == [[1, 0], [0, 0], [0, 0], [0, 1]]


class TestEffects:
    def test_birth_weights_are_those_of_stata(self):
        case = shared("aipw__cattaneo2_stata_teffects")
        data = {key: np.array(values, dtype=float) for key, values in case["data"].items()}
        outcome = np.column_stack([data[key] for key in ("prenatal1_", "mmarried_", "mage", "fbaby_")])
        treatment = np.column_stack(
            [data["mmarried_"], data["mage"], data["mage"] ** 2, data["fbaby_"], data["medu"]]
        )
        found = average_effect(
            data["bweight"],
            data["mbsmoke_"],
            outcome,
            treatment_columns=treatment,
            treatment_model=probit_model,
            folds=1,
            limits=(1e-6, 1 - 1e-6),
        )
        assert found.value == pytest.approx(case["published"]["aipw_ate"], abs=0.02)
        assert found.mean_untreated == pytest.approx(case["published"]["aipw_pomean0"], abs=0.02)
        # Stata's error stacks the first stages, which are wrong here; ours is the influence function's.
        assert found.standard_error == pytest.approx(case["published"]["aipw_se"], rel=0.04)

    def test_a_randomised_trial_keeps_its_answer(self):
        case = shared("selection_bias__lalonde_dehejia_wahba")
        data = {key: np.array(values, dtype=float) for key, values in case["data"]["nsw"].items()}
        columns = np.column_stack([data[key] for key in data if key not in ("treat", "re78")])
        found = average_effect(data["re78"], data["treat"], columns)
        raw = data["re78"][data["treat"] == 1].mean() - data["re78"][data["treat"] == 0].mean()
        assert raw == pytest.approx(case["published"]["experimental_effect"], abs=1)
        assert found.value == pytest.approx(raw, abs=400)
        assert found.lower < raw < found.upper

    @staticmethod
    def confounded(seed, effect, n=600):
        random = np.random.default_rng(seed)
        x = random.normal(size=(n, 2))
        treated = random.random(n) < 1 / (1 + np.exp(-(x[:, 0] - 0.3)))
        return 10 + 2 * x[:, 0] - x[:, 1] + effect * treated + random.normal(0, 2, n), treated, x

    @pytest.mark.parametrize("effect", [0.0, 1.0])
    def test_intervals_cover_the_truth_and_claim_little_where_there_is_nothing(self, effect):
        covered, claimed, naive = 0, 0, []
        for seed in range(200):
            y, treated, x = self.confounded(seed, effect)
            found = average_effect(y, treated, x, folds=3)
            covered += found.lower <= effect <= found.upper
            claimed += not found.lower <= 0 <= found.upper
            naive.append(y[treated].mean() - y[~treated].mean())
        assert 0.92 <= covered / 200 <= 0.985
        assert np.mean(naive) - effect > 1
        assert claimed / 200 <= 0.08 if effect == 0 else claimed / 200 > 0.9

    def test_no_overlap_claims_nothing(self):
        random = np.random.default_rng(1)
        x = random.normal(size=(500, 1))
        treated = x[:, 0] + random.normal(0, 0.1, 500) > 0
        found = average_effect(x[:, 0] + treated, treated, x)
        assert found.value is None
        assert not found.overlap.enough
        assert "no effect is claimed" in found.note

    def test_customers_seen_twice_are_not_two_witnesses(self):
        y, treated, x = self.confounded(3, 1.0)
        once = average_effect(y, treated, x)
        doubled = (np.concatenate([part, part]) for part in (y, treated, x))
        twice = average_effect(*doubled, cluster=np.tile(np.arange(600), 2))
        assert twice.standard_error == pytest.approx(once.standard_error, rel=0.05)

    def test_an_arm_without_anybody_is_the_callers_mistake(self):
        with pytest.raises(ValueError, match="treated and untreated"):
            average_effect([1.0, 2.0], [True, True], [[0.0], [1.0]])
