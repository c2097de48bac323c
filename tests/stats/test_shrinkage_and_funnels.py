"""Shrinkage, standardisation, funnels and many comparisons against published results and on known truth."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from pipelines.stats.beta_binomial import fit_beta_binomial, log_likelihood
from pipelines.stats.multiplicity import benjamini_hochberg, two_sided_p
from pipelines.stats.normal_shrinkage import fit_normal, james_stein
from pipelines.stats.standardise import (
    byar_limits,
    expected_shares,
    log_ratio_dispersion,
    poisson_limits,
    proportion_funnel,
    ratio_funnel,
    standardised_ratio,
)

ORACLES = Path(__file__).parents[1] / "oracles"
SHRINKAGE = tomllib.loads((ORACLES / "shrinkage.toml").read_text())
FUNNELS = tomllib.loads((ORACLES / "funnels.toml").read_text())
SHARED = Path(__file__).parents[3] / "shared" / "oracles"


def shared(name):
    path = SHARED / f"{name}.json"
    if not path.exists():
        pytest.skip(f"{name} (public health test data) is not beside the checkout")
    return json.loads(path.read_text())


class TestBetaBinomial:
    case = SHRINKAGE["rat_tumours"]

    def test_maximum_likelihood_is_that_of_the_rat_tumours(self):
        found = fit_beta_binomial([*self.case["tumours"], 4], [*self.case["rats"], 14])
        assert found.precision == pytest.approx(self.case["likelihood_alpha_and_beta"], abs=0.06)
        # The ridge is flat: the likelihood is what must be met.
        assert found.log_likelihood == pytest.approx(-156.5689, abs=0.0005)

    def test_likelihood_is_that_of_scipy(self):
        y, n = np.array(self.case["tumours"]), np.array(self.case["rats"])
        expected = stats.betabinom.logpmf(y, n, 1.4, 8.6).sum()
        assert log_likelihood(y, n, np.full(y.size, 0.14), 10.0) == pytest.approx(expected)

    def test_posterior_at_the_books_moments_is_the_books(self):
        alpha, beta = 1.4 + 4, 8.6 + 10
        assert alpha / (alpha + beta) == pytest.approx(0.223, abs=0.003)

    def test_no_difference_between_groups_still_has_width(self):
        found = fit_beta_binomial([25, 25, 25, 25], [50, 50, 50, 50])
        assert found.precision == float("inf")
        assert found.value == pytest.approx([0.5] * 4, abs=1e-4)
        assert (found.upper - found.lower > 0.1).all()

    def test_a_group_is_pulled_to_what_its_mix_lets_expect(self):
        expected = np.array([0.9, 0.9, 0.5, 0.5, 0.5])
        found = fit_beta_binomial([95, 80, 50, 60, 0], [100, 100, 100, 100, 0], expected)
        assert found.value[4] == 0.5
        assert (
            (found.value[:4] - expected[:4]) * (np.array([0.95, 0.8, 0.5, 0.6]) - expected[:4]) >= 0
        ).all()
        assert (np.abs(found.value[:4] - expected[:4]) <= np.abs([0.05, 0.1, 0.0, 0.1])).all()
        assert found.upper[4] - found.lower[4] > found.upper[3] - found.lower[3]

    def test_more_trials_mean_more_weight_and_less_width(self):
        found = fit_beta_binomial([7, 70, 30, 12], [10, 100, 60, 40])
        assert found.weight[1] > found.weight[0]
        assert found.upper[1] - found.lower[1] < found.upper[0] - found.lower[0]

    def test_impossible_counts_are_the_callers_mistake(self):
        with pytest.raises(ValueError, match="between 0 and trials"):
            fit_beta_binomial([3], [2])
        with pytest.raises(ValueError, match="at least two"):
            fit_beta_binomial([1, 0], [2, 0])
        with pytest.raises(ValueError, match="nothing to tell apart"):
            fit_beta_binomial([2, 3], [2, 3])

    @pytest.mark.parametrize(("precision", "trials"), [(20, 30), (100, 60)])
    def test_intervals_cover_the_truth(self, precision, trials):
        random = np.random.default_rng(precision)
        covered = []
        for _ in range(40):
            truth = random.beta(0.7 * precision, 0.3 * precision, 30)
            n = random.integers(trials // 2, 2 * trials, 30)
            found = fit_beta_binomial(random.binomial(n, truth), n)
            covered += ((found.lower <= truth) & (truth <= found.upper)).tolist()
        # 40 data sets of 30 groups that share one fit: about 1.2 points of noise.
        assert 0.92 <= np.mean(covered) <= 0.98


class TestNormal:
    def test_expectancy_studies_are_as_published(self):
        case = SHRINKAGE["expectancy"]
        found = fit_normal(case["estimates"], case["variances"])
        near = {"abs": case["tolerance"]}
        assert found.between_variance == pytest.approx(case["between_variance"], **near)
        assert found.mean == pytest.approx(case["mean"], **near)
        assert found.mean / found.mean_error == pytest.approx(case["z"], **near)
        assert found.heterogeneity == pytest.approx(case["heterogeneity"], **near)
        assert found.value == pytest.approx(case["value"], **near)
        assert found.value - 1.959964 * found.standard_error == pytest.approx(case["lower"], **near)
        assert found.value + 1.959964 * found.standard_error == pytest.approx(case["upper"], **near)

    def test_eight_schools_are_at_the_boundary_without_an_interval_of_no_width(self):
        case = SHRINKAGE["eight_schools"]
        found = fit_normal(case["estimates"], np.square(case["errors"]))
        assert found.between_variance == 0.0
        assert (found.mean, found.mean_error) == pytest.approx((case["mean"], case["mean_error"]), abs=0.06)
        assert found.value == pytest.approx([found.mean] * 8)
        assert found.standard_error == pytest.approx([found.mean_error] * 8)

    def test_batting_averages_are_those_of_efron_and_morris(self):
        case = SHRINKAGE["baseball"]
        share = np.array(case["hits_of_45"]) / 45
        scale = np.sqrt(45) * np.arcsin(2 * share - 1)
        back = (np.sin(james_stein(scale, 1.0) / np.sqrt(45)) + 1) / 2
        assert back == pytest.approx(case["james_stein_1975"], abs=0.0006)
        mean = share.mean()
        plain = james_stein(share, mean * (1 - mean) / 45)
        assert plain[0] == pytest.approx(case["clemente_1977"], abs=0.0006)
        assert (plain[0] - mean) / (share[0] - mean) == pytest.approx(case["factor_1977"], abs=0.0006)
        season = np.array(case["remaining_season"])
        assert ((back - season) ** 2).sum() < ((share - season) ** 2).sum() / 3


class TestStandardisation:
    def test_ratios_are_those_of_public_health_england(self):
        case = shared("indirect_standardisation__phe_isr_ratio")
        reference = case["data"]["reference"]
        rate = np.array(reference["refcount"]) / np.array(reference["refpop"])
        for area, rows in case["data"]["areas"].items():
            expected = float((np.array(rows["pop"]) * rate).sum())
            observed = sum(count or 0 for count in rows["count"])
            published = case["published"][area]
            for confidence, key in ((0.95, "95"), (0.998, "998")):
                found = standardised_ratio(observed, expected, confidence)
                assert found.expected == pytest.approx(published["expected"])
                assert found.ratio == pytest.approx(published["ratio"], abs=1e-6)
                assert found.lower == pytest.approx(published[f"lo{key}"], abs=1e-6)
                assert found.upper == pytest.approx(published[f"hi{key}"], abs=1e-6)

    def test_expected_share_is_the_overall_share_of_each_stratum(self):
        # Stratum 0 goes well for 8 of 10, stratum 1 for 5 of 10; group 0 works in both, group 1 in one.
        group, stratum = [0, 0, 1], [0, 1, 1]
        found = expected_shares(group, stratum, [8, 1, 4], [10, 4, 6])
        assert found == pytest.approx([(10 * 0.8 + 4 * 0.5) / 14, 0.5])
        assert np.isnan(expected_shares([0, 1], [0, 0], [1, 0], [2, 0])[1])

    def test_expected_successes_add_up_to_the_observed(self):
        random = np.random.default_rng(3)
        group, stratum = np.divmod(np.arange(40), 5)
        n = random.integers(0, 30, 40)
        y = random.binomial(n, 0.4)
        share = expected_shares(group, stratum, y, n)
        assert np.nansum(share * np.bincount(group, weights=n)) == pytest.approx(y.sum())


class TestFunnels:
    def test_ratio_limits_are_the_exact_ones(self):
        case = FUNNELS["ratio_limits"]
        for confidence, key in ((0.95, "95"), (0.998, "998")):
            lower, upper = ratio_funnel(case["expected"], confidence)
            assert lower == pytest.approx(case[f"lower_{key}"], abs=6e-7)
            assert upper == pytest.approx(case[f"upper_{key}"], abs=6e-7)

    def test_over_dispersion_is_that_of_the_mortality_indicator(self):
        case = FUNNELS["over_dispersion"]
        found = log_ratio_dispersion(case["observed"], case["expected"])
        assert found.phi == pytest.approx(case["phi"], abs=1e-6)
        assert found.tau2 > 0
        assert log_ratio_dispersion([101, 99, 100, 100], [100] * 4).tau2 == 0.0

    def test_proportion_limits_are_those_of_public_health_england(self):
        case = shared("funnel_proportion__phe_breastfeeding_like_303_areas")
        target = sum(case["data"]["numerator"]) / sum(case["data"]["denominator"])
        assert 100 * target == pytest.approx(case["published"]["baseline"], abs=1e-5)
        trials = case["params"]["at_population"]
        for z, key in ((stats.norm.ppf(0.975), "2"), (stats.norm.ppf(0.999), "3")):
            lower, upper = proportion_funnel(trials, target, z)
            assert 100 * lower == pytest.approx(case["published"][f"lower{key}"], abs=1e-5)
            assert 100 * upper == pytest.approx(case["published"][f"upper{key}"], abs=1e-5)

    def test_poisson_limits_are_those_of_public_health_england(self):
        case = shared("funnel_ratio__phe_isr_limits")
        observed = np.array(case["data"]["observed"])
        lower, upper = poisson_limits(observed)
        published, tolerance = case["published"], case["tolerance"]
        assert upper == pytest.approx(published["lower2_exp"], abs=tolerance["lower2_exp"])
        assert 100 * observed / upper == pytest.approx(published["lower2_isr"], abs=tolerance["lower2_isr"])
        assert 100 * observed / lower == pytest.approx(published["upper2_isr"], abs=tolerance["upper2_isr"])

    def test_byar_is_near_the_exact_limits(self):
        counts = np.array([0, 10, 100, 1000])
        for near, exact in zip(byar_limits(counts), poisson_limits(counts), strict=True):
            assert near == pytest.approx(exact, rel=0.01)


class TestManyComparisons:
    def test_adjusted_p_values_are_those_of_scipy(self):
        p = np.random.default_rng(2).random(50) ** 3
        assert benjamini_hochberg(p) == pytest.approx(stats.false_discovery_control(p))

    def test_what_is_missing_is_not_counted(self):
        adjusted = benjamini_hochberg([0.01, np.nan, 0.02])
        assert np.isnan(adjusted[1])
        assert adjusted[[0, 2]] == pytest.approx([0.02, 0.02])
        assert benjamini_hochberg([]).size == 0

    def test_two_sided_p_of_the_usual_limit(self):
        assert two_sided_p([1.959963984540054, -1.959963984540054, 0]) == pytest.approx([0.05, 0.05, 1])
