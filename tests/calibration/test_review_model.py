"""Calibrated scores, severity, drift and parts, held against the truth that made the reviews."""

import numpy as np
import polars as pl
import pytest

from pipelines.calibration.bands import bands, more_to_tell
from pipelines.calibration.model import fit_reviews
from pipelines.calibration.parts import joins
from pipelines.calibration.scores import calibrated_scores
from pipelines.calibration.severity import grader_severity, severity_by_criterion
from pipelines.stats.multiplicity import benjamini_hochberg, discovery_thresholds


@pytest.fixture(scope="module")
def model(world):
    return fit_reviews(world.reviews)


@pytest.fixture(scope="module")
def scores(model):
    return calibrated_scores(model)


def against(table, key, truth):
    return table.with_columns(truth=pl.col(key).replace_strict(truth, return_dtype=pl.Float64))


def test_calibrated_scores_are_nearer_the_truth_than_raw_ones(scores, world):
    agents = against(scores.agents, "agent_id", world.skill)
    raw, calibrated = (
        np.corrcoef(agents[name], agents["truth"])[0, 1] for name in ("raw_score", "calibrated_score")
    )
    assert calibrated > raw
    centred = agents["truth"] - agents["truth"].mean()
    assert np.abs(agents["deviation"] - centred).mean() < 2.0
    inside = (agents["deviation_lower"] <= centred) & (centred <= agents["deviation_upper"])
    assert inside.mean() >= 0.85


def test_a_raw_deviation_splits_exactly_into_its_parts(scores, world):
    agents = scores.agents
    raw = agents["raw_score"] - world.reviews.filter(pl.col("purpose") == "routine")["raw_score"].mean()
    parts = agents["severity_part"] + agents["mix_part"] + agents["chance_part"] + agents["deviation"]
    assert parts.to_numpy() == pytest.approx(raw.to_numpy(), abs=1e-9)


def test_raw_scores_are_means_of_routine_reviews(scores, world):
    expected = (
        world.reviews.filter(pl.col("purpose") == "routine")
        .group_by("agent_id")
        .agg(mean=pl.col("raw_score").mean(), n=pl.len())
        .sort("agent_id")
    )
    found = scores.agents.sort("agent_id")
    assert found["raw_score"].to_numpy() == pytest.approx(expected["mean"].to_numpy())
    assert found["n_routine"].to_list() == expected["n"].to_list()
    assert (found["n_reviews"] >= found["n_routine"]).all()


def test_deviations_are_against_the_program(scores):
    assert scores.agents["deviation"].sum() == pytest.approx(0.0, abs=1e-9)


def test_who_changes_band_has_a_reason_and_nobody_else(scores):
    agents = scores.agents
    assert scores.changed == agents["band_changed"].sum()
    assert agents.filter("band_changed")["because"].null_count() == 0
    assert agents.filter(~pl.col("band_changed"))["because"].null_count() == agents.height - scores.changed
    assert set(agents["band"]) <= {"above", "within", "below"}


def test_more_reviews_are_0_for_those_who_are_told_and_few_for_the_nearly_told(scores):
    agents = scores.agents
    told = agents.filter(pl.col("band") != "within")
    assert told.height > 0
    assert (told["more_reviews"] == 0).all()
    near = agents.filter(pl.col("band") == "within").sort("p_value")
    assert near["more_reviews"][0] is not None
    assert near["more_reviews"][0] >= 1


def test_severity_is_recovered_with_its_sign(model, world):
    found = against(grader_severity(model), "grader_id", world.severity)
    assert np.corrcoef(found["severity"], found["truth"])[0, 1] > 0.95
    assert ((found["lower"] <= found["truth"]) & (found["truth"] <= found["upper"])).mean() >= 0.8
    assert found["severity"].sum() == pytest.approx(0.0, abs=1e-9)
    strictest = found.sort("truth")[-1]
    assert strictest["verdict"][0] in ("strict", "inside")
    assert found["severity"].is_sorted(descending=True)


def test_severity_of_one_criterion_sits_in_that_criterion(world):
    random = np.random.default_rng(3)
    ratings = pl.concat(
        [
            world.reviews.drop("raw_score").with_columns(
                criterion_id=pl.lit(name),
                min=pl.lit(0.0),
                max=pl.lit(10.0),
                score=pl.Series(random.normal(7, 1, world.reviews.height))
                - (pl.col("grader_id") == "g02").cast(pl.Float64) * shift,
            )
            for name, shift in (("tone", 0.0), ("policy", 2.0))
        ]
    )
    found = severity_by_criterion(ratings)
    verdicts = {
        (row["criterion_id"], row["grader_id"]): row["verdict"] for row in found.iter_rows(named=True)
    }
    assert verdicts["policy", "g02"] == "strict"
    assert verdicts["tone", "g02"] == "inside"
    policy = found.filter(pl.col("criterion_id") == "policy", pl.col("grader_id") == "g02")["severity"][0]
    # Two of ten points against the mean of five graders: 20 · 4/5.
    assert policy == pytest.approx(16, abs=3)


def test_a_criterion_that_never_varies_has_no_severity(world):
    ratings = world.reviews.with_columns(criterion_id=pl.lit("x"), score=5.0, min=0.0, max=10.0)
    assert severity_by_criterion(ratings).is_empty()


def test_scores_are_on_the_standard_of_the_expert_where_there_is_one(world, scores):
    # The expert sees 40 routine contacts again, each 3 points above what the average grader would give.
    seen = world.reviews.filter(pl.col("purpose") == "routine").sample(40, seed=4)
    severity = seen["grader_id"].replace_strict(world.severity, return_dtype=pl.Float64)
    expert = seen.with_columns(
        review_id=pl.concat_str(pl.lit("x"), pl.col("review_id")),
        grader_id=pl.lit("expert"),
        purpose=pl.lit("reference"),
        raw_score=pl.col("raw_score") + severity + 3,
    )
    found = calibrated_scores(fit_reviews(pl.concat([world.reviews, expert])))
    assert (scores.standard, found.standard) == ("average grader", "expert")
    agents = scores.agents.join(found.agents, on="agent_id", suffix="_expert")
    shift = agents["calibrated_score_expert"] - agents["calibrated_score"]
    assert shift.mean() == pytest.approx(3, abs=1.0)
    assert np.corrcoef(agents["deviation"], agents["deviation_expert"])[0, 1] > 0.98


def apart(make_world):
    one = make_world(1, agents=5, graders=2, per_agent=8)
    other = make_world(2, agents=6, graders=3, per_agent=10)
    moved = other.reviews.with_columns(
        pl.concat_str(pl.lit("x"), pl.col(name)).alias(name)
        for name in ("review_id", "contact_id", "agent_id", "grader_id")
    )
    return pl.concat([one.reviews, moved])


def test_parts_that_share_nothing_are_named_and_told_what_would_join_them(make_world):
    reviews = apart(make_world)
    model = fit_reviews(reviews)
    found = joins(model)
    assert found.parts["part"].to_list() == [0, 1]
    assert found.parts["graders"].to_list() == [["xg00", "xg01", "xg02"], ["g00", "g01"]]
    assert found.proposals.height == 1
    proposal = found.proposals.row(0, named=True)
    assert proposal["contact_id"].startswith("x")
    assert proposal["grader_id"] in ("g00", "g01")
    assert found.contacts_for_precision > 1
    agents = calibrated_scores(model)
    assert agents.parts == 2
    assert set(agents.agents["part"]) == {0, 1}
    means = agents.agents.group_by("part").agg(pl.col("deviation").mean())["deviation"]
    assert means.to_numpy() == pytest.approx([0, 0], abs=1e-9)
    shared = reviews.filter(pl.col("contact_id") == proposal["contact_id"])[0].with_columns(
        review_id=pl.lit("new"), grader_id=pl.lit(proposal["grader_id"])
    )
    assert joins(fit_reviews(pl.concat([reviews, shared]))).proposals.is_empty()


def test_a_new_reviewer_with_one_review_is_pulled_to_the_others(world):
    # One review, 20 points below what its contact got.
    odd = world.reviews[0].with_columns(
        review_id=pl.lit("z"), grader_id=pl.lit("new"), raw_score=pl.col("raw_score") - 20
    )
    found = grader_severity(fit_reviews(pl.concat([world.reviews, odd])))
    row = found.filter(pl.col("grader_id") == "new")
    assert 0 < row["severity"][0] < 12
    assert row["upper"][0] - row["lower"][0] > 2 * (found["upper"] - found["lower"]).median()


def test_too_few_reviews_are_not_calibrated(world):
    assert fit_reviews(world.reviews.head(5)) is None
    assert fit_reviews(world.reviews.filter(pl.col("grader_id") == "g00")) is None


def test_reviews_without_score_or_agent_are_left_out_and_counted(world):
    holes = world.reviews.with_columns(
        agent_id=pl.when(pl.int_range(pl.len()) < 3).then(None).otherwise("agent_id"),
        raw_score=pl.when(pl.int_range(pl.len()).is_between(3, 6)).then(None).otherwise("raw_score"),
    )
    assert fit_reviews(holes).left_out == 7


def test_a_missing_column_is_named(world):
    with pytest.raises(ValueError, match="lack the columns grader_id"):
        fit_reviews(world.reviews.drop("grader_id"))


def test_bands_control_the_share_of_false_calls():
    random = np.random.default_rng(9)
    false_share = []
    for _ in range(60):
        truth = random.normal(0, 1, 60)
        error = 0.7
        seen = truth + random.normal(0, error, 60)
        shrunk = seen / (1 + error**2)
        names, _ = bands(shrunk, np.full(60, error / np.sqrt(1 + error**2)))
        called = [(name, value) for name, value in zip(names, truth, strict=True) if name != "within"]
        wrong = sum((name == "above") != (value > 0) for name, value in called)
        false_share.append(wrong / max(len(called), 1))
    assert np.mean(false_share) <= 0.05


@pytest.mark.parametrize("seed", range(4))
def test_with_so_many_more_the_band_is_decided_and_with_one_fewer_it_is_not(seed):
    random = np.random.default_rng(seed)
    agents, spread, prior_size = 25, 10.0, 8.0
    size = random.integers(3, 60, agents)
    own = spread**2 / (size + prior_size)
    rest = random.uniform(0, 0.2, agents)
    deviation = random.normal(0, 2.5, agents)
    more = more_to_tell(deviation, np.sqrt(own + rest), spread, prior_size, size)
    now, _ = bands(deviation, np.sqrt(own + rest))
    asked = 0
    for agent, one in enumerate(more):
        if now[agent] != "within":
            assert one == 0
            continue

        def band_with(further, agent=agent):
            error = own + rest
            error[agent] = rest[agent] + spread**2 / (size[agent] + prior_size + further)
            return bands(deviation, np.sqrt(error))[0][agent]

        if one is None:
            assert band_with(10_000) == "within"
        else:
            asked += 1
            assert band_with(one) == ("above" if deviation[agent] > 0 else "below")
            assert band_with(one - 1) == "within"
    assert asked >= 10


def test_among_many_it_takes_more_than_alone():
    alone = more_to_tell([2.0], [1.5], [10.0], [4.0], [40.0])
    among = more_to_tell([2.0, *([0.1] * 99)], [1.5] * 100, [10.0], [4.0], [40.0])
    assert 0 < alone[0] < among[0]


def test_where_reviews_cannot_tell_no_number_is_promised():
    assert more_to_tell([1e-9], [1.5], [10.0], [4.0], [40.0]) == [None]
    assert more_to_tell([2.0], [1.5], [10.0], [np.inf], [40.0]) == [None]
    # The error that the agent's own reviews leave is small: the graders' part alone hides the difference.
    assert more_to_tell([2.0], [1.5], [1.0], [4.0], [40.0]) == [None]


def test_a_threshold_is_the_largest_p_that_would_still_be_a_discovery():
    random = np.random.default_rng(3)
    p = np.append(random.uniform(0, 1, 30) ** 3, np.nan)
    thresholds = discovery_thresholds(p, 0.1)
    assert np.isnan(thresholds[-1])
    for place in range(30):
        moved = p.copy()
        moved[place] = thresholds[place] * (1 - 1e-9)
        assert benjamini_hochberg(moved)[place] <= 0.1
        moved[place] = thresholds[place] * (1 + 1e-9)
        assert benjamini_hochberg(moved)[place] > 0.1
