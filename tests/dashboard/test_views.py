"""Figures, sentences and tables from plain rows."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta

import plotly.graph_objects as go
import polars as pl
import pytest

from dashboard.filters import window
from dashboard.theme import DARK, LIGHT
from dashboard.views import funnel, grid, handbook, headline, health, kpi, lines, trend
from dashboard.views.compare import compare, name_of
from dashboard.views.moved import moved
from pipelines import insight
from pipelines.explain import Verdict
from pipelines.metrics import catalogue
from pipelines.reader import MetricRequest
from tests.dashboard.fake_reader import FIRST, LAST, FakeReader

WINDOW = window("13w", FIRST, LAST)


@pytest.fixture(scope="module")
def reader() -> FakeReader:
    return FakeReader()


def rows(reader: FakeReader, key: str, *, by: tuple[str, ...] = (), grain: str = "all", before: bool = False):
    start, end = WINDOW.before if before else (WINDOW.start, WINDOW.end)
    return reader.metrics(MetricRequest(metrics=(key,), by=by, grain=grain, start=start, end=end))


def card(reader: FakeReader, key: str, target: float | None = None) -> kpi.Card:
    (made,) = kpi.cards(
        [reader.definition(key)],
        rows(reader, key),
        rows(reader, key, before=True),
        rows(reader, key, grain="week"),
        targets={} if target is None else {key: target},
        currency="USD",
        refusals={},
    )
    return made


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_every_figure_is_one_that_plotly_accepts(reader, colours):
    fcr = reader.definition("fcr")
    overall = rows(reader, "fcr")
    agents = insight.bands(
        rows(reader, "fcr", by=("program_id", "agent_id")),
        rows(reader, "fcr", by=("program_id",)),
        on=["program_id"],
    ).filter(pl.col("program_id") == "P2")
    charts = [
        trend.trend(rows(reader, "fcr", grain="week"), fcr, colours, target=0.73, events=[(LAST, "Sale")]),
        moved([card(reader, "fcr"), card(reader, "qa_score")], WINDOW, colours),
        compare(rows(reader, "fcr", by=("site",)), overall, fcr, colours, by="site", noun="site"),
        grid.grid(
            rows(reader, "fcr", by=("issue", "channel")),
            overall,
            fcr,
            colours,
            across="channel",
            down="issue",
        ),
        lines.lines(rows(reader, "fcr", by=("site",), grain="week"), fcr, colours, by="site", noun="site"),
        funnel.funnel(agents, fcr, colours, program="Partner", labels={}),
        health.accounts_chart(insight.accounts(reader.load_files()), colours),
        health.reasons_chart(insight.reject_reasons(reader.rejected_rows()), colours),
    ]
    for chart in charts:
        assert chart is not None
        go.Figure(chart.figure)
        json.dumps(chart.figure)
        assert bool(chart.figure) != bool(chart.html)
        assert chart.title and chart.alt and chart.table.height
    assert len({chart.name for chart in charts}) == len(charts)


def test_a_trend_draws_provisional_periods_apart(reader):
    weekly = rows(reader, "fcr", grain="week")
    chart = trend.trend(weekly, reader.definition("fcr"), LIGHT)
    markers = next(trace for trace in chart.figure["data"] if trace["mode"] == "markers")
    hollow = [colour == LIGHT.card for colour in markers["marker"]["color"]]
    assert hollow == [word == "provisional" for word in weekly["status"]]
    assert any(trace.get("line", {}).get("dash") == "dot" for trace in chart.figure["data"])


def test_events_too_close_to_name_apart_share_a_label():
    x = [(date(2026, 1, 5) + timedelta(weeks=week)).isoformat() for week in range(12)]
    events = [(date(2026, 2, 2), "Sale"), (date(2026, 2, 4), "Outage"), (date(2026, 3, 20), "Drill")]
    assert trend._spaced(events, x) == [("2026-02-02", "Sale +1"), ("2026-03-20", "Drill")]


def test_the_title_of_a_trend_is_a_finding(reader):
    weekly = rows(reader, "fcr", grain="week")
    fcr = reader.definition("fcr")
    met = trend.trend(weekly, fcr, LIGHT, target=0.1).title
    assert met == "First-contact resolution has met its target for 12 weeks"
    assert "ran between" in trend.trend(weekly, fcr, LIGHT).title


def test_bars_of_change_are_grey_inside_the_noise(reader):
    cards = [card(reader, key) for key in ("fcr", "csat", "qa_score", "repeat_purchase_rate")]
    chart = moved(cards, WINDOW, LIGHT)
    assert chart is not None
    (bars,) = chart.figure["data"]
    for strength, tint in zip(bars["x"], bars["marker"]["color"], strict=True):
        assert (tint == LIGHT.noise) == (abs(strength) <= 1)


def test_nothing_moved_without_an_earlier_period(reader):
    (alone,) = kpi.cards(
        [reader.definition("fcr")],
        rows(reader, "fcr"),
        None,
        rows(reader, "fcr", grain="week"),
        targets={},
        currency=None,
        refusals={},
    )
    assert moved([alone], WINDOW, LIGHT) is None
    assert "pl-pill" not in kpi.html([alone], {}, LIGHT)


def made(reader: FakeReader, key: str, verdict: str, target_state: str = "none") -> kpi.Card:
    value = {"rise": 0.02, "fall": -0.02, "noise": 0.001, "missing": None}[verdict]
    strength = None if value is None else value / 0.01
    return kpi.Card(
        what=reader.definition(key),
        measured=insight.Measured(0.75, 0.74, 0.76, 75, 100, 0, "final"),
        change=insight.Change(value, None, None, verdict, strength),
        target=0.7 if target_state != "none" else None,
        target_state=target_state,
        weeks=(),
    )


@pytest.mark.parametrize(
    ("cards", "sentence"),
    [
        (
            [("fcr", "rise", "met"), ("csat", "noise", "none")],
            "First-contact resolution is 75.0% over the last 13 weeks, up 2.0 pts on the 13 weeks before and "
            "meeting its target of 70.0%; nothing else moved beyond noise.",
        ),
        (
            [("fcr", "noise", "none"), ("escalation_rate", "rise", "none"), ("csat", "rise", "none")],
            "First-contact resolution is 75.0% over the last 13 weeks, no different from the 13 weeks before "
            "beyond noise; escalation rate (+2.0 pts) got worse; customer satisfaction, top two (+2.0 pts) "
            "got better.",
        ),
        (
            [("fcr", "missing", "missed"), ("csat", "missing", "none")],
            "First-contact resolution is 75.0% over the last 13 weeks, missing its target of 70.0%.",
        ),
        (
            [("fcr", "fall", "open")],
            "First-contact resolution is 75.0% over the last 13 weeks, down 2.0 pts on the 13 weeks before "
            "and too close to its target of 70.0% to call.",
        ),
    ],
)
def test_the_sentence_follows_from_the_cards(reader, cards, sentence):
    made_cards = [made(reader, *each) for each in cards]
    assert "".join(headline.sentence(made_cards, WINDOW)) == sentence


def test_the_sentence_without_any_value_says_so():
    assert headline.sentence([], WINDOW)[0] == "Nothing can be said over the last 13 weeks"


def test_a_card_escapes_what_it_shows(reader):
    from dataclasses import replace

    what = replace(reader.definition("fcr"), label="<b>x</b>")
    html = kpi.html([replace(made(reader, "fcr", "rise"), what=what)], {"fcr": '"><script>'}, LIGHT)
    assert "<b>x</b>" not in html and "<script>" not in html


def test_a_card_without_mature_units_says_that_it_is_too_early(reader):
    pending = rows(reader, "fcr").with_columns(
        pl.lit(None, dtype=pl.Float64).alias("value"), pl.lit(0).alias("denominator")
    )
    (early,) = kpi.cards(
        [reader.definition("fcr")],
        pending,
        None,
        rows(reader, "fcr", grain="week"),
        targets={},
        currency=None,
        refusals={},
    )
    assert early.note.startswith("Too early: 37 units pending")


def test_a_grid_frames_its_worst_cell_and_leaves_small_ones_uncoloured(reader):
    fcr = reader.definition("fcr")
    cells = rows(reader, "fcr", by=("issue", "channel"))
    few = cells.with_columns(
        pl.when((pl.col("issue") == "promo") & (pl.col("channel") == "email"))
        .then(3.0)
        .otherwise(pl.col("denominator"))
        .alias("denominator")
    )
    chart = grid.grid(few, rows(reader, "fcr"), fcr, LIGHT, across="channel", down="issue")
    assert chart is not None
    assert chart.title == "Return by chat is the weakest cell"
    assert chart.html.count('class="pl-worst"') == 1
    assert chart.html.count("background:") == cells.height - 1
    assert '<td class="pl-few">n 3</td>' in chart.html


def test_groups_that_cannot_be_told_apart_are_not_told_apart(reader):
    one = rows(reader, "fcr", by=("team",))
    chart = compare(one, rows(reader, "fcr"), reader.definition("fcr"), LIGHT, by="team", noun="team")
    assert chart is not None
    bands = set(chart.table["band"])
    assert (bands == {"within"}) == (chart.title == "No team can be told from the others")


def test_a_comparison_without_values_is_none(reader):
    nothing = rows(reader, "fcr", by=("site",)).clear()
    assert compare(nothing, nothing, reader.definition("fcr"), LIGHT, by="site", noun="site") is None


def test_names_are_readable():
    assert [name_of(value) for value in ("in_house", "missing_item", "Bogotá", None)] == [
        "In-house",
        "Missing item",
        "Bogotá",
        "(unknown)",
    ]


def test_the_funnel_names_the_outsiders_only(reader):
    agents = insight.bands(
        rows(reader, "fcr", by=("program_id", "agent_id")),
        rows(reader, "fcr", by=("program_id",)),
        on=["program_id"],
    ).filter(pl.col("program_id") == "P1")
    chart = funnel.funnel(agents, reader.definition("fcr"), LIGHT, program="Home", labels={})
    assert chart is not None
    outside = set(agents.filter(pl.col("band").is_in(["above", "below"]))["agent_id"])
    assert {note["text"] for note in chart.figure["layout"]["annotations"]} <= outside
    assert chart.table["agent"].to_list() == sorted(chart.table["agent"].to_list())


def test_groups_that_add_up_are_bars_largest_first_and_not_judged(reader):
    orders = reader.definition("contacts_per_100_orders")
    chart = compare(
        rows(reader, orders.key, by=("site",)),
        rows(reader, orders.key),
        orders,
        LIGHT,
        by="site",
        noun="site",
    )
    assert chart is not None
    go.Figure(chart.figure)
    (bars,) = chart.figure["data"]
    assert bars["x"] == sorted(bars["x"], reverse=True)
    assert "band" not in chart.table.columns
    assert "shapes" not in chart.figure["layout"]


def test_the_handbook_has_words_for_every_kind_and_interval_of_the_catalogue():
    assert {what.kind for what in catalogue()} <= set(handbook.KINDS)
    assert {what.interval for what in catalogue()} <= set(handbook.INTERVALS)


def a_verdict(key: str, state: str) -> Verdict:
    words = {"early": "too early to tell", "unchanged": "unchanged"}.get(
        state, f"real {state} since week of 8 June"
    )
    return Verdict(
        metric=key,
        state=state,
        since=None,
        words=words,
        why="p chart to the week of 22 June: A metric at its level raises a false alarm about once a year.",
        chart="p",
        judged_to=None,
        weeks=40,
        is_seasonal=False,
        false_alarms_a_year=1.0,
        points=pl.DataFrame(),
    )


@pytest.mark.parametrize(
    ("key", "state", "judged"),
    [
        ("fcr", "rise", "better"),
        ("fcr", "fall", "worse"),
        ("escalation_rate", "rise", "worse"),
        ("escalation_rate", "fall", "better"),
        ("fcr", "unchanged", "neither"),
        ("fcr", "early", "neither"),
    ],
)
def test_a_card_says_its_verdict_in_the_colour_of_better_and_worse_and_leads_to_why(
    reader, key, state, judged
):
    shown = replace(card(reader, key), verdict=a_verdict(key, state))
    html = kpi.html([shown], {}, LIGHT, reasons={key: f"why?metric={key}&channel=chat"})
    assert f"pl-trend-{judged}" in html
    assert f'href="why?metric={key}&amp;channel=chat"' in html
    assert f">{shown.verdict.words}</a>" in html
    assert "false alarm about once a year" in html


def test_the_sentence_names_the_metrics_whose_weeks_left_their_level(reader):
    told = [
        replace(card(reader, "fcr"), verdict=a_verdict("fcr", "unchanged")),
        replace(card(reader, "csat"), verdict=a_verdict("csat", "fall")),
    ]
    assert (
        "; by week, customer satisfaction, top two shows a real fall since week of 8 June."
        in headline.sentence(told, WINDOW)[1]
    )
    assert "by week" not in headline.sentence(told[:1], WINDOW)[1]


def test_a_provisional_value_is_marked_as_such(reader):
    shown = card(reader, "fcr")
    provisional, final = (
        replace(shown, measured=replace(shown.measured, status=status)) for status in ("provisional", "final")
    )
    assert "pl-unsettled" in kpi.html([provisional], {}, LIGHT)
    assert "pl-unsettled" not in kpi.html([final], {}, LIGHT)
