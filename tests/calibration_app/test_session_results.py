"""What came of a session, worked by hand: four graders, two contacts, ada the reference."""

from __future__ import annotations

import polars as pl
import pytest

from pipelines.calibration import session_agreement as agreed
from pipelines.calibration import session_results as results
from tests.calibration_app.shop import CRITERIA, WHOLE

FORM = pl.DataFrame([vars(criterion) for criterion in CRITERIA])


def long(table: dict[str, dict[str, tuple[float | None, ...]]]) -> pl.DataFrame:
    rows = [
        (contact, grader, criterion.criterion_id, score)
        for contact, by_grader in table.items()
        for grader, given in by_grader.items()
        for criterion, score in zip(CRITERIA, given, strict=True)
    ]
    names = {"contact_id": pl.String, "grader_id": pl.String, "criterion_id": pl.String}
    return pl.DataFrame(rows, schema={**names, "score": pl.Float64}, orient="row")


SCORES = long(WHOLE)
NOTHING = SCORES.clear()


def reviews(scores: pl.DataFrame, *, tolerance: float = 0, grader: str | None = "ada", consensus=None):
    right = results.references(scores, reference_grader=grader, consensus=consensus)
    cells = results.compared(scores, right, FORM, tolerance=tolerance, reference_grader=grader)
    return results.by_review(scores, cells, right, FORM)


def one(frame: pl.DataFrame, **where: str) -> dict:
    for name, value in where.items():
        frame = frame.filter(pl.col(name) == value)
    assert frame.height == 1
    return frame.row(0, named=True)


def test_a_reviews_score_is_weighted_leaves_out_what_does_not_apply_and_is_nought_on_an_auto_fail():
    found = results.review_scores(SCORES, FORM)
    # greet 2/2 · 1, policy 1/2 · 3, safe 1/1 · 1, tone 3/4 · 2, of 7
    assert one(found, contact_id="K1", grader_id="bob")["score"] == pytest.approx(100 * 5 / 7)
    assert one(found, contact_id="K2", grader_id="ada") == {
        "contact_id": "K2", "grader_id": "ada", "score": 0.0, "auto_failed": True,
    }  # fmt: skip
    silent = long({"K1": {"ada": (None, 2, None, 1), "bob": (None, None, None, None)}})
    found = results.review_scores(silent, FORM)
    assert one(found, grader_id="ada")["score"] == pytest.approx(100 * 3 / 5)
    assert one(found, grader_id="bob")["score"] is None


def test_what_is_right_is_the_consensus_else_the_reference_grader_else_the_median():
    settled = pl.DataFrame({"contact_id": ["K1"], "criterion_id": ["policy"], "score": [1.0]})
    found = results.references(SCORES, reference_grader="ada", consensus=settled)
    assert one(found, contact_id="K1", criterion_id="policy")["reference"] == 1.0
    assert one(found, contact_id="K1", criterion_id="policy")["basis"] == "consensus"
    assert one(found, contact_id="K2", criterion_id="tone")["basis"] == "reference grader"
    middle = results.references(SCORES, reference_grader=None)
    assert one(middle, contact_id="K1", criterion_id="tone")["reference"] == 4.0
    assert set(middle["basis"]) == {"median of the graders"}


def test_the_median_is_not_applicable_where_more_say_so_than_score_and_there_is_none_of_one_grader():
    split = long({"K1": {"ada": (None, 2, 1, 4), "bob": (None, 1, None, 4), "cyn": (2, None, None, 4)}})
    found = results.references(split, reference_grader=None)
    assert one(found, criterion_id="greet")["reference"] is None
    assert one(found, criterion_id="policy")["reference"] == 1.5
    assert one(found, criterion_id="safe")["reference"] is None
    assert results.references(split.filter(grader_id="ada"), reference_grader=None).is_empty()


def test_alignment_and_tolerance_are_those_of_the_definition():
    bob = one(reviews(SCORES), contact_id="K1", grader_id="bob")
    # policy is 1 where 2 is right: 1 − 1/2 with weight 3, the rest is exact: (1 + 1.5 + 1 + 2) / 7
    assert bob["alignment_score"] == pytest.approx(5.5 / 7)
    assert (bob["n_criteria"], bob["n_out"], bob["tolerance_share"], bob["exact_share"]) == (4, 1, 0.75, 0.75)
    assert bob["difference"] == pytest.approx(100 * (5 / 7 - 6.5 / 7))
    assert bob["is_near"] is False
    dee = one(reviews(SCORES), contact_id="K2", grader_id="dee")
    # she says that policy does not apply: out of tolerance, and no part of the alignment
    assert (dee["n_out"], dee["alignment_score"]) == (1, 1.0)


def test_a_point_of_tolerance_forgives_a_point_but_never_a_missing_score():
    assert one(reviews(SCORES, tolerance=1), contact_id="K1", grader_id="dee")["n_out"] == 0
    assert one(reviews(SCORES, tolerance=1), contact_id="K2", grader_id="dee")["n_out"] == 1
    tenth = long({"K1": {"ada": (0.1, 0, 0, 1), "bob": (0.3, 0, 0, 1)}})
    assert one(reviews(tenth, tolerance=0.2), grader_id="bob")["n_out"] == 0


def test_the_reference_grader_is_held_to_a_consensus_but_not_to_himself():
    assert one(reviews(SCORES), contact_id="K1", grader_id="ada")["n_criteria"] == 0
    settled = pl.DataFrame({"contact_id": ["K1"], "criterion_id": ["policy"], "score": [1.0]})
    ada = one(reviews(SCORES, consensus=settled), contact_id="K1", grader_id="ada")
    assert (ada["n_criteria"], ada["n_out"], ada["alignment_score"]) == (1, 1, 0.5)


def test_graders_are_summed_over_their_reviews():
    found = results.by_grader(reviews(SCORES))
    assert found["grader_id"].to_list() == ["bob", "dee", "cyn"]
    bob = one(found, grader_id="bob")
    assert (bob["n_reviews"], bob["n_criteria"], bob["n_out"], bob["tolerance_share"]) == (2, 8, 3, 0.625)
    assert bob["alignment_score"] == pytest.approx((5.5 / 7 + 5.5 / 7) / 2)
    assert bob["lean"] == pytest.approx((-150 / 7 + 300 / 7) / 2)
    assert one(found, grader_id="cyn")["near_share"] == 0.5


def test_spread_is_a_share_of_the_scale_and_whole_where_some_say_not_applicable():
    found = results.spread(SCORES, FORM)
    assert one(found, contact_id="K1", criterion_id="tone")["spread"] == 0.5
    assert one(found, contact_id="K1", criterion_id="safe")["spread"] == 0.0
    assert one(found, contact_id="K2", criterion_id="policy")["spread"] == 1.0
    assert results.spread(SCORES.filter(grader_id="ada"), FORM).is_empty()


def test_pairs_are_within_the_tolerance_or_not():
    found = agreed.pairs(SCORES, FORM, tolerance=0)
    greet = found.filter(pl.col("criterion_id") == "greet")
    assert (greet.height, greet["is_within"].mean()) == (12, 0.5)
    assert found.filter(pl.col("criterion_id") == "safe")["is_within"].mean() == 0.75
    # dee alone says that policy does not apply to K2
    policy = found.filter((pl.col("criterion_id") == "policy") & (pl.col("contact_id") == "K2"))
    assert policy["is_within"].to_list().count(False) == 3
    # a wide tolerance forgives neither a missing score nor a yes against a no
    wide = agreed.pairs(SCORES, FORM, tolerance=2).filter(~pl.col("is_within"))
    assert dict(wide.group_by("criterion_id").len().rows()) == {"policy": 3, "safe": 3}


def test_two_contacts_are_too_few_for_alpha_and_the_table_says_so():
    found = agreed.agreement_table(SCORES, FORM, tolerance=0)
    assert found["level"].to_list() == ["criterion"] * 4 + ["section", "review"]
    assert found["name"].to_list()[:4] == [criterion.label for criterion in CRITERIA]
    tone = one(found, name="Tone")
    assert tone["alpha"] is None and "only 2 units" in tone["alpha_note"]
    assert (tone["n_contacts"], tone["exact_share"]) == (2, 0.0)
    assert one(agreed.agreement_table(SCORES, FORM, tolerance=2), name="Tone")["within_share"] == 1.0


# Krippendorff (2011), Computing Krippendorff's Alpha-Reliability, the example of section E
PUBLISHED = [
    [1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None], [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3],
    [None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None], [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None],
]  # fmt: skip


@pytest.mark.parametrize(("scale", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)])
def test_alpha_of_a_session_is_that_of_the_published_example(scale, alpha):
    rows = [
        (f"K{contact}", f"g{grader}", "q", None if score is None else float(score))
        for grader, scores in enumerate(PUBLISHED)
        for contact, score in enumerate(scores)
    ]
    form = FORM.head(1).with_columns(
        pl.lit("q").alias("criterion_id"), pl.lit(1.0).alias("min"), pl.lit(5.0).alias("max"),
        pl.lit(scale).alias("scale"), pl.lit(False).alias("auto_fail"),
    )  # fmt: skip
    scores = pl.DataFrame(rows, schema=SCORES.schema, orient="row")
    found = agreed.agreement_table(scores, form, tolerance=0)
    assert one(found, level="criterion")["alpha"] == pytest.approx(alpha, abs=5e-4)
    assert found["level"].to_list() == ["criterion", "review"]
    # one criterion on an interval scale: the review's score is the same numbers, stretched
    assert one(found, level="review")["alpha"] == pytest.approx(0.849, abs=5e-4)


def test_the_reference_is_not_one_of_those_compared_unless_nobody_else_is_there():
    assert set(agreed.without_reference(SCORES, "ada")["grader_id"]) == {"bob", "cyn", "dee"}
    two = SCORES.filter(pl.col("grader_id").is_in(["ada", "bob"]))
    assert set(agreed.without_reference(two, "ada")["grader_id"]) == {"ada", "bob"}
    assert agreed.without_reference(SCORES, None).height == SCORES.height


def test_a_session_without_a_score_has_results_without_numbers():
    assert reviews(NOTHING).is_empty()
    assert results.by_grader(reviews(NOTHING)).is_empty()
    assert agreed.pairs(NOTHING, FORM, tolerance=0).is_empty()
    found = agreed.agreement_table(NOTHING, FORM, tolerance=0)
    assert found.height == 6
    assert found["alpha"].null_count() == 6 and found["n_contacts"].to_list() == [0] * 6
