"""The page that holds definitions of first-contact resolution against each other."""

from __future__ import annotations

import re
from datetime import date

import polars as pl
import pytest

from dashboard import theme
from dashboard.filters import Window
from dashboard.views import fcr_lab as views
from pipelines.metrics.fcr_definitions import DAY, Definition
from tests.dashboard.fake_reader import FakeReader, contacts

WINDOW = Window(date(2026, 4, 6), date(2026, 7, 3), None, "over the last 13 weeks", "")
LAB = FakeReader().fcr_lab()
GRID = LAB.grid()
ROWS = dict(zip(LAB.definitions(), GRID.to_dicts(), strict=True))


def numbers(html: str) -> list[list[int]]:
    """Mature, resolved and pending of each row of the table."""
    found = []
    for row in re.findall(r"<tr.*?</tr>", html):
        cells = re.findall(r"<td[^>]*>([^<]*)</td>", row)
        counts = [cell.replace(",", "").replace("+", "").replace("−", "-") for cell in cells]
        whole = [int(cell) for cell in counts if re.fullmatch(r"-?\d+", cell)]
        if whole:
            found.append(whole[-3:])
    return found


def test_the_printed_lines_add_up_from_one_definition_to_the_other():
    first, second = Definition(7 * DAY), Definition(DAY, "any", "not_abandoned")
    html = views.reconciliation(LAB.reconcile(first, second), ROWS[first], ROWS[second])
    start, *lines, end = numbers(html)
    assert len(lines) > 4
    for column in range(3):
        assert start[column] + sum(line[column] for line in lines) == end[column]
    assert start == [ROWS[first][name] for name in ("denominator", "numerator", "pending")]


def test_the_grid_prints_every_definition_with_interval_n_and_pending():
    html = views.grid_html(GRID, theme.LIGHT, marks={LAB.in_use: "1"}, links=dict.fromkeys(ROWS, "#"))
    cells = re.findall(r"<td class.*?</td>", html)
    assert len(cells) == GRID.height == 144
    assert all(
        re.search(r"\d%</b><span>.+</span><span>n .+</span><span>.+ pending</span>", each) for each in cells
    )
    framed = [each for each in cells if "pl-worst" in each]
    assert len(framed) == 1
    assert LAB.in_use.sentence in framed[0]
    assert ">1</i>" in framed[0]


def test_a_cell_of_few_contacts_has_its_number_and_no_colour():
    few = GRID.with_columns(denominator=pl.lit(7))
    html = views.grid_html(few, theme.DARK, marks={}, links=dict.fromkeys(ROWS, "#"))
    assert "background" not in html
    assert html.count("n 7<") == 144


def test_the_sentence_names_the_value_in_use_and_the_range():
    low, high = GRID["value"].min(), GRID["value"].max()
    html = views.headline(GRID, WINDOW)
    assert f"{100 * ROWS[LAB.in_use]['value']:.1f}%" in html
    assert f"between {100 * low:.1f}%" in html
    assert f"and {100 * high:.1f}%" in html


def test_before_anything_is_mature_the_sentence_says_what_waits():
    none = pl.lit(None, dtype=pl.Float64)
    waiting = GRID.with_columns(value=none, lower=none, upper=none, denominator=pl.lit(0), pending=pl.lit(9))
    assert "9 first contacts still wait" in views.headline(waiting, WINDOW)
    row = waiting.row(0, named=True)
    assert "no mature first contact" in views.finding(row, row, 9)[0]


def test_the_page_says_the_definition_on_each_tile(visit):
    seen = visit("fcr_lab", period="26w", **{"second-rule": "any", "second-window": "14d"})
    assert not seen.app.exception
    assert Definition(7 * DAY).sentence in seen.text
    assert Definition(14 * DAY, "any").sentence in seen.text
    assert "First definition · in use" in seen.text
    assert re.search(r"The second definition is −[\d.]+ pts from the first", seen.text)


def test_one_definition_against_itself_differs_in_nothing(visit):
    same = {"second-window": "7d", "second-rule": "issue_or_order"}
    seen = visit("fcr_lab", **same)
    assert "The two definitions give the same number" in seen.text
    assert "No contact differs" in seen.text


def test_what_the_url_names_wrongly_falls_back(visit):
    seen = visit("fcr_lab", **{"first-window": "99d", "second-rule": "<b>"})
    assert not seen.app.exception
    assert Definition(7 * DAY).sentence in seen.text
    assert Definition(3 * DAY, "issue").sentence in seen.text


def test_without_a_contact_the_page_says_so(visit):
    seen = visit(
        "fcr_lab", period="4w", reader=FakeReader(rows=contacts().filter(pl.col("day") < date(2026, 1, 1)))
    )
    assert "No handled contact of a known customer" in seen.text


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("window", "the window"),
        ("window+rule", "the window and the match rule together"),
        ("window|exclusion", "the window or the exclusion, either is enough"),
        ("window|rule|exclusion", "the window or the match rule or the exclusion, any is enough"),
        (
            "window+rule|rule+exclusion",
            "the window and the match rule or the match rule and the exclusion, either is enough",
        ),
    ],
)
def test_reasons_in_words(reason: str, words: str) -> None:
    assert views.because(reason) == words
