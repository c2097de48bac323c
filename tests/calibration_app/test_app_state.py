"""What is typed in reaches the warehouse at the next load, once, and leaves it when a customer is erased."""

from __future__ import annotations

from pathlib import Path

import duckdb
import polars as pl

from pipelines import store as app
from pipelines.cli import main
from pipelines.landing import check, current_batches, land
from pipelines.settings import STORE_VARIABLE, read_workspace
from pipelines.warehouse import load, read_pointer
from tests.calibration_app.shop import WHOLE, fill, make_session, scores, store_of


def asked(root: Path, sql: str) -> pl.DataFrame:
    with duckdb.connect(str(read_pointer(root / ".plumbline" / "warehouse").path), read_only=True) as con:
        return con.sql(sql).pl()


def accounts(root: Path) -> list[tuple[int, int, int, int, int]]:
    """Read, loaded, updated, known and rejected of what the next load says of the app."""
    files = load(read_workspace(root)).files
    return [(f.read, f.loaded, f.updated, f.known, f.rejected) for f in files if f.file == "app"]


def test_a_load_without_an_app_store_says_nothing_of_it_and_makes_none(shop):
    assert accounts(shop) == []
    assert not (shop / ".plumbline" / "app.db").exists()


def test_a_blind_session_is_not_landed_and_a_revealed_one_is_once(shop):
    store = store_of(shop)
    session = make_session(store)
    fill(store, session, WHOLE)
    assert accounts(shop) == []
    app.reveal(store, session.session_id, by="lead")
    assert accounts(shop) == [(32, 32, 0, 0, 0)]
    assert accounts(shop) == []
    found = asked(
        shop,
        "select purpose, count(distinct review_id) as reviews, count(*) as rows, count(score) as scores, "
        "min(session_id) as session from qa_ratings where session_id is not null group by purpose order by 1",
    )
    assert found.rows() == [
        ("calibration", 6, 24, 23, session.session_id),
        ("reference", 2, 8, 8, session.session_id),
    ]
    routine = asked(shop, "select count(*) from qa_ratings where purpose = 'routine'").item()
    assert routine == 32


def test_a_correction_is_an_update_and_only_the_corrected_review_is_landed_again(shop):
    store = store_of(shop)
    session = make_session(store)
    fill(store, session, WHOLE)
    app.reveal(store, session.session_id, by="lead")
    load(read_workspace(shop))
    (bob,) = app.history(store, session.session_id, "K1", "bob")
    app.submit(
        store, session.session_id, "K1", "bob", scores(0, 1, 1, 4, comment="mail jane@example.com"),
        submit_key=app.new_id(), supersedes=bob.submission_id, reason="the greeting was cut off",
    )  # fmt: skip
    assert accounts(shop) == [(4, 4, 4, 0, 0)]
    review = app.review_id(session.session_id, "K1", "bob")
    found = asked(shop, f"select criterion_id, score, comment from qa_ratings where review_id = '{review}'")
    assert dict(found.select("criterion_id", "score").rows()) == {
        "greet": 0.0, "policy": 1.0, "safe": 1.0, "tone": 4.0,
    }  # fmt: skip
    assert found.drop_nulls("comment")["comment"].to_list() == ["mail [e-mail]"]


def test_a_score_of_a_contact_that_is_not_there_waits_and_is_told(shop):
    store = store_of(shop)
    session = make_session(store, contacts=(app.SampledContact("K9"), app.SampledContact("K1")))
    fill(store, session, {"K9": {"ada": (2, 2, 1, 4)}, "K1": {"ada": (2, 2, 1, 4)}})
    app.reveal(store, session.session_id, by="lead")
    assert accounts(shop) == [(8, 4, 0, 0, 4)]
    (shop / "contacts.csv").write_text(
        (shop / "contacts.csv").read_text("utf-8")
        + "K9,P1,customer9,,A1,chat,wismo,2026-01-09T10:00:00Z,2026-01-09T10:10:00Z,300\n",
        "utf-8",
    )
    assert accounts(shop) == [(8, 4, 0, 4, 0)]


def test_check_reads_nothing_of_the_app_and_landing_again_changes_nothing(shop):
    store = store_of(shop)
    session = make_session(store)
    fill(store, session, WHOLE)
    app.reveal(store, session.session_id, by="lead")
    workspace = read_workspace(shop)
    assert [batch.file for batch in check(workspace).batches if batch.file == "app"] == []
    first = [batch for batch in land(workspace).batches if batch.file == "app"]
    assert [(batch.table, batch.source, batch.rows_landed, batch.is_new) for batch in first] == [
        ("qa_ratings", "app", 32, True)
    ]
    assert [batch for batch in land(workspace).batches if batch.file == "app"] == []
    assert [batch.batch_id for batch in current_batches(workspace) if batch.file == "app"] == [
        first[0].batch_id
    ]


def test_an_erased_customers_scores_are_gone_from_store_landing_and_warehouse(shop):
    store = store_of(shop)
    session = make_session(store)
    fill(store, session, WHOLE)
    app.reveal(store, session.session_id, by="lead")
    load(read_workspace(shop))
    assert main(["erase", "customer1", "--yes", "--workspace", str(shop)]) == 0
    assert asked(shop, "select distinct contact_id from qa_ratings where session_id is not null").rows() == [
        ("K2",)
    ]
    assert app.ratings(store)["contact_id"].unique().to_list() == ["K2"]
    batches = [batch for batch in current_batches(read_workspace(shop)) if batch.file == "app"]
    assert [(b.rows_read, b.rows_landed, b.rows_rejected) for b in batches] == [(32, 16, 16)]
    for batch in batches:
        assert "K1" not in pl.read_parquet(batch.data)["contact_id"].to_list()
    assert accounts(shop) == []


def test_a_store_elsewhere_is_landed_by_its_address(shop, tmp_path, monkeypatch):
    address = f"sqlite:///{tmp_path / 'elsewhere.db'}"
    store = app.open_store(tmp_path, url=address)
    session = make_session(store)
    fill(store, session, WHOLE)
    app.reveal(store, session.session_id, by="lead")
    monkeypatch.setenv(STORE_VARIABLE, address)
    first = [batch for batch in land(read_workspace(shop)).batches if batch.file == "app"]
    assert [batch.rows_landed for batch in first] == [32]
    assert not (shop / ".plumbline" / "app.db").exists()


def contest(
    store, review: str, contact: str, criterion: str | None, outcome: str, right: float | None = None
):
    made = app.open_dispute(
        store, review, contact, "No", by="A1", submit_key=app.new_id(), criterion_id=criterion
    )
    return app.decide_dispute(
        store,
        made.dispute_id,
        outcome,
        f"{outcome} it is",
        by="lead",
        submit_key=app.new_id(),
        corrected_score=right,
    )


def decided(shop) -> dict[str, dict[str, float | None]]:
    rows = asked(
        shop,
        "select review_id, criterion_id, score from qa_ratings where review_id like 'decided-%' "
        "and purpose = 'reference' and grader_id = 'lead'",
    )
    found: dict[str, dict[str, float | None]] = {}
    for review, criterion, score in rows.rows():
        found.setdefault(review.removeprefix("decided-"), {})[criterion] = score
    return found


def test_a_decided_dispute_is_a_reference_review_at_the_next_load(shop):
    store = store_of(shop)
    contest(store, "Q1", "K1", "tone", "overturned", 2.0)
    contest(store, "Q2", "K2", "tone", "upheld")
    contest(store, "Q3", "K3", "policy", "overturned")
    contest(store, "Q4", "K4", None, "overturned")
    app.open_dispute(store, "Q5", "K5", "No", by="A1", submit_key=app.new_id())
    assert accounts(shop) == [(16, 16, 0, 0, 0)]
    full = {"greet": 2.0, "policy": 2.0, "safe": 1.0, "tone": 5.0}
    assert decided(shop) == {
        "Q1": {**full, "tone": 2.0},
        "Q2": full,
        "Q3": {**full, "policy": None},
        "Q4": dict.fromkeys(full),
    }
    said = asked(
        shop, "select comment from qa_ratings where review_id = 'decided-Q1' and comment is not null"
    )
    assert said.rows() == [("overturned it is",)]
    # what the grader gave is left as it was, and routine scores do not move
    assert (
        asked(shop, "select score from qa_ratings where review_id = 'Q1' and criterion_id = 'tone'").item()
        == 5
    )
    assert asked(shop, "select count(*) from qa_reviews where purpose = 'routine'").item() == 8
    assert accounts(shop) == []


def test_a_second_decision_takes_the_place_of_the_first(shop):
    store = store_of(shop)
    first = contest(store, "Q1", "K1", "tone", "overturned", 2.0)
    load(read_workspace(shop))
    app.decide_dispute(
        store, first.dispute_id, "upheld", "It was right", by="lead", submit_key=app.new_id(), revision=1
    )
    assert accounts(shop) == [(4, 4, 4, 0, 0)]
    assert decided(shop)["Q1"]["tone"] == 5
