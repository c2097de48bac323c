"""Which metric the charts of a page are about, kept in the URL as its key."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import streamlit as st

KEY = "metric"
STATE = "plumbline-metric"


def pick(definitions: Sequence[Any], label: str, *, default: str | None = None) -> Any | None:
    """A select box of metrics; answers with the chosen definition, or None where there is none to choose.

    Args:
        definitions: The metrics on offer.
        label: What the choice is called.
        default: Key chosen at first; the first on offer where it is not given.
    """
    by_key = {what.key: what for what in definitions}
    if not by_key:
        return None
    asked = st.query_params.get(KEY) or st.session_state.get(STATE)
    chosen = asked if asked in by_key else default if default in by_key else next(iter(by_key))
    st.session_state["choose-metric"] = chosen
    with st.container(key="controls-metric"):
        key = st.selectbox(
            label,
            list(by_key),
            format_func=lambda key: by_key[key].label,
            key="choose-metric",
            on_change=_keep,
            width=320,
        )
    return by_key.get(key or chosen)


def _keep() -> None:
    chosen = st.session_state["choose-metric"]
    st.session_state[STATE] = chosen
    st.query_params[KEY] = chosen
