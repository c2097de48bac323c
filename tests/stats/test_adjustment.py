"""Reweighted answers, counts over time, gaps of means, Jeffreys' limits: against what their sources print."""

import json
from pathlib import Path

import numpy as np
import pytest

from pipelines.stats.intervals import jeffreys
from pipelines.stats.poststratify import post_stratified
from pipelines.stats.regression import least_squares, mean_gap, poisson
from pipelines.stats.standardise import directly_standardised

SHARED = Path(__file__).parents[3] / "shared" / "oracles"


def shared(name):
    path = SHARED / f"{name}.json"
    if not path.exists():
        pytest.skip(f"{name} (a larger data set) is not beside the checkout")
    return json.loads(path.read_text())


def test_jeffreys_limits_are_those_of_brown_cai_and_dasgupta():
    # Statistical Science 16 (2001), Table 5: n = 10, x = 0 to 5.
    published = [(0, 0.217), (0.011, 0.381), (0.044, 0.503), (0.093, 0.606), (0.153, 0.696), (0.224, 0.776)]
    lower, upper = jeffreys(range(6), 10)
    assert list(zip(lower, upper, strict=True)) == [pytest.approx(pair, abs=0.001) for pair in published]
    assert (jeffreys(0, 10)[0], jeffreys(10, 10)[1]) == (0.0, 1.0)
    assert np.isnan(jeffreys(0, 0)).all()


class TestPostStratification:
    def test_school_means_are_those_of_the_survey_package(self):
        case = shared("poststratification__survey_apiclus1")
        data, published = case["data"], case["published"]
        kinds = sorted(data["population_by_type"])
        stratum = [kinds.index(kind) for kind in data["stype"]]
        people = [data["population_by_type"][kind] for kind in kinds]
        design = {"cluster": data["cluster"], "clusters_in_population": data["n_clusters_population"]}
        scores = post_stratified(data["api00"], stratum, people, **design)
        assert scores.mean == pytest.approx(published["ps_mean"], abs=0.006)
        assert scores.mean_error == pytest.approx(published["ps_mean_se"], abs=0.0006)
        pupils = post_stratified(data["enroll"], stratum, people, **design)
        assert pupils.total == pytest.approx(published["ps_total"], abs=1)
        assert pupils.total_error == pytest.approx(published["ps_total_se"], abs=1)
        raw = post_stratified(data["api00"], np.zeros(len(stratum), int), [sum(people)], **design)
        assert raw.mean == pytest.approx(published["raw_mean"], abs=0.006)
        assert raw.mean_error == pytest.approx(published["raw_mean_se"], abs=0.0006)

    def test_silent_strata_count_as_their_own_answers(self):
        # Half of all contacts were unresolved, but only one in ten of those answered.
        values, stratum = [1.0] * 45 + [0.0] * 5 + [0.0, 0.0, 0.0, 0.0, 1.0], [0] * 50 + [1] * 5
        found = post_stratified(values, stratum, [100, 100])
        assert found.mean == pytest.approx((0.9 + 0.2) / 2)
        assert found.lower < found.mean < found.upper

    def test_a_stratum_nobody_answered_is_not_made_up(self):
        with pytest.raises(ValueError, match="no answer"):
            post_stratified([1.0, 0.0], [0, 0], [5, 5])
        with pytest.raises(ValueError, match="two clusters"):
            post_stratified([1.0, 0.0], [0, 0], [5], cluster=[1, 1])


class TestCounts:
    def test_the_smoking_ban_is_that_of_the_tutorial(self):
        case = shared("its__lopez_bernal2017_sicily")
        data = {key: np.array(values, dtype=float) for key, values in case["data"].items()}
        published = case["published"]
        plain = np.column_stack([data["smokban"], data["time"]])
        chance = poisson(data["aces"], plain, exposure=data["stdpop"], over_dispersed=False)
        waves = [wave(2 * np.pi * k * data["month"] / 12) for k in (1, 2) for wave in (np.sin, np.cos)]
        season = poisson(data["aces"], np.column_stack([plain, *waves]), exposure=data["stdpop"])
        for fit, key in ((chance, "rr_poisson"), (season, "rr_season")):
            slope, error = fit.of(1)
            assert np.exp(slope) == pytest.approx(published[key], abs=0.001)
            limits = [np.exp(slope - 1.96 * error), np.exp(slope + 1.96 * error)]
            assert limits == pytest.approx(published[f"{key}_ci"], abs=0.001)
        assert chance.dispersion == pytest.approx(3.56, abs=0.01)

    def test_counts_equal_statsmodels(self):
        api = pytest.importorskip("statsmodels.api", reason="statsmodels is a development dependency")
        random = np.random.default_rng(3)
        x = random.normal(size=(200, 2))
        y = random.poisson(np.exp(1 + x @ [0.3, -0.2]))
        theirs = api.GLM(y, api.add_constant(x), family=api.families.Poisson()).fit()
        ours = poisson(y, x, over_dispersed=False)
        assert ours.coefficient == pytest.approx(theirs.params)
        assert np.sqrt(np.diag(ours.covariance)) == pytest.approx(theirs.bse)


class TestGaps:
    def test_the_credit_card_gap_splits_as_in_stata(self):
        case = shared("oaxaca_blinder__statsmodels_ccard_stata")
        data = {key: np.array(values) for key, values in case["data"].items()}
        columns = np.column_stack([data[key] for key in case["params"]["regressors"]])
        found = mean_gap(data["AVGEXP"], columns, data["OWNRENT"] == 1)
        published = case["published"]
        for part in ("gap", "endowments", "coefficients", "interaction"):
            assert getattr(found, part) == pytest.approx(published[part], abs=0.001)
        assert found.explained == pytest.approx(published["explained_pooled"], abs=0.001)
        assert found.unexplained == pytest.approx(published["unexplained_pooled"], abs=0.001)

    def test_parts_add_up_to_the_gap(self):
        random = np.random.default_rng(1)
        x, first = random.normal(size=(80, 2)), random.random(80) < 0.4
        found = mean_gap(x @ [1.0, 2.0] + first + random.normal(size=80), x + first[:, None], first)
        assert found.endowments + found.coefficients + found.interaction == pytest.approx(found.gap)
        assert found.explained + found.unexplained == pytest.approx(found.gap)
        with pytest.raises(ValueError, match="each group needs"):
            mean_gap([1.0, 2.0, 3.0], [[1.0], [2.0], [3.0]], [True, False, False])

    def test_the_incinerator_moved_house_prices_as_published(self):
        case = shared("did__kiel_mcclain_incinerator")
        data = {key: np.array(values, dtype=float) for key, values in case["data"].items()}
        both = data["y81"] * data["nearinc"]
        controls = {
            "col1": [],
            "col2": ["age", "agesq"],
            "col3": ["age", "agesq", "intst", "land", "area", "rooms", "baths"],
        }
        for name, extra in controls.items():
            columns = np.column_stack([both, data["y81"], data["nearinc"], *(data[key] for key in extra)])
            effect, error = least_squares(data["rprice"], columns).of(1)
            assert effect == pytest.approx(case["published"][f"{name}_did"], abs=0.01)
            assert error == pytest.approx(case["published"][f"{name}_did_se"], abs=0.01)


def test_a_directly_standardised_share_is_the_post_stratified_mean():
    good, n, people = np.array([30, 9, 45]), np.array([40, 30, 60]), [200.0, 500.0, 100.0]
    values = np.concatenate([np.r_[np.ones(g), np.zeros(m - g)] for g, m in zip(good, n, strict=True)])
    other = post_stratified(values, np.repeat([0, 1, 2], n), people)
    share = good / n
    value, error = directly_standardised([share], [share * (1 - share)], [n], people)
    assert value[0] == pytest.approx(other.mean, abs=1e-14)
    assert error[0] == pytest.approx(other.mean_error, rel=0.005)  # that one divides by n − 1 over all
