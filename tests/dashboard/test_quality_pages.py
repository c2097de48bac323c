"""Agents and graders in process: calibrated beside raw, one agent's own view, and what graders are like."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import polars as pl
import pytest

from dashboard.theme import DARK, LIGHT
from dashboard.views import caterpillar, graders, severity, validity
from pipelines.calibration.consistency import VarianceShares
from pipelines.metrics import definition
from pipelines.metrics.estimates import estimates
from tests.dashboard.fake_reader import FakeReader

PARTS = ("agreement", "severity", "validity", "consistency")
EVERYTHING = {"period": "all"}


def test_agents_are_calibrated_first_and_raw_on_request(visit):
    seen = visit("agents", metric="qa_score", **EVERYTHING)
    assert not seen.app.exception
    assert "calibrated, with 95% interval" in seen.text and "rings are raw" in seen.text
    table = seen.app.dataframe[-1].value
    assert {"raw", "value", "band", "band_changed", "because", "more"} <= set(table.columns)
    assert table["agent"].tolist() == sorted(table["agent"].tolist())
    raw = visit("agents", metric="qa_score", view="raw", **EVERYTHING)
    assert "rings are raw" not in raw.text
    assert "fall outside by chance alone" in raw.text


def test_the_bands_on_the_page_are_those_of_the_reader(visit):
    reader = FakeReader()
    rows = reader.calibrated_agents("qa_score").rows
    seen = visit("agents", reader=reader, metric="qa_score", **EVERYTHING)
    for band, words in (("above", "above their program"), ("within", "within noise"), ("below", "below it")):
        assert f"{rows.filter(pl.col('band') == band).height} {words}" in seen.text
    changed = rows.filter("band_changed")
    assert changed.height > 0
    assert f"changes the band of {changed.height} of {rows.height} agents" in seen.text
    assert "points of the raw score" in seen.text
    assert "more reviews" in seen.text


@pytest.mark.parametrize("metric", ["fcr", "csat", "escalation_rate", "refund_avoidance"])
def test_outcomes_are_calibrated_too_and_a_low_rate_can_be_good(visit, metric):
    seen = visit("agents", metric=metric, **EVERYTHING)
    assert not seen.app.exception
    table = seen.app.dataframe[-1].value
    good = "below" if metric == "escalation_rate" else "above"
    assert set(table["standing"].dropna()) <= {"better", "worse", "within"}
    assert (table.loc[table["band"] == good, "standing"] == "better").all()


def test_a_metric_without_calibration_is_shown_as_it_is(visit):
    seen = visit("agents", metric="repeat_purchase_rate")
    assert not seen.app.exception
    assert not any(widget.label == "Scores" for widget in seen.app.get("button_group"))


def test_an_agent_has_a_view_of_their_own_with_an_address(visit):
    reader = FakeReader()
    worst = reader.calibrated_agents("qa_score").rows.sort("value")["agent_id"][0]
    seen = visit("agents", reader=reader, agent_id=worst, metric="qa_score", **EVERYTHING)
    assert not seen.app.exception
    name = reader.labels("agent_id")[worst]
    assert f"How is {name} doing?" in seen.text
    assert "worse on QA score" in seen.text
    assert "what would help most is “Finds the cause”" in seen.text
    assert "Listen to C0007 first" in seen.text
    assert [row.value for row in seen.app.selectbox if row.label == "One agent"] == [worst]


def test_an_agent_that_nobody_knows_is_left_out_of_the_address(visit):
    seen = visit("agents", agent_id="nobody", **EVERYTHING)
    assert not seen.app.exception
    assert "Who differs from their program?" in seen.text


@pytest.mark.parametrize("part", PARTS)
def test_every_part_of_graders_draws_charts_with_a_table_and_a_download_each(visit, part):
    seen = visit("graders", part=part, **EVERYTHING)
    assert not seen.app.exception
    folds = [fold for fold in seen.app.expander if fold.label == "Table and download"]
    drawn = len(seen.charts) + seen.html.count('<table class="pl-table">')
    assert drawn >= 2
    assert len(folds) == drawn
    assert all(len(chart.alt) > 20 for chart in seen.charts)


def test_graders_say_who_is_strict_and_what_to_do_with_each_criterion(visit):
    text = visit("graders", **EVERYTHING).text
    assert "with G1 than with G4" in text
    assert "Greets by name" in text and "Finds the cause" in text
    assert "alpha" in text and "AC" in text
    assert "On a whole review alpha is" in text
    assert "G1 and G4 agree least" in text
    strict = visit("graders", part="severity", **EVERYTHING).text
    assert "G1 is strict" in strict
    assert "G1 is furthest off on “Finds the cause”" in strict


def test_graders_say_what_predicts_outcomes_and_which_teams_answer_differently(visit):
    told = visit("graders", part="validity", **EVERYTHING).text
    assert "“Finds the cause” says most about first-contact resolution" in told
    assert "earns its weight" in " ".join(
        chart.spec for chart in visit("graders", part="validity", **EVERYTHING).charts
    )
    answers = visit("graders", part="consistency", **EVERYTHING).text
    assert "two agents give the same answer" in answers
    assert "Blue and Green answer" in answers
    assert "Of the spread of first-contact resolution" in answers


@pytest.mark.parametrize("part", PARTS)
def test_graders_without_a_review_say_why_there_is_nothing(visit, part):
    seen = visit("graders", part=part, period="2025-08-01..2025-08-31", program="P1", site="Manila")
    assert not seen.app.exception
    assert "Nothing here under these filters" in seen.text


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("agreement", "On a whole review alpha is"),
        ("severity", "Nobody can be followed over time yet"),
        ("validity", "No criterion can be held against an outcome"),
    ],
)
def test_graders_of_a_bare_score_sheet_are_shown_as_far_as_it_goes(visit, part, said):
    class Sheet(FakeReader):
        """Scores of one day: no sections, no sessions, and nothing known of what came of the contacts."""

        def quality_ratings(self, *asked: Any) -> pl.DataFrame:
            return (
                super()
                .quality_ratings(*asked)
                .with_columns(
                    pl.lit(None, pl.String).alias("section"),
                    pl.lit(None, pl.String).alias("session_id"),
                    pl.lit(None, pl.Boolean).alias("fcr"),
                    pl.lit(None, pl.Boolean).alias("csat"),
                    reviewed_at=pl.lit(datetime(2026, 6, 30)),
                )
            )

        def review_period(self) -> tuple[date, date]:
            return date(2026, 6, 30), date(2026, 6, 30)

    seen = visit("graders", reader=Sheet(), part=part, **EVERYTHING)
    assert not seen.app.exception
    assert said in seen.text


def test_a_caterpillar_names_everyone_of_few_and_of_many_only_those_outside():
    rows = FakeReader().calibrated_agents("qa_score").rows
    few = caterpillar.caterpillar(rows.head(9), definition("qa_score"), LIGHT, program="P", labels={})
    assert few is not None
    assert len(few.figure["layout"]["yaxis"]["ticktext"]) == 9
    many = caterpillar.caterpillar(rows, definition("qa_score"), DARK, program="P", labels={})
    assert many is not None
    outside = rows.filter(pl.col("band").is_in(["above", "below"]))["agent_id"].to_list()
    assert set(many.figure["layout"]["yaxis"]["ticktext"]) <= set(outside)


def test_colours_follow_the_meaning_and_shapes_the_band():
    rows = FakeReader().calibrated_agents("qa_score").rows
    chart = caterpillar.caterpillar(rows, definition("qa_score"), LIGHT, program="P", labels={})
    assert chart is not None
    looks = {
        series["name"]: (series["marker"]["symbol"], series["marker"]["color"])
        for series in chart.figure["data"]
    }
    assert looks["above"] == ("triangle-up", LIGHT.better)
    assert looks["below"] == ("triangle-down", LIGHT.worse)
    assert looks["within"] == ("circle", LIGHT.noise)


def test_parts_of_the_graph_are_named_with_what_would_join_them():
    reader = FakeReader()
    whole = reader.grader_severity()
    assert whole is not None
    assert severity.parts_html(whole.joins) == ""
    reviews = reader.quality_reviews()
    one = pl.col("grader_id").is_in(["G1", "G2"]) & (pl.col("program_id") == "P1")
    two = pl.col("grader_id").is_in(["G3", "G4"]) & (pl.col("program_id") == "P2")

    class Apart(FakeReader):
        def quality_reviews(self, *asked: object) -> pl.DataFrame:  # type: ignore[override]
            return reviews.filter(one | two)

    apart = Apart().grader_severity()
    assert apart is not None
    said = severity.parts_html(apart.joins)
    contact = apart.joins.proposals["contact_id"][0]
    assert "2 parts that share no contact and no agent" in said
    assert f"score contact {contact} too" in said


def test_the_prevalence_paradox_is_told_beside_the_verdict():
    agreement = FakeReader().grader_agreement()
    greeting = agreement.row(by_predicate=pl.col("criterion_id") == "greeting", named=True)
    assert greeting["krippendorff_alpha"] < 0.3 < greeting["gwet_ac"]
    chart = graders.verdicts_chart(agreement)
    assert greeting["prevalence"] != ""
    assert greeting["prevalence"].split(",")[0] in chart.html


def test_little_data_gives_words_instead_of_charts():
    assert severity.by_criterion_chart(pl.DataFrame(), []) is None
    assert validity.pairs_chart(pl.DataFrame(), "site", {}) is None
    assert validity.shares_html(None) == ""
    shares = pl.DataFrame({"part": ["agent_id", "contact"], "share": [0.125, 0.875]})
    assert "12.5% between agents" in validity.shares_html(VarianceShares(shares, 40))
    empty = FakeReader().grader_agreement().clear()
    assert "No contact has two graders yet" in graders.headline_html(empty, None, None)


def test_the_handbook_tells_what_each_model_estimate_assumes(visit):
    seen = visit("handbook", metric="fcr", **EVERYTHING)
    assert not seen.app.exception
    assert "9 model estimates" in seen.text
    for one in estimates():
        assert one.label in seen.text
        assert f"plumbline metrics {one.key}" in seen.text
    assert "within a stratum those who answer are like those who do not" in seen.text
    assert "plumbline metrics incremental_refund_avoidance --by program_id" in seen.text
