"""Drafts and submissions: nothing lost, nothing doubled, nothing overwritten."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text
from store_samples import GOOD, new_session

from pipelines.errors import UsageError
from pipelines.store import (
    ConflictError,
    Score,
    Session,
    Store,
    close_session,
    create_session,
    history,
    new_id,
    ratings,
    read_draft,
    reopen_session,
    reveal,
    save_draft,
    session_view,
    submit,
)


def send(store: Store, session: Session, contact: str = "k0", grader: str = "ada", **more: object):
    return submit(store, session.session_id, contact, grader, GOOD, **{"submit_key": new_id(), **more})  # type: ignore[arg-type]  # a test's shorthand


def count(store: Store, table: str) -> int:
    with store.read() as connection:
        return int(connection.execute(text(f"select count(*) from {table}")).scalar_one())


def test_a_submission_comes_back_as_it_went_in(store: Store, march: Session) -> None:
    made = send(store, march, comment="fine")
    seen = session_view(store, march.session_id, "ada").contacts[0].mine
    assert seen == made
    assert dict(made.scores) == GOOD
    assert (made.revision, made.comment, made.reason, made.is_after_reveal) == (1, "fine", None, False)
    assert made.submitted_at.utcoffset() is not None


def test_a_double_click_is_one_submission(store: Store, march: Session) -> None:
    key = new_id()
    assert send(store, march, submit_key=key) == send(store, march, submit_key=key)
    assert count(store, "submissions") == 1 and count(store, "submission_scores") == 3


def test_a_form_used_for_another_contact_is_refused(store: Store, march: Session) -> None:
    key = new_id()
    send(store, march, submit_key=key)
    with pytest.raises(UsageError, match="this form was used for another contact"):
        send(store, march, contact="k1", submit_key=key)


def test_a_submitted_score_is_never_overwritten(store: Store, march: Session) -> None:
    first = send(store, march)
    with pytest.raises(ConflictError, match="submitted already"):
        send(store, march)
    second = submit(
        store, march.session_id, "k0", "ada", {**GOOD, "tone": Score(4)},
        submit_key=new_id(), supersedes=first.submission_id, reason="heard it again",
    )  # fmt: skip
    assert second.revision == 2 and second.reason == "heard it again"
    assert [row.submission_id for row in history(store, march.session_id, "k0", "ada")] == [
        first.submission_id,
        second.submission_id,
    ]
    assert history(store, march.session_id, "k0", "ada")[0] == first


def test_of_two_corrections_the_second_is_told(store: Store, march: Session) -> None:
    first = send(store, march)
    send(store, march, supersedes=first.submission_id, reason="a")
    with pytest.raises(ConflictError, match="corrected meanwhile"):
        send(store, march, supersedes=first.submission_id, reason="b")


def test_a_correction_needs_a_reason_and_something_to_correct(store: Store, march: Session) -> None:
    with pytest.raises(ConflictError, match="nothing to correct"):
        send(store, march, supersedes="x", reason="a")
    first = send(store, march)
    with pytest.raises(UsageError, match="needs a reason"):
        send(store, march, supersedes=first.submission_id, reason=" ")


@pytest.mark.parametrize(
    ("scores", "words"),
    [
        ({"greeting": Score(5), "solved": Score(1)}, "not scored yet: Tone"),
        ({**GOOD, "greeting": Score(6)}, "'Greeting' is 6, but goes from 1 to 5"),
        ({**GOOD, "greting": Score(5)}, "there is no criterion 'greting'. Did you mean 'greeting'"),
    ],
)
def test_scores_must_fit_the_form(store: Store, march: Session, scores: dict[str, Score], words: str) -> None:
    with pytest.raises(UsageError, match=words.replace(".", r"\.")):
        submit(store, march.session_id, "k0", "ada", scores, submit_key=new_id())
    assert count(store, "submissions") == 0


def test_only_graders_of_the_session_submit_for_its_contacts(store: Store, march: Session) -> None:
    with pytest.raises(UsageError, match="'eve' is not a grader"):
        send(store, march, grader="eve")
    with pytest.raises(UsageError, match="contact 'k9' is not in the session"):
        send(store, march, contact="k9")
    with pytest.raises(UsageError, match="there is no session 'x'"):
        submit(store, "x", "k0", "ada", GOOD, submit_key=new_id())


def test_a_closed_session_takes_nothing_until_it_is_reopened(store: Store, march: Session) -> None:
    close_session(store, march.session_id, by="lead")
    with pytest.raises(ConflictError, match="is closed"):
        send(store, march)
    with pytest.raises(ConflictError, match="is closed"):
        save_draft(store, march.session_id, "k0", "ada", {}, version=0)
    reopen_session(store, march.session_id, by="lead", reason="late grader")
    assert send(store, march).revision == 1


def test_a_draft_grows_and_ends_with_the_submission(store: Store, march: Session) -> None:
    place = (march.session_id, "k0", "ada")
    assert read_draft(store, *place).version == 0
    saved = save_draft(store, *place, {"tone": Score(2, "curt")}, version=0, comment="half")
    assert saved.version == 1 and saved.saved_at is not None
    assert read_draft(store, *place) == saved
    assert dict(saved.scores) == {"tone": Score(2, "curt")}
    assert save_draft(store, *place, {"tone": Score(3)}, version=1).version == 2
    send(store, march, draft_version=2)
    assert read_draft(store, *place).version == 0


def test_two_editing_one_draft_are_told(store: Store, march: Session) -> None:
    place = (march.session_id, "k0", "ada")
    save_draft(store, *place, {}, version=0)
    with pytest.raises(ConflictError, match="saved in another window"):
        save_draft(store, *place, {"tone": Score(1)}, version=0)
    save_draft(store, *place, {"tone": Score(2)}, version=1)
    with pytest.raises(ConflictError, match="saved in another window"):
        save_draft(store, *place, {"tone": Score(3)}, version=1)
    with pytest.raises(ConflictError, match="changed in another window"):
        send(store, march, draft_version=1)
    assert dict(read_draft(store, *place).scores) == {"tone": Score(2)}


def test_a_drafts_scores_must_be_in_range_already(store: Store, march: Session) -> None:
    with pytest.raises(UsageError, match="goes from 1 to 5"):
        save_draft(store, march.session_id, "k0", "ada", {"tone": Score(0)}, version=0)


def test_scores_survive_a_restart(opened: Callable[[], Store]) -> None:
    first = opened()
    march = create_session(first, new_session(), by="lead", submit_key=new_id())
    made = send(first, march)
    first.close()
    assert history(opened(), march.session_id, "k0", "ada") == (made,)


def test_twenty_graders_at_once_lose_and_double_nothing(opened: Callable[[], Store]) -> None:
    """20 threads over two connections of their own, each contact clicked twice at the same moment."""
    graders = tuple(f"g{n:02}" for n in range(20))
    stores = [opened(), opened()]
    session = create_session(stores[0], new_session(graders, contacts=6), by="lead", submit_key=new_id())
    barrier = threading.Barrier(len(graders))

    def grade(number: int) -> None:
        barrier.wait()
        for contact in session.contacts:
            key = new_id()
            clicks = [
                pool.submit(
                    send,
                    stores[(number + click) % 2],
                    session,
                    contact.contact_id,
                    graders[number],
                    submit_key=key,
                )
                for click in range(2)
            ]
            first, second = (click.result() for click in clicks)
            assert first == second

    with ThreadPoolExecutor(40) as pool, ThreadPoolExecutor(20) as people:
        for done in [people.submit(grade, number) for number in range(20)]:
            done.result()
    assert count(stores[0], "submissions") == 120
    assert count(stores[0], "submission_scores") == 360
    reveal(stores[1], session.session_id, by="lead")
    found = ratings(stores[1])
    assert found.height == 360 and found.n_unique(["review_id", "criterion_id"]) == 360


def test_of_many_at_once_one_submission_wins_and_the_others_are_told(opened: Callable[[], Store]) -> None:
    """Ten windows of one grader, each with a key of its own."""
    stores = [opened(), opened()]
    session = create_session(stores[0], new_session(), by="lead", submit_key=new_id())

    def window(number: int) -> str:
        try:
            return str(send(stores[number % 2], session).revision)
        except ConflictError:
            return "told"

    with ThreadPoolExecutor(10) as pool:
        ends = sorted(pool.map(window, range(10)))
    assert ends == ["1"] + ["told"] * 9
    assert count(stores[0], "submissions") == 1


def test_of_many_saving_one_draft_each_version_is_saved_once(opened: Callable[[], Store]) -> None:
    """Ten windows add one each to a number in the draft; who is told reads again. None of the 50 is lost."""
    stores = [opened(), opened()]
    session = create_session(stores[0], new_session(), by="lead", submit_key=new_id())
    place = (session.session_id, "k0", "ada")

    def window(number: int) -> int:
        store, told, left = stores[number % 2], 0, 5
        while left:
            draft = read_draft(store, *place)
            try:
                save_draft(store, *place, {}, version=draft.version, comment=str(int(draft.comment or 0) + 1))
                left -= 1
            except ConflictError:
                told += 1
        return told

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(window, range(10)))
    assert read_draft(stores[0], *place).version == 50
    assert read_draft(stores[0], *place).comment == "50"
