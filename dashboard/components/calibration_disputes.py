"""Disputes: an agent's review contested, decided, with the reason; an overturned one speaks of its grader."""

from __future__ import annotations

from html import escape
from typing import Any

import polars as pl
import streamlit as st

from dashboard import deps
from dashboard import format as fmt
from dashboard.components import calibration_sheet as sheets
from dashboard.components import chart_card
from dashboard.components.calibration_place import go
from dashboard.views.compare import name_of
from pipelines import store as app
from pipelines.errors import PlumblineError
from pipelines.reader import Reader
from pipelines.store import Dispute, new_id

_OUTCOMES = {"upheld": "The score stands", "overturned": "The score is overturned"}


def show(reader: Reader, viewer: str | None) -> None:
    """Draw the disputes, open ones first, and the form to open one."""
    st.button(
        "All sessions", icon=":material/arrow_back:", key="back-to-list", on_click=go, kwargs={"view": None}
    )
    found = app.disputes(deps.store())
    waiting = [one for one in found if one.outcome is None]
    decided = [one for one in found if one.outcome is not None]
    left, right = st.columns([7, 5], gap="small")
    with left:
        with st.container(key="card-disputes-head"):
            overturned = sum(one.outcome == "overturned" for one in decided)
            chart_card.head(
                f"{fmt.plural(len(waiting), 'review')} contested, {len(decided)} decided",
                f"{overturned} of {len(decided)} decided went against the grader; from the next load on each "
                "decision counts as a reference review, and so in the grader's severity"
                if decided
                else "Decisions and their reasons are kept for good",
            )
        for one in [*waiting, *decided]:
            _dispute(reader, one, viewer)
    with right, st.container(key="card-contest"):
        chart_card.head("Contest a review", "On behalf of the agent who was scored; the reason is kept")
        if viewer is None:
            st.info("Choose or type your name above first.")
        else:
            _contest(reader, viewer)


def _dispute(reader: Reader, one: Dispute, viewer: str | None) -> None:
    names = deps.answer(reader, "labels", "agent_id")
    ratings = deps.answer(reader, "review_ratings", one.review_id)
    about = _criterion_row(ratings, one.criterion_id)
    with st.container(key=f"card-dispute-{one.dispute_id}"):
        state = f'<span class="cal-state cal-{_shade(one)}">{_word(one)}</span>'
        what = f"{about['label']}, scored {about['score']:g}" if about and about["score"] is not None else ""
        agent = names.get(one.agent_id or "", one.agent_id) or "unknown agent"
        decided = ""
        if one.decided_at is not None:
            right = "" if one.corrected_score is None else f" Right would be {one.corrected_score:g}."
            decided = (
                f"<p><b>{escape(one.decided_by or '')}</b>: {escape(one.decision_reason or '')}{right}</p>"
                f'<p class="pl-note">decided {escape(fmt.moment(one.decided_at))}'
                f"{', after an earlier decision' if one.decision_revision > 1 else ''}</p>"
            )
        st.html(
            f'<article class="cal-dispute"><h3>{escape(agent)}, contact {escape(one.contact_id)} {state}</h3>'
            f'<p class="pl-note">Review {escape(one.review_id)} · {escape(what or "the whole review")} · '
            f"contested by {escape(one.opened_by)}, {escape(fmt.moment(one.opened_at))}</p>"
            f"<p>{escape(one.reason)}</p>"
            f"{decided}</article>"
        )
        if viewer is not None:
            with st.popover("Decide…" if one.outcome is None else "Decide again…", icon=":material/gavel:"):
                _decide(one, about, viewer)


def _decide(one: Dispute, about: dict[str, Any] | None, viewer: str) -> None:
    key = f"decide-{one.dispute_id}-{one.decision_revision}"
    st.session_state.setdefault(f"{key}-id", new_id())
    outcome = st.radio(
        "Decision", list(_OUTCOMES), format_func=_OUTCOMES.__getitem__, key=f"{key}-outcome", index=None
    )
    if about is not None and outcome == "overturned":
        st.number_input(
            f"What {about['label']} should have got",
            min_value=float(about["min"]),
            max_value=float(about["max"]),
            value=None,
            format="%g",
            key=f"{key}-score",
        )
    st.text_area("Reason", key=f"{key}-reason", height=80)
    st.button(
        "Decide",
        key=f"{key}-now",
        disabled=outcome is None,
        on_click=_decided,
        args=(one, key, viewer, st.session_state[f"{key}-id"]),
    )


def _contest(reader: Reader, viewer: str) -> None:
    names = deps.answer(reader, "labels", "agent_id")
    agent = st.selectbox(
        "Agent",
        sorted(names, key=lambda one: names[one].casefold()),
        index=None,
        format_func=lambda one: names[one],
        key="contest-agent",
        placeholder="Who was scored",
    )
    if agent is None:
        return
    reviews = deps.answer(reader, "reviews_to_contest", agent)
    if reviews.is_empty():
        st.html('<p class="pl-note">This agent has no review in the warehouse.</p>')
        return
    by_id = {row["review_id"]: row for row in reviews.iter_rows(named=True)}
    review = st.selectbox(
        "Review", list(by_id), format_func=lambda one: _review_words(by_id[one]), key="contest-review"
    )
    ratings = deps.answer(reader, "review_ratings", review)
    labels = dict(ratings.select("criterion_id", "label").rows())
    scores = dict(ratings.select("criterion_id", "score").rows())
    criterion = st.selectbox(
        "What of it",
        [None, *labels],
        format_func=lambda one: (
            "The whole review" if one is None else f"{labels[one]}: {_score(scores[one])}"
        ),
        key="contest-criterion",
    )
    st.session_state.setdefault("contest-id", new_id())
    st.text_area("Reason", key="contest-reason", height=90, placeholder="What the review overlooked")
    st.button(
        "Contest it",
        type="primary",
        key="contest-now",
        on_click=_contested,
        args=(by_id[review], agent, criterion, viewer, st.session_state["contest-id"]),
    )


def _contested(
    review: dict[str, Any], agent: str, criterion: str | None, viewer: str, submit_key: str
) -> None:
    try:
        app.open_dispute(
            deps.store(),
            review["review_id"],
            review["contact_id"],
            st.session_state.get("contest-reason") or "",
            by=viewer,
            submit_key=submit_key,
            criterion_id=criterion,
            agent_id=agent,
        )
    except PlumblineError as error:
        st.session_state[sheets.PROBLEM] = str(error)
        return
    st.session_state["contest-reason"] = ""
    st.session_state["contest-id"] = new_id()
    st.session_state[sheets.NOTICE] = "The review is contested; it waits for a decision."


def _decided(one: Dispute, key: str, viewer: str, submit_key: str) -> None:
    try:
        app.decide_dispute(
            deps.store(),
            one.dispute_id,
            st.session_state[f"{key}-outcome"],
            st.session_state.get(f"{key}-reason") or "",
            by=viewer,
            submit_key=submit_key,
            corrected_score=st.session_state.get(f"{key}-score"),
            revision=one.decision_revision,
        )
    except PlumblineError as error:
        st.session_state[sheets.PROBLEM] = str(error)


def _criterion_row(ratings: pl.DataFrame, criterion_id: str | None) -> dict[str, Any] | None:
    if criterion_id is None:
        return None
    found = ratings.filter(pl.col("criterion_id") == criterion_id)
    return found.row(0, named=True) if found.height else None


def _review_words(row: dict[str, Any]) -> str:
    score = fmt.MISSING if row["raw_score"] is None else f"{row['raw_score']:.0f}"
    return f"{fmt.day(row['reviewed_date'])}: {score} of 100 by {row['grader_id']}, {name_of(row['issue'])}"


def _score(score: float | None) -> str:
    return "N/A" if score is None else f"{score:g}"


def _word(one: Dispute) -> str:
    return {"upheld": "Stands", "overturned": "Overturned"}.get(one.outcome or "", "Open")


def _shade(one: Dispute) -> str:
    return {"upheld": "closed", "overturned": "due"}.get(one.outcome or "", "open")
