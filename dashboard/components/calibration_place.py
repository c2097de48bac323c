"""Where on the calibration page one is, kept in the address, and who one says to be.

Without a login nobody checks a name: the page says so, and what is hidden is hidden from a name, not from a
person who lies.
"""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

SESSION, CONTACT, VIEW, GRADER = "session", "contact", "view", "grader"
_STATE = "calibration-grader"
_CHOICE = "choose-grader"
_LONGEST_NAME = 60


def place(name: str) -> str | None:
    """One part of the address, such as the session that is open."""
    found = st.query_params.get(name)
    return found or None


def go(**places: str | None) -> None:
    """Move within the page; None leaves a part of the address out."""
    for name, value in places.items():
        if value is None:
            st.query_params.pop(name, None)
        else:
            st.query_params[name] = value


def who(names: Iterable[str]) -> str | None:
    """Draw the choice of a name and answer with the one chosen; None: nobody yet."""
    known = sorted(set(names), key=str.casefold)
    held = known_name(place(GRADER) or st.session_state.get(_STATE), known)
    if held is not None:
        st.session_state[_STATE] = held
        if place(GRADER) != held:
            go(grader=held)
    st.session_state[_CHOICE] = held
    st.selectbox(
        "You are",
        known if held is None or held in known else [*known, held],
        index=None,
        key=_CHOICE,
        placeholder="Choose or type your name",
        accept_new_options=True,
        on_change=_choose,
        args=(known,),
        help="Nobody checks who you are: whoever opens this page can choose any name, and what is hidden is "
        "hidden from a name. The link in the address bar holds yours; send people theirs.",
        width=250,
    )
    st.html('<p class="cal-trust">No login here: this page takes your word.</p>')
    return held


def known_name(text: object, known: Iterable[str]) -> str | None:
    """A name as it is kept: no spaces around, not too long, and spelled as it is known already.

    >>> known_name("  ADA ", ["ada"]), known_name("", []), known_name("Eve  Ng", [])
    ('ada', None, 'Eve Ng')
    """
    words = " ".join(str(text or "").split())[:_LONGEST_NAME]
    same = {name.casefold(): name for name in known}
    return same.get(words.casefold(), words) or None


def _choose(known: list[str]) -> None:
    chosen = known_name(st.session_state[_CHOICE], known)
    if chosen is None:
        st.session_state.pop(_STATE, None)
    else:
        st.session_state[_STATE] = chosen
    go(grader=chosen)
