"""Choices in the URL, and the dates that a period means."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.filters import Filters, custom_period, is_period, parse, period_label, window

ALLOWED = {"program": ["P1", "P2"], "site": ["Leeds", None], "channel": ["chat", "voice"], "issue": ["wismo"]}


def test_choices_come_back_from_their_own_url():
    filters = Filters("26w").with_values("program", ["P2"]).with_values("site", [None, "Leeds"])
    assert parse(filters.params(), ALLOWED) == (filters, ())


def test_unknown_is_written_empty():
    assert Filters().with_values("site", [None]).params() == {"period": ["13w"], "site": [""]}
    assert parse({"site": [""]}, ALLOWED)[0].by_dimension == {"site": (None,)}


@given(
    st.dictionaries(
        st.sampled_from(["period", "program", "site", "channel", "issue", "other"]),
        st.lists(st.text(max_size=60), max_size=4),
    )
)
def test_no_url_gets_a_value_past_the_data(params):
    filters, problems = parse(params, ALLOWED)
    assert is_period(filters.period)
    for name, values in filters.chosen.items():
        assert values and set(values) <= set(ALLOWED[name])
        assert len(set(values)) == len(values)
    asked = {name: set(params.get(name, [])) for name in ALLOWED}
    kept = {name: {value or "" for value in filters.values(name)} for name in ALLOWED}
    left_out = sum(len(asked[name] - kept[name]) for name in ALLOWED)
    assert (left_out > 0) <= (len(problems) > 0)


@pytest.mark.parametrize("text", ["13w", "all", "2026-01-01..2026-01-31", "2026-01-01..2026-01-01"])
def test_a_period_is_weeks_all_or_two_dates(text):
    assert is_period(text)


@pytest.mark.parametrize(
    "text",
    ["", "13", "14w", "2026-01-02..2026-01-01", "2026-13-01..2027-01-01", "..", "0001-01-01..9999-01-01"],
)
def test_anything_else_is_no_period(text):
    assert not is_period(text)


def test_weeks_are_whole_ones_and_compare_the_same_weekdays():
    last = date(2026, 7, 3)  # a Friday
    found = window("4w", date(2025, 1, 1), last)
    assert found.start == date(2026, 6, 8) and found.start.weekday() == 0
    assert found.end == last
    assert found.before == (date(2026, 5, 11), date(2026, 6, 5))
    assert (found.end - found.start) == (found.before[1] - found.before[0])


def test_a_period_of_ones_own_is_compared_with_as_many_days_before():
    found = window("2026-05-01..2026-05-10", date(2025, 1, 1), date(2026, 7, 3))
    assert found.before == (date(2026, 4, 21), date(2026, 4, 30))
    assert found.before[1] == found.start - timedelta(days=1)


def test_there_is_nothing_before_the_first_day():
    assert window("all", date(2026, 1, 1), date(2026, 7, 3)).before is None
    assert window("52w", date(2026, 1, 1), date(2026, 7, 3)).before is None


def test_a_period_names_itself():
    assert period_label("13w") == "13 weeks"
    assert period_label("all") == "All"
    assert period_label(custom_period(date(2026, 6, 29), date(2026, 7, 5))) == "29 Jun to 5 Jul 2026"
