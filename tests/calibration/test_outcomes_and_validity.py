"""Calibrated outcomes, validity of criteria and consistency of answers."""

import itertools

import numpy as np
import polars as pl
import pytest
from scipy import special

from pipelines.calibration.consistency import answer_consistency, differing_groups, variance_shares
from pipelines.calibration.outcomes import calibrated_outcomes
from pipelines.calibration.validity import criterion_validity, weighs_and_predicts


def cells(seed, *, agents=30, contacts=80, skill_sd=0.5):
    """Agents whose issues differ: the first half mostly meets the hard one."""
    random = np.random.default_rng(seed)
    skill = random.normal(0, skill_sd, agents)
    rows = []
    for agent in range(agents):
        hard = 0.8 if agent < agents / 2 else 0.2
        for issue, share, base in (("hard", hard, 0.0), ("easy", 1 - hard, 1.8)):
            n = random.binomial(contacts, share)
            y = random.binomial(n, special.expit(base + skill[agent]))
            rows.append({"agent_id": f"a{agent:02d}", "issue": issue, "successes": y, "trials": n})
    return pl.DataFrame(rows), skill


class TestOutcomes:
    def test_mix_is_taken_off_and_chance_held_back(self):
        table, skill = cells(1)
        found = calibrated_outcomes(table, ["issue"])
        agents = found.agents
        raw, calibrated = (np.corrcoef(agents[name], skill)[0, 1] for name in ("raw_rate", "calibrated_rate"))
        assert calibrated > raw + 0.1
        first, second = agents["calibrated_rate"][:15].mean(), agents["calibrated_rate"][15:].mean()
        assert abs(agents["raw_rate"][:15].mean() - agents["raw_rate"][15:].mean()) > 0.15
        assert abs(first - second) < 0.08
        assert agents["calibrated_rate"].std() < agents["raw_rate"].std()
        assert found.precision is not None
        assert (
            (agents["lower"] < agents["calibrated_rate"]) & (agents["calibrated_rate"] < agents["upper"])
        ).all()

    def test_intervals_cover_what_an_agent_would_show_on_the_programs_mix(self):
        covered = []
        for seed in range(25):
            table, skill = cells(seed, skill_sd=0.4)
            agents = calibrated_outcomes(table, ["issue"]).agents
            weight = table.group_by("issue").agg(pl.col("trials").sum()).sort("issue")["trials"].to_numpy()
            rates = special.expit(np.array([1.8, 0.0])[:, None] + skill)
            truth = weight @ rates / weight.sum()
            lower, upper = agents["lower"].to_numpy(), agents["upper"].to_numpy()
            covered += ((lower <= truth) & (truth <= upper)).tolist()
        assert 0.92 <= np.mean(covered) <= 0.98

    def test_no_difference_calls_nobody_and_gives_width(self):
        table, _ = cells(2, skill_sd=0.0)
        found = calibrated_outcomes(table, ["issue"])
        assert set(found.agents["band"]) == {"within"}
        assert (found.agents["upper"] - found.agents["lower"] > 0.02).all()

    def test_below_is_better_where_less_is(self):
        table, _ = cells(3, contacts=400)
        agents = calibrated_outcomes(table, ["issue"], higher_is_better=False).agents
        pairs = set(agents.select("band", "standing").iter_rows())
        assert pairs == {("above", "worse"), ("within", "within"), ("below", "better")}
        assert (agents.filter(pl.col("band") != "within")["more_contacts"] == 0).all()

    def test_programs_are_measured_against_themselves(self):
        table, _ = cells(4)
        programs = pl.concat(
            [
                table.with_columns(program_id=pl.lit("P")),
                table.with_columns(
                    program_id=pl.lit("Q"),
                    agent_id=pl.concat_str(pl.lit("q"), pl.col("agent_id")),
                    successes=pl.col("trials") - pl.col("successes"),
                ),
            ]
        )
        agents = calibrated_outcomes(programs, ["issue"]).agents
        rates = (
            agents.group_by("program_id")
            .agg(pl.col("program_rate").first())
            .sort("program_id")["program_rate"]
        )
        assert rates[0] == pytest.approx(1 - rates[1])
        assert abs(agents.filter(pl.col("program_id") == "Q")["deviation"].mean()) < 0.03

    def test_contacts_without_an_agent_inform_the_expectation_only(self):
        table, _ = cells(5)
        nobody = pl.DataFrame({"agent_id": [None], "issue": ["easy"], "successes": [0], "trials": [500]})
        with_nobody = calibrated_outcomes(pl.concat([table, nobody], how="vertical_relaxed"), ["issue"])
        assert with_nobody.agents.height == 30
        assert (
            with_nobody.agents["expected_rate"].mean()
            < calibrated_outcomes(table, ["issue"]).agents["expected_rate"].mean()
        )

    @pytest.mark.parametrize(
        ("successes", "said"), [([5, 5], "every contact ended the same way"), ([0, 0], "every contact ended")]
    )
    def test_nothing_to_tell_apart_is_said(self, successes, said):
        table = pl.DataFrame({"agent_id": ["a", "b"], "issue": "x", "successes": successes, "trials": [5, 5]})
        found = calibrated_outcomes(table, ["issue"])
        assert found.agents.is_empty()
        assert said in found.note

    def test_one_agent_has_nobody_to_be_compared_with(self):
        table = pl.DataFrame({"agent_id": ["a"], "issue": "x", "successes": [3], "trials": [5]})
        assert "fewer than two agents" in calibrated_outcomes(table, ["issue"]).note


@pytest.fixture(scope="module")
def ratings():
    """Diagnosis helps, greeting does nothing, speed-talk hurts; issue confounds everything."""
    random = np.random.default_rng(8)
    n = 900
    issue = random.choice(["easy", "hard"], n)
    easy = (issue == "easy").astype(float)
    agent = random.integers(0, 30, n)
    scores = {
        "diagnosis": np.clip(np.rint(3 + random.normal(0, 1, n)), 1, 5),
        "greeting": np.clip(np.rint(3 + easy + random.normal(0, 0.7, n)), 1, 5),
        "speed": np.clip(np.rint(3 + random.normal(0, 1, n)), 1, 5),
        "rare": np.full(n, 5.0),
    }
    linear = -0.5 + 2.0 * easy + 0.8 * (scores["diagnosis"] - 3) - 0.6 * (scores["speed"] - 3)
    solved = random.random(n) < special.expit(linear)
    escalated = random.random(n) < special.expit(-1.5 - 0.8 * (scores["diagnosis"] - 3))
    weights = {"diagnosis": 30.0, "greeting": 40.0, "speed": 10.0, "rare": 20.0}
    return pl.concat(
        pl.DataFrame(
            {
                "contact_id": [f"c{i}" for i in range(n)],
                "agent_id": [f"a{i}" for i in agent],
                "grader_id": "g",
                "issue": issue,
                "criterion_id": name,
                "label": name.title(),
                "weight": weights[name],
                "score": score,
                "min": 1.0,
                "max": 5.0,
                "fcr": solved,
                "escalation": escalated,
                "csat": pl.Series([None] * n, dtype=pl.Boolean),
            }
        )
        for name, score in scores.items()
    )


class TestValidity:
    def test_findings_are_those_put_in(self, ratings):
        table = criterion_validity(ratings)
        found = {(row["criterion_id"], row["outcome"]): row for row in table.iter_rows(named=True)}
        assert found["diagnosis", "fcr"]["finding"] == "predicts"
        assert found["diagnosis", "fcr"]["odds_ratio"] > 1.6
        assert found["diagnosis", "escalation"]["finding"] == "predicts"
        assert found["diagnosis", "escalation"]["odds_ratio"] < 1
        assert found["greeting", "fcr"]["finding"] == "nothing found"
        assert found["speed", "fcr"]["finding"] == "predicts the wrong way"
        assert found["rare", "fcr"]["finding"] == "too few"
        assert "same score" in found["rare", "fcr"]["note"]
        assert found["diagnosis", "csat"]["finding"] == "too few"
        assert (table["adjusted_p"].drop_nulls() >= table["p_value"].drop_nulls()).all()

    def test_mix_would_have_fooled_without_adjustment(self, ratings):
        naive = criterion_validity(ratings.filter(pl.col("criterion_id") == "greeting"), ["fcr"], mix=())
        assert naive["finding"][0] == "predicts"

    def test_a_few_failures_that_all_ended_well_prove_nothing(self):
        n = 1200
        table = criterion_validity(
            pl.DataFrame(
                {
                    "contact_id": [f"c{number}" for number in range(n)],
                    "agent_id": [f"a{number % 40}" for number in range(n)],
                    "criterion_id": "identity",
                    "score": [0.0 if number < 12 else 1.0 for number in range(n)],
                    "min": 0.0,
                    "max": 1.0,
                    "escalation": [number >= 12 and number % 14 == 0 for number in range(n)],
                }
            )
        ).row(0, named=True)
        assert table["finding"] == "too few"
        assert table["note"] == "only 12 contacts got another score than the commonest"

    def test_weight_is_held_against_what_it_buys(self, ratings):
        words = dict(
            weighs_and_predicts(criterion_validity(ratings)).select("criterion_id", "word").iter_rows()
        )
        assert words == {
            "diagnosis": "earns its weight",
            "greeting": "weighs much, predicts nothing",
            "speed": "works backwards",
            "rare": "too few",
        }

    def test_a_contact_reviewed_twice_counts_once(self, ratings):
        doubled = pl.concat([ratings, ratings])
        assert criterion_validity(doubled)["n"].to_list() == criterion_validity(ratings)["n"].to_list()

    def test_the_odds_ratio_is_that_of_one_standard_deviation(self):
        random = np.random.default_rng(2)
        n = 6000
        score = random.choice([0.0, 1.0], n)
        outcome = random.random(n) < special.expit(0.2 + 1.0 * score)
        table = criterion_validity(
            pl.DataFrame(
                {
                    "contact_id": range(n),
                    "agent_id": random.integers(0, 40, n),
                    "criterion_id": "x",
                    "score": score,
                    "min": 0.0,
                    "max": 1.0,
                    "fcr": outcome,
                }
            )
        )
        assert np.log(table["odds_ratio"][0]) == pytest.approx(1.0 * score.std(), abs=0.08)
        assert table["lower"][0] < np.exp(score.std()) < table["upper"][0]


def contacts(seed=1, n=400):
    random = np.random.default_rng(seed)
    site = random.choice(["Manila", "Omaha"], n)
    issue = random.choice(["refund", "wismo"], n)
    refunds = np.where((site == "Manila") & (issue == "refund"), 0.8, 0.4)
    return pl.DataFrame(
        {
            "contact_id": [f"c{i:04d}" for i in range(n)],
            "program_id": "P",
            "issue": issue,
            "value_band": random.choice(["low", "high"], n),
            "site": site,
            "channel": "chat",
            "agent_id": [f"{s}{i}" for s, i in zip(site, random.integers(0, 6, n), strict=True)],
            "resolution": np.where(random.random(n) < refunds, "refund", "answered"),
        }
    ).with_columns(value_band=pl.when(pl.col("value_band") == "high").then(pl.lit("high")))


class TestConsistency:
    def test_value_equals_the_count_of_pairs(self):
        frame = contacts()
        numerator = denominator = 0.0
        for _, group in frame.group_by("program_id", "issue", "value_band"):
            rows = group.select("agent_id", "resolution").rows()
            pairs = [(a, b) for a, b in itertools.combinations(rows, 2) if a[0] != b[0]]
            numerator += group.height * sum(a[1] == b[1] for a, b in pairs) / len(pairs)
            denominator += group.height
        found = answer_consistency(frame, by=[])
        assert found["value"][0] == pytest.approx(numerator / denominator)
        assert found["denominator"][0] == denominator

    def test_parts_add_up_to_the_whole(self):
        whole, parts = answer_consistency(contacts(), by=[]), answer_consistency(contacts())
        assert parts["numerator"].sum() == pytest.approx(whole["numerator"][0])
        assert parts.height == 4
        assert parts["value"].is_sorted()

    def test_large_counts_do_not_wrap_around(self):
        frame = contacts(2, 60_000).with_columns(value_band=pl.lit("x"), issue=pl.lit("y"))
        share = (frame["resolution"] == "refund").mean()
        assert answer_consistency(frame, by=[])["value"][0] == pytest.approx(
            share**2 + (1 - share) ** 2, abs=0.01
        )

    def test_a_stratum_of_one_agent_is_not_counted(self):
        alone = contacts().with_columns(agent_id=pl.lit("one"))
        assert answer_consistency(alone, by=[]).is_empty()

    def test_another_split_is_refused(self):
        with pytest.raises(ValueError, match="not by site"):
            answer_consistency(contacts(), by=["site"])

    def test_sites_that_answer_differently_are_found_with_contacts_to_read(self):
        frame = contacts()
        found = differing_groups(frame, "site")
        assert set(found["issue"]) == {"refund"}
        row = found.row(0, named=True)
        assert {row["group_a"], row["group_b"]} == {"Manila", "Omaha"}
        assert row["lower"] < row["difference"] < row["upper"]
        gave = frame.filter(pl.col("contact_id").is_in(row["examples_a"]))
        assert set(gave["resolution"]) == {row["resolution"]}
        assert set(gave["site"]) == {row["group_a"]}
        gave_not = frame.filter(pl.col("contact_id").is_in(row["examples_b"]))
        assert row["resolution"] not in set(gave_not["resolution"])

    def test_sites_that_answer_alike_are_not(self):
        random = np.random.default_rng(4)
        alike = contacts().with_columns(resolution=pl.Series(random.choice(["refund", "answered"], 400)))
        assert differing_groups(alike, "site").is_empty()

    def test_variance_sits_where_it_was_put(self):
        frame = contacts(3, 1500).with_columns(outcome=pl.col("resolution") == "refund")
        shares = variance_shares(frame.filter(pl.col("issue") == "refund"), "outcome", ["agent_id", "site"])
        by_part = dict(shares.shares.select("part", "share").iter_rows())
        assert sum(by_part.values()) == pytest.approx(1.0)
        assert by_part["site"] > by_part["agent_id"]
        assert variance_shares(frame.head(5), "outcome") is None
