"""The head of a page: title, period and filters, kept in the URL and held across pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

import streamlit as st

from dashboard import deps
from dashboard import format as fmt
from dashboard.filters import (
    DIMENSIONS,
    KEYS,
    WEEKS,
    Filters,
    Window,
    custom_period,
    parse,
    period_dates,
    period_label,
    window,
)
from dashboard.views.compare import name_of
from pipelines.reader import Reader

STATE = "plumbline-filters"
WORDS = {"program": "Program", "site": "Site", "channel": "Channel", "issue": "Issue"}


@dataclass(frozen=True)
class Scope:
    """What a page shows: the choices, the dates they mean, and names for what is chosen."""

    filters: Filters
    window: Window
    labels: Mapping[str, Mapping[str, str]]

    @property
    def words(self) -> str:
        """The filters in words, empty where there are none."""
        parts = [
            ", ".join(name_of(value, self.labels[name]) for value in self.filters.values(name))
            for name in DIMENSIONS
            if self.filters.values(name)
        ]
        return " · ".join(parts)


def restore() -> None:
    """Put the held choices back into a URL that a change of page has emptied."""
    if not any(key in st.query_params for key in KEYS) and STATE in st.session_state:
        _write(st.session_state[STATE])


def show(reader: Reader, question: str, *, subtitle: str = "", reviews: str = "") -> Scope:
    """Draw the head of a page and answer with what the page is about.

    Args:
        reader: The reader.
        question: The page's title.
        subtitle: What is said under it before the dates.
        reviews: Reviews follow their contacts by days. "all": the whole period reaches to the last review,
            not to the last contact only; "always": every period does.
    """
    first, last = deps.answer(reader, "period")
    allowed = {name: deps.answer(reader, "dimension_values", key) for name, key in DIMENSIONS.items()}
    labels: dict[str, Mapping[str, str]] = {name: {} for name in DIMENSIONS}
    labels["program"] = deps.answer(reader, "labels", "program_id")
    params = {key: st.query_params.get_all(key) for key in KEYS if key in st.query_params}
    filters, problems = parse(params, allowed)
    st.session_state[STATE] = filters
    if params != filters.params():
        _write(filters)
    if reviews == "always" or (reviews == "all" and filters.period == "all"):
        first, last = _with_reviews(reader, first, last)
    scope = Scope(filters, window(filters.period, first, last), labels)
    with st.container(key="head", horizontal=True, vertical_alignment="bottom", gap="medium"):
        dates = fmt.days(scope.window.start, scope.window.end)
        title(question, " · ".join(part for part in (subtitle, dates, scope.words) if part))
        with st.container(key="controls", horizontal=True, width="content", gap="small"):
            _period(filters)
            _popover(filters, allowed, labels, first, last)
    for problem in problems:
        st.warning(problem)
    return scope


def _with_reviews(reader: Reader, first: date, last: date) -> tuple[date, date]:
    reviewed = deps.answer(reader, "review_period")
    return (first, last) if reviewed is None else (min(first, reviewed[0]), max(last, reviewed[1]))


def title(question: str, subtitle: str) -> None:
    """The head of a page without filters."""
    st.html(
        f'<div class="pl-title"><h1>{escape(question)}</h1><p>{escape(subtitle)}</p></div>', width="stretch"
    )


def _period(filters: Filters) -> None:
    options = [f"{weeks}w" for weeks in WEEKS] + ["all"]
    if filters.period not in options:
        options.append(filters.period)
    st.session_state["choose-period"] = filters.period
    st.segmented_control(
        "Period",
        options,
        format_func=period_label,
        key="choose-period",
        on_change=_set_period,
        required=True,
        label_visibility="collapsed",
    )


def _popover(
    filters: Filters,
    allowed: Mapping[str, Sequence[str | None]],
    labels: Mapping[str, Mapping[str, str]],
    first: date,
    last: date,
) -> None:
    number = sum(len(values) for values in filters.chosen.values())
    label = f"Filters · {number}" if number else "Filters"
    with st.popover(label, icon=":material/tune:", width="content"):
        for name, word in WORDS.items():
            key = f"choose-{name}"
            st.session_state[key] = list(filters.values(name))
            st.multiselect(
                word,
                list(allowed[name]),
                format_func=lambda value, name=name: name_of(value, labels[name]),
                key=key,
                on_change=_set_values,
                args=(name,),
                placeholder="All",
            )
        start, end = period_dates(filters.period) or (None, None)
        st.session_state["choose-dates"] = (start, end) if start and end else ()
        st.date_input(
            "Own period",
            key="choose-dates",
            min_value=first,
            max_value=last,
            on_change=_set_dates,
            format="YYYY-MM-DD",
        )
        st.button(
            "Clear filters",
            key="clear-filters",
            on_click=_clear,
            disabled=not number,
            icon=":material/filter_alt_off:",
        )


def _set_period() -> None:
    period = st.session_state["choose-period"]
    if period:
        _keep(_held().with_period(period))


def _set_values(name: str) -> None:
    _keep(_held().with_values(name, st.session_state[f"choose-{name}"]))


def _set_dates() -> None:
    dates = st.session_state["choose-dates"]
    if isinstance(dates, tuple) and len(dates) == 2:
        _keep(_held().with_period(custom_period(*dates)))


def _clear() -> None:
    _keep(Filters(_held().period))


def _held() -> Filters:
    held: Filters = st.session_state.get(STATE, Filters())
    return held


def _keep(filters: Filters) -> None:
    st.session_state[STATE] = filters
    _write(filters)


def _write(filters: Filters) -> None:
    others = {key: st.query_params.get_all(key) for key in st.query_params if key not in KEYS}
    st.query_params.from_dict({**filters.params(), **others})
