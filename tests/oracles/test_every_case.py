"""Every published case beside the checkout has a test at its tolerance, or a reason why it has none.

Most tables are transcribed into the tests of their method; `TESTED` says where. The cases of agreement are
read here as they are, so that a slip of transcription cannot hide.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pipelines.stats.chance_corrected import fleiss_kappa, gwet_ac
from pipelines.stats.icc import intraclass_correlations
from pipelines.stats.intervals import newcombe_difference, wilson
from pipelines.stats.kappa import cohen_kappa
from pipelines.stats.krippendorff import krippendorff_alpha
from pipelines.stats.mixed import fit_crossed
from pipelines.stats.ratings import ratings_from_counts, ratings_from_matrix

SHARED = Path(__file__).parents[3] / "shared" / "oracles"
STATS = Path(__file__).parents[1] / "stats"
AGREEMENT, SHRINKAGE = "test_agreement_coefficients", "test_shrinkage_and_funnels"
CHARTS, ADJUSTMENT, EFFECTS = (
    "test_charts_survival_splits",
    "test_adjustment",
    "test_effects_and_regression",
)

TESTED = {
    "aipw__cattaneo2_stata_teffects": (EFFECTS, "test_birth_weights_are_those_of_stata"),
    "cohen_kappa__sas_3x3_printout": (AGREEMENT, "test_cohen_kappa_is_the_one_printed"),
    "cohen_kappa__wikipedia_2x2": (AGREEMENT, "test_cohen_kappa_is_the_one_printed"),
    "das_gupta_multifactor__das_gupta1993_examples_2_2_2_4_4_3": (
        CHARTS,
        "test_products_split_as_das_gupta_prints",
    ),
    "did__kiel_mcclain_incinerator": (ADJUSTMENT, "test_the_incinerator_moved_house_prices_as_published"),
    "eb_beta_binomial__bda_rat_tumors": (SHRINKAGE, "test_maximum_likelihood_is_that_of_the_rat_tumours"),
    "eb_james_stein__efron_morris_baseball": (
        SHRINKAGE,
        "test_batting_averages_are_those_of_efron_and_morris",
    ),
    "eb_normal__raudenbush1985_expectancy": (SHRINKAGE, "test_expectancy_studies_are_as_published"),
    "eb_normal__rubin1981_eight_schools_boundary": (
        SHRINKAGE,
        "test_eight_schools_are_at_the_boundary_without_an_interval_of_no_width",
    ),
    "erlang_a__gans_koole_mandelbaum2003_table": (
        CHARTS,
        "test_erlang_a_and_c_are_the_published_comparison",
    ),
    "erlang_c__mitan_55_agents": (CHARTS, "test_erlang_c_is_the_worked_example"),
    "funnel_overdispersion__funnelplotr_shmi_phi": (
        SHRINKAGE,
        "test_over_dispersion_is_that_of_the_mortality_indicator",
    ),
    "funnel_poisson_sr__funnelplotr_exact_limits": (SHRINKAGE, "test_ratio_limits_are_the_exact_ones"),
    "funnel_proportion__phe_breastfeeding_like_303_areas": (
        SHRINKAGE,
        "test_proportion_limits_are_those_of_public_health_england",
    ),
    "funnel_ratio__phe_isr_limits": (SHRINKAGE, "test_poisson_limits_are_those_of_public_health_england"),
    "indirect_standardisation__phe_isr_ratio": (
        SHRINKAGE,
        "test_ratios_are_those_of_public_health_england",
    ),
    "its__lopez_bernal2017_sicily": (ADJUSTMENT, "test_the_smoking_ban_is_that_of_the_tutorial"),
    "jeffreys__brown_cai_dasgupta2001_n10": (
        ADJUSTMENT,
        "test_jeffreys_limits_are_those_of_brown_cai_and_dasgupta",
    ),
    "kaplan_meier__aml_survfit": (CHARTS, "test_curves_are_those_of_survfit"),
    "kaplan_meier__lung_ncctg": (CHARTS, "test_lung_cancer_survival_is_that_of_survfit"),
    "kitagawa__das_gupta1993_table_5_1_household_heads": (CHARTS, "test_mix_and_rate_are_kitagawas"),
    "lmdi__lmdir_simple_example": (CHARTS, "test_log_mean_splits_are_those_of_lmdir"),
    "oaxaca_blinder__statsmodels_ccard_stata": (
        ADJUSTMENT,
        "test_the_credit_card_gap_splits_as_in_stata",
    ),
    "percent_agreement__irr_video_exact_adjacent": (
        AGREEMENT,
        "test_exact_and_adjacent_agreement_are_those_of_irr",
    ),
    "poststratification__survey_apiclus1": (
        ADJUSTMENT,
        "test_school_means_are_those_of_the_survey_package",
    ),
    "selection_bias__lalonde_dehejia_wahba": (EFFECTS, "test_a_randomised_trial_keeps_its_answer"),
    "spc_cusum__montgomery_table_9_1": (CHARTS, "test_cusum_and_ewma"),
    "spc_laney_p__nhs_ae_4h_mohammed2013": (CHARTS, "test_laney_widens_the_limits_of_huge_counts"),
    "spc_p_chart__montgomery_orange_juice": (CHARTS, "test_p_chart"),
    "spc_u_chart__montgomery_pc_manufacture": (CHARTS, "test_u_chart"),
    "spc_xmr__montgomery_viscosity": (CHARTS, "test_xmr_chart"),
}
HERE = {
    "cohen_kappa__cohen1968_weighted",
    "fleiss_kappa__wikipedia_14raters_10subjects",
    "gwet_ac__cont3x3abstractors_unweighted",
    "gwet_ac__distrib6raters_counts",
    "gwet_ac__raw4raters_unweighted",
    "icc__shrout_fleiss1979",
    "kappa_paradox__feinstein_cicchetti1990",
    "krippendorff_alpha__krippendorff2011_4x12",
    "krippendorff_alpha__krippendorff2011_binary_2x10",
    "krippendorff_alpha__krippendorff2011_nominal_2x12",
    "lmm_crossed__lme4_penicillin_reml",
    "lmm_nested__lme4_pastes_reml",
    "lmm_random_intercept__lme4_dyestuff_reml",
    "mfrm_jmle__simulated_36x5x4_two_optimisers",
    "wilson__newcombe1998_single_proportion",
    "wilson_difference__newcombe1998_two_proportions",
}
NOT_OURS = {
    "lmm_crossed__mixedmodels_insteval_ml": "its 73,421 ratings are not beside the checkout, only their name",
    "lmm_random_slope__lme4_sleepstudy_reml": "no number of ours rests on random slopes",
    "rasch_mml__lsat_rizopoulos2006": "no number of ours rests on a response model of right and wrong items",
}


def case(name: str) -> dict[str, Any]:
    """A published case; its test is skipped where it is not beside the checkout."""
    path = SHARED / f"{name}.json"
    if not path.exists():
        pytest.skip(f"the published case ../shared/oracles/{name}.json is not here")
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def pairs_of(table: Any) -> np.ndarray:
    """Two raters' codes from a table of counts."""
    cells = [(a, b) for a, row in enumerate(table) for b, n in enumerate(row) for _ in range(round(n))]
    return np.array(cells).T


def test_every_case_has_its_test_or_a_reason() -> None:
    if not SHARED.is_dir():
        pytest.skip("the published cases ../shared/oracles are not here")
    there = {path.stem for path in SHARED.glob("*.json")}
    assert there == {*TESTED, *HERE, *NOT_OURS}
    assert all(len(reason) > 20 for reason in NOT_OURS.values())


def test_every_test_that_is_named_is_there() -> None:
    for name, (module, test) in TESTED.items():
        text = (STATS / f"{module}.py").read_text("utf-8")
        assert re.search(rf"def {test}\(", text), name
    own = Path(__file__).read_text("utf-8")
    for name in HERE:
        assert f'case("{name}")' in own or name.startswith("krippendorff_alpha__"), name


def test_cohens_own_weights() -> None:
    found = case("cohen_kappa__cohen1968_weighted")
    first, second = pairs_of(np.array(found["data"]["table"]) * found["data"]["n"])
    near = {"abs": found["tolerance"]}
    wanted = found["published"]
    assert first.size == found["data"]["n"]
    assert cohen_kappa(first, second, [0, 1, 2]).value == pytest.approx(wanted["kappa"], **near)
    for key, weights in (
        ("kappa_weighted", "disagreement_weights"),
        ("kappa_weighted_asymmetric", "disagreement_weights_asymmetric"),
    ):
        told = cohen_kappa(first, second, [0, 1, 2], disagreement=found["params"][weights])
        assert told.value == pytest.approx(wanted[key], **near)
        assert told.lower is not None and told.lower < wanted[key] < told.upper


def test_weights_of_ones_own_are_the_named_ones_where_they_are_alike() -> None:
    random = np.random.default_rng(4)
    first = random.integers(0, 4, 60)
    second = np.clip(first + random.integers(-1, 2, 60), 0, 3)
    x = np.array([0.0, 1.0, 2.0, 5.0])
    for name, power in (("linear", 1), ("quadratic", 2)):
        own = np.abs(x[:, None] - x[None, :]) ** power
        named = cohen_kappa(first, second, x, weights=name)
        told = cohen_kappa(first, second, x, disagreement=own)
        assert (told.value, told.standard_error) == pytest.approx((named.value, named.standard_error))


def test_the_kappa_paradox() -> None:
    found = case("kappa_paradox__feinstein_cicchetti1990")
    for kind in ("balanced", "skewed"):
        first, second = pairs_of(found["data"][kind])
        near = {"abs": found["tolerance"]}
        assert (first == second).mean() == pytest.approx(found["published"][f"po_{kind}"], **near)
        kappa = cohen_kappa(first, second, [0, 1]).value
        assert kappa == pytest.approx(found["published"][f"kappa_{kind}"], **near)


def test_fleiss() -> None:
    found = case("fleiss_kappa__wikipedia_14raters_10subjects")
    told = fleiss_kappa(ratings_from_counts(found["data"]["counts"]))
    assert told.value == pytest.approx(found["published"]["kappa"], abs=found["tolerance"])


def test_gwet_on_a_table_of_two_raters() -> None:
    found = case("gwet_ac__cont3x3abstractors_unweighted")
    first, second = pairs_of(found["data"]["table"])
    ratings = ratings_from_matrix(np.column_stack([first, second]))
    wanted, near = found["published"], {"abs": found["tolerance"]["default"]}
    assert gwet_ac(ratings).value == pytest.approx(wanted["gwet_ac"], **near)
    assert cohen_kappa(first, second, [0, 1, 2]).value == pytest.approx(wanted["cohen_kappa"], **near)
    assert krippendorff_alpha(ratings, "nominal").value == pytest.approx(wanted["krippendorff_alpha"], **near)


def test_gwet_on_counts_of_six_raters() -> None:
    found = case("gwet_ac__distrib6raters_counts")
    ratings = ratings_from_counts(found["data"]["counts"])
    wanted, tolerance = found["published"], found["tolerance"]
    for key, told in (("gwet_ac", gwet_ac(ratings)), ("fleiss_kappa", fleiss_kappa(ratings))):
        near = {"abs": tolerance["default"]}
        assert [told.value, told.standard_error] == pytest.approx([wanted[key], wanted[f"{key}_se"]], **near)
        limits = [wanted[f"{key}_ci_low"], wanted[f"{key}_ci_high"]]
        assert [told.lower, told.upper] == pytest.approx(limits, abs=tolerance[f"{key}_ci_low"])
    alpha = krippendorff_alpha(ratings, "nominal").value
    assert alpha == pytest.approx(wanted["krippendorff_alpha"], abs=tolerance["default"])


def test_gwet_with_missing_ratings() -> None:
    found = case("gwet_ac__raw4raters_unweighted")
    ratings = ratings_from_matrix(found["data"]["ratings"])
    wanted, near = found["published"], {"abs": found["tolerance"]["default"]}
    for key, told in (("gwet_ac", gwet_ac(ratings)), ("fleiss_kappa", fleiss_kappa(ratings))):
        assert [told.value, told.standard_error] == pytest.approx([wanted[key], wanted[f"{key}_se"]], **near)
        assert told.lower == pytest.approx(wanted[f"{key}_ci_low"], abs=0.0005)
    assert krippendorff_alpha(ratings, "nominal").value == pytest.approx(wanted["krippendorff_alpha"], **near)


def test_intraclass_correlations() -> None:
    found = case("icc__shrout_fleiss1979")
    told = intraclass_correlations(ratings_from_matrix(found["data"]["ratings"]))
    for place, (form, key) in enumerate(
        (("icc_1_1", "ICC(1,1)"), ("icc_2_1", "ICC(2,1)"), ("icc_3_1", "ICC(3,1)"))
    ):
        one, wanted = getattr(told, form), found["published"]
        limits = [wanted["ci_low"][place], wanted["ci_high"][place]]
        assert [one.value, one.lower, one.upper] == pytest.approx(
            [wanted[key], *limits], abs=found["tolerance"]
        )


@pytest.mark.parametrize("which", ["4x12", "binary_2x10", "nominal_2x12"])
def test_krippendorff(which: str) -> None:
    found = case(f"krippendorff_alpha__krippendorff2011_{which}")
    letters = {letter: number for number, letter in enumerate("abcdefgh")}
    matrix = [[letters.get(one, one) for one in row] for row in found["data"]["ratings"]]
    ratings = ratings_from_matrix(np.array(matrix, dtype=np.float64).T)
    for scale in ("nominal", "ordinal", "interval"):
        if scale in found["published"]:
            told = krippendorff_alpha(ratings, scale).value
            assert told == pytest.approx(found["published"][scale], abs=found["tolerance"])


def codes(names: Any) -> np.ndarray:
    return np.unique(np.asarray(names), return_inverse=True)[1]


def test_lme4_penicillin() -> None:
    found = case("lmm_crossed__lme4_penicillin_reml")
    data, wanted, near = found["data"], found["published"], {"abs": found["tolerance"]["default"]}
    fit = fit_crossed(data["diameter"], {"plate": codes(data["plate"]), "sample": codes(data["sample"])})
    assert fit.criterion == pytest.approx(wanted["reml_criterion"], **near)
    sds = [fit.sd["plate"], fit.sd["sample"], fit.residual_sd]
    assert sds == pytest.approx([wanted[f"sd_{name}"] for name in ("plate", "sample", "residual")], **near)
    assert fit.effects["sample"].value == pytest.approx(wanted["ranef_sample"], abs=5e-5)
    assert fit.effects["plate"].value[:8] == pytest.approx(wanted["ranef_plate_a_to_h"], abs=5e-5)


def test_lme4_pastes() -> None:
    found = case("lmm_nested__lme4_pastes_reml")
    data, wanted, near = found["data"], found["published"], {"abs": found["tolerance"]["default"]}
    names = [f"{batch}:{cask}" for batch, cask in zip(data["batch"], data["cask"], strict=True)]
    fit = fit_crossed(data["strength"], {"batch": codes(data["batch"]), "sample": codes(names)})
    assert fit.criterion == pytest.approx(wanted["reml_criterion"], **near)
    assert fit.sd["batch"] == pytest.approx(wanted["sd_batch"], **near)
    assert fit.sd["sample"] == pytest.approx(wanted["sd_sample"], **near)
    told = dict(zip(np.unique(names).tolist(), fit.effects["sample"].value, strict=True))
    assert [told[name] for name in wanted["ranef"]] == pytest.approx(list(wanted["ranef"].values()), abs=2e-5)


def test_lme4_dyestuff() -> None:
    found = case("lmm_random_intercept__lme4_dyestuff_reml")
    data, wanted, tolerance = found["data"], found["published"], found["tolerance"]
    fit = fit_crossed(data["yield"], {"batch": codes(data["batch"])})
    assert fit.criterion == pytest.approx(wanted["reml_criterion"], abs=tolerance["reml_criterion"])
    sds = [wanted["sd_batch"], wanted["sd_residual"]]
    assert [fit.sd["batch"], fit.residual_sd] == pytest.approx(sds, abs=tolerance["default"])
    assert fit.fixed[0] + 0 == pytest.approx(wanted["intercept"], abs=tolerance["intercept"])


def test_severity_in_points_follows_that_of_a_many_facet_rasch_model() -> None:
    # Another model of the same scores: on its logit scale graders must stand as they do on ours in points.
    found = case("mfrm_jmle__simulated_36x5x4_two_optimisers")
    data = {name: np.array(values) for name, values in found["data"].items() if name != "layout"}
    difficulty = np.eye(4)[data["criterion"]][:, 1:]
    fit = fit_crossed(data["score"], {"contact": data["contact"], "grader": data["grader"]}, difficulty)
    severity = -fit.effects["grader"].value
    wanted = np.array(found["published"]["severity"])
    assert np.argsort(severity).tolist() == np.argsort(wanted).tolist()
    assert np.corrcoef(severity, wanted)[0, 1] > 0.99


def test_limits_of_one_proportion_and_of_a_difference() -> None:
    found = case("wilson__newcombe1998_single_proportion")
    for (x, n), limits in zip(found["data"]["x_n"], found["published"]["wilson"], strict=True):
        assert np.array(wilson(x, n)) == pytest.approx(limits, abs=found["tolerance"])
    found = case("wilson_difference__newcombe1998_two_proportions")
    both = zip(found["data"]["x1_n1_x2_n2"], found["published"]["method10"], strict=True)
    for counts, limits in both:
        assert np.array(newcombe_difference(*counts)[1:]) == pytest.approx(limits, abs=found["tolerance"])
