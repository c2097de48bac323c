"""Control charts, survival, splits of a change and queues against the numbers their sources print."""

import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.stats.charts import cusum, ewma, p_chart, runs, u_chart, xmr_chart
from pipelines.stats.decomposition import log_mean_split, mix_and_rate, shapley_effects
from pipelines.stats.queueing import erlang_a, erlang_a_wait_quantile, erlang_c, erlang_c_wait_quantile
from pipelines.stats.survival import from_life_table, kaplan_meier

ORACLES = Path(__file__).parents[1] / "oracles"
SHARED = Path(__file__).parents[3] / "shared" / "oracles"


def oracle(name):
    return tomllib.loads((ORACLES / f"{name}.toml").read_text())


def shared(name):
    path = SHARED / f"{name}.json"
    if not path.exists():
        pytest.skip(f"{name} (data of a GPL package) is not beside the checkout")
    return json.loads(path.read_text())


class TestCharts:
    cases = oracle("montgomery_charts")

    def test_p_chart(self):
        case = self.cases["p_chart"]
        y = np.array(case["nonconforming"])
        n = np.full(y.size, case["n"])
        first = p_chart(y, n)
        assert first.center == pytest.approx(case["center"], abs=1e-7)
        assert [first.lower[0], first.upper[0]] == pytest.approx(case["limits"], abs=1e-7)
        assert (np.flatnonzero(first.outside) + 1).tolist() == case["outside"]
        revised = p_chart(y, n, baseline=~first.outside)
        assert revised.center == pytest.approx(case["revised_center"], abs=6e-5)
        assert [revised.lower[0], revised.upper[0]] == pytest.approx(case["revised_limits"], abs=1e-4)

    def test_u_chart(self):
        case = self.cases["u_chart"]
        y = np.array(case["nonconformities"])
        found = u_chart(y, np.full(y.size, case["n"]))
        assert found.center == pytest.approx(case["center"])
        assert [found.lower[0], found.upper[0]] == pytest.approx(case["limits"], abs=1e-6)

    def test_xmr_chart(self):
        case = self.cases["xmr_chart"]
        found = xmr_chart(case["viscosity"])
        assert found.center == pytest.approx(case["center"])
        assert found.sigma[0] == pytest.approx(case["sigma"], abs=1e-6)
        assert [found.lower[0], found.upper[0]] == pytest.approx(case["limits"], abs=1e-5)
        assert np.flatnonzero(found.outside).tolist() == [3]

    def test_cusum_and_ewma(self):
        case = self.cases["cusum"]
        found = cusum(case["values"], target=10, slack=0.5, decision=5)
        assert found.signal == case["signal"] - 1
        assert found.above[28] == pytest.approx(case["above_29"])
        assert found.below[:3] == pytest.approx(case["below_1_to_3"])
        assert found.above[3:6] == pytest.approx(case["above_4_to_6"])
        assert ewma(case["values"], start=10, weight=0.1)[:3] == pytest.approx(case["ewma_1_to_3"])
        assert cusum([10.0] * 5, target=10, slack=0.5, decision=5).signal is None

    def test_laney_widens_the_limits_of_huge_counts(self):
        case = shared("spc_laney_p__nhs_ae_4h_mohammed2013")
        found = p_chart(case["data"]["r"], case["data"]["n"], laney=True)
        assert found.center == pytest.approx(case["published"]["p_center"], abs=6e-5)
        assert found.dispersion == pytest.approx(
            case["published"]["sigma_z_d2_1.12838"] * 1.12838 / 1.128, rel=1e-5
        )
        plain = p_chart(case["data"]["r"], case["data"]["n"])
        assert plain.lower == pytest.approx(case["checked_with"]["values"]["lcl_p"])
        assert plain.outside.sum() > found.outside.sum()

    def test_a_period_without_trials_is_a_gap(self):
        found = p_chart([5, 0, 6], [10, 0, 10])
        assert np.isnan(found.value[1])
        assert not found.outside[1]
        with pytest.raises(ValueError, match="baseline"):
            p_chart([0], [0])

    def test_eight_on_one_side_are_a_run(self):
        chart = xmr_chart([0, 1, 0, 1, *[0.8] * 8, np.nan, 0.8])
        assert np.flatnonzero(runs(chart)).tolist() == [10, 11, 13]


class TestSurvival:
    case = oracle("kaplan_meier_aml")

    @pytest.mark.parametrize("arm", ["maintained", "nonmaintained"])
    def test_curves_are_those_of_survfit(self, arm):
        case = self.case[arm]
        found = kaplan_meier(case["time"], case["event"], scale="log")
        rows = slice(len(case["at"]))
        assert found.time[rows].tolist() == case["at"]
        assert found.at_risk[rows].tolist() == case["at_risk"]
        assert found.survival[rows] == pytest.approx(case["survival"], abs=0.0006)
        assert found.standard_error[rows] == pytest.approx(case["error"], abs=self.case["tolerance"])
        if "lower" in case:
            assert found.lower == pytest.approx(case["lower"], abs=self.case["tolerance"])
            assert found.upper == pytest.approx(case["upper"], abs=0.0006)

    def test_lung_cancer_survival_is_that_of_survfit(self):
        case = shared("kaplan_meier__lung_ncctg")
        time, event, sex = (np.array(case["data"][key]) for key in ("time", "event", "sex"))
        found, published = kaplan_meier(time, event, scale="log"), case["published"]
        assert found.median == published["median"]
        assert found.at(365) == pytest.approx(
            (published["surv_365"], published["lo_365"], published["hi_365"]), abs=0.0006
        )
        medians = [kaplan_meier(time[sex == one], event[sex == one]).median for one in (1, 2)]
        assert medians == [published["median_male"], published["median_female"]]

    def test_log_log_limits_stay_within_0_and_1_and_around_the_curve(self):
        found = kaplan_meier(self.case["maintained"]["time"], self.case["maintained"]["event"])
        assert ((found.lower > 0) & (found.lower < found.survival)).all()
        assert ((found.survival < found.upper) & (found.upper < 1)).all()

    def test_without_censoring_it_is_the_plain_share(self):
        time = np.array([1, 2, 2, 3, 9, 9, 9, 9])
        found = kaplan_meier(time, time < 9)
        assert found.at(7)[0] == pytest.approx(0.5)
        assert found.at(0.5) == (1.0, 1.0, 1.0)
        assert found.median == 3

    def test_an_event_comes_before_a_censoring_of_the_same_instant(self):
        assert kaplan_meier([7, 7], [True, False]).at(7)[0] == pytest.approx(0.5)

    def test_when_nobody_is_left_the_limits_are_not_known(self):
        found = kaplan_meier([1, 2], [True, True])
        assert found.survival[-1] == 0
        assert np.isnan(found.lower[-1])

    def test_life_tables_add_up_over_slices(self):
        random = np.random.default_rng(5)
        time, event = random.integers(1, 8, 400), random.random(400) < 0.6
        half = random.random(400) < 0.5
        grid = np.arange(1, 8)

        def table(rows):
            risk = np.array([(time[rows] >= t).sum() for t in grid])
            return risk, np.array([(event[rows] & (time[rows] == t)).sum() for t in grid])

        (risk_a, events_a), (risk_b, events_b) = table(half), table(~half)
        whole = kaplan_meier(time, event)
        summed = from_life_table(grid, risk_a + risk_b, events_a + events_b)
        assert summed.survival == pytest.approx(whole.survival)
        assert summed.lower == pytest.approx(whole.lower)


def product(factors):
    return float(np.prod(factors))


class TestSplits:
    cases = oracle("decomposition")

    @pytest.mark.parametrize("name", ["das_gupta_2_2", "das_gupta_2_4"])
    def test_products_split_as_das_gupta_prints(self, name):
        case = self.cases[name]
        assert shapley_effects(product, case["before"], case["after"]) == pytest.approx(
            case["effects"], abs=2e-6
        )

    def test_sums_of_products_split_as_das_gupta_prints(self):
        case = self.cases["das_gupta_4_3"]
        effects = shapley_effects(lambda f: float((f[0] * f[1] * f[2]).sum()), case["before"], case["after"])
        assert effects == pytest.approx(case["effects"], abs=2e-6)

    def test_mix_and_rate_are_kitagawas(self):
        case = self.cases["household_heads"]
        sizes = [np.array(case["size_1970"]), np.array(case["size_1985"])]
        rates = [np.array(case["rate_1970"]), np.array(case["rate_1985"])]
        found = mix_and_rate(sizes[0] * rates[0] / 100, sizes[0], sizes[1] * rates[1] / 100, sizes[1])
        totals = [100 * found.before, 100 * found.after, 100 * found.mix.sum(), 100 * found.rate.sum()]
        printed = [case["before"], case["after"], case["mix"], case["rate"]]
        # The sizes are rounded to 0.1 % and do not add to 100: weights that do are off by that.
        assert totals == pytest.approx(printed, abs=0.06)
        as_printed = shapley_effects(
            lambda f: float(f[0] @ f[1]) / 100, [sizes[0], rates[0]], [sizes[1], rates[1]]
        )
        assert as_printed == pytest.approx(printed[2:], abs=6e-5)

    def test_log_mean_splits_are_those_of_lmdir(self):
        case = self.cases["log_mean"]
        for first, then in (("1971", "1972"), ("1972", "1973")):
            found = log_mean_split(case[first], case[then])
            assert found.additive == pytest.approx(case[f"additive_{then}"], abs=1e-7)
            assert found.multiplicative == pytest.approx(case[f"multiplicative_{then}"], abs=1e-8)
        with pytest.raises(ValueError, match="above 0"):
            log_mean_split([[0, 1]], [[1, 1]])

    @settings(max_examples=60, deadline=None)
    @given(st.integers(0, 10**6), st.integers(1, 7))
    def test_effects_add_up_to_the_change(self, seed, k):
        random = np.random.default_rng(seed)
        before, after = random.random((2, k, 4))

        def value(factors):
            return float(np.prod(factors, axis=0).sum())

        effects = shapley_effects(value, list(before), list(after))
        assert abs(effects.sum() - (value(after) - value(before))) < 1e-12

    @settings(max_examples=60, deadline=None)
    @given(st.integers(0, 10**6), st.integers(1, 12))
    def test_mix_and_rate_add_up_to_the_change_whatever_is_missing(self, seed, groups):
        random = np.random.default_rng(seed)
        n = random.integers(0, 40, (2, groups))
        n[:, 0] += 1
        y = random.binomial(n, random.random((2, groups)))
        found = mix_and_rate(y[0], n[0], y[1], n[1])
        change = y[1].sum() / n[1].sum() - y[0].sum() / n[0].sum()
        assert abs(found.mix.sum() + found.rate.sum() - change) < 1e-12
        assert found.change == pytest.approx(change, abs=1e-12)
        assert ((found.rate_lower <= found.rate) & (found.rate <= found.rate_upper)).all()

    def test_kitagawa_is_shapley_of_two_factors(self):
        n, y = np.array([[60, 40], [20, 80]]), np.array([[30, 36], [8, 60]])
        found = mix_and_rate(y[0], n[0], y[1], n[1])
        weights, rates = n / n.sum(axis=1, keepdims=True), y / n
        mix, rate = shapley_effects(
            lambda f: float(f[0] @ f[1]), [weights[0], rates[0]], [weights[1], rates[1]]
        )
        assert (found.mix.sum(), found.rate.sum()) == pytest.approx((mix, rate))

    def test_simpsons_reversal_is_called_out(self):
        # Both groups get better, but the easy one shrinks: the whole gets worse.
        found = mix_and_rate([81, 10], [90, 20], [19, 55], [20, 90])
        assert found.change < 0
        assert (found.rate > 0).all()
        assert found.reversal
        assert not mix_and_rate([81, 10], [90, 20], [83, 11], [90, 20]).reversal


class TestQueues:
    cases = oracle("queues")

    def test_erlang_c_is_the_worked_example(self):
        case = self.cases["erlang_c"]
        found = erlang_c(360 / 1800, 240, 55, target=15)
        assert found.wait_probability == pytest.approx(case["wait_probability"], abs=0.001)
        assert found.mean_wait == pytest.approx(case["mean_wait"], abs=0.06)
        assert found.service_level == pytest.approx(case["service_level"], abs=0.001)
        assert found.utilisation == pytest.approx(case["utilisation"], abs=0.001)

    def test_erlang_a_and_c_are_the_published_comparison(self):
        case = self.cases["erlang_a"]
        patient, impatient = erlang_c(0.8, 60, 50), erlang_a(0.8, 60, 50, 120)
        assert patient.mean_wait == pytest.approx(case["c_mean_wait"], abs=0.06)
        assert erlang_c_wait_quantile(0.8, 60, 50, 0.9) == pytest.approx(case["c_p90"], abs=0.06)
        assert patient.queue_length == pytest.approx(case["c_queue"], abs=0.5)
        assert impatient.abandoned == pytest.approx(case["a_abandoned"], abs=0.0005)
        assert impatient.mean_wait == pytest.approx(case["a_mean_wait"], abs=0.06)
        assert erlang_a_wait_quantile(0.8, 60, 50, 120, 0.9) == pytest.approx(case["a_p90"], abs=0.06)
        assert impatient.queue_length == pytest.approx(case["a_queue"], abs=0.5)
        assert impatient.utilisation == pytest.approx(case["a_utilisation"], abs=0.005)
        reduced = 0.8 * (1 - impatient.abandoned)
        assert erlang_c(reduced, 60, 50).mean_wait == pytest.approx(case["reduced_mean_wait"], abs=0.06)
        assert erlang_c_wait_quantile(reduced, 60, 50, 0.9) == pytest.approx(case["reduced_p90"], abs=0.06)

    def test_great_patience_is_erlang_c(self):
        near, limit = erlang_a(0.2, 240, 55, 1e6, target=15), erlang_c(0.2, 240, 55, target=15)
        assert near.wait_probability == pytest.approx(limit.wait_probability, abs=0.001)
        assert near.service_level == pytest.approx(limit.service_level, abs=0.001)

    def test_too_many_calls_have_a_steady_state_only_if_callers_give_up(self):
        with pytest.raises(ValueError, match="grows for ever"):
            erlang_c(1.0, 60, 50)
        assert erlang_a(1.0, 60, 50, 120).abandoned == pytest.approx(1 - 50 / 60, abs=0.01)

    def test_waits_simulated_caller_by_caller(self):
        import heapq

        random = np.random.default_rng(6)
        rate, handle, agents, patience, target = 0.1, 60.0, 5, 90.0, 20.0
        free = [0.0] * agents
        now, gone, within, waits = 0.0, 0, 0, []
        for _ in range(60_000):
            now += random.exponential(1 / rate)
            start, gives_up = max(now, free[0]), now + random.exponential(patience)
            if start > gives_up:
                gone += 1
                waits.append(gives_up - now)
                continue
            heapq.heapreplace(free, start + random.exponential(handle))
            waits.append(start - now)
            within += start - now <= target
        found = erlang_a(rate, handle, agents, patience, target=target)
        assert gone / 60_000 == pytest.approx(found.abandoned, abs=0.01)
        assert within / 60_000 == pytest.approx(found.service_level, abs=0.02)
        p90 = erlang_a_wait_quantile(rate, handle, agents, patience, 0.9)
        assert np.quantile(waits, 0.9) == pytest.approx(p90, rel=0.06)
