"""Agreement coefficients against published tables, against dull second implementations, and as properties."""

import itertools
import json
import tomllib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.stats.chance_corrected import fleiss_kappa, gwet_ac
from pipelines.stats.icc import intraclass_correlations, mean_squares
from pipelines.stats.kappa import cohen_kappa, pair_agreements
from pipelines.stats.krippendorff import krippendorff_alpha
from pipelines.stats.percent import percent_adjacent, percent_exact
from pipelines.stats.ratings import (
    patterns,
    ratings_from_counts,
    ratings_from_long,
    ratings_from_matrix,
)

ORACLES = Path(__file__).parents[1] / "oracles"
SHARED = Path(__file__).parents[3] / "shared"


def oracle(name):
    return tomllib.loads((ORACLES / f"{name}.toml").read_text())


KRIPPENDORFF, GWET, SHROUT, COHEN = map(
    oracle, ["krippendorff_2011", "gwet_2014", "shrout_fleiss_1979", "cohen_kappa"]
)


def pairs_of(table):
    """Two raters' codes from a table of counts."""
    cells = [(a, b) for a, row in enumerate(table) for b, times in enumerate(row) for _ in range(times)]
    return np.array(cells).T


@pytest.mark.parametrize("case", KRIPPENDORFF["case"], ids=lambda case: case["name"])
def test_alpha_is_the_one_krippendorff_prints(case):
    ratings = ratings_from_matrix(np.array(case["ratings"]).T)
    for scale in ("nominal", "ordinal", "interval"):
        if scale in case:
            found = krippendorff_alpha(ratings, scale)
            assert found.value == pytest.approx(case[scale], abs=KRIPPENDORFF["tolerance"])
            assert found.lower < found.value < found.upper
    if "percent_exact" in case:
        assert percent_exact(ratings).value == case["percent_exact"]


def test_gwet_and_fleiss_are_those_printed_for_counts():
    case, ratings = GWET["counts"], ratings_from_counts(GWET["counts"]["counts"])
    for key, found in {"gwet_ac": gwet_ac(ratings), "fleiss_kappa": fleiss_kappa(ratings)}.items():
        assert found.value == pytest.approx(case[key], abs=GWET["tolerance"])
        assert found.standard_error == pytest.approx(case[f"{key}_se"], abs=GWET["tolerance"])
        limits = [case[f"{key}_ci_low"], case[f"{key}_ci_high"]]
        assert [found.lower, found.upper] == pytest.approx(limits, abs=GWET["tolerance_limits"])
    alpha = krippendorff_alpha(ratings, "nominal").value
    assert alpha == pytest.approx(case["krippendorff_alpha"], abs=GWET["tolerance"])


def test_gwet_and_fleiss_are_those_printed_with_missing_ratings():
    case, ratings = GWET["raw"], ratings_from_matrix(GWET["raw"]["ratings"])
    for key, found in {"gwet_ac": gwet_ac(ratings), "fleiss_kappa": fleiss_kappa(ratings)}.items():
        assert found.value == pytest.approx(case[key], abs=GWET["tolerance"])
        assert found.standard_error == pytest.approx(case[f"{key}_se"], abs=GWET["tolerance"])
        assert found.lower == pytest.approx(case[f"{key}_ci_low"], abs=GWET["tolerance_limits"])
        assert found.upper == 1.0
    alpha = krippendorff_alpha(ratings, "nominal").value
    assert alpha == pytest.approx(case["krippendorff_alpha"], abs=GWET["tolerance"])


def test_two_raters_table_gives_the_printed_coefficients():
    case = GWET["contingency"]
    first, second = pairs_of(case["table"])
    ratings = ratings_from_matrix(np.column_stack([first, second]))
    assert cohen_kappa(first, second, [0, 1, 2]).value == pytest.approx(case["cohen_kappa"], abs=1e-6)
    found = gwet_ac(ratings)
    assert found.value == pytest.approx(case["gwet_ac"], abs=1e-6)
    # The form for a table of two raters divides by n, the one for ratings, which is ours, by n − 1.
    printed = case["gwet_ac_se"] * np.sqrt(100 / 99)
    assert found.standard_error == pytest.approx(printed, abs=1e-6)
    alpha = krippendorff_alpha(ratings, "nominal").value
    assert alpha == pytest.approx(case["krippendorff_alpha"], abs=1e-6)
    assert percent_exact(ratings).value == pytest.approx(case["percent_agreement"])


def test_fleiss_kappa_is_the_one_of_the_worked_example():
    case = oracle("fleiss_1971")
    assert fleiss_kappa(ratings_from_counts(case["counts"])).value == pytest.approx(
        case["kappa"], abs=case["tolerance"]
    )


@pytest.mark.parametrize("case", COHEN["case"], ids=lambda case: case["source"][:60])
def test_cohen_kappa_is_the_one_printed(case):
    first, second = pairs_of(case["table"])
    values = np.arange(len(case["table"]))
    near = {"abs": case["tolerance"]}
    found = cohen_kappa(first, second, values)
    assert found.value == pytest.approx(case["kappa"], **near)
    if "kappa_error" in case:
        assert found.standard_error == pytest.approx(case["kappa_error"], **near)
        assert [found.lower, found.upper] == pytest.approx(case["kappa_limits"], **near)
        linear = cohen_kappa(first, second, values, weights="linear")
        assert linear.value == pytest.approx(case["linear"], **near)
        assert linear.standard_error == pytest.approx(case["linear_error"], **near)
        assert [linear.lower, linear.upper] == pytest.approx(case["linear_limits"], **near)
    if "exact" in case:
        assert (first == second).mean() == pytest.approx(case["exact"])


def test_ac1_does_not_collapse_where_kappa_does():
    balanced, skewed = (case["table"] for case in COHEN["case"] if "Feinstein" in case["source"])
    ac1 = [gwet_ac(ratings_from_matrix(pairs_of(table).T)).value for table in (balanced, skewed)]
    kappas = [cohen_kappa(*pairs_of(table), [0, 1]).value for table in (balanced, skewed)]
    assert kappas[0] - kappas[1] > 0.35
    assert ac1 == pytest.approx([0.70, 0.81], abs=0.006)


def test_intraclass_correlations_are_those_of_shrout_and_fleiss():
    found = intraclass_correlations(ratings_from_matrix(SHROUT["ratings"]))
    for form in ("icc_1_1", "icc_2_1", "icc_3_1"):
        one = getattr(found, form)
        assert [one.value, one.lower, one.upper] == pytest.approx(SHROUT[form], abs=SHROUT["tolerance"])
        assert one.note == ""
    ms = mean_squares(SHROUT["ratings"])
    for part in ("units", "within", "raters", "residual"):
        assert getattr(ms, part) == pytest.approx(SHROUT[f"mean_square_{part}"], abs=SHROUT["tolerance"])


def test_exact_and_adjacent_agreement_are_those_of_irr():
    path = SHARED / "oracles" / "percent_agreement__irr_video_exact_adjacent.json"
    if not path.exists():
        pytest.skip("the irr package's video ratings (GPL) are not beside the checkout")
    case = json.loads(path.read_text())
    ratings = ratings_from_matrix(case["data"]["ratings"])
    assert percent_exact(ratings).value == pytest.approx(case["published"]["exact_pct"] / 100)
    assert percent_adjacent(ratings).value == pytest.approx(case["published"]["adjacent_pct"] / 100)


@pytest.mark.realdata
def test_real_graders_have_the_alphas_computed_elsewhere():
    folder = SHARED / "data" / "rater_studies"
    if not folder.exists():
        pytest.skip("the rater studies of package sirt (GPL) are not beside the checkout")
    expected = {
        "data.ratings1": [0.583, 0.705, 0.638, 0.718, 0.697],
        "data.ratings2": [0.617, 0.635, 0.620, 0.641, 0.695],
    }
    import polars as pl

    for name, alphas in expected.items():
        rows = pl.read_csv(folder / f"{name}.csv", null_values=["NA", ""])
        for criterion, alpha in zip(["k1", "k2", "k3", "k4", "k5"], alphas, strict=True):
            scores = rows[criterion].cast(pl.Float64).fill_null(float("nan")).to_numpy()
            ratings = ratings_from_long(rows["idstud"].to_numpy(), rows["rater"].to_numpy(), scores)
            assert krippendorff_alpha(ratings, "ordinal").value == pytest.approx(alpha, abs=0.0006)


def naive_alpha(matrix, scale):
    """The coincidence matrix, cell by cell, as in Krippendorff's own steps."""
    units = [[value for value in row if not np.isnan(value)] for row in matrix]
    units = [unit for unit in units if len(unit) >= 2]
    values = sorted({value for unit in units for value in unit})
    together = dict.fromkeys(itertools.product(values, repeat=2), 0.0)
    for unit in units:
        for i, j in itertools.permutations(range(len(unit)), 2):
            together[unit[i], unit[j]] += 1 / (len(unit) - 1)
    given = {c: sum(together[c, k] for k in values) for c in values}
    n = sum(given.values())

    def distance(c, k):
        if scale == "nominal":
            return float(c != k)
        if scale == "interval":
            return (c - k) ** 2
        low, high = min(c, k), max(c, k)
        return (sum(given[g] for g in values if low <= g <= high) - (given[c] + given[k]) / 2) ** 2

    observed = sum(times * distance(c, k) for (c, k), times in together.items())
    expected = sum(given[c] * given[k] * distance(c, k) for c in values for k in values)
    return 1 - (n - 1) * observed / expected


def naive_gwet(matrix, quadratic):
    """Gwet's formulas with loops over categories."""
    units = [[value for value in row if not np.isnan(value)] for row in matrix]
    units = [unit for unit in units if unit]
    values = sorted({value for unit in units for value in unit})

    def weight(k, other):
        return 1 - ((k - other) / (values[-1] - values[0])) ** 2 if quadratic else float(k == other)

    agreement = [
        sum(weight(a, b) for a, b in itertools.permutations(unit, 2)) / (len(unit) * (len(unit) - 1))
        for unit in units
        if len(unit) >= 2
    ]
    share = {k: sum(unit.count(k) / len(unit) for unit in units) / len(units) for k in values}
    q = len(values)
    all_weights = sum(weight(k, other) for k in values for other in values)
    chance = all_weights / (q * (q - 1)) * sum(p * (1 - p) for p in share.values())
    observed = sum(agreement) / len(agreement)
    return (observed - chance) / (1 - chance)


def random_matrix(seed, *, units=30, raters=4, levels=5, missing=0.3):
    random = np.random.default_rng(seed)
    truth = random.integers(0, levels, units)
    noise = random.integers(-1, 2, (units, raters))
    matrix = np.clip(truth[:, None] + noise, 0, levels - 1).astype(float) * 2.5
    matrix[random.random(matrix.shape) < missing] = np.nan
    return matrix


@pytest.mark.parametrize("seed", range(20))
def test_fast_forms_equal_the_dull_ones(seed):
    matrix = random_matrix(seed)
    ratings = ratings_from_matrix(matrix)
    for scale in ("nominal", "ordinal", "interval"):
        assert krippendorff_alpha(ratings, scale, resamples=50).value == pytest.approx(
            naive_alpha(matrix, scale)
        )
    assert gwet_ac(ratings).value == pytest.approx(naive_gwet(matrix, quadratic=False))
    assert gwet_ac(ratings, weights="quadratic").value == pytest.approx(naive_gwet(matrix, quadratic=True))


@pytest.mark.parametrize("seed", range(5))
def test_pairs_equal_the_dull_count(seed):
    matrix = random_matrix(seed, units=60)
    by_name = {
        (pair.rater_a, pair.rater_b): pair
        for pair in pair_agreements(ratings_from_matrix(matrix), ordered=True)
    }
    assert set(by_name) == set(itertools.combinations(range(4), 2))
    for (a, b), pair in by_name.items():
        both = ~np.isnan(matrix[:, a]) & ~np.isnan(matrix[:, b])
        x, y = matrix[both, a], matrix[both, b]
        assert pair.n == both.sum()
        assert pair.exact == pytest.approx((x == y).mean())
        distances = {"linear": np.abs, "quadratic": np.square, "cohen": lambda d: (d != 0).astype(float)}
        for name, distance in distances.items():
            expected = 1 - distance(x - y).mean() / distance(x[:, None] - y[None, :]).mean()
            assert getattr(pair, f"{name}_kappa").value == pytest.approx(expected)


def test_quadratic_kappa_of_unseen_levels_rests_on_the_scores():
    first, second = [1, 1, 5, 5, 4, 1], [1, 5, 5, 5, 4, 1]
    codes = {value: code for code, value in enumerate([1, 2, 3, 4, 5])}
    full = cohen_kappa(
        [codes[v] for v in first], [codes[v] for v in second], [1, 2, 3, 4, 5], weights="quadratic"
    )
    seen = {value: code for code, value in enumerate([1, 4, 5])}
    few = cohen_kappa([seen[v] for v in first], [seen[v] for v in second], [1, 4, 5], weights="quadratic")
    assert few.value == pytest.approx(full.value)


class TestWhatCannotBeComputed:
    def test_one_category_says_so(self):
        ratings = ratings_from_matrix(np.full((12, 3), 4.0))
        icc = intraclass_correlations(ratings)
        for found in (
            krippendorff_alpha(ratings, "nominal"),
            krippendorff_alpha(ratings, "ordinal"),
            krippendorff_alpha(ratings, "interval"),
            gwet_ac(ratings),
            fleiss_kappa(ratings),
            icc.icc_1_1,
            icc.icc_2_1,
            icc.icc_3_1,
            cohen_kappa([0] * 9, [0] * 9, [4.0]),
        ):
            assert found.value is None
            assert found.lower is None
            assert "nothing to tell apart" in found.note
        assert percent_exact(ratings).value == 1.0

    def test_too_few_units_say_how_many_there_are(self):
        ratings = ratings_from_matrix([[1, 2], [2, 2], [3, np.nan]])
        for found in (krippendorff_alpha(ratings, "nominal"), gwet_ac(ratings), fleiss_kappa(ratings)):
            assert found.value is None
            assert "only 2 units" in found.note
        assert percent_exact(ratings).value == 0.5

    def test_no_unit_shared_is_no_agreement_at_all(self):
        ratings = ratings_from_matrix([[1, np.nan], [np.nan, 2]])
        assert percent_exact(ratings).value is None
        assert pair_agreements(ratings, ordered=True) == ()

    def test_full_agreement_has_a_value_and_no_false_certainty(self):
        ratings = ratings_from_matrix([[1, 1], [2, 2], [3, 3], [1, 1], [2, 2], [3, 3]])
        for found in (krippendorff_alpha(ratings, "ordinal"), gwet_ac(ratings), fleiss_kappa(ratings)):
            assert found.value == pytest.approx(1.0)
            assert found.lower is None
            assert found.note
        assert intraclass_correlations(ratings).icc_2_1.value == pytest.approx(1.0)
        assert percent_exact(ratings).lower < 1.0

    def test_text_has_no_distances(self):
        ratings = ratings_from_long(
            ["a", "a", "b"], ["x", "y", "x"], np.array(["yes", "no", None], dtype=object)
        )
        assert (ratings.n_ratings, ratings.levels) == (2, ("no", "yes"))
        with pytest.raises(ValueError, match="text"):
            krippendorff_alpha(ratings, "ordinal")

    def test_a_second_score_of_one_rater_is_the_callers_mistake(self):
        with pytest.raises(ValueError, match="twice"):
            ratings_from_long([1, 1], ["x", "x"], [3.0, 4.0])

    def test_missing_ratings_turn_mean_squares_into_a_mixed_model_and_say_so(self):
        random = np.random.default_rng(7)
        matrix = random.normal(0, 2, (80, 1)) + random.normal(0, 1, (1, 6)) + random.normal(0, 1, (80, 6))
        gapped, thinned = matrix.copy(), matrix.copy()
        gapped[3, 2] = np.nan
        thinned[random.random(matrix.shape) < 0.4] = np.nan
        whole, almost, half = (
            intraclass_correlations(ratings_from_matrix(table)) for table in (matrix, gapped, thinned)
        )
        for form in ("icc_1_1", "icc_2_1", "icc_3_1"):
            full, near, far = (getattr(one, form) for one in (whole, almost, half))
            assert full.note == ""
            assert near.note == far.note == "from a mixed model, since not every rater scored every unit"
            # For complete data REML and mean squares agree, so one missing rating moves little.
            assert near.value == pytest.approx(full.value, abs=0.005)
            assert far.value == pytest.approx(full.value, abs=0.06)
            assert far.lower < far.value < far.upper
            assert 0 < near.upper - near.lower < 2 * (full.upper - full.lower)

    def test_no_variance_between_units_has_a_value_of_0_and_no_interval(self):
        random = np.random.default_rng(1)
        matrix = np.array([1.0, 2.0, 3.0]) + random.permuted(np.tile([0.0, 0.1, -0.1], (10, 1)), axis=1)
        matrix[0, 0] = np.nan
        found = intraclass_correlations(ratings_from_matrix(matrix)).icc_1_1
        assert found.value == pytest.approx(0.0, abs=1e-6)
        assert found.lower is None
        assert "interval is not known" in found.note


matrices = st.integers(0, 10_000).map(
    lambda seed: random_matrix(seed, units=12, raters=3, levels=4, missing=0.2)
)


@settings(max_examples=40, deadline=None)
@given(matrices, st.randoms())
def test_neither_order_of_units_nor_of_raters_matters(matrix, random):
    rows, columns = list(range(12)), list(range(3))
    random.shuffle(rows)
    random.shuffle(columns)
    one, two = ratings_from_matrix(matrix), ratings_from_matrix(matrix[rows][:, columns])
    for scale in ("nominal", "ordinal", "interval"):
        left, right = (krippendorff_alpha(r, scale, resamples=100) for r in (one, two))
        assert left == right or [left.value, left.lower] == pytest.approx([right.value, right.lower])
    assert gwet_ac(one, weights="quadratic").value == pytest.approx(gwet_ac(two, weights="quadratic").value)
    assert percent_exact(one) == percent_exact(two)


def test_interval_alpha_of_continuous_scores_needs_no_table_of_values():
    random = np.random.default_rng(4)
    truth = random.normal(0, 1, 20_000)
    matrix = 1e6 + truth[:, None] + random.normal(0, 0.5, (20_000, 3))
    found = krippendorff_alpha(ratings_from_matrix(matrix), "interval", resamples=200)
    assert found.value == pytest.approx(0.8, abs=0.01)
    assert 0.003 < found.upper - found.lower < 0.02


def test_five_thousand_units_collapse_to_a_few_patterns():
    found = patterns(ratings_from_matrix(random_matrix(1, units=5000, raters=3, missing=0.1)))
    assert found.n_units == pytest.approx(5000, abs=20)
    assert found.times.size < 60


def test_bootstrap_interval_covers_the_truth_of_a_known_model():
    # Two raters of unit variance truth and equal noise: interval alpha is the share of variance, 1 / 1.5.
    random = np.random.default_rng(11)
    covered = 0
    for _ in range(200):
        matrix = random.normal(0, 1, 60)[:, None] + random.normal(0, np.sqrt(0.5), (60, 2))
        found = krippendorff_alpha(ratings_from_matrix(matrix), "interval", resamples=400)
        covered += found.lower <= 2 / 3 <= found.upper
    assert 0.88 <= covered / 200 <= 0.98
