"""Sessions, what may be seen of them, and what follows the reveal."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime

import pytest
from sqlalchemy import inspect
from store_samples import GOOD, new_session

from pipelines.errors import StateError, UsageError
from pipelines.store import (
    ConflictError,
    Score,
    Session,
    Store,
    add_graders,
    change_due,
    create_session,
    decide_dispute,
    disputes,
    erase_contacts,
    new_id,
    open_dispute,
    open_store,
    overturned,
    people,
    ratings,
    reveal,
    review_id,
    save_draft,
    session,
    session_view,
    sessions,
    set_consensus,
    submit,
    tables,
    write_note,
)
from pipelines.store.engine import migrate, migrations


def send(store: Store, march: Session, contact: str, grader: str, tone: float | None = None) -> None:
    scores = {**GOOD, "tone": Score(tone)}
    submit(store, march.session_id, contact, grader, scores, submit_key=new_id())


def test_a_session_comes_back_as_it_was_made(store: Store) -> None:
    asked = new_session(rule="stratified", due_on=date(2026, 3, 9), reference_grader="bob", tolerance=1)
    made = create_session(store, asked, by="lead", submit_key="k")
    for name in vars(asked):
        assert getattr(made, name) == getattr(asked, name), name
    assert session(store, made.session_id) == made and sessions(store) == (made,)
    assert create_session(store, asked, by="lead", submit_key="k") == made  # a double click
    assert len(sessions(store)) == 1


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": " "}, "it has no name"),
        ({"graders": ("ada",)}, "fewer than two graders"),
        ({"graders": ("ada", "ada")}, "a grader is named twice"),
        ({"contacts": 0}, "it has no contacts"),
        ({"criteria": ()}, "no criteria"),
        ({"reference_grader": "eve"}, "'eve' is not among its graders"),
    ],
)
def test_a_session_that_makes_no_sense_is_refused(
    store: Store, changed: dict[str, object], words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        create_session(store, new_session(**changed), by="lead", submit_key=new_id())  # type: ignore[arg-type]  # a test's shorthand


def test_dates_and_graders_are_added_to(store: Store, march: Session) -> None:
    assert change_due(store, march.session_id, date(2026, 4, 1), by="lead").due_on == date(2026, 4, 1)
    assert change_due(store, march.session_id, date(2026, 4, 2), by="lead").due_on == date(2026, 4, 2)
    assert add_graders(store, march.session_id, ["dan", "ada"], by="lead").graders == (
        "ada",
        "bob",
        "cyn",
        "dan",
    )


def test_before_the_reveal_nobody_sees_anothers_scores(store: Store, march: Session) -> None:
    for grader in ("ada", "bob"):
        send(store, march, "k0", grader)
    save_draft(store, march.session_id, "k0", "cyn", {"tone": Score(1)}, version=0)
    for viewer in ("ada", "cyn", "lead"):
        view = session_view(store, march.session_id, viewer)
        assert all(not seen.others and not seen.consensus and not seen.notes for seen in view.contacts)
        assert view.progress == {"ada": 1, "bob": 1, "cyn": 0}
    assert session_view(store, march.session_id, "ada").contacts[0].draft is None  # cyn's is cyn's
    assert session_view(store, march.session_id, "cyn").contacts[0].mine is None


def test_after_the_reveal_a_grader_sees_only_what_she_submitted(store: Store, march: Session) -> None:
    for contact in ("k0", "k1"):
        for grader in ("ada", "bob"):
            send(store, march, contact, grader)
    send(store, march, "k0", "cyn")
    reveal(store, march.session_id, by="lead")
    write_note(store, march.session_id, "k1", "look at 2:10", by="ada", submit_key=new_id())
    first, second = session_view(store, march.session_id, "cyn").contacts
    assert set(first.others) == {"ada", "bob"}
    assert not second.others and not second.notes  # cyn has still to score it
    lead = session_view(store, march.session_id, "lead").contacts
    assert set(lead[0].others) == {"ada", "bob", "cyn"} and set(lead[1].others) == {"ada", "bob"}
    assert [note.body for note in lead[1].notes] == ["look at 2:10"]


def test_the_agents_name_is_hidden_until_one_has_submitted(store: Store, march: Session) -> None:
    send(store, march, "k0", "ada")
    assert [seen.may_see_agent for seen in session_view(store, march.session_id, "ada").contacts] == [
        True,
        False,
    ]
    assert all(seen.may_see_agent for seen in session_view(store, march.session_id, "lead").contacts)
    open_session = create_session(store, new_session(hides_agent=False), by="lead", submit_key=new_id())
    assert all(seen.may_see_agent for seen in session_view(store, open_session.session_id, "ada").contacts)


def test_graders_can_stay_nameless(store: Store) -> None:
    nameless = create_session(store, new_session(hides_graders=True), by="lead", submit_key=new_id())
    for grader in ("ada", "bob", "cyn"):
        send(store, nameless, "k0", grader)
    reveal(store, nameless.session_id, by="lead")
    others = session_view(store, nameless.session_id, "bob").contacts[0].others
    assert {name: row.grader_id for name, row in others.items()} == {
        "Grader 1": "Grader 1",
        "Grader 3": "Grader 3",
    }


def test_a_late_submission_and_a_late_correction_are_marked(store: Store, march: Session) -> None:
    first = submit(store, march.session_id, "k0", "ada", GOOD, submit_key=new_id())
    reveal(store, march.session_id, by="lead")
    assert not first.is_after_reveal
    late = submit(
        store,
        march.session_id,
        "k0",
        "ada",
        GOOD,
        submit_key=new_id(),
        supersedes=first.submission_id,
        reason="hm",
    )
    assert late.is_after_reveal
    assert (
        reveal(store, march.session_id, by="bob").revealed_at
        == reveal(store, march.session_id, by="x").revealed_at
    )


def test_notes_are_added_and_edited_without_loss(store: Store, march: Session) -> None:
    place = (march.session_id, "k0")
    with pytest.raises(ConflictError, match="still blind"):
        write_note(store, *place, "x", by="ada", submit_key=new_id())
    reveal(store, march.session_id, by="lead")
    first = write_note(store, *place, " tone is clear ", by="ada", submit_key="n1", criterion_id="tone")
    assert first.body == "tone is clear" and not first.is_edited
    assert write_note(store, *place, "tone is clear", by="ada", submit_key="n1") == first
    with pytest.raises(UsageError, match="edited by who wrote it"):
        write_note(store, *place, "y", by="bob", submit_key=new_id(), supersedes=first.note_id)
    second = write_note(
        store, *place, "tone is unclear", by="ada", submit_key=new_id(), supersedes=first.note_id
    )
    with pytest.raises(ConflictError, match="edited in another window"):
        write_note(store, *place, "tone", by="ada", submit_key=new_id(), supersedes=first.note_id)
    with pytest.raises(UsageError, match="the note is empty"):
        write_note(store, *place, "  ", by="ada", submit_key=new_id())
    assert session_view(store, march.session_id, "lead").contacts[0].notes == (second,)


def test_consensus_is_revised_in_the_open(store: Store, march: Session) -> None:
    place = (march.session_id, "k0", "tone")
    with pytest.raises(ConflictError, match="still blind"):
        set_consensus(store, *place, 3, by="lead", submit_key=new_id())
    reveal(store, march.session_id, by="lead")
    first = set_consensus(store, *place, 3, by="lead", submit_key="c", reason="the guide says so")
    assert set_consensus(store, *place, 3, by="lead", submit_key="c") == first
    with pytest.raises(ConflictError, match="decided by lead meanwhile"):
        set_consensus(store, *place, 4, by="bob", submit_key=new_id())
    second = set_consensus(store, *place, None, by="bob", submit_key=new_id(), revision=1)
    with pytest.raises(UsageError, match="goes from 1 to 5"):
        set_consensus(store, *place, 9, by="bob", submit_key=new_id(), revision=2)
    with pytest.raises(UsageError, match="Did you mean 'tone'"):
        set_consensus(store, march.session_id, "k0", "tune", 3, by="bob", submit_key=new_id())
    assert session_view(store, march.session_id, "lead").contacts[0].consensus == {"tone": second}


def test_a_dispute_is_opened_decided_and_feeds_what_was_overturned(store: Store) -> None:
    first = open_dispute(
        store, "r1", "k0", "I did greet", by="agent", submit_key="d", criterion_id="greeting"
    )
    assert open_dispute(store, "r1", "k0", "I did greet", by="agent", submit_key="d") == first
    with pytest.raises(ConflictError, match="contested already"):
        open_dispute(store, "r1", "k0", "again", by="agent", submit_key=new_id(), criterion_id="greeting")
    assert overturned(store).height == 0
    done = decide_dispute(
        store, first.dispute_id, "overturned", "0:03", by="lead", submit_key="e", corrected_score=5
    )
    assert (done.outcome, done.decided_by, done.decision_revision) == ("overturned", "lead", 1)
    assert decide_dispute(store, first.dispute_id, "overturned", "0:03", by="lead", submit_key="e") == done
    assert overturned(store).rows() == [("r1", "k0", "greeting", 5.0, datetime(2026, 3, 1, 8, 0, 1))]
    with pytest.raises(ConflictError, match="decided by lead meanwhile"):
        decide_dispute(store, first.dispute_id, "upheld", "no", by="bob", submit_key=new_id())
    decide_dispute(store, first.dispute_id, "upheld", "on appeal", by="bob", submit_key=new_id(), revision=1)
    assert overturned(store).height == 0
    assert [row.outcome for row in disputes(store, review_id="r1")] == ["upheld"]
    with pytest.raises(UsageError, match="no dispute"):
        decide_dispute(store, "x", "upheld", "y", by="bob", submit_key=new_id())


def test_ratings_are_rows_of_qa_ratings_once_revealed(store: Store) -> None:
    made = create_session(store, new_session(reference_grader="bob"), by="lead", submit_key=new_id())
    send(store, made, "k0", "ada", tone=2)
    send(store, made, "k0", "bob", tone=3)
    assert ratings(store).height == 0  # or the blind could look into the warehouse
    reveal(store, made.session_id, by="lead")
    rows = ratings(store)
    assert rows.height == 6
    tone = rows.filter(criterion_id="tone").sort("grader_id")
    assert tone["score"].to_list() == [2.0, 3.0]
    assert tone["purpose"].to_list() == ["calibration", "reference"]
    assert tone["review_id"][0] == review_id(made.session_id, "k0", "ada")
    assert tone.select("scorecard_id", "version", "session_id").unique().row(0) == (
        "voice",
        "3",
        made.session_id,
    )
    # a corrected review keeps its id: an update for the warehouse
    current = session_view(store, made.session_id, "ada").contacts[0].mine
    assert current is not None
    submit(
        store,
        made.session_id,
        "k0",
        "ada",
        GOOD,
        submit_key=new_id(),
        supersedes=current.submission_id,
        reason="x",
    )
    again = ratings(store).filter(criterion_id="tone", grader_id="ada")
    assert again["review_id"].to_list() == [tone["review_id"][0]] and again["score"].to_list() == [None]
    assert again["reviewed_at"][0] > tone["reviewed_at"][0]


def test_ratings_are_named_like_the_canonical_table(store: Store) -> None:
    from pipelines.canonical import tables as canonical

    assert ratings(store).columns == list(canonical()["qa_ratings"].column_names)


def test_erasing_a_contact_leaves_nothing_of_it(store: Store, march: Session) -> None:
    send(store, march, "k0", "ada")
    send(store, march, "k1", "ada")
    current = session_view(store, march.session_id, "ada").contacts[0].mine
    assert current is not None
    submit(
        store,
        march.session_id,
        "k0",
        "ada",
        GOOD,
        submit_key=new_id(),
        supersedes=current.submission_id,
        reason="x",
    )
    save_draft(store, march.session_id, "k0", "bob", {}, version=0)
    reveal(store, march.session_id, by="lead")
    note = write_note(store, march.session_id, "k0", "a", by="ada", submit_key=new_id())
    write_note(store, march.session_id, "k0", "b", by="ada", submit_key=new_id(), supersedes=note.note_id)
    set_consensus(store, march.session_id, "k0", "tone", 3, by="lead", submit_key=new_id())
    dispute = open_dispute(store, "r", "k0", "no", by="agent", submit_key=new_id())
    decide_dispute(store, dispute.dispute_id, "upheld", "yes", by="lead", submit_key=new_id())
    # 2 submissions with 3 scores each, draft, 2 notes, consensus, dispute and decision, place in the session
    assert erase_contacts(store, ["k0", "k0", "k7"]) == 2 + 6 + 1 + 2 + 1 + 2 + 1
    assert [seen.contact.contact_id for seen in session_view(store, march.session_id, "lead").contacts] == [
        "k1"
    ]
    assert ratings(store)["contact_id"].unique().to_list() == ["k1"]
    assert erase_contacts(store, ["k0"]) == 0


def test_migrations_run_once_and_record_themselves(opened: Callable[[], Store]) -> None:
    with ThreadPoolExecutor(4) as pool:  # several processes that start at once
        stores = list(pool.map(lambda _: opened(), range(4)))
    migrate(stores[0])
    with stores[0].read() as connection:
        found = connection.exec_driver_sql("select number, name from migrations").all()
    assert [tuple(row) for row in found] == [(number, name) for number, (name, _) in migrations().items()]


def test_the_tables_are_those_that_the_code_knows(store: Store) -> None:
    found = inspect(store.engine)
    for table in tables.metadata.sorted_tables:
        columns = {column["name"] for column in found.get_columns(table.name)}
        assert columns == set(table.columns.keys()), table.name
        assert set(found.get_pk_constraint(table.name)["constrained_columns"]) == set(
            table.primary_key.columns.keys()
        )
    assert set(found.get_table_names()) == {*tables.metadata.tables, "migrations"}


def test_a_store_of_a_newer_version_is_left_alone(store: Store) -> None:
    with store.write() as connection:
        connection.exec_driver_sql("insert into migrations values (999, 'later', 'x')")
    with pytest.raises(StateError, match="made by a newer Plumbline"):
        migrate(store)


def test_an_address_that_is_none_is_told(tmp_path) -> None:
    for url in ("mysql://x/y", "nonsense"):
        with pytest.raises(UsageError, match="PLUMBLINE_STORE_URL"):
            open_store(tmp_path, url=url)


def test_a_database_out_of_reach_is_told_without_its_password(tmp_path) -> None:
    pytest.importorskip("psycopg", reason="psycopg is not installed (pip install 'plumbline[postgresql]')")
    with pytest.raises(StateError, match="cannot be opened") as told:
        open_store(tmp_path, url="postgresql://me:secret@127.0.0.1:1/x?connect_timeout=2")
    assert "secret" not in str(told.value)


def test_people_are_those_who_grade_or_lead(store: Store) -> None:
    assert people(store) == ()
    create_session(store, new_session(graders=("bob", "ada")), by="lead", submit_key=new_id())
    create_session(store, new_session(graders=("ada", "cyn")), by="ada", submit_key=new_id())
    assert people(store) == ("ada", "bob", "cyn", "lead")
