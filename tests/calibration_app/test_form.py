"""Scoring blind: the draft, the submission, the correction, and what another window is told."""

from __future__ import annotations

import pytest

from dashboard.components import calibration_sheet as sheets
from pipelines import store as app
from pipelines.store import Criterion, Score, new_id
from tests.calibration_app.shop import CRITERIA, WHOLE, fill, make_session, scores

AGENTS = ("Priya Quandary", "Mateus Quixote", "A1", "A2")


@pytest.fixture
def session(store):
    return make_session(store)


@pytest.fixture
def ada(visit, session):
    return visit("ada", session=session.session_id)


def drafted(store, session, grader="ada", contact="K1"):
    return app.read_draft(store, session.session_id, contact, grader)


def test_every_change_is_kept_as_a_draft(ada, store, session):
    ada.answer(0, "2")
    assert {name: given.score for name, given in drafted(store, session).scores.items()} == {"greet": 2.0}
    ada.answer(1, "-").answer(3, "4").answer(3, "kind", kind="comment")
    ada.choose("comment-*-K1-all", "a fair call")
    kept = drafted(store, session)
    assert kept.scores == {"greet": Score(2), "policy": Score(None), "tone": Score(4, "kind")}
    assert (kept.comment, kept.version) == ("a fair call", 5)
    assert "3 of 4 criteria scored" in ada.text and "draft kept" in ada.text


def test_a_draft_is_there_again_in_another_window_and_after_another_contact(ada, visit, store, session):
    ada.answer(0, "1").answer(0, "late", kind="comment")
    ada.choose("choose-contact", "K2").choose("choose-contact", "K1")
    assert ada.field("score-*-K1-0").value == "1"
    other = visit("ada", session=session.session_id)
    assert other.field("score-*-K1-0").value == "1"
    assert other.field("comment-*-K1-0").value == "late"


def test_the_score_so_far_is_the_reviews_formula_and_an_auto_fail_says_so(ada):
    ada.answer(0, "2").answer(1, "1").answer(3, "4")
    # (1·1 + 3·1/2 + 2·3/4) / 6
    assert "67 of 100" in ada.text
    ada.answer(2, "0")
    assert "Auto-fail: this review scores 0." in ada.text


def test_a_form_that_is_not_whole_is_not_taken_and_says_what_is_missing(ada, store, session):
    ada.answer(0, "2").press("submit-K1")
    assert "Not scored yet: Gives the right policy, Keeps the card number out, Tone" in ada.text
    assert app.history(store, session.session_id, "K1", "ada") == ()


def test_a_submitted_form_moves_on_and_shows_ones_own_scores_and_then_the_agent(ada, store, session):
    assert not any(agent in ada.html for agent in AGENTS)
    ada.choose("quick-*-K1-all", "2 2 1 4").press("submit-K1")
    assert ada.places["contact"] == "K2"
    assert "Contact 2 of 2" in ada.text and "1 of 2" in ada.text
    assert not any(agent in ada.html for agent in AGENTS)
    (kept,) = app.history(store, session.session_id, "K1", "ada")
    assert [kept.scores[item.criterion_id].score for item in CRITERIA] == [2, 2, 1, 4]
    assert drafted(store, session).version == 0
    ada.open(session=session.session_id, contact="K1")
    assert "You have scored this contact" in ada.text
    assert "Mateus Quixote · T2 · Cebu" in ada.text


def test_a_second_click_finds_the_first_ones_submission(ada, store, session, monkeypatch):
    def twice(sheet, following, reason_key):
        original(sheet, following, reason_key)
        original(sheet, following, reason_key)

    original = sheets.send
    monkeypatch.setattr(sheets, "send", twice)
    ada.choose("quick-*-K1-all", "2 2 1 4").press("submit-K1")
    assert len(app.history(store, session.session_id, "K1", "ada")) == 1
    assert not ada.app.warning and not ada.app.error


def test_nothing_of_others_is_on_a_blind_page_but_how_far_they_are(visit, store, session):
    for number, contact in enumerate(("K1", "K2")):
        app.submit(
            store, session.session_id, contact, "bob", scores(2, 1, 1, 3, comment=f"secret-{number}"),
            submit_key=new_id(), comment="secret-whole",
        )  # fmt: skip
    for name in ("ada", "lead", "somebody"):
        for contact in ("K1", "K2"):
            seen = visit(name, session=session.session_id, contact=contact)
            assert "secret" not in seen.sent
            assert "2 of 2" in seen.text


def test_quick_entry_fills_the_first_criteria_and_refuses_what_is_no_score(ada):
    ada.choose("quick-*-K1-all", "2, 1")
    assert "2 of 4 criteria scored" in ada.text
    for text, said in (
        ("2 1 7", "“Keeps the card number out” goes from 0 to 1, and 7 was typed."),
        ("2 1.5", "“Gives the right policy” goes from 0 to 2"),
        ("2 good", "“good” is no score"),
        ("1 1 1 1 1", "5 scores were typed, and there are 4 criteria."),
    ):
        ada.choose("quick-*-K1-all", text)
        assert said in ada.text
        assert ada.field("quick-*-K1-all").value == ""
    assert "2 of 4 criteria scored" in ada.text


def test_two_windows_of_one_draft_are_told_and_either_can_go_on(ada, store, session):
    ada.answer(0, "2")
    app.save_draft(store, session.session_id, "K1", "ada", {"greet": Score(0)}, version=1)
    ada.answer(1, "1")
    assert "This draft was saved in another window meanwhile" in ada.text
    ada.press("take-theirs")
    assert (ada.field("score-*-K1-0").value, ada.field("score-*-K1-1").value) == ("0", None)
    assert not ada.app.warning
    app.save_draft(store, session.session_id, "K1", "ada", {"greet": Score(1)}, version=2)
    ada.answer(1, "2")
    ada.press("keep-mine")
    assert drafted(store, session).scores == {"greet": Score(0), "policy": Score(2)}
    assert not ada.app.warning


def test_a_window_whose_draft_changed_elsewhere_is_told_before_it_types(ada, store, session):
    ada.answer(0, "2")
    app.save_draft(store, session.session_id, "K1", "ada", {"greet": Score(0)}, version=1)
    ada.app.run()
    assert "what you see here is not what is kept" in ada.text


def test_a_contact_submitted_in_another_window_is_told_and_not_overwritten(ada, store, session):
    ada.choose("quick-*-K1-all", "2 2 1 4")
    app.submit(store, session.session_id, "K1", "ada", scores(0, 0, 0, 1), submit_key=new_id())
    ada.press("submit-K1")
    assert "You have scored this contact" in ada.text
    assert "This contact was submitted already; a submitted score is not overwritten" in ada.text
    (kept,) = app.history(store, session.session_id, "K1", "ada")
    assert kept.scores["tone"].score == 1


def test_a_correction_needs_a_reason_supersedes_and_keeps_the_old_score(ada, store, session):
    ada.choose("quick-*-K1-all", "2 2 1 4").press("submit-K1")
    ada.open(session=session.session_id, contact="K1").press("correct-contact")
    assert ada.field("score-*-K1-3").value == "4"
    ada.answer(3, "2").press("submit-K1")
    assert "A correction needs a reason." in ada.text
    ada.choose("reason-*-K1-all", "misread the last line").press("submit-K1")
    first, second = app.history(store, session.session_id, "K1", "ada")
    assert (first.scores["tone"].score, second.scores["tone"].score) == (4, 2)
    assert (second.reason, second.revision) == ("misread the last line", 2)
    ada.open(session=session.session_id, contact="K1")
    assert "corrected 1 time" in ada.text


def test_a_closed_session_takes_nothing_and_says_so(visit, store, session):
    app.close_session(store, session.session_id, by="lead")
    seen = visit("ada", session=session.session_id)
    assert "This session is closed" in seen.text
    assert not seen.has("submit-")


def test_a_session_closed_while_one_types_says_so(ada, store, session):
    app.close_session(store, session.session_id, by="lead")
    ada.answer(0, "2")
    assert "This session is closed" in ada.text


def test_who_does_not_grade_sees_no_form_and_whose_session_it_is(visit, session):
    seen = visit("somebody", session=session.session_id)
    assert "you see it once lead reveals it" in seen.text
    assert not seen.has("submit-") and not seen.has("reveal-now")


def test_a_wide_scale_is_typed_and_may_not_apply(visit, store):
    wide = make_session(store, criteria=(Criterion("depth", "Depth", 0, 100, scale="interval"), *CRITERIA))
    seen = visit("ada", session=wide.session_id)
    seen.answer(0, 72.0)
    assert drafted(store, wide).scores == {"depth": Score(72)}
    seen.answer(0, True, kind="silent")
    assert drafted(store, wide).scores == {"depth": Score(None)}
    seen.choose("quick-*-K1-all", "55.5 2 2 1 4").press("submit-K1")
    (kept,) = app.history(store, wide.session_id, "K1", "ada")
    assert kept.scores["depth"].score == 55.5


def test_an_erased_contact_has_no_facts_and_the_rest_goes_on(visit, store):
    gone = make_session(store, contacts=(app.SampledContact("K77"), app.SampledContact("K1")))
    seen = visit("ada", session=gone.session_id)
    assert "The warehouse does not know this contact" in seen.text
    seen.choose("quick-*-K77-all", "2 2 1 4").press("submit-K77")
    assert seen.places["contact"] == "K1"


def test_the_lead_reveals_closes_opens_again_moves_the_date_and_adds_graders(visit, store):
    session = make_session(store, graders=("ada", "bob", "cyn"))
    fill(
        store, session, {contact: {n: given[n] for n in session.graders} for contact, given in WHOLE.items()}
    )
    lead = visit("lead", session=session.session_id)
    assert "Everyone has scored everything: reveal it." in lead.text
    assert "Mateus Quixote" in lead.sent  # who leads without grading may know
    lead.choose("more-graders", ["dee"]).press("add-graders-now")
    assert "dee" in app.session(store, session.session_id).graders
    assert "6 of 8 reviews are in" in lead.text and "dee has not finished" in lead.text
    day = store.clock().date()
    lead.choose("change-due", day).press("change-due-now")
    assert app.session(store, session.session_id).due_on == day
    lead.press("reveal-now")
    assert app.session(store, session.session_id).is_revealed
    lead.press("close-now")
    assert app.session(store, session.session_id).is_closed
    lead.choose("reopen-reason", "one more").press("reopen-now")
    assert not app.session(store, session.session_id).is_closed


def test_a_session_whose_contacts_were_all_erased_says_so(visit, store, session):
    fill(store, session, WHOLE)
    app.erase_contacts(store, ["K1", "K2"])
    seen = visit("ada", session=session.session_id)
    assert "Every contact of this session was erased" in seen.text
    assert "0 contacts" in visit("ada").text
