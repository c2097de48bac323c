"""Running a session: how far everyone is, the reveal, the due date, more graders, the end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from html import escape
from typing import Any

import polars as pl
import streamlit as st

from dashboard import deps
from dashboard import format as fmt
from dashboard.components import calibration_sheet as sheets
from dashboard.components import chart_card
from dashboard.views import calibration as views
from pipelines import store as app
from pipelines.errors import PlumblineError
from pipelines.reader import Reader
from pipelines.store import SessionView

EVERY = timedelta(seconds=15)


def progress(view: SessionView) -> None:
    """How far everyone is, looked up again every few seconds, so that nobody reloads to see the reveal."""
    session_id, viewer = view.session.session_id, view.viewer
    before = (view.session.is_revealed, view.session.is_closed)

    @st.fragment(run_every=None if view.session.is_closed else EVERY)
    def card() -> None:
        now = app.session_view(deps.store(), session_id, viewer)
        if (now.session.is_revealed, now.session.is_closed) != before:
            st.rerun()
        st.html(views.progress_html(now))

    with st.container(key="card-progress"):
        card()


def about(view: SessionView) -> None:
    """How the session was made, behind a fold."""
    with st.expander("How this session was made", type="compact"):
        st.html(views.rule_html(view.session))


def manage(view: SessionView, names: Sequence[str]) -> None:
    """What only the lead of a session may do; `names`: people known to grade."""
    session = view.session
    done, all_of = views.scored(view)
    with st.container(key="card-manage"):
        chart_card.head("Run this session", _next_step(view, done, all_of))
        with st.container(horizontal=True, vertical_alignment="center", key="manage-buttons"):
            if not session.is_revealed and not session.is_closed:
                _reveal(view, done, all_of)
            if session.is_closed:
                _reopen(view)
            else:
                _due(view)
                _graders(view, names)
                _close(view)


def contacts(reader: Reader, view: SessionView) -> None:
    """The session's contacts with the reason for each, for who does not score them blind."""
    ids = tuple(seen.contact.contact_id for seen in view.contacts)
    agents = deps.answer(reader, "contact_agents", ids)
    facts = deps.answer(reader, "contact_facts", ids).select("contact_id", "channel", "issue", "opened_local")
    why = pl.DataFrame(
        [(place + 1, one.contact.contact_id, one.contact.reason) for place, one in enumerate(view.contacts)],
        schema=["no", "contact_id", "why"],
        orient="row",
    )
    known = facts.join(agents.select("contact_id", "agent_name", "site"), on="contact_id", how="left")
    table = why.join(known, on="contact_id", how="left").sort("no").select(
        "no", "contact_id", "channel", "issue", "opened_local", "agent_name", "site", "why"
    )  # fmt: skip
    with st.container(key="card-contacts"):
        chart_card.head(fmt.plural(table.height, "contact"), view.session.rule_detail)
        chart_card.frame(table)


def _next_step(view: SessionView, done: int, all_of: int) -> str:
    if view.session.is_closed:
        return "It is closed: nothing more is taken until it is opened again."
    if view.session.is_revealed:
        return "It is revealed: discuss what is apart, agree on scores, then close it."
    if done == all_of:
        return "Everyone has scored everything: reveal it."
    return f"{done} of {all_of} reviews are in. Nobody, you included, sees a score before the reveal."


def _reveal(view: SessionView, done: int, all_of: int) -> None:
    missing = [name for name, n in view.progress.items() if n < len(view.contacts)]
    with st.popover("Reveal…", icon=":material/visibility:", key="reveal-popover"):
        if missing:
            have = "has" if len(missing) == 1 else "have"
            late = (
                f"{fmt.listing(missing)} {have} not finished. Who has not submitted a contact goes on seeing "
                "nobody's scores of it, and a score given after the reveal is marked as such."
            )
            st.html(f'<p class="pl-note">{escape(late)}</p>')
        else:
            st.html('<p class="pl-note">Everyone has scored everything.</p>')
        st.button(
            "Reveal the scores",
            type="primary" if done == all_of else "secondary",
            key="reveal-now",
            on_click=_do,
            args=(app.reveal, view.session.session_id),
            kwargs={"by": view.viewer},
        )


def _due(view: SessionView) -> None:
    if view.session.is_revealed:
        return
    with st.popover("Due date…", icon=":material/event:"):
        day = st.date_input("Due on", value=view.session.due_on, key="change-due", format="YYYY-MM-DD")
        st.button(
            "Change it",
            key="change-due-now",
            disabled=day is None or day == view.session.due_on,
            on_click=_do,
            args=(app.change_due, view.session.session_id, day),
            kwargs={"by": view.viewer},
        )


def _graders(view: SessionView, names: Sequence[str]) -> None:
    with st.popover("Graders…", icon=":material/group_add:"):
        more = st.multiselect(
            "Add graders",
            [name for name in names if name not in view.session.graders],
            key="more-graders",
            accept_new_options=True,
            placeholder="Choose or type names",
        )
        chosen = [" ".join(str(name).split()) for name in more if str(name).strip()]
        st.button(
            "Add them",
            key="add-graders-now",
            disabled=not chosen,
            on_click=_do,
            args=(app.add_graders, view.session.session_id, chosen),
            kwargs={"by": view.viewer},
        )


def _close(view: SessionView) -> None:
    with st.popover("Close…", icon=":material/lock:"):
        st.html('<p class="pl-note">A closed session takes no more scores, until it is opened again.</p>')
        st.button(
            "Close the session",
            key="close-now",
            on_click=_do,
            args=(app.close_session, view.session.session_id),
            kwargs={"by": view.viewer},
        )


def _reopen(view: SessionView) -> None:
    with st.popover("Open again…", icon=":material/lock_open:"):
        reason = st.text_input("Why", key="reopen-reason")
        st.button(
            "Open it again",
            key="reopen-now",
            on_click=_do,
            args=(app.reopen_session, view.session.session_id),
            kwargs={"by": view.viewer, "reason": reason},
        )


def _do(action: Any, *words: Any, **options: Any) -> None:
    """Run an action of the store; a refusal is told on the page."""
    try:
        action(deps.store(), *words, **options)
    except PlumblineError as error:
        st.session_state[sheets.PROBLEM] = str(error)
