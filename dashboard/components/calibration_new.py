"""Making a session: the rule of its draw, its graders, what it hides; drawn before one's eyes."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import date, timedelta
from html import escape
from typing import Any

import polars as pl
import streamlit as st

from dashboard import deps
from dashboard import format as fmt
from dashboard.components import calibration_sheet as sheets
from dashboard.components import chart_card
from dashboard.components.calibration_place import go
from dashboard.views import calibration_frames as frames
from dashboard.views.calibration import RULES
from dashboard.views.compare import name_of
from pipelines.calibration import draws
from pipelines.errors import PlumblineError, UsageError
from pipelines.reader import Reader
from pipelines.reader_calibration import LARGEST_SAMPLE
from pipelines.store import Criterion, NewSession, SampledContact, Session, create_session, new_id

_KEY = "new-session-key"
_SEED = "new-seed"
_WEEKS = (1, 2, 4, 13, 26)


@dataclass(frozen=True)
class _Asked:
    """What was chosen of the draw."""

    rule: str
    n: int
    seed: int
    start: date
    end: date
    programs: tuple[str, ...]
    channels: tuple[str, ...]
    not_reviewed: bool
    picked: tuple[str, ...]


def show(reader: Reader, sessions: tuple[Session, ...], names: list[str], viewer: str, today: date) -> None:
    """Draw the form and, beside it, the draw."""
    cards = deps.answer(reader, "scorecards")
    if cards.is_empty():
        with st.container(key="card-none"):
            chart_card.head(
                "There is no scorecard yet",
                "A session needs the criteria that graders score. Add a scorecards file, then run "
                "“plumbline load”.",
            )
        return
    st.session_state.setdefault(_KEY, new_id())
    st.session_state.setdefault(_SEED, secrets.randbelow(1_000_000))
    left, right = st.columns(2, gap="small")
    with left:
        criteria, version = _scorecard(cards)
        about = _about(names, viewer, today, len(sessions) + 1)
        asked = _draw_choices(reader)
    with right:
        draw = _draw(reader, sessions, asked, criteria, version)
        _create(viewer, about, version, criteria, asked, draw)


def _scorecard(cards: pl.DataFrame) -> tuple[tuple[Criterion, ...], tuple[str, str]]:
    versions = list(dict.fromkeys(cards.select("scorecard_id", "version").rows()))
    with st.container(key="card-scorecard"):
        chart_card.head("What is scored", "The form is copied into the session and stays as it is now")
        chosen: tuple[str, str] = st.selectbox(
            "Scorecard",
            versions,
            format_func=lambda one: f"{one[0]}, version {one[1]}",
            key="new-scorecard",
        )
        criteria = frames.criteria(cards, *chosen)
        labels = fmt.listing([criterion.label for criterion in criteria])
        st.html(f'<p class="pl-note">{len(criteria)} criteria: {escape(labels)}.</p>')
    return criteria, chosen


def _about(names: list[str], viewer: str, today: date, number: int) -> dict[str, Any]:
    with st.container(key="card-who"):
        chart_card.head(
            "Who scores, and until when", f"You, {viewer}, lead the session: you reveal and close it"
        )
        name = st.text_input("Name", value=f"Calibration {number}", key="new-name", max_chars=120)
        graders = st.multiselect(
            "Graders",
            names,
            key="new-graders",
            accept_new_options=True,
            placeholder="Two or more; type a name that is not there",
        )
        graders = list(dict.fromkeys(" ".join(str(one).split()) for one in graders if str(one).strip()))
        reference = st.selectbox(
            "Reference grader",
            [None, *graders],
            format_func=lambda one: one or "None",
            key="new-reference",
            help="An expert among the graders: the others are held against this score. Without one, the "
            "median of the graders stands in.",
        )
        with st.container(horizontal=True):
            due = st.date_input(
                "Due on", value=today + timedelta(days=7), min_value=today, key="new-due", format="YYYY-MM-DD"
            )
            tolerance = st.number_input(
                "Tolerance, points",
                min_value=0.0,
                max_value=100.0,
                value=0.0,
                step=1.0,
                format="%g",
                key="new-tolerance",
                help="By how many points of a criterion two scores may differ and still agree.",
            )
        hides_agent = st.toggle(
            "Hide the agent until a grader has submitted", value=True, key="new-hide-agent"
        )
        hides_graders = st.toggle("Hide for good who gave which score", value=False, key="new-hide-graders")
    return {
        "name": name or "",
        "graders": tuple(graders),
        "reference_grader": reference,
        "due_on": due,
        "tolerance": float(tolerance or 0),
        "hides_agent": hides_agent,
        "hides_graders": hides_graders,
    }


def _draw_choices(reader: Reader) -> _Asked:
    first, last = deps.answer(reader, "period")
    names = deps.answer(reader, "labels", "program_id")
    programs = [one for one in deps.answer(reader, "dimension_values", "program_id") if one is not None]
    channels = [one for one in deps.answer(reader, "dimension_values", "channel") if one is not None]
    with st.container(key="card-draw"):
        chart_card.head("Which contacts", "Handled and closed, with a known agent, in no earlier session")
        rule = st.radio("Rule", list(RULES), format_func=RULES.__getitem__, key="new-rule")
        is_drawn = rule != "picked"
        with st.container(horizontal=True):
            n = st.number_input("Contacts", 1, LARGEST_SAMPLE, value=5, key="new-n", disabled=not is_drawn)
            weeks = st.selectbox(
                "Opened in the last",
                [*_WEEKS, 0],
                index=2,
                format_func=lambda one: fmt.plural(one, "week") if one else "(all there is)",
                key="new-weeks",
                disabled=not is_drawn,
            )
            seed = st.number_input(
                "Seed",
                min_value=0,
                max_value=10**9,
                key=_SEED,
                disabled=not is_drawn,
                help="The same seed and rule over the same contacts draw the same ones. It is kept.",
            )
        chosen = st.multiselect(
            "Programs",
            programs,
            format_func=lambda one: name_of(one, names),
            key="new-programs",
            placeholder="All",
            disabled=not is_drawn,
        )
        channel = st.multiselect(
            "Channels",
            channels,
            format_func=name_of,
            key="new-channels",
            placeholder="All",
            disabled=not is_drawn,
        )
        fresh = st.toggle(
            "Only contacts that nobody has reviewed", value=True, key="new-fresh", disabled=not is_drawn
        )
        picked = st.text_area(
            "Picked by hand",
            key="new-picked",
            height=70,
            placeholder="Contact ids, one a line; they are marked as picked",
        )
    return _Asked(
        rule=rule,
        n=int(n or 1),
        seed=int(seed or 0),
        start=max(first, last - timedelta(days=7 * weeks - 1)) if weeks else first,
        end=last,
        programs=tuple(chosen),
        channels=tuple(channel),
        not_reviewed=fresh,
        picked=tuple(dict.fromkeys((picked or "").replace(",", "\n").split())),
    )


def _draw(
    reader: Reader,
    sessions: tuple[Session, ...],
    asked: _Asked,
    criteria: tuple[Criterion, ...],
    version: tuple[str, str],
) -> draws.Draw | None:
    """What the choices draw, shown with the reason of each contact; None where there is nothing."""
    with st.container(key="card-drawn"):
        try:
            found = draws.with_picked(
                None if asked.rule == "picked" else drawn(reader, sessions, asked, criteria, version),
                list(asked.picked),
            )
        except UsageError:
            chart_card.head(
                "No contact yet",
                "Type the ids of contacts to pick them by hand."
                if asked.rule == "picked"
                else "No contact fits these choices: take a longer period, clear a program or channel, "
                "or let reviewed contacts in.",
            )
            return None
        ids = tuple(one.contact_id for one in found.contacts)
        facts = deps.answer(reader, "contact_facts", ids)
        unknown = sorted(set(asked.picked) - set(facts["contact_id"]))
        chart_card.head(f"These {fmt.plural(len(ids), 'contact')}", f"{found.detail}. Seed {asked.seed}.")
        for problem in filter(None, (found.note, _unknown_words(unknown))):
            st.warning(problem)
        why = pl.DataFrame([(one.contact_id, one.reason) for one in found.contacts], SHOWN, orient="row")
        known = facts.select(
            "contact_id", "channel", "issue", pl.col("opened_local").dt.date().alias("opened")
        )
        chart_card.frame(why.join(known, on="contact_id", how="left", maintain_order="left"))
    return None if unknown else found


SHOWN = {"contact_id": pl.String, "why": pl.String}


def drawn(
    reader: Reader,
    sessions: tuple[Session, ...],
    asked: _Asked,
    criteria: tuple[Criterion, ...],
    version: tuple[str, str],
) -> draws.Draw:
    """The draw of a rule over the contacts that may be drawn."""
    before = tuple(sorted({one.contact_id for session in sessions for one in session.contacts}))
    pool = deps.answer(
        reader, "contacts_to_draw", asked.seed, asked.start, asked.end, asked.programs, asked.channels,
        asked.not_reviewed, before,
    )  # fmt: skip
    if asked.rule == "random":
        return draws.random_draw(pool, asked.n)
    if asked.rule == "stratified":
        return draws.stratified_draw(pool, asked.n, seed=asked.seed)
    agents = pool["agent_id"].unique().sort().to_list()
    cells = draws.widths(
        deps.answer(reader, "review_spread", *version), agents, [item.criterion_id for item in criteria]
    )
    use = deps.answer(reader, "criterion_use", *version)
    labels = {item.criterion_id: item.label for item in criteria}
    return draws.aimed_draw(pool, asked.n, cells=cells, use=use, labels=labels)


def _unknown_words(unknown: list[str]) -> str:
    if not unknown:
        return ""
    them = "it" if len(unknown) == 1 else "them"
    return f"The warehouse does not know {fmt.listing(unknown)}; take {them} out."


def _create(
    viewer: str,
    about: dict[str, Any],
    version: tuple[str, str],
    criteria: tuple[Criterion, ...],
    asked: _Asked,
    draw: draws.Draw | None,
) -> None:
    with st.container(horizontal=True, vertical_alignment="center", key="controls-create"):
        if draw is not None:
            new = NewSession(
                scorecard_id=version[0],
                version=version[1],
                rule=draw.rule,
                rule_detail=_detail(draw, asked),
                seed=asked.seed,
                criteria=criteria,
                contacts=tuple(SampledContact(o.contact_id, o.is_picked, o.reason) for o in draw.contacts),
                program_id=asked.programs[0] if len(asked.programs) == 1 else None,
                **about,
            )
            st.button(
                "Create the session",
                type="primary",
                key="create-session",
                on_click=_made,
                args=(new, viewer, st.session_state[_KEY]),
            )
        st.button("Cancel", key="cancel-new", on_click=_left)


def _detail(draw: draws.Draw, asked: _Asked) -> str:
    """The rule with everything that narrowed it, so that the draw can be repeated."""
    if draw.rule == "picked":
        return draw.detail
    parts = [draw.detail, f"opened {fmt.days(asked.start, asked.end)}"]
    parts += [f"programs {fmt.listing(asked.programs)}"] if asked.programs else []
    parts += [f"channels {fmt.listing(asked.channels)}"] if asked.channels else []
    parts.append("not reviewed before" if asked.not_reviewed else "reviewed or not")
    return "; ".join([*parts, "in no earlier session"])


def _made(new: NewSession, viewer: str, submit_key: str) -> None:
    try:
        made = create_session(deps.store(), new, by=viewer, submit_key=submit_key)
    except PlumblineError as error:
        st.session_state[sheets.PROBLEM] = str(error)
        return
    _left()
    st.session_state[sheets.NOTICE] = f"“{made.name}” is open: send its link to the graders."
    go(session=made.session_id)


def _left() -> None:
    st.session_state.pop(_KEY, None)
    st.session_state.pop(_SEED, None)
    go(view=None)
