"""A select box whose choice stands in the URL as plain text, validated against what is on offer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st


def select(
    key: str,
    label: str,
    options: Sequence[str],
    *,
    format: Callable[[str], str] = str,
    empty: str | None = None,
    width: Any = 260,
) -> str | None:
    """The chosen option; the first on offer where the URL names none of them.

    Args:
        key: Name in the URL and of the widget.
        label: What the choice is called.
        options: What is on offer.
        format: How an option is shown.
        empty: Text while nothing is chosen; without it something always is.

    Returns:
        None where nothing is on offer, or nothing chosen yet.
    """
    if not options:
        return None
    asked = st.query_params.get(key)
    chosen = asked if asked in options else None if empty else options[0]
    widget = f"choose-{key}"
    st.session_state[widget] = chosen
    may_be_empty = {} if empty is None else {"index": None, "placeholder": empty}
    picked: str | None = st.selectbox(
        label,
        list(options),
        format_func=format,
        **may_be_empty,
        key=widget,
        on_change=_keep,
        args=(key, widget),
        width=width,
    )
    return picked


def _keep(key: str, widget: str) -> None:
    chosen = st.session_state[widget]
    if chosen is None:
        st.query_params.pop(key, None)
    else:
        st.query_params[key] = chosen
