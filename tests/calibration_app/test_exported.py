"""Sessions that are in the warehouse: read alike, whether they were made here or came with the exports."""

from __future__ import annotations

import pytest
from polars.testing import assert_frame_equal

from dashboard.views import calibration_exported as exported
from dashboard.views import calibration_frames as frames
from dashboard.views import calibration_results as views
from pipelines import store as app
from pipelines.reader import Reader
from pipelines.settings import read_workspace
from pipelines.warehouse import load
from tests.calibration_app.shop import CRITERIA, GRADERS, WHOLE, fill, make_session


@pytest.fixture
def landed(store, shop):
    made = make_session(store)
    fill(store, made, WHOLE)
    app.reveal(store, made.session_id, by="lead")
    load(read_workspace(shop))
    return made


def test_a_session_of_the_warehouse_has_the_results_of_the_session_it_was(store, shop, landed):
    reader = Reader.open(shop)
    (row,) = reader.exported_sessions().iter_rows(named=True)
    assert (row["session_id"], row["n_contacts"], row["n_graders"]) == (landed.session_id, 2, 4)
    form = frames.criteria(reader.scorecards(), "S", "1")
    assert form == CRITERIA
    ratings = reader.session_ratings(landed.session_id, "S", "1")
    seen = exported.view(row, ratings, form)
    assert seen.session.graders == GRADERS and seen.session.reference_grader == "ada"
    here = views.results(app.session_view(store, landed.session_id, "lead"), resamples=10)
    there = views.results(seen, resamples=10)
    for name in ("reviews", "cells", "graders", "pairs", "spread", "agreement"):
        assert_frame_equal(getattr(here, name), getattr(there, name))


def test_a_session_made_here_is_listed_once_and_one_of_the_exports_can_be_read_and_no_more(visit, landed):
    seen = visit("bob")
    assert "from the exports" not in seen.text
    address = exported.address({"session_id": landed.session_id, "scorecard_id": "S", "version": "1"})
    seen.open(session=address)
    assert not seen.app.exception
    assert "Closed · 2 contacts · S, version 1 · from the exports" in seen.text
    assert "Graders agree on 37.5%" in seen.text
    assert not seen.has("note-") and not seen.has("consensus-") and not seen.has("correct-contact")
    seen.open(session="exported/none/S/1")
    assert "The exports hold no such session" in seen.text


def test_sessions_of_the_exports_are_listed_where_they_were_not_made_here(visit, landed, store, monkeypatch):
    monkeypatch.setattr("pipelines.store.sessions", lambda _: ())
    seen = visit("bob")
    assert "1 session from the exports" in seen.text
    assert "37.5% of pairs agree" in seen.text
    seen.press("open-exported")
    assert f"Session {landed.session_id}" in seen.text
