"""The crossed mixed model against lme4's printed results, against a dense second form, and on known truth."""

import tomllib
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from pipelines.stats.connectivity import connected_parts, shared_contacts_for_difference
from pipelines.stats.mixed import fit_crossed
from pipelines.stats.mixed_design import design
from pipelines.stats.mixed_system import System

ORACLE = tomllib.loads((Path(__file__).parents[1] / "oracles" / "lme4_davies_goldsmith.toml").read_text())


def codes(names):
    return np.unique(names, return_inverse=True)[1]


def test_crossed_factors_are_those_lme4_prints():
    case = ORACLE["penicillin"]
    factors = {"plate": codes(case["plate"]), "sample": codes(case["sample"])}
    fit = fit_crossed(case["diameter"], factors)
    near = {"abs": 6e-5}
    assert fit.criterion == pytest.approx(case["criterion"], **near)
    assert fit.sd["plate"] == pytest.approx(case["sd_plate"], **near)
    assert fit.sd["sample"] == pytest.approx(case["sd_sample"], **near)
    assert fit.residual_sd == pytest.approx(case["sd_residual"], **near)
    assert fit.mean == pytest.approx(case["intercept"], abs=0.006)
    sample, plate = fit.effects["sample"], fit.effects["plate"]
    assert sample.value == pytest.approx(case["effect_of_sample"], **near)
    assert plate.value[:8] == pytest.approx(case["effect_of_plate"], **near)
    assert sample.conditional_sd**2 == pytest.approx([case["variance_of_sample"]] * 6, **near)
    assert plate.conditional_sd**2 == pytest.approx([case["variance_of_plate"]] * 24, **near)
    assert (sample.standard_error > sample.conditional_sd).all()


def test_nested_factors_need_codes_of_their_own():
    case = ORACLE["pastes"]
    names = [f"{batch}:{cask}" for batch, cask in zip(case["batch"], case["cask"], strict=True)]
    fit = fit_crossed(case["strength"], {"batch": codes(case["batch"]), "sample": codes(names)})
    near = {"abs": 6e-5}
    assert fit.criterion == pytest.approx(case["criterion"], **near)
    assert [fit.sd["sample"], fit.sd["batch"], fit.residual_sd] == pytest.approx(
        [case["sd_sample"], case["sd_batch"], case["sd_residual"]], **near
    )
    found = dict(zip(np.unique(names), fit.effects["sample"].value, strict=True))
    for name, effect in case["effects"].items():
        assert found[name] == pytest.approx(effect, **near)
    wrong = fit_crossed(case["strength"], {"batch": codes(case["batch"]), "cask": codes(case["cask"])})
    assert wrong.criterion == pytest.approx(case["criterion_of_reused_labels"], **near)
    assert [wrong.sd["batch"], wrong.sd["cask"], wrong.residual_sd] == pytest.approx(
        case["sd_of_reused_labels"], abs=2e-4
    )


def test_one_factor_is_the_one_lme4_prints():
    case = ORACLE["dyestuff"]
    fit = fit_crossed(case["yield"], {"batch": codes(case["batch"])})
    assert fit.criterion == pytest.approx(case["criterion"], abs=6e-5)
    assert [fit.sd["batch"], fit.residual_sd] == pytest.approx(
        [case["sd_batch"], case["sd_residual"]], abs=0.006
    )
    assert fit.fixed == pytest.approx([case["intercept"]])


def simulated(seed, *, n=400, agents=12, graders=5, columns=2):
    random = np.random.default_rng(seed)
    agent, grader = random.integers(0, agents, n), random.integers(0, graders, n)
    fixed = random.normal(size=(n, columns))
    skill, severity = random.normal(0, 4, agents), random.normal(0, 3, graders)
    slopes = np.arange(1, columns + 1)
    y = 80 + skill[agent] + severity[grader] + fixed @ slopes + random.normal(0, 6, n)
    return y, {"agent": codes(agent), "grader": codes(grader)}, fixed, skill, severity


@pytest.mark.parametrize("seed", range(3))
def test_predictions_equal_the_dense_normal_equations(seed):
    y, factors, fixed, _, _ = simulated(seed)
    fit = fit_crossed(y, factors, fixed, average_variances=False)
    x = np.column_stack([np.ones(y.size), fixed])
    z = np.column_stack([np.eye(code.max() + 1)[code] for code in factors.values()])
    sizes = [code.max() + 1 for code in factors.values()]
    variances = np.repeat([fit.sd["agent"] ** 2, fit.sd["grader"] ** 2], sizes)
    whole = np.hstack([z, x])
    left = whole.T @ whole / fit.residual_sd**2
    left[: z.shape[1], : z.shape[1]] += np.diag(1 / variances)
    inverse = np.linalg.inv(left)
    solution = inverse @ whole.T @ y / fit.residual_sd**2
    effects = np.concatenate([fit.effects["agent"].value, fit.effects["grader"].value])
    errors = np.concatenate([fit.effects["agent"].standard_error, fit.effects["grader"].standard_error])
    assert effects == pytest.approx(solution[: z.shape[1]], abs=1e-6)
    assert fit.fixed == pytest.approx(solution[z.shape[1] :], abs=1e-6)
    assert errors == pytest.approx(np.sqrt(np.diag(inverse))[: z.shape[1]], abs=1e-6)
    assert fit.fixed_error == pytest.approx(np.sqrt(np.diag(inverse))[z.shape[1] :], abs=1e-6)
    # Each agent at the mean of the columns by the mean grader; each level against those of its half.
    row = np.zeros((sizes[0], whole.shape[1]))
    row[:, z.shape[1] :] = x.mean(axis=0)
    row[:, sizes[0] : z.shape[1]] = 1 / sizes[1]
    row[np.arange(sizes[0]), np.arange(sizes[0])] = 1
    parts = {
        "agent": sparse.eye_array(sizes[0]).tocsr(),
        "grader": sparse.csr_array(np.full((sizes[0], sizes[1]), 1 / sizes[1])),
    }
    found = fit.combine(parts, np.repeat(fixed.mean(axis=0)[None], sizes[0], axis=0))
    assert found.value == pytest.approx(row @ solution, abs=1e-6)
    assert found.standard_error == pytest.approx(np.sqrt(np.diag(row @ inverse @ row.T)), abs=1e-6)
    half = np.arange(sizes[0]) % 2
    for name, start, count in (("agent", 0, sizes[0]), ("grader", sizes[0], sizes[1])):
        group = half[:count]
        row = np.zeros((count, whole.shape[1]))
        row[:, start : start + count] = np.eye(count) - (group[:, None] == group) / np.bincount(group)[group]
        found = fit.combine({name: sparse.eye_array(count).tocsr()}, centre=group)
        assert found.value == pytest.approx(row @ solution, abs=1e-6)
        assert found.standard_error == pytest.approx(np.sqrt(np.diag(row @ inverse @ row.T)), abs=1e-6)


@pytest.mark.parametrize("restricted", [True, False])
def test_slopes_of_the_criterion_are_those_of_small_steps(restricted):
    y, factors, fixed, _, _ = simulated(4)
    system = System(design(y, {**factors, "third": factors["agent"] // 3}, fixed), restricted=restricted)
    at = np.array([0.7, 0.4, 0.2])
    _, slopes = system.criterion_and_slopes(at)
    steps = 1e-5 * np.eye(3)
    expected = [(system.criterion(at + step) - system.criterion(at - step)) / 2e-5 for step in steps]
    assert slopes == pytest.approx(expected, rel=1e-5)


def test_neither_order_of_factors_nor_of_rows_matters():
    y, factors, fixed, _, _ = simulated(5)
    one = fit_crossed(y, factors, fixed)
    order = np.random.default_rng(0).permutation(y.size)
    other = fit_crossed(
        y[order], {name: factors[name][order] for name in ("grader", "agent")}, fixed[order][:, ::-1]
    )
    assert other.criterion == pytest.approx(one.criterion)
    for name in factors:
        assert other.effects[name].value == pytest.approx(one.effects[name].value, abs=1e-4)
        assert other.effects[name].standard_error == pytest.approx(one.effects[name].standard_error, rel=1e-3)


def test_a_column_that_depends_on_others_is_dropped():
    y, factors, fixed, _, _ = simulated(2)
    doubled = np.column_stack([fixed, fixed.sum(axis=1), np.zeros(y.size)])
    one, other = fit_crossed(y, factors, fixed), fit_crossed(y, factors, doubled)
    assert other.kept.tolist() == [0, 1, 2]
    assert other.criterion == pytest.approx(one.criterion)


@pytest.mark.parametrize("seed", range(6))
def test_a_variance_of_zero_never_gives_an_interval_of_no_width(seed):
    random = np.random.default_rng(seed)
    y = random.normal(50, 1, 60)
    # Means of the groups that are closer than chance would have them: the variance is at its boundary.
    group = np.repeat(np.arange(6), 10)
    y -= np.array([y[group == g].mean() for g in range(6)])[group]
    fit = fit_crossed(y, {"group": group})
    assert fit.sd["group"] == 0.0
    assert fit.effects["group"].value == pytest.approx(np.zeros(6), abs=1e-9)
    assert (fit.effects["group"].standard_error > 0.05).all()
    assert fit.sd_range["group"][1] > 0.1


def test_many_small_levels_cost_no_rows_and_give_the_same_fit(monkeypatch):
    from pipelines.stats import mixed_design

    random = np.random.default_rng(8)
    contact = np.concatenate([np.arange(200), random.integers(0, 200, 100)])
    agent = (contact * 7) % 20
    grader = random.integers(0, 6, contact.size)
    y = (
        70
        + random.normal(0, 5, 200)[contact]
        + random.normal(0, 3, 6)[grader]
        + random.normal(0, 4, contact.size)
    )
    factors = {"contact": contact, "agent": agent, "grader": grader}
    options = {"predict": ["grader"], "average_variances": False}
    grouped = fit_crossed(y, factors, **options)
    monkeypatch.setattr(mixed_design, "_QUICK_CELLS", 0)
    dense = fit_crossed(y, factors, **options)
    monkeypatch.setattr(mixed_design, "_DENSE_CELLS", 0)
    monkeypatch.setattr(mixed_design, "_GROUPED_CELLS", 0)
    thin = fit_crossed(y, factors, **options)
    for other in (grouped, thin):
        assert other.criterion == pytest.approx(dense.criterion)
        assert other.effects["grader"].value == pytest.approx(dense.effects["grader"].value, abs=1e-5)
    assert set(dense.effects) == {"grader"}


def test_missing_or_uneven_input_is_the_callers_mistake():
    with pytest.raises(ValueError, match="finite"):
        fit_crossed([1.0, np.nan, 2.0], {"a": [0, 1, 1]})
    with pytest.raises(ValueError, match="one value an observation"):
        fit_crossed([1.0, 2.0, 3.0], {"a": [0, 1]})
    with pytest.raises(ValueError, match="too few"):
        fit_crossed([1.0], {"a": [0]})


@pytest.mark.slow
def test_intervals_of_effects_cover_the_truth():
    covered = {"agent": [], "grader": []}
    for seed in range(40):
        y, factors, fixed, skill, severity = simulated(seed, n=300, agents=20, graders=6)
        fit = fit_crossed(y, factors, fixed)
        for name, truth in (("agent", skill), ("grader", severity)):
            effect = fit.effects[name]
            covered[name] += (np.abs(effect.value - truth) <= 1.96 * effect.standard_error).tolist()
    # 40 seeds of 20 and 6 levels that share one intercept: about 1.5 and 2 points of noise.
    assert 0.92 <= np.mean(covered["agent"]) <= 0.98
    assert 0.92 <= np.mean(covered["grader"]) <= 0.99


class TestParts:
    def test_graders_who_share_no_agent_and_no_contact_are_apart(self):
        agents, graders = [0, 0, 1, 2, 3], [0, 1, 1, 2, 2]
        parts = connected_parts(agents, graders)
        assert parts.count == 2
        assert parts.of_observation.tolist() == [0, 0, 0, 1, 1]
        assert parts.of_level[0].tolist() == [0, 0, 1, 1]
        assert parts.of_level[1].tolist() == [0, 0, 1]
        assert parts.sizes.tolist() == [3, 2]

    def test_one_shared_contact_joins_them(self):
        contacts = [0, 1, 2, 3, 3]
        graders = [0, 1, 1, 1, 2]
        assert connected_parts([0, 0, 1, -1, -1], graders, contacts).count == 1
        assert connected_parts([0, 0, 1, -1, -1], graders, [0, 1, 2, 3, 4]).count == 2

    def test_shared_contacts_for_a_margin(self):
        # 2 · (1.96 · 10 / 5)² = 30.7
        assert shared_contacts_for_difference(10, 5) == 31
        with pytest.raises(ValueError, match="above 0"):
            shared_contacts_for_difference(10, 0)


def test_effects_without_a_residual_do_not_break_the_fit():
    agent, grader = np.divmod(np.arange(24), 4)
    y = np.array([1.0, 5, 2, 9, 7, 3])[agent] + np.array([0.0, 2, 4, 1])[grader]
    fit = fit_crossed(y, {"agent": agent, "grader": grader})
    assert fit.residual_sd < 0.02
    assert np.corrcoef(fit.effects["agent"].value, [1, 5, 2, 9, 7, 3])[0, 1] > 0.999
