"""The page that says why a number moved."""

from __future__ import annotations

import re
from datetime import date, timedelta

import plotly.graph_objects as go
import polars as pl
import pytest

from dashboard import theme
from dashboard.views import why, why_charts
from dashboard.views.control import control
from pipelines.explain import explain, verdict
from pipelines.metrics import definition
from tests.dashboard.fake_reader import FakeReader, contacts

FCR = definition("fcr")
PERIODS = why.Sides("over the last 13 weeks", "the 13 weeks before")
PROGRAMS = why.Sides("Home care", "Active care", are_programs=True)


def cells(groups: dict[str | None, tuple[int, int]]) -> pl.DataFrame:
    """Cells of a proportion by channel, from (counted, trials) of each group."""
    counted = [float(y) for y, _ in groups.values()]
    return pl.DataFrame(
        {
            "channel": list(groups),
            "n": [n for _, n in groups.values()],
            "total": counted,
            "squares": counted,
            "pending": [0] * len(groups),
        }
    )


def moved(before: dict, after: dict):
    return explain(FCR, cells(before), cells(after), ["channel"])


WORSE = ({"voice": (800, 1000), "chat": (700, 1000)}, {"voice": (800, 1000), "chat": (550, 1000)})
REVERSED = ({"voice": (1620, 1800), "chat": (200, 400)}, {"voice": (380, 400), "chat": (1100, 1800)})


def test_the_sentence_says_what_moved_how_far_and_by_what():
    main, rest = why.sentence(moved(*WORSE), FCR, PERIODS, {})
    assert main == "First-contact resolution fell 7.5 pts, from 75.0% to 67.5%, against the 13 weeks before"
    assert rest == (
        ": 0.0 pts from the mix of channels, inside the noise; −7.5 pts from rates within channels; "
        "most of it in Chat (−7.5 pts)."
    )
    main, _ = why.sentence(moved(*WORSE), FCR, PROGRAMS, {})
    assert (
        main == "First-contact resolution is 7.5 pts lower in Home care (67.5%) than in Active care (75.0%)"
    )


def test_what_is_noise_is_called_noise():
    same = moved({"voice": (80, 100)}, {"voice": (79, 100)})
    assert "no different from the 13 weeks before" in why.sentence(same, FCR, PERIODS, {})[0]
    assert "cannot be told apart" in why.sentence(same, FCR, PROGRAMS, {})[0]
    assert why.judged(same.change, "higher") == "neither"


@pytest.mark.parametrize(
    ("sides", "said"),
    [
        (PERIODS, "in no channel the rate fell, yet the whole fell"),
        (PROGRAMS, "in no channel the rate is lower"),
    ],
)
def test_simpsons_reversal_stands_in_the_headline(sides, said):
    found = moved(*REVERSED)
    assert found.reversal
    assert said in why.headline(found, FCR, sides, {})
    assert "Simpson" not in why.headline(moved(*WORSE), FCR, sides, {})


def test_a_reversal_within_the_noise_is_hedged():
    small = moved(
        *({name: (y // 40, n // 40) for name, (y, n) in side.items()} for side in REVERSED),
    )
    assert "Chance alone could do this" in why.reversal(small, PERIODS)


def test_groups_that_only_one_side_has_are_not_compared():
    found = moved({"voice": (80, 100)}, {"chat": (60, 100)})
    assert (
        "only 0.0% lie in channels that both have, so no rates are compared"
        in why.sentence(found, FCR, PERIODS, {})[1]
    )
    html = why.dimensions_html([found], FCR, {}, {"channel": "why?split=channel"})
    assert "not compared" in html


@pytest.mark.parametrize("name", ["light", "dark"])
def test_charts_are_figures_that_plotly_knows_and_their_tables_add_up(name):
    found = moved(*WORSE)
    colours = theme.palette(name)
    for chart in (why_charts.steps(found, FCR, PERIODS, colours), why_charts.bars(found, FCR, {}, colours)):
        go.Figure(chart.figure)
        assert len(chart.alt) > 20
    steps = why_charts.steps(found, FCR, PERIODS, colours).table
    assert sum(steps["value"].to_list()[:-1]) == pytest.approx(steps["value"][-1], abs=1e-12)
    assert why_charts.bars(found, FCR, {}, colours).table["effect"].sum() == pytest.approx(
        found.change.value, abs=1e-12
    )


@pytest.mark.parametrize("name", ["light", "dark"])
def test_a_control_chart_says_its_verdict_and_marks_what_broke_a_rule(name):
    colours = theme.palette(name)
    start = date(2025, 7, 7)
    values = [0.7 + 0.004 * (week % 3) for week in range(40)] + [0.8] * 9
    rows = pl.DataFrame(
        {
            "period_start": [start + timedelta(weeks=week) for week in range(49)],
            "value": values,
            "numerator": [500 * value for value in values],
            "denominator": [500] * 49,
            "status": ["final"] * 49,
        }
    )
    found = verdict(FCR, rows)
    chart = control(found, FCR, colours)
    go.Figure(chart.figure)
    assert chart.title == "First-contact resolution: real rise since week of 13 April"
    marks = chart.figure["data"][-1]["marker"]["color"]
    assert marks[-9:] == [colours.better] * 9
    assert colours.better not in marks[:-9]
    assert "false alarm" in chart.note
    assert control(verdict(FCR, rows.head(12)), FCR, colours) is None


def test_the_page_explains_the_change_that_the_overview_shows(visit):
    seen = visit("why", metric="fcr", split="channel")
    assert not seen.app.exception
    assert "First-contact resolution" in seen.text
    assert "from rates within channels" in seen.text
    assert len(seen.charts) == 3
    assert "The same change by each dimension" in seen.text
    assert "p chart to the week of" in seen.text or "p′ chart to the week of" in seen.text


def test_dimensions_may_be_crossed_and_a_group_opens_to_its_contacts(visit):
    seen = visit("why", metric="fcr", split="channel", **{"and": "issue", "group": "Chat, Return"})
    assert not seen.app.exception
    assert "the mix of channels × issues" in seen.text
    frames = seen.app.dataframe
    assert len(frames) == 2
    assert set(frames[0].value["channel"]) == {"chat"}
    assert set(frames[0].value["issue"]) == {"return"}


def test_two_programs_are_held_against_each_other(visit):
    seen = visit("why", metric="fcr", against="Bluecart Home against Bluecart Partner", split="issue")
    assert not seen.app.exception
    assert "Bluecart Partner" in seen.text
    one = visit("why", metric="fcr", program="P2", period="all")
    assert not one.app.exception
    assert one.app.selectbox(key="choose-against").options == ["Bluecart Partner against Bluecart Home"]


def test_a_link_that_names_nothing_known_shows_the_first_choice(visit):
    seen = visit("why", metric="fcr", against="x", split="y", group="<script>")
    assert not seen.app.exception
    assert seen.app.selectbox(key="choose-against").value == "the period before"
    assert seen.app.selectbox(key="choose-group").value is None


def test_without_an_earlier_period_or_a_second_program_the_page_says_so(visit):
    only = FakeReader(rows=contacts().filter(pl.col("program_id") == "P1"))
    seen = visit("why", reader=only, metric="fcr", period="all")
    assert not seen.app.exception
    assert "no earlier period and no second program" in seen.text


def test_names_of_people_and_places_are_text_never_html():
    hostile = "<img src=x onerror=alert(1)>"
    found = moved({hostile: (800, 1000)}, {hostile: (600, 1000)})
    for html in (
        why.headline(found, FCR, PERIODS, {}),
        why.dimensions_html([found], FCR, {}, {"channel": "why"}),
    ):
        assert "<img" not in html


def test_a_metric_without_mix_and_rate_still_says_whether_it_is_real(visit):
    seen = visit("why", metric="net_value_retained")
    assert not seen.app.exception
    assert "has no mix and rate" in seen.text
    assert len(seen.charts) == 1
    assert "XmR chart to the week of" in seen.text


def test_a_card_of_the_overview_says_its_verdict_and_opens_the_same_on_this_page(visit):
    seen = visit(period="26w", channel="chat")
    assert 'href="why?period=26w&amp;channel=chat&amp;metric=fcr"' in seen.html
    said = re.search(r'why[^"]*metric=fcr" target="_self" title="[^"]+"[^>]*>([^<]+)</a>', seen.html)
    assert said
    opened = visit("why", period="26w", channel="chat", metric="fcr")
    assert f"First-contact resolution: {said[1]}" in opened.text
