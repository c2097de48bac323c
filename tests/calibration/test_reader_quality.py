"""What the reader says of quality, over a simulated retailer whose truth is known; loaded once."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import numpy as np
import polars as pl
import pytest

from pipelines.calibration import model
from pipelines.calibration.coding import coded
from pipelines.cli import main
from pipelines.metrics import MetricRequest
from pipelines.reader import Reader
from pipelines.reader_quality import CALIBRATED
from pipelines.reader_reviews import Remembered

HOME = (("program_id", ("fernway-home",)),)
SPRING = (date(2026, 4, 1), date(2026, 6, 30))


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    place = tmp_path_factory.mktemp("retailer")
    folder = ["--workspace", str(place)]
    assert main(["simulate", *folder, "--contacts", "8000", "--reviews", "1800", "--seed", "7"]) == 0
    assert main(["init", "--yes", *folder]) == 0
    assert main(["load", *folder]) == 0
    return place


@pytest.fixture(scope="module")
def reader(root) -> Reader:
    return Reader.open(root)


@pytest.fixture(scope="module")
def truth(root) -> dict[str, Any]:
    return json.loads((root / "truth.json").read_text("utf-8"))


def correlation(left: pl.Series, right: pl.Series) -> float:
    return float(np.corrcoef(left.to_numpy(), right.to_numpy())[0, 1])


def test_raw_scores_are_the_metrics_own_and_calibrated_ones_nearer_to_the_truth(reader, truth):
    rows = reader.calibrated_agents("qa_score").rows
    metric = reader.metrics(MetricRequest(metrics=("qa_score",), by=("agent_id",), grain="all"))
    both = rows.join(metric.select("agent_id", metric="value"), on="agent_id").drop_nulls("metric")
    assert both.height > 30
    assert both["raw"].to_list() == pytest.approx(both["metric"].to_list())
    skill = pl.DataFrame(truth["agents"]).select("agent_id", truth="expected_qa_score")
    known = both.join(skill, on="agent_id").drop_nulls("truth")
    assert correlation(known["value"], known["truth"]) > correlation(known["raw"], known["truth"]) > 0.5


@pytest.mark.parametrize("metric", [key for key in CALIBRATED if key != "qa_score"])
def test_raw_rates_are_the_metrics_own_under_the_same_filters(reader, metric):
    rows = reader.calibrated_agents(metric, *SPRING, HOME).rows
    asked = MetricRequest(
        metrics=(metric,), by=("agent_id",), grain="all", start=SPRING[0], end=SPRING[1], filters=dict(HOME)
    )
    own = reader.metrics(asked).filter(pl.col("denominator") > 0)
    both = rows.join(own, on="agent_id", suffix="_own")
    assert both.height == rows.height > 5
    assert both["n"].to_list() == both["denominator"].to_list()
    assert both["raw"].to_list() == pytest.approx(both["value_own"].to_list())
    assert rows["program_id"].unique().to_list() == ["fernway-home"]
    shrunk = (rows["value"] - rows["reference"]).abs().mean()
    assert shrunk < (rows["raw"] - rows["reference"]).abs().mean()


def test_bands_more_to_tell_and_reasons_hang_together(reader):
    for metric in CALIBRATED:
        rows = reader.calibrated_agents(metric).rows
        told = rows.filter(pl.col("band") != "within")
        assert told["more"].to_list() == [0] * told.height
        assert (rows.filter(pl.col("band") == "within")["more"].drop_nulls() > 0).all()
        assert rows.filter("band_changed")["because"].null_count() == 0
        assert rows.filter(~pl.col("band_changed"))["because"].is_null().all()
        assert (rows["lower"] <= rows["value"]).all() and (rows["value"] <= rows["upper"]).all()


def test_a_low_escalation_rate_is_the_better_one(reader):
    rows = reader.calibrated_agents("escalation_rate").rows
    assert set(rows.filter(pl.col("band") == "above")["standing"]) <= {"worse"}
    assert set(rows.filter(pl.col("band") == "below")["standing"]) <= {"better"}


def test_graders_severity_is_that_put_in(reader, truth):
    found = reader.grader_severity()
    assert found is not None and found.joins.parts.height == 1
    put_in = pl.DataFrame(
        [{"grader_id": row["grader_id"], "true": row["severity"]} for row in truth["graders"]]
    )
    both = found.severity.join(put_in, on="grader_id")
    assert both.height >= 6
    assert correlation(both["severity"], both["true"]) > 0.8
    strict = both.filter(pl.col("verdict") == "strict")
    assert strict.height > 0
    assert strict["severity"].min() > both.filter(pl.col("verdict") == "lenient")["severity"].max()


def test_the_grader_who_drifts_is_alerted_and_no_steady_one(reader, truth):
    alerts = dict(reader.grader_severity().over_time.drift.select("grader_id", "alert").iter_rows())
    drifting = {row["grader_id"] for row in truth["graders"] if row["drift"]}
    assert len(drifting) == 1
    assert {grader for grader, alert in alerts.items() if alert} == drifting
    assert alerts[drifting.pop()].startswith("grows stricter by")


def test_ratings_carry_the_outcomes_of_the_metrics(reader):
    ratings = reader.quality_ratings()
    contacts = reader.quality_answers().select("contact_id", wanted="fcr")
    both = ratings.select("contact_id", "fcr").unique().join(contacts, on="contact_id")
    assert both["fcr"].drop_nulls().len() > 300
    assert both["fcr"].to_list() == both["wanted"].to_list()
    assert ratings.select("review_id", "criterion_id").is_duplicated().sum() == 0


def test_every_criterion_has_an_agreement_and_a_place_in_the_table_of_worth(reader):
    criteria = set(reader.scorecards()["criterion_id"])
    agreement = reader.grader_agreement()
    assert set(agreement["criterion_id"]) == criteria
    assert set(agreement["verdict"].drop_nulls()) <= {"clear", "watch", "rewrite"}
    assert agreement["why"].str.len_chars().min() > 10
    validity, words = reader.criteria_validity()
    assert set(words["criterion_id"]) == criteria
    assert words["weight_share"].sum() == pytest.approx(1)
    assert validity.height == 5 * len(criteria)
    by_criterion = reader.severity_by_criterion()
    assert by_criterion["label"].null_count() == 0


def test_agreement_is_told_by_review_section_quarter_session_and_pair(reader):
    levels = reader.agreement_levels()
    sections = set(reader.scorecards()["section"])
    assert set(levels.filter(pl.col("level") == "section")["name"]) == sections
    whole = levels.row(by_predicate=pl.col("level") == "review", named=True)
    assert whole["units"] > 10
    for level in ("quarter", "session"):
        parts = levels.filter(pl.col("level") == level)
        assert parts.height > 1
        assert parts["units"].sum() == whole["units"]
    pairs = reader.grader_pairs()
    assert (pairs["grader_a"] < pairs["grader_b"]).all()
    assert pairs["label"].null_count() == 0
    assert reader.agreement_levels(*SPRING, (("site", ("Atlantis",)),)).height == 0


def test_consistency_is_the_metric_split_by_issue(reader):
    found = reader.consistency()
    whole = reader.metrics(MetricRequest(metrics=("answer_consistency",), grain="all"))
    assert found.overall["value"][0] == pytest.approx(whole["value"][0])
    by_issue = reader.metrics(MetricRequest(metrics=("answer_consistency",), by=("issue",), grain="all"))
    wanted = dict(by_issue.select("issue", "value").iter_rows())
    assert dict(found.by_issue.select("issue", "value").iter_rows()) == pytest.approx(wanted)
    assert found.shares is not None
    assert found.shares.shares["share"].sum() == pytest.approx(1)
    assert {"under 25", "25 to 50", "250 and more", "no order"} <= set(found.by_stratum["value_band"])


def test_an_agent_is_held_against_the_others_of_the_program(reader):
    agent = reader.calibrated_agents("qa_score").rows.sort("n")["agent_id"][-1]
    rows = reader.agent_criteria(agent)
    assert rows.height >= 5
    assert rows["points"].is_sorted()
    ratings = reader.quality_ratings().filter(pl.col("purpose") == "routine", pl.col("score").is_not_null())
    one = rows.row(0, named=True)
    own = ratings.filter(pl.col("agent_id") == agent, pl.col("criterion_id") == one["criterion_id"])
    assert one["n"] == own.height
    assert one["value"] == pytest.approx(((own["score"] - own["min"]) / (own["max"] - own["min"])).mean())


def test_contacts_to_hear_went_wrong_and_come_unreviewed_first(reader):
    agent = reader.calibrated_agents("fcr").rows.sort("n")["agent_id"][-1]
    rows = reader.contacts_to_hear(agent, None, None, 40)
    assert rows.height > 5
    assert rows["what_happened"].str.len_chars().min() > 0
    assert rows["is_reviewed"].to_list() == sorted(rows["is_reviewed"].to_list())
    fresh = rows.filter(~pl.col("is_reviewed"))["what_happened"].str.count_matches(",").to_list()
    assert fresh == sorted(fresh, reverse=True)
    spring = reader.contacts_to_hear(agent, *SPRING)
    assert spring["opened_date"].min() >= SPRING[0]


def test_filters_and_days_narrow_reviews_to_their_local_day_and_place(reader):
    everything = reader.quality_reviews()
    spring = reader.quality_reviews(*SPRING, HOME)
    assert 0 < spring.height < everything.height
    wanted = everything.filter(
        pl.col("reviewed_date").is_between(*SPRING), pl.col("program_id") == "fernway-home"
    )
    assert spring["review_id"].to_list() == wanted["review_id"].to_list()
    nowhere = reader.quality_reviews(*SPRING, (("site", ("Atlantis",)),))
    assert nowhere.height == 0
    assert reader.grader_severity(*SPRING, (("site", ("Atlantis",)),)) is None
    assert reader.calibrated_agents("qa_score", *SPRING, (("site", ("Atlantis",)),)).note != ""


def test_agents_and_graders_of_one_period_share_one_fit(root, monkeypatch):
    fitted = []

    def counted(reviews, **options):
        fitted.append(reviews.height)
        return model.fit_reviews_itself(reviews, **options)

    monkeypatch.setattr(model, "fit_reviews_itself", model.fit_reviews, raising=False)
    monkeypatch.setattr(model, "fit_reviews", counted)
    fresh = Reader.open(root)
    with ThreadPoolExecutor(2) as together:
        agents = together.submit(fresh.calibrated_agents, "qa_score", *SPRING)
        graders = together.submit(fresh.grader_severity, *SPRING)
    assert agents.result().rows["n"].sum() == graders.result().reviews == fitted[0]
    assert len(fitted) == 1
    fresh.grader_severity(*SPRING, HOME)
    assert len(fitted) == 2
    assert fitted[1] < fitted[0]


def test_the_newest_answers_are_remembered_and_the_oldest_forgotten():
    kept = Remembered(2)
    asked = []
    for question in "abacab":
        assert kept.get(question, lambda asked=question: asked.upper()) == question.upper()
        kept.get(question, lambda: asked.append("asked again"))
    assert asked == []
    # a and b were asked last, so c is forgotten.
    kept.get("c", lambda: asked.append("c"))
    assert asked == ["c"]


def test_codes_are_places_among_sorted_names_of_one_column_or_several():
    random = np.random.default_rng(2)
    frame = pl.DataFrame(
        {
            "one": random.choice(["b", "a", None, "ç"], 500),
            "two": random.integers(0, 12, 500),
            "many": [f"n{number}" for number in random.integers(0, 60_000, 500)],
        }
    )
    one, both, many = coded(frame, "one"), coded(frame, "one", "two"), coded(frame, "many")
    assert one.names.to_list() == ["(unknown)", "a", "b", "ç"]
    assert one.names.gather(one.code).to_list() == frame["one"].fill_null("(unknown)").to_list()
    wanted = [f"{left or '(unknown)'}\x1f{right}" for left, right in frame.select("one", "two").iter_rows()]
    assert both.names.gather(both.code).to_list() == wanted
    assert both.levels == len(set(wanted))
    long = pl.DataFrame({"many": [f"n{number % 30_000}" for number in range(60_000)]})
    found = coded(long, "many")
    assert found.levels == 30_000
    assert found.names.is_sorted()
    assert (found.names.gather(found.code) == long["many"]).all()
    assert many.names.gather(many.code).to_list() == frame["many"].to_list()
