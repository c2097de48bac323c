"""A small shop with contacts, a scorecard and a routine review, and sessions over its contacts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pipelines.store import (
    Criterion,
    NewSession,
    SampledContact,
    Score,
    Session,
    Store,
    create_session,
    new_id,
    open_store,
    submit,
)

NOW = datetime(2026, 1, 20, 9, tzinfo=UTC)
GRADERS = ("ada", "bob", "cyn", "dee")
CONTACTS = tuple(f"K{number}" for number in range(1, 9))
CRITERIA = (
    Criterion("greet", "Greets and verifies", 0, 2, weight=1, section="Opening", scale="ordinal"),
    Criterion("policy", "Gives the right policy", 0, 2, weight=3, section="Substance", scale="ordinal"),
    Criterion("safe", "Keeps the card number out", 0, 1, weight=1, section="Substance", auto_fail=True,
              scale="nominal"),
    Criterion("tone", "Tone", 1, 5, weight=2, section="Manner", scale="interval"),
)  # fmt: skip
FILES = {
    "programs": "program_id,program_name,timezone,currency\nP1,Shop,UTC,USD\n",
    "agents": (
        "agent_id,agent_name,program_id,site,team\n"
        "A1,Priya Quandary,P1,Leeds,T1\nA2,Mateus Quixote,P1,Cebu,T2\n"
    ),
    "contacts": (
        "contact_id,program_id,customer_id,order_id,agent_id,channel,issue,opened_at,closed_at,handle_seconds\n"
        + "".join(
            f"K{n},P1,customer{n},,A{n % 2 + 1},{'voice' if n % 2 else 'chat'},"
            f"{'wismo' if n < 5 else 'refund'},"
            f"2026-01-{n:02d}T10:00:00Z,2026-01-{n:02d}T10:10:00Z,{400 + n}\n"
            for n in range(1, 9)
        )
    ),
    "scorecards": "scorecard_id,version,criterion_id,label,section,min,max,weight,auto_fail,scale\n"
    + "".join(
        f"S,1,{c.criterion_id},{c.label},{c.section},{c.min:g},{c.max:g},{c.weight:g},"
        f"{'true' if c.auto_fail else 'false'},{c.scale}\n"
        for c in CRITERIA
    ),
    "qa_ratings": (
        "review_id,contact_id,grader_id,scorecard_id,version,criterion_id,score,reviewed_at\n"
        + "".join(
            f"Q{n},K{n},{GRADERS[n % 4]},S,1,{c.criterion_id},{c.max:g},2026-01-{n + 8:02d}T10:00:00Z\n"
            for n in range(1, 9)
            for c in CRITERIA
        )
    ),
}


def write_shop(root: Path) -> Path:
    """The shop's files and plumbline.toml in a folder."""
    root.mkdir(parents=True, exist_ok=True)
    sources = "".join(
        f'[[source]]\nfiles = "{table}.csv"\npreset = "canonical"\ntable = "{table}"\n' for table in FILES
    )
    (root / "plumbline.toml").write_text(f'[workspace]\nname = "Shop"\n{sources}', "utf-8")
    for table, text in FILES.items():
        (root / f"{table}.csv").write_text(text, "utf-8")
    return root


def store_of(root: Path) -> Store:
    """The shop's app store, whose clock stands on the day after the newest review."""
    store = open_store(root / ".plumbline")
    ticks = iter(range(10**9))
    store.clock = lambda: NOW + timedelta(seconds=next(ticks))
    return store


def scores(*given: float | None, comment: str | None = None) -> dict[str, Score]:
    """Scores of the criteria in their order; None is not applicable, the comment goes with the first."""
    return {
        criterion.criterion_id: Score(score, comment if place == 0 else None)
        for place, (criterion, score) in enumerate(zip(CRITERIA, given, strict=True))
    }


NEW = NewSession(
    name="January",
    scorecard_id="S",
    version="1",
    rule="random",
    rule_detail="2 of 8 handled contacts, each as likely as the next",
    seed=7,
    criteria=CRITERIA,
    graders=GRADERS,
    contacts=(SampledContact("K1", reason="drawn"), SampledContact("K2", reason="drawn")),
    reference_grader="ada",
)
"""Four graders and two contacts."""


def make_session(store: Store, **changed: Any) -> Session:
    """The session of `NEW`, with some things otherwise."""
    return create_session(store, replace(NEW, **changed), by="lead", submit_key=new_id())


def fill(store: Store, session: Session, table: dict[str, dict[str, tuple[float | None, ...]]]) -> None:
    """Submit scores by contact, then grader."""
    for contact, by_grader in table.items():
        for grader, given in by_grader.items():
            submit(store, session.session_id, contact, grader, scores(*given), submit_key=new_id())


WHOLE = {
    "K1": {"ada": (2, 2, 1, 4), "bob": (2, 1, 1, 4), "cyn": (2, 2, 1, 3), "dee": (1, 2, 1, 5)},
    "K2": {"ada": (2, 0, 0, 2), "bob": (2, 0, 1, 3), "cyn": (1, 0, 0, 2), "dee": (2, None, 0, 2)},
}
"""Four graders' scores of two contacts: greet, policy, safe, tone."""
