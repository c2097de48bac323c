"""What a page shows instead of numbers, and what to do about it."""

from __future__ import annotations

from html import escape

import streamlit as st

from dashboard import format as fmt
from pipelines.errors import PlumblineError
from pipelines.reader import Refusal


def never_loaded(folder: str, refusal: Refusal | None) -> None:
    """Nothing was ever loaded in this workspace, or the first load was refused."""
    if refusal is not None:
        _state(
            "The first load was refused",
            refusal.sentence,
            f"plumbline check --workspace {folder}\nplumbline load --workspace {folder}",
            "“plumbline check” says what is wrong without publishing anything; put it right, then load.",
        )
        return
    _state(
        "Nothing has been loaded yet",
        (
            "This workspace has no warehouse. Put your exports into its folder, then load them; "
            "this page fills by itself on the next visit."
        ),
        f"plumbline init --workspace {folder}\nplumbline load --workspace {folder}",
        "No data at hand? “plumbline simulate” writes a believable retailer to try it on.",
    )


def broken(error: PlumblineError, folder: str) -> None:
    """The warehouse cannot be asked."""
    _state(
        "The warehouse cannot be read",
        f"{error}",
        f"plumbline doctor --workspace {folder}\nplumbline load --workspace {folder}",
        "What was landed is kept: loading again rebuilds the same warehouse.",
    )


def unexpected() -> None:
    """Something failed that nobody foresaw."""
    _state(
        "This page broke",
        "The program met something it was not made for; what went wrong is in the terminal that runs it.",
        "",
        "Reload the page, or look at another one. If it happens again, send the terminal's text to whoever "
        "looks after this installation.",
    )


def empty(why: str) -> None:
    """The filters leave nothing to show."""
    _state("Nothing here under these filters", why, "", "Choose a longer period, or clear a filter above.")


def lacking(title: str, why: str, what_to_do: str) -> None:
    """The data do not hold what this part rests on, whatever is chosen."""
    _state(title, why, "", what_to_do)


def refused(refusal: Refusal) -> None:
    """The newest load was refused; what is shown is the warehouse before it."""
    st.html(
        '<section class="pl-refused" role="status"><p><b>The load of '
        f"{escape(fmt.moment(refusal.at))} was refused; these numbers are from the one before.</b> "
        f"{escape(refusal.sentence[:1].upper() + refusal.sentence[1:])}</p></section>"
    )


def _state(title: str, text: str, commands: str, hint: str) -> None:
    code = f"<pre>{escape(commands)}</pre>" if commands else ""
    st.html(
        f'<section class="pl-state" role="status"><h1>{escape(title)}</h1><p>{escape(text)}</p>{code}'
        f"<p>{escape(hint)}</p></section>"
    )
