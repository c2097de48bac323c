"""A form, scores that fit it, and sessions made of them."""

from pipelines.store import Criterion, NewSession, SampledContact, Score

GRADERS = ("ada", "bob", "cyn")
GOOD = {"greeting": Score(5), "solved": Score(1), "tone": Score(None)}


def new_session(graders: tuple[str, ...] = GRADERS, contacts: int = 2, **changed: object) -> NewSession:
    """A session over contacts k0, k1, …"""
    asked: dict[str, object] = {
        "name": "March",
        "scorecard_id": "voice",
        "version": "3",
        "rule": "random",
        "seed": 7,
        "criteria": (
            Criterion("greeting", "Greeting", 1, 5),
            Criterion("solved", "Solved", 0, 1, weight=3, auto_fail=True, scale="nominal"),
            Criterion("tone", "Tone", 1, 5),
        ),
        "graders": graders,
        "contacts": tuple(SampledContact(f"k{n}", is_picked=n == 1, reason="drawn") for n in range(contacts)),
    }
    return NewSession(**{**asked, **changed})  # type: ignore[arg-type]  # a test's shorthand
