"""The reveal, the discussion, the consensus, the disputes and the export."""

from __future__ import annotations

import io
from dataclasses import replace

import polars as pl
import pytest
from openpyxl import load_workbook

from dashboard.views import calibration_export as files
from dashboard.views import calibration_results as views
from pipelines import export
from pipelines import store as app
from pipelines.store import new_id
from tests.calibration_app.shop import GRADERS, NEW, WHOLE, fill, make_session, scores


@pytest.fixture
def session(store):
    made = make_session(store)
    fill(store, made, WHOLE)
    app.reveal(store, made.session_id, by="lead")
    return made


def test_the_reveal_says_how_far_graders_agree_and_who_is_off_on_what(visit, session):
    seen = visit("bob", session=session.session_id)
    text = seen.text
    assert (
        "Graders agree on 37.5% of what two of them scored , least on “Tone”; bob is 11 points milder" in text
    )
    assert "Pairs that agree 37.5% 24 pairs; only the same score agrees" in text
    assert "Alignment score 88.1% mean over reviews, against the reference grader, ada" in text
    assert "Widest review 0 to 43 of 100, contact K2" in text
    assert "bob is out of tolerance most often: 3 of 8 scores" in text
    assert "Gives the right policy (1 too low)" in text and "Tone (1 too high)" in text
    assert "only 2 units" in text  # two contacts are too few for alpha, and it says so


def test_scores_stand_side_by_side_with_what_was_right(visit, session):
    html = visit("bob", session=session.session_id, contact="K2").html
    table = html[html.index("Scores side by side") :]
    row = next(part for part in table.split("<tr") if "Keeps the card number out" in part)
    assert [cell.split(">")[1].split("<")[0] for cell in row.split("<td")[1:]] == [
        "No",
        "Yes",
        "No",
        "No",
        "No",
    ]
    assert row.count("cal-out") == 1 and row.count("cal-apart") == 3
    total = next(part for part in table.split("<tr") if "Review, of 100" in part)
    assert total.count("auto-fail") == 3


def test_where_graders_differ_is_a_heat_map_of_criteria_by_contacts(visit, session):
    html = visit("bob", session=session.session_id).html
    heat = html[html.index("How far apart graders are") :]
    policy = next(part for part in heat.split("<tr") if "Gives the right policy" in part)
    assert ">1–2<" in policy and ">N/A?<" in policy
    assert "furthest apart on “Gives the right policy”" in html


def test_a_grader_who_has_not_submitted_goes_on_blind_after_the_reveal(visit, store):
    late = make_session(store)
    for contact in ("K1", "K2"):
        app.submit(
            store, late.session_id, contact, "bob", scores(2, 1, 1, 3, comment="secret"), submit_key=new_id()
        )
    app.reveal(store, late.session_id, by="lead")
    ada = visit("ada", session=late.session_id)
    assert "secret" not in ada.sent
    assert "There is no contact yet that two graders have scored" in ada.text
    ada.choose("quick-*-K1-all", "2 2 1 4").press("submit-K1")
    ada.open(session=late.session_id, contact="K1")
    assert "secret" in ada.sent
    ada.open(session=late.session_id, contact="K2")
    assert "secret" not in _of_contact(ada)
    (kept,) = app.history(store, late.session_id, "K1", "ada")
    assert kept.is_after_reveal


def _of_contact(seen) -> str:
    """What is shown of the one contact, below the figures of the session."""
    return seen.html[seen.html.index("Find it in your own system") :]


def test_hidden_graders_are_numbered_alike_everywhere(visit, store):
    hidden = make_session(store, hides_graders=True)
    fill(store, hidden, WHOLE)
    app.reveal(store, hidden.session_id, by="lead")
    seen = visit("bob", session=hidden.session_id)
    scored = _of_contact(seen)
    assert "Grader 1" in scored and "Grader 3" in scored
    assert "cyn" not in scored and "dee" not in scored


def test_notes_are_added_and_edited_by_who_wrote_them(visit, store, session):
    bob = visit("bob", session=session.session_id, contact="K1")
    bob.press("note-K1-new-add")
    assert "The note is empty." in bob.text
    bob.choose("note-K1-new", "It was greeted late.").press("note-K1-new-add")
    assert "It was greeted late." in bob.html
    bob.press("note-K1-new-edit")
    field = next(one for one in bob.app.text_area if one.key.startswith("note-K1"))
    assert field.value == "It was greeted late."
    bob.choose(field.key, "It was greeted very late.").press(f"{field.key}-add")
    assert "It was greeted very late." in bob.html and "edited" in bob.html
    cyn = visit("cyn", session=session.session_id, contact="K1")
    assert "It was greeted very late." in cyn.html and not cyn.has("note-K1-new-edit")


def test_a_consensus_is_what_scores_are_held_against(visit, store, session):
    bob = visit("bob", session=session.session_id, contact="K1")
    assert not bob.has("consensus-K1") and "Recorded by lead" in bob.text
    lead = visit("lead", session=session.session_id, contact="K1")
    lead.choose("consensus-K1", "policy").press("consensus-K1-1-0-save")
    assert "Choose the score that was agreed on first." in lead.text
    lead.choose("consensus-K1-1-0-score", "1").choose("consensus-K1-1-0-why", "half of it")
    lead.press("consensus-K1-1-0-save")
    assert "Gives the right policy: 1" in lead.text and "half of it" in lead.text
    view = app.session_view(store, session.session_id, "lead")
    found = views.results(view, resamples=10)
    off = found.cells.filter(contact_id="K1", criterion_id="policy").filter(~pl.col("is_within"))
    assert off["grader_id"].to_list() == ["ada", "cyn", "dee"]
    assert "against the reference grader, ada and the consensus" in lead.text
    app.set_consensus(store, session.session_id, "K1", "policy", 0, by="ada", submit_key=new_id(), revision=1)
    lead.choose("consensus-K1-1-1-score", "2")
    assert app.session_view(store, session.session_id, "lead").contacts[0].consensus["policy"].score == 0


def test_a_disagreement_about_the_consensus_is_told(visit, store, session):
    lead = visit("lead", session=session.session_id, contact="K1")
    lead.choose("consensus-K1-0-0-score", "1")
    app.set_consensus(store, session.session_id, "K1", "greet", 0, by="ada", submit_key=new_id())
    lead.press("consensus-K1-0-0-save")
    assert "was decided by ada meanwhile" in lead.text
    assert app.session_view(store, session.session_id, "lead").contacts[0].consensus["greet"].score == 0


def test_a_review_is_contested_and_decided_with_the_reason(visit, store):
    ada = visit("ada", view="disputes")
    assert "0 reviews contested, 0 decided" in ada.text
    ada.choose("contest-agent", "A1").choose("contest-review", "Q8").choose("contest-criterion", "tone")
    ada.press("contest-now")
    assert "The reason is empty." in ada.text
    ada.choose("contest-reason", "The line was bad").press("contest-now")
    assert "Priya Quandary, contact K8 Open" in ada.text and "Tone, scored 5" in ada.text
    ada.choose("contest-reason", "again").press("contest-now")
    assert "contested already" in ada.text
    (dispute,) = app.disputes(store)
    key = f"decide-{dispute.dispute_id}-0"
    lead = visit("lead", view="disputes")
    lead.choose(f"{key}-outcome", "overturned").choose(f"{key}-score", 3.0)
    lead.choose(f"{key}-reason", "Listened again").press(f"{key}-now")
    assert "Overturned" in lead.text and "Right would be 3." in lead.text
    assert "1 of 1 decided went against the grader" in lead.text
    assert app.overturned(store).select("review_id", "criterion_id", "corrected_score").rows() == [
        ("Q8", "tone", 3.0)
    ]


def test_a_dispute_decided_elsewhere_is_told(visit, store):
    made = app.open_dispute(store, "Q8", "K8", "No", by="ada", submit_key=new_id(), agent_id="A1")
    lead = visit("lead", view="disputes")
    key = f"decide-{made.dispute_id}-0"
    lead.choose(f"{key}-outcome", "upheld").choose(f"{key}-reason", "Fine")
    app.decide_dispute(store, made.dispute_id, "overturned", "Not fine", by="bob", submit_key=new_id())
    lead.press(f"{key}-now")
    assert "was decided by bob meanwhile" in lead.text
    assert app.disputes(store)[0].outcome == "overturned"


def seen(store, session, viewer="lead"):
    view = app.session_view(store, session.session_id, viewer)
    return [(view, views.results(view, resamples=10))]


def test_exports_hold_sessions_reviews_and_scores_with_alignment_and_tolerance(store, session):
    (one,) = files.sessions(seen(store, session)).iter_rows(named=True)
    assert (one["session"], one["state"], one["n_reviews"], one["seed"]) == ("January", "revealed", 8, 7)
    assert one["tolerance_share"] == pytest.approx(16 / 24)
    # bob 5.5/7 twice, cyn 6.5/7 twice, dee 6/7 and 1
    assert one["alignment_score"] == pytest.approx((11 / 7 + 13 / 7 + 6 / 7 + 1) / 6)
    reviews = files.reviews(seen(store, session))
    assert reviews.height == 8 and set(reviews["grader_id"]) == set(GRADERS)
    bob = reviews.filter(contact_id="K1", grader_id="bob").row(0, named=True)
    assert bob["alignment_score"] == pytest.approx(5.5 / 7) and bob["tolerance_share"] == 0.75
    assert bob["review_id"] == app.review_id(session.session_id, "K1", "bob")
    rows = files.scores(seen(store, session))
    assert rows.height == 32 and rows["not_applicable"].sum() == 1
    assert rows.filter(grader_id="ada")["within_tolerance"].null_count() == 8


def test_exports_are_csv_and_excel_and_a_formula_in_a_comment_stays_a_text(store):
    made = make_session(store)
    fill(store, made, {"K1": WHOLE["K1"]})
    app.submit(store, made.session_id, "K2", "bob", scores(2, 2, 1, 4, comment="=1+1"), submit_key=new_id())
    app.reveal(store, made.session_id, by="lead")
    rows = files.scores(seen(store, made))
    assert "'=1+1" in export.to_csv(rows).decode()
    sheet = load_workbook(io.BytesIO(export.to_xlsx(rows, "Scores"))).active
    assert sheet.max_row == rows.height + 1
    cells = [cell for line in sheet.iter_rows() for cell in line if cell.value == "=1+1"]
    assert [cell.data_type for cell in cells] == ["s"]


def test_an_export_holds_what_its_reader_may_see_and_no_blind_session(visit, store, session):
    make_session(store, name="Blind")
    hidden = make_session(store, name="Hidden", hides_graders=True)
    fill(store, hidden, WHOLE)
    app.reveal(store, hidden.session_id, by="lead")
    bob = files.reviews(seen(store, hidden, "bob"))
    assert set(bob["grader_id"]) == {"bob", "Grader 1", "Grader 3", "Grader 4"}
    assert bob.filter(pl.col("review_id").is_not_null())["grader_id"].unique().to_list() == ["bob"]
    page = visit("bob")
    assert (
        "2 revealed sessions, with alignment score and tolerance share. Blind ones are left out." in page.text
    )
    assert files.reviews([]).is_empty() and files.scores([]).is_empty()


def test_what_people_typed_in_is_shown_as_text_everywhere(visit, store):
    evil = "<img src=x onerror=alert(1)>"
    made = app.create_session(
        store,
        replace(
            NEW, name=f"N{evil}", graders=(f"a{evil}", "bob", "cyn"), rule_detail=evil, reference_grader=None
        ),
        by=f"lead{evil}",
        submit_key=new_id(),
    )
    words = scores(2, 2, 1, 4, comment=evil)
    app.submit(store, made.session_id, "K1", f"a{evil}", words, submit_key=new_id(), comment=evil)
    app.submit(store, made.session_id, "K1", "bob", scores(0, 1, 1, 2), submit_key=new_id())
    lead = f"lead{evil}"
    pages = [visit("bob"), visit("bob", session=made.session_id), visit(lead, session=made.session_id)]
    app.reveal(store, made.session_id, by=lead)
    app.write_note(store, made.session_id, "K1", evil, by="bob", submit_key=new_id())
    app.set_consensus(store, made.session_id, "K1", "greet", 1, by=lead, submit_key=new_id(), reason=evil)
    app.open_dispute(store, "Q8", "K8", evil, by=evil, submit_key=new_id(), agent_id="A1")
    pages += [visit("bob", session=made.session_id, contact="K1"), visit("bob", view="disputes")]
    for page in pages:
        assert "&lt;img" in page.html
        assert "<img src=x" not in page.html
