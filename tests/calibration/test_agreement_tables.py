"""Agreement by criterion, section, session and pair, and the words that go with it."""

from datetime import datetime

import numpy as np
import polars as pl
import pytest

from pipelines.calibration.agreement_tables import (
    criterion_agreement,
    pair_table,
    score_agreement,
    section_scores,
)
from pipelines.calibration.alignment import (
    aligned_ratings,
    alignment_by,
    out_of_tolerance,
    review_alignment,
)
from pipelines.calibration.verdicts import CLEAR, REWRITE, WATCH
from pipelines.stats.krippendorff import krippendorff_alpha
from pipelines.stats.ratings import ratings_from_matrix


def ratings(matrix, criterion="tone", *, scale="ordinal", purpose="calibration", session="s1", high=5.0):
    """Contacts × graders as ratings of one criterion; nan is not scored."""
    rows = [
        {
            "review_id": f"{session}-{contact:03d}-{grader}",
            "contact_id": f"c{session}{contact:03d}",
            "grader_id": f"g{grader}",
            "scorecard_id": "card",
            "version": "1",
            "criterion_id": criterion,
            "label": criterion.title(),
            "section": "All",
            "score": None if np.isnan(value) else float(value),
            "min": 0.0 if high == 1 else 1.0,
            "max": high,
            "weight": 10.0,
            "scale": scale,
            "purpose": purpose,
            "session_id": session,
            "reviewed_at": datetime(2026, 3, 1 + contact % 20),
        }
        for contact, row in enumerate(matrix)
        for grader, value in enumerate(row)
    ]
    return pl.DataFrame(rows, schema_overrides={"score": pl.Float64})


def noisy(seed, spread, *, contacts=60, graders=4):
    random = np.random.default_rng(seed)
    truth = random.integers(1, 6, (contacts, 1))
    return np.clip(np.rint(truth + random.normal(0, spread, (contacts, graders))), 1, 5)


def test_a_table_row_is_the_coefficient_of_its_contacts():
    matrix = noisy(1, 0.6)
    matrix[0, 1:] = np.nan  # scored by one grader only: not a unit
    row = criterion_agreement(ratings(matrix)).row(0, named=True)
    direct = krippendorff_alpha(ratings_from_matrix(matrix[1:]), "ordinal")
    assert row["units"] == 59
    assert row["krippendorff_alpha"] == pytest.approx(direct.value)
    assert row["krippendorff_alpha_lower"] == pytest.approx(direct.lower)
    assert (row["label"], row["scale"], row["raters"]) == ("Tone", "ordinal", 4)


@pytest.mark.parametrize(("spread", "word"), [(0.3, CLEAR), (0.75, WATCH), (2.5, REWRITE)])
def test_verdicts_follow_agreement(spread, word):
    row = criterion_agreement(ratings(noisy(2, spread))).row(0, named=True)
    assert row["verdict"] == word
    assert ("alike" if word == CLEAR else "Levels") in row["why"]


def test_few_contacts_are_watched_not_rewritten():
    row = criterion_agreement(ratings(noisy(2, 2.5, contacts=6))).row(0, named=True)
    assert row["verdict"] == WATCH
    assert "too few contacts" in row["why"]


def test_the_grader_who_confuses_two_levels_is_named():
    matrix = np.repeat(np.tile([3.0, 4.0, 4.0, 5.0], 15)[:, None], 4, axis=1)
    matrix[:, 2] = np.where(matrix[:, 2] == 4, 3, matrix[:, 2])
    row = criterion_agreement(ratings(matrix)).row(0, named=True)
    assert (row["confused_low"], row["confused_high"], row["confused_by"]) == (3.0, 4.0, "g2")
    assert row["confused_share"] == 1.0


def test_the_prevalence_paradox_is_explained_and_decides_by_gwet():
    matrix = np.ones((60, 3))
    matrix[[0, 1, 2], [0, 1, 2]] = 0
    row = criterion_agreement(ratings(matrix, scale="nominal", high=1.0)).row(0, named=True)
    assert row["krippendorff_alpha"] < 0.1
    assert row["verdict"] == CLEAR
    assert row["prevalence"].startswith(
        "All graders agree on 95% of the contacts, but 98% of the scores are 1"
    )
    assert criterion_agreement(ratings(noisy(1, 0.6)))["prevalence"][0] == ""


def test_one_category_and_tiny_samples_say_so():
    same = criterion_agreement(ratings(np.full((20, 3), 4.0))).row(0, named=True)
    assert same["verdict"] is None
    assert "Every score is the same" in same["why"]
    tiny = criterion_agreement(ratings(noisy(1, 1.0, contacts=3))).row(0, named=True)
    assert tiny["krippendorff_alpha"] is None
    assert "only 3 units" in tiny["krippendorff_alpha_note"]
    assert tiny["verdict"] is None


def test_references_second_looks_and_other_versions_are_kept_apart():
    matrix = noisy(3, 0.5)
    frame = ratings(matrix)
    expert = ratings(np.full((60, 1), 1.0), purpose="reference").with_columns(
        grader_id=pl.lit("expert"), review_id=pl.concat_str(pl.lit("x"), pl.col("review_id"))
    )
    older = frame.with_columns(
        score=pl.lit(1.0),
        review_id=pl.concat_str(pl.lit("old"), pl.col("review_id")),
        reviewed_at=pl.lit(datetime(2026, 1, 1)),
    )
    assert criterion_agreement(pl.concat([frame, expert, older])).equals(criterion_agreement(frame))
    other_version = frame.with_columns(version=pl.lit("2"), score=pl.lit(5.0) - pl.col("score") + 1)
    both = criterion_agreement(pl.concat([frame, other_version]))
    assert both["units"][0] == 120


def test_sessions_and_sections_have_rows_of_their_own():
    first, second = ratings(noisy(4, 0.4), session="s1"), ratings(noisy(5, 2.0), session="s2")
    by_session = criterion_agreement(pl.concat([first, second]), by=["session_id"]).sort("session_id")
    assert by_session["session_id"].to_list() == ["s1", "s2"]
    assert by_session["krippendorff_alpha"][0] > by_session["krippendorff_alpha"][1]
    sections = section_scores(pl.concat([first, ratings(noisy(6, 0.4), "policy")]))
    one = sections.filter(pl.col("review_id") == "s1-000-0")
    shares = (first["score"][0] - 1) / 4, (ratings(noisy(6, 0.4), "policy")["score"][0] - 1) / 4
    assert one["section_score"][0] == pytest.approx(100 * np.mean(shares))
    table = score_agreement(sections, score="section_score", by=["section"])
    assert (table["section"].to_list(), table["scale"].to_list()) == (["All"], ["interval"])


def test_nobody_scored_together_is_an_empty_table_with_columns():
    alone = ratings([[3.0], [4.0]])
    assert criterion_agreement(alone).is_empty()
    assert "krippendorff_alpha" in criterion_agreement(alone).columns
    assert pair_table(alone).is_empty()
    assert score_agreement(section_scores(alone), score="section_score").is_empty()


def test_pairs_carry_their_mean_difference():
    matrix = noisy(7, 0.4)
    matrix[:, 1] = np.minimum(matrix[:, 0] + 1, 5)
    pair = pair_table(ratings(matrix)).filter(pl.col("grader_a") == "g0", pl.col("grader_b") == "g1")
    assert pair["n"][0] == 60
    assert pair["mean_difference"][0] == pytest.approx((matrix[:, 0] - matrix[:, 1]).mean())
    assert pair_table(ratings(matrix, scale="nominal"))["linear_kappa"].null_count() == 6


class TestAlignment:
    """Two graders and the expert on two contacts, two criteria of weight 10 and 30, by hand."""

    @pytest.fixture
    def frame(self):
        tone = ratings([[5.0, 3.0], [4.0, np.nan]], "tone")
        policy = ratings([[1.0, 3.0], [2.0, 2.0]], "policy").with_columns(weight=pl.lit(30.0))
        expert_tone = ratings([[5.0], [2.0]], "tone", purpose="reference")
        expert_policy = ratings([[2.0], [2.0]], "policy", purpose="reference").with_columns(
            weight=pl.lit(30.0)
        )
        expert = pl.concat([expert_tone, expert_policy]).with_columns(
            grader_id=pl.lit("expert"), review_id=pl.concat_str(pl.lit("e"), pl.col("review_id"))
        )
        return pl.concat([tone, policy, expert])

    def test_alignment_is_weighted_over_what_both_scored(self, frame):
        reviews = review_alignment(aligned_ratings(frame)).sort("review_id")
        found = dict(reviews.select("review_id", "alignment").iter_rows())
        assert found == pytest.approx(
            {
                "s1-000-0": (10 * 1.0 + 30 * 0.75) / 40,
                "s1-000-1": (10 * 0.5 + 30 * 0.75) / 40,
                "s1-001-0": (10 * 0.5 + 30 * 1.0) / 40,
                "s1-001-1": 1.0,
            }
        )

    def test_tolerance_is_on_the_reviews_points(self, frame):
        reviews = review_alignment(aligned_ratings(frame), tolerance=12.6).sort("review_id")
        # Grader 0 on contact 0: tone equal, policy a quarter of 75 points below.
        assert reviews["difference"][0] == pytest.approx(-18.75)
        assert reviews["within_tolerance"].to_list() == [False, True, True, True]

    def test_graders_are_summed_up_lowest_first(self, frame):
        graders = alignment_by(review_alignment(aligned_ratings(frame)))
        assert graders["alignment"].is_sorted()
        assert graders["n_reviews"].to_list() == [2, 2]
        assert (graders["alignment_lower"] < graders["alignment"]).all()

    def test_several_references_are_averaged(self, frame):
        second = frame.filter(
            pl.col("purpose") == "reference", pl.col("criterion_id") == "tone"
        ).with_columns(score=pl.lit(3.0), review_id=pl.concat_str(pl.lit("f"), pl.col("review_id")))
        rows = aligned_ratings(pl.concat([frame, second]))
        assert set(rows.filter(pl.col("criterion_id") == "tone")["reference_score"]) == {4.0, 2.5}

    def test_who_is_out_of_tolerance_on_what(self, frame):
        rows = out_of_tolerance(aligned_ratings(frame), share_of_range=0.25)
        assert rows["criterion_id"].to_list() == ["tone", "tone"]
        assert set(rows["share_of_range"]) == {0.5}

    def test_without_a_reference_nothing_is_compared(self, frame):
        routine = frame.filter(pl.col("purpose") != "reference")
        assert aligned_ratings(routine).is_empty()
        assert alignment_by(review_alignment(aligned_ratings(routine))).is_empty()
