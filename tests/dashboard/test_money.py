"""The page that says what refunds asked for were worth."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import plotly.graph_objects as go
import polars as pl
import pytest

from dashboard import theme
from dashboard.filters import Window
from dashboard.views import incremental, loyalty, money
from pipelines.explain import Effect, caused_by_each, concession_csat, repurchase_groups
from tests.dashboard.fake_reader import FakeReader, contacts

WINDOW = Window(date(2026, 4, 6), date(2026, 7, 3), None, "over the last 13 weeks", "")


def row(**changed) -> dict:
    made = {
        "currency": "EUR",
        "n_stakes": 100,
        "n_avoided": 60,
        "n_healthy": 45,
        "n_deflected": 15,
        "n_decided": 90,
        "n_pending": 7,
        "at_stake": 50_000.0,
        "refunds": 17_000.0,
        "chargebacks": 1_000.0,
        "retained": 32_000.0,
        "concessions": 4_000.0,
        "net": 28_000.0,
        "claw_backs": 900.0,
        "healthy": 20_000.0,
        "deflected": 5_000.0,
        "undecided": 4_000.0,
        "partly": 3_000.0,
        "pending": 2_000.0,
    }
    return {**made, **changed}


def test_the_sentence_says_what_was_at_stake_what_was_kept_and_how():
    main, rest = money.sentence(row(), WINDOW)
    assert (
        main == "Of €50.0K at stake over the last 13 weeks, €32.0K (64.0%) was kept, €28.0K after concessions"
    )
    assert rest == (
        "; of what was kept and can be judged, 80.0% was kept in health and 20.0% by deflection; "
        "€900 was clawed back later."
    )


def test_a_period_without_a_closed_window_says_what_waits():
    main, rest = money.sentence(row(n_stakes=0), WINDOW)
    assert main == "Nothing is settled over the last 13 weeks"
    assert "7 asks still wait" in rest


def test_each_currency_has_its_own_sentence_and_none_is_added():
    html = money.headline(pl.DataFrame([row(), row(currency="USD")]), WINDOW)
    assert html.count("pl-sentence") == 2
    assert "€50.0K" in html
    assert "$50.0K" in html
    assert "100" not in html


@pytest.mark.parametrize("name", ["light", "dark"])
def test_steps_and_parts_are_figures_that_plotly_knows(name):
    colours = theme.palette(name)
    steps, kept = money.steps(row(), colours), money.kept(row(), colours)
    for chart in (steps, kept):
        go.Figure(chart.figure)
        assert len(chart.alt) > 20
    bars = steps.figure["data"][0]
    ends = [base + amount for base, amount in zip(bars["base"], bars["x"], strict=True)]
    assert ends == [50_000, 33_000, 32_000, 32_000, 28_000, 28_000, 27_100]
    assert "7 more asks with €2,000 at stake wait" in steps.note
    assert kept.title == "50.0% of refunds asked for were avoided in health, 16.7% deflected"
    assert kept.table["value"].sum() == 32_000


def test_where_nothing_was_kept_nothing_is_drawn():
    assert money.kept(row(retained=0.0), theme.LIGHT) is None


def test_the_table_by_group_names_the_currency_only_where_there_are_several():
    one = pl.DataFrame([{"site": "Leeds", **row()}, {"site": None, **row()}])
    assert "EUR" not in money.by_html(one, "site", "site", None)
    assert "(unknown)" in money.by_html(one, "site", "site", None)
    two = pl.DataFrame([{"site": "Leeds", **row()}, {"site": "Leeds", **row(currency="USD")}])
    assert "EUR" in money.by_html(two, "site", "site", None)
    assert "$50.0K" in money.by_html(two, "site", "site", None)


def test_the_incremental_table_gives_a_figure_or_the_reason_why_not():
    stakes = FakeReader().stake_units()
    few = stakes.with_columns(
        pl.when(pl.int_range(pl.len()) < 30).then(pl.lit("Tiny <b>")).otherwise("team").alias("team")
    )
    each = caused_by_each(few, "team")
    html = incremental.html(each, "team", None)
    assert html.count("Not claimed") == 1
    assert "of 100 needed" in html
    assert "<b>Tiny" not in html
    assert " to " in html
    table = incremental.table(each, "team")
    assert table["not_claimed_because"].null_count() == 2
    assert table.filter(pl.col("avoided_value").is_null()).height == 1


def test_the_page_shows_the_ledger_and_opens_a_figure(visit):
    seen = visit("money", period="26w", figure="healthy", by="issue")
    assert not seen.app.exception
    assert "at stake over the last 26 weeks" in seen.text
    assert "The ledger by group" in seen.text
    assert len(seen.charts) == 3
    (frame,) = seen.app.dataframe
    amounts = frame.value["amount"].to_list()
    assert amounts == sorted(amounts, reverse=True)
    assert "Retained on avoided refunds after which the customer neither came back" in seen.text


def test_a_figure_may_be_opened_for_one_group(visit):
    seen = visit("money", figure="retained", of="site", which="Manila")
    assert not seen.app.exception
    assert set(seen.app.dataframe[0].value["site"]) == {"Manila"}


@pytest.mark.parametrize("compared", ["team", "site", "the period before"])
def test_the_incremental_part_is_shown_when_asked_for(visit, compared):
    quiet = visit("money")
    assert "Expected elsewhere" not in quiet.text
    seen = visit("money", caused=compared, period="26w")
    assert not seen.app.exception
    assert "Expected elsewhere" in seen.text


def test_without_an_ask_the_page_says_so(visit):
    none = FakeReader(rows=contacts().with_columns(pl.lit(None, dtype=pl.Boolean).alias("refund_avoidance")))
    seen = visit("money", reader=none)
    assert not seen.app.exception
    assert "Nobody asked for a refund" in seen.text


def test_who_orders_again_is_drawn_against_customers_without_contact():
    reader = FakeReader()
    groups = repurchase_groups(reader.repurchase(), reader.repurchase_without_contact())
    for colours in (theme.palette("light"), theme.palette("dark")):
        chart = loyalty.repurchase(groups, colours)
        go.Figure(chart.figure)
    assert (
        "dotted is customers with an order and no contact in the same days, 28.0% (n 1,000)" in chart.subtitle
    )
    assert chart.table.height == 7
    shown = chart.figure["data"][0]
    assert len(shown["x"]) == 5  # nobody here was left unresolved
    assert loyalty.repurchase(groups.with_columns(pl.lit(None, pl.Float64).alias("value")), colours) is None


def test_a_table_says_what_a_concession_goes_along_with():
    found = concession_csat(FakeReader().concession_cells())
    html = loyalty.concession_html(found)
    assert f"n {found.given.n:,}" in html
    assert "noise" in html
    assert loyalty.concession_title(found).startswith("Ratings after a concession are no different")
    worse = replace(found, adjusted=Effect(-0.056, -0.11, -0.002))
    assert (
        loyalty.concession_title(worse) == "At the same mix, ratings after a concession are lower: −5.6 pts"
    )
    assert "need not come from it" in loyalty.concession_note(found)


def test_the_money_page_says_who_comes_back_and_whose_rating_followed_a_concession(visit):
    seen = visit("money", channel="chat")
    assert not seen.app.exception
    assert "ordered again after a problem resolved at once" in seen.text
    assert "Customers without contact have no channel: they are those of the whole program." in seen.text
    assert "With a concession" in seen.text


class Young(FakeReader):
    """Nobody's window is over."""

    def repurchase(self, *question):
        return super().repurchase(*question).with_columns(n=0, again=0)

    def repurchase_without_contact(self, *question):
        return super().repurchase_without_contact(*question).with_columns(n=0, again=0)

    def concession_cells(self, *question):
        return super().concession_cells(*question).with_columns(n=0, top=0)


def test_before_any_window_is_over_the_page_says_how_many_wait(visit):
    seen = visit("money", reader=Young())
    assert not seen.app.exception
    assert "Whether they order again is too early to say" in seen.text
    assert "customers wait for the end of the window; choose a longer period" in seen.text
    assert "No rated contact about an order is mature" in seen.text
