"""A whole calibration session, lived by a lead and four graders in browsers of their own.

What is blind is checked in what the server sends: the bytes of the websocket, not what the page shows.
"""

from __future__ import annotations

import csv
import io
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from pipelines import store as app
from pipelines.settings import read_workspace
from pipelines.warehouse import load
from tests.browser.conftest import PATIENCE, Served, Visitor
from tests.calibration_app.shop import CRITERIA, GRADERS, make_session, store_of, write_shop

pytestmark = pytest.mark.browser

AGENTS = ("Priya Quandary", "Mateus Quixote")
SCORES = {
    "ada": ("2 2 1 4", "2 0 0 2"),
    "bob": ("2 1 1 4", "2 0 1 3"),
    "cyn": ("2 2 1 3", "1 - 0 2"),
    "dee": ("1 2 1 5", "2 0 0 2"),
}
NARROW = 390


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = write_shop(tmp_path_factory.mktemp("calibration") / "shop")
    load(read_workspace(root))
    return root


@pytest.fixture(scope="module")
def dashboard(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    running = Served(shop, tmp_path_factory.mktemp("log") / "server.log")
    yield running
    running.stop()


class Grader:
    """One person's tab, with every byte that the server sent it."""

    def __init__(self, tab: Visitor, name: str) -> None:
        self.tab, self.name = tab, name
        self.sent: list[bytes] = []
        tab.page.on("websocket", lambda socket: socket.on("framereceived", self._hear))

    def _hear(self, frame: Any) -> None:
        self.sent.append(frame if isinstance(frame, bytes) else frame.encode())

    def was_sent(self, words: str) -> bool:
        return any(words.encode() in frame for frame in self.sent)

    def open(self, **places: str) -> Grader:
        query = "&".join(f"{key}={value}" for key, value in {"grader": self.name, **places}.items())
        self.tab.open(f"/calibration?{query}")
        return self

    def settle(self) -> Grader:
        """Wait until the page has drawn what the last action came to."""
        self.tab.page.wait_for_timeout(150)
        self.tab.page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
        return self

    def see(self, words: str) -> None:
        self.tab.page.get_by_text(words).first.wait_for()

    def press(self, name: str) -> Grader:
        self.tab.page.get_by_role("button", name=name).first.click()
        return self.settle()

    def choose(self, label: str, option: str) -> Grader:
        """Type an option's name into a list and take it."""
        box = self.tab.page.get_by_role("combobox", name=label)
        box.fill(option)
        self.tab.page.get_by_role("option", name=option).first.wait_for()
        box.press("Enter")
        self.settle()
        box.press("Escape")
        return self.settle()

    def quick(self, scores: str) -> Grader:
        field = self.tab.page.get_by_label("Quick entry")
        field.fill(scores)
        field.press("Enter")
        self.see(f"{len(CRITERIA)} of {len(CRITERIA)} criteria scored")
        return self.settle()

    def comment(self, label: str, text: str, *, kept: Callable[[], bool]) -> Grader:
        """Write a comment and wait until the draft holds it."""
        field = self.tab.page.get_by_label(f"Comment on {label}")
        field.fill(text)
        field.press("Tab")
        end = time.monotonic() + PATIENCE / 1000
        while not kept():
            assert time.monotonic() < end, f"{self.name}'s comment was not kept"
            time.sleep(0.1)
        return self.settle()


@pytest.fixture
def person(visitor: Callable[..., Visitor], dashboard: Served) -> Callable[..., Grader]:
    def come(name: str, **options: Any) -> Grader:
        return Grader(visitor(address=dashboard.address, **options), name)

    return come


def secret(name: str, number: int) -> str:
    return f"thinks-{name}-of-contact-{number}"


def test_a_session_is_made_scored_blind_revealed_discussed_and_agreed(person, shop: Path):
    lead = person("lead").open()
    lead.press("New session")
    page = lead.tab.page
    page.get_by_label("Name", exact=True).fill("March")
    for name in GRADERS:
        lead.choose("Graders", name)
    lead.choose("Reference grader", "ada")
    page.get_by_text("Only contacts that nobody has reviewed").click()
    lead.settle()
    page.get_by_label("Contacts", exact=True).fill("2")
    page.get_by_label("Contacts", exact=True).press("Enter")
    lead.settle().see("These 2 contacts")
    lead.press("Create the session")
    lead.see("0 of 4 graders finished")

    store = store_of(shop)
    (session,) = app.sessions(store)
    assert (session.name, session.created_by, session.rule) == ("March", "lead", "random")
    assert session.graders == GRADERS and session.reference_grader == "ada" and session.hides_agent
    contacts = [contact.contact_id for contact in session.contacts]

    def drafted(name: str, contact: str, number: int) -> Callable[[], bool]:
        return lambda: secret(name, number) in str(app.read_draft(store, session.session_id, contact, name))

    people = {name: person(name, width=NARROW if name == "dee" else 1280) for name in GRADERS}
    for name, grader in people.items():
        grader.open(session=session.session_id).see("Your blind score")
        grader.quick(SCORES[name][0]).comment("Tone", secret(name, 1), kept=drafted(name, contacts[0], 1))
    # two clicks, as an impatient hand does
    for grader in people.values():
        grader.tab.page.get_by_role("button", name="Submit score").dblclick()
        grader.see("Contact 2 of 2")
    for name, grader in people.items():
        assert [one.revision for one in app.history(store, session.session_id, contacts[0], name)] == [1]
        grader.settle().quick(SCORES[name][1])
        grader.comment("the whole contact", secret(name, 2), kept=drafted(name, contacts[1], 2))
        if name != "dee":
            grader.tab.page.keyboard.press("Control+Enter")
            grader.see("You have scored this contact")

    # the lead and everyone else, after seven of eight reviews: nobody was sent what another thinks
    lead.open(session=session.session_id).see("3 of 4 graders finished")
    for watcher in (lead, *people.values()):
        for name in GRADERS:
            for number in (1, 2):
                if watcher.name != name:
                    assert not watcher.was_sent(secret(name, number)), (watcher.name, name)
    # dee has submitted the first contact alone, so that she may know its agent and not the other's
    agents = dict(zip(("A1", "A2"), AGENTS, strict=True))
    of_contact = {contact: agents[f"A{int(contact[1:]) % 2 + 1}"] for contact in contacts}
    if of_contact[contacts[0]] != of_contact[contacts[1]]:
        assert not people["dee"].was_sent(of_contact[contacts[1]])
    people["dee"].tab.page.get_by_role("button", name="Submit score").click()
    people["dee"].see("You have scored this contact")

    lead.open(session=session.session_id).see("4 of 4 graders finished")
    lead.press("Reveal…").press("Reveal the scores")
    lead.see("Scores side by side")
    bob = people["bob"]
    bob.see("Graders agree on")  # by itself, a few seconds after the reveal
    bob.see(secret("ada", 2))
    text = bob.tab.page.locator(".cal-table").last.inner_text()
    assert "reference" in text and "you" in text
    field = bob.tab.page.get_by_label("Your note")
    field.fill("The greeting counts even when it is late.")
    field.press("Tab")
    bob.settle().press("Add note")
    bob.see("The greeting counts even when it is late.")

    lead.open(session=session.session_id, contact=contacts[0])
    lead.tab.page.get_by_role("radiogroup", name="Agreed score").get_by_role("radio", name="1").click()
    lead.settle()
    lead.tab.page.get_by_label("Why", exact=True).fill("Late is late")
    lead.press("Record the consensus")
    lead.see("Greets and verifies: 1")

    lead.press("Export")
    with lead.tab.page.expect_download() as caught:
        lead.tab.page.get_by_role("button", name="Reviews CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(caught.value.path()).read_text("utf-8"))))
    assert len(rows) == 8
    assert {row["grader_id"] for row in rows} == set(GRADERS)
    assert all(0 <= float(row["alignment_score"]) <= 1 for row in rows if row["alignment_score"])
    for tab in (lead, *people.values()):
        assert tab.tab.complaints == [] and tab.tab.foreign == []
        assert not tab.tab.page.get_by_test_id("stException").count()


def test_nobody_is_sent_the_agents_name_before_submitting(person, shop: Path):
    session = make_session(store_of(shop), name="Blind")
    for contact in ("K1", "K2"):
        bob = person("bob").open(session=session.session_id, contact=contact)
        bob.see("hidden until you submit")
        assert not any(bob.was_sent(agent) for agent in AGENTS)
        bob.quick("2 2 1 4").press("Submit score")
        bob.open(session=session.session_id, contact=contact).see("You have scored this contact")
        assert bob.was_sent(AGENTS[0] if contact == "K2" else AGENTS[1])


def test_a_form_is_filled_by_keyboard_alone(person, shop: Path):
    session = make_session(store_of(shop), name="Keys")
    ada = person("ada").open(session=session.session_id)
    ada.see("Your blind score")
    page = ada.tab.page
    page.get_by_label("Quick entry").focus()
    for steps in (2, 1, 1, 3):
        page.keyboard.press("Tab")
        for _ in range(steps):
            page.keyboard.press("ArrowRight")
        page.keyboard.press("Space")
        page.keyboard.press("Tab")
    ada.see("4 of 4 criteria scored")
    page.keyboard.type("calm")
    page.keyboard.press("Control+Enter")
    ada.see("Contact 2 of 2")
    (kept,) = app.history(store_of(shop), session.session_id, "K1", "ada")
    assert {name: given.score for name, given in kept.scores.items()} == {
        "greet": 2, "policy": 1, "safe": 1, "tone": 4,
    }  # fmt: skip
    assert kept.scores["tone"].comment == "calm"


def test_a_second_window_is_told_and_nothing_is_lost(person, shop: Path):
    session = make_session(store_of(shop), name="Two windows")
    first = person("cyn").open(session=session.session_id)
    first.see("Your blind score")
    second = person("cyn").open(session=session.session_id)
    second.quick("2 2 1 4")
    first.tab.page.get_by_label("Quick entry").fill("0 0 0 1")
    first.tab.page.get_by_label("Quick entry").press("Enter")
    first.see("saved in another window")
    first.press("Show what is there now")
    first.see("4 of 4 criteria scored")
    first.tab.page.get_by_role("button", name="Submit score").click()
    first.see("Contact 2 of 2")
    (kept,) = app.history(store_of(shop), session.session_id, "K1", "cyn")
    assert kept.scores["tone"].score == 4
    second.tab.page.get_by_role("button", name="Submit score").click()
    second.see("You have scored this contact")
    second.see("submitted already")
    assert len(app.history(store_of(shop), session.session_id, "K1", "cyn")) == 1


def test_a_draft_survives_a_restart_of_the_server(visitor, shop: Path, tmp_path: Path):
    session = make_session(store_of(shop), name="Restart")
    place = f"/calibration?grader=dee&session={session.session_id}"
    store = store_of(shop)

    def is_kept() -> bool:
        return "half done" in str(app.read_draft(store, session.session_id, "K1", "dee"))

    running = Served(shop, tmp_path / "first.log")
    try:
        dee = Grader(visitor(address=running.address), "dee")
        dee.tab.open(place)
        dee.quick("1 2 1 5").comment("Tone", "half done", kept=is_kept)
    finally:
        running.stop()
    running = Served(shop, tmp_path / "second.log")
    try:
        dee = Grader(visitor(address=running.address), "dee")
        dee.tab.open(place)
        dee.see("4 of 4 criteria scored")
        expect(dee.tab.page.get_by_label("Comment on Tone")).to_have_value("half done", timeout=PATIENCE)
        dee.press("Submit score").see("Contact 2 of 2")
    finally:
        running.stop()
    (kept,) = app.history(store, session.session_id, "K1", "dee")
    assert (kept.scores["greet"].score, kept.scores["tone"].comment) == (1, "half done")


@pytest.mark.parametrize(("width", "scheme"), [(NARROW, "dark"), (1280, "light")])
def test_no_part_of_the_page_scrolls_sideways(person, shop: Path, width: int, scheme: str):
    store = store_of(shop)
    session = make_session(store, name="Wide")
    places: list[dict[str, str]] = [
        {},
        {"view": "new"},
        {"view": "disputes"},
        {"session": session.session_id},
    ]
    revealed = next((one for one in app.sessions(store) if one.is_revealed), None)
    if revealed is not None:
        places.append({"session": revealed.session_id})
    visit = person("ada", width=width, scheme=scheme)
    for where in places:
        visit.open(**where)
        room = visit.tab.page.evaluate(
            "() => { const main = document.querySelector('[data-testid=stMain]');"
            " return main.scrollWidth - main.clientWidth; }"
        )
        assert room <= 1, where
        assert re.search(r"\w", visit.tab.title)
    assert visit.tab.complaints == []
