"""The list of sessions in its states, and making a session."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dashboard import deps
from dashboard.components import calibration_new
from pipelines import store as app
from pipelines.calibration.draws import lot
from pipelines.errors import StateError
from tests.calibration_app.shop import CRITERIA, NOW, WHOLE, fill, make_session

TODAY = NOW.date()


def test_without_a_name_the_page_says_that_it_takes_ones_word_and_opens_nothing(visit, store):
    session = make_session(store)
    seen = visit()
    assert "No login here: this page takes your word." in seen.text
    assert "Choose or type your name above" in seen.text
    assert all(button.disabled for button in seen.app.button if button.key.startswith(("new-", "open-")))
    seen.open(session=session.session_id)
    assert "what you may see of a session depends on who you are" in seen.text
    assert "Keeps the card number out" not in seen.text


def test_a_name_stands_in_the_address_is_spelled_as_it_is_known_and_may_be_new(visit, store):
    make_session(store)
    seen = visit(grader="  ADA ")
    assert seen.places["grader"] == "ada"
    seen.choose("choose-grader", "bob")
    assert seen.places["grader"] == "bob"
    seen.open(grader="Eve  Ng")
    assert seen.places["grader"] == "Eve Ng"
    assert not next(button for button in seen.app.button if button.key == "new-session").disabled


def test_without_a_session_the_list_says_what_one_is(visit):
    assert "No session yet" in visit("lead").text


def test_the_list_tells_open_due_revealed_and_closed_apart_and_puts_ones_own_work_first(visit, store):
    make_session(store, name="Open one", due_on=TODAY + timedelta(days=3))
    make_session(store, name="Late one", due_on=TODAY - timedelta(days=2))
    shown = make_session(store, name="Shown one")
    fill(store, shown, WHOLE)
    app.reveal(store, shown.session_id, by="lead")
    closed = make_session(store, name="Closed one", due_on=TODAY)
    app.close_session(store, closed.session_id, by="lead")
    text = visit("ada").text
    for words in (
        "Open one Open 2 contacts · 4 graders · due in 3 days · led by lead 0 of 8 reviews in",
        "Late one Due 2 contacts · 4 graders · was due 2 days ago",
        "Closed one Closed 2 contacts · 4 graders · led by lead",
    ):
        assert words in text
    # without ada, who is the reference: greet 2 of 6 pairs, policy 2, safe 4, tone 1
    assert "Shown one Revealed 2 contacts · 4 graders · led by lead 37.5% of pairs agree" in text
    assert max(text.index("Late one"), text.index("Open one")) < text.index("Shown one")
    labels = [button.label for button in visit("ada").app.button if button.key.startswith("open-")]
    assert labels == ["Score 2 contacts", "Score 2 contacts", "Open", "Open"]


def test_an_address_of_no_session_says_so_and_shows_the_list(visit, store):
    make_session(store)
    assert "There is no session at this address" in visit("ada", session="gone").text


def test_a_store_that_cannot_be_reached_is_said_in_a_sentence(visit, monkeypatch):
    def broken():
        raise StateError("the app store postgresql://plumb@db cannot be opened; see that it is reachable.")

    monkeypatch.setattr(deps, "store", broken)
    seen = visit("ada")
    assert not seen.app.exception
    assert "The app store postgresql://plumb@db cannot be opened" in seen.text


def new(visit, **choices):
    """The form of a new session with graders, and contacts that were reviewed before let in."""
    seen = visit("lead", view="new")
    seen.choose("new-graders", ["ada", "bob", "cyn"]).choose("new-fresh", False)
    for key, value in choices.items():
        seen.choose(key.replace("_", "-"), value)
    return seen


def test_a_random_session_keeps_its_rule_its_seed_its_form_and_is_drawn_by_the_lots(visit, store):
    seen = new(visit, new_n=3, new_seed=11, new_name="First", new_tolerance=1.0, new_reference="ada")
    assert "These 3 contacts" in seen.text
    seen.press("create-session")
    (made,) = app.sessions(store)
    assert seen.places["session"] == made.session_id
    assert (made.name, made.rule, made.seed, made.tolerance) == ("First", "random", 11, 1.0)
    assert (made.reference_grader, made.created_by) == ("ada", "lead")
    assert made.graders == ("ada", "bob", "cyn")
    assert made.rule_detail.startswith(
        "3 of 8 handled, closed contacts, each as likely as the next; opened 1"
    )
    lots = sorted((lot(11, f"K{n}"), f"K{n}") for n in range(1, 9))
    assert [contact.contact_id for contact in made.contacts] == [name for _, name in lots[:3]]
    assert [criterion.criterion_id for criterion in made.criteria] == [item.criterion_id for item in CRITERIA]
    assert made.criteria[2].auto_fail and made.criteria[3].scale == "interval"
    assert made.due_on == TODAY + timedelta(days=7)


@pytest.mark.parametrize(("rule", "words"), [("stratified", "by channel and issue"), ("widest", "aimed at")])
def test_other_rules_draw_and_say_why_without_naming_an_agent(visit, store, rule, words):
    seen = new(visit, new_rule=rule, new_n=4)
    seen.press("create-session")
    (made,) = app.sessions(store)
    assert made.rule == rule and words in made.rule_detail
    assert len({contact.contact_id for contact in made.contacts}) == 4
    said = made.rule_detail + " ".join(contact.reason for contact in made.contacts)
    assert not any(agent in said for agent in ("A1", "A2", "Priya", "Mateus"))


def test_contacts_of_an_earlier_session_are_not_drawn_again(visit, store):
    make_session(store)
    seen = new(visit, new_n=200)
    seen.press("create-session")
    made = app.sessions(store)[0]
    assert sorted(contact.contact_id for contact in made.contacts) == ["K3", "K4", "K5", "K6", "K7", "K8"]


def test_picked_contacts_are_marked_and_one_that_nobody_knows_is_told(visit, store):
    seen = new(visit, new_rule="picked", new_picked="K7, K99")
    assert "The warehouse does not know K99; take it out." in seen.text
    assert not seen.has("create-session")
    seen.choose("new-picked", "K7\nK2").press("create-session")
    (made,) = app.sessions(store)
    assert [(contact.contact_id, contact.is_picked) for contact in made.contacts] == [
        ("K7", True),
        ("K2", True),
    ]
    assert made.rule == "picked"


def test_a_draw_that_fits_nothing_says_what_to_change(visit):
    seen = visit("lead", view="new")
    assert "No contact fits these choices" in seen.text
    assert not seen.has("create-session")


def test_a_session_that_makes_no_sense_is_refused_in_a_sentence(visit, store):
    seen = new(visit, new_graders=["ada"])
    seen.press("create-session")
    assert "The session cannot be made: it has fewer than two graders." in seen.text
    assert app.sessions(store) == ()


def test_clicked_twice_a_session_is_made_once(visit, store, monkeypatch):
    def twice(new, viewer, submit_key):
        original(new, viewer, submit_key)
        original(new, viewer, submit_key)

    original = calibration_new._made
    monkeypatch.setattr(calibration_new, "_made", twice)
    new(visit).press("create-session")
    assert len(app.sessions(store)) == 1
