"""What an executive does next: asks why, what it is worth, opens the rows; on a phone, by keyboard."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from dashboard.filters import window
from pipelines.reader import Reader
from tests.browser.conftest import Served

pytestmark = pytest.mark.browser

WHY = "/why?period=26w&metric=escalation_rate&split=issue"
MONEY = "/money?period=26w"


def saved(tab, card: str) -> list[dict[str, str]]:
    """The table of a card, downloaded."""
    where = tab.page.locator(f"[class*=st-key-{card}]")
    where.get_by_text("Table and download").click()
    tab.ready()
    with tab.page.expect_download() as caught:
        where.get_by_role("button", name="Download CSV").click()
    return list(csv.DictReader(io.StringIO(Path(caught.value.path()).read_text("utf-8"))))


def choose(tab, label: str, option: str | None = None) -> None:
    """Pick an option of a select box, else the first; scrolled to before, since scrolling closes it."""
    box = tab.page.get_by_role("combobox", name=label, exact=True)
    box.scroll_into_view_if_needed()
    tab.page.wait_for_timeout(500)
    box.click()
    options = tab.page.get_by_role("option")
    (options.filter(has_text=option) if option else options).first.click()


def test_the_pages_are_found_by_the_navigation_and_keep_the_filters(visitor):
    tab = visitor().open("/?period=26w&channel=chat")
    tab.go("Why")
    assert tab.title == "Why did it move?"
    tab.go("Money")
    assert tab.title == "What is it worth?"
    assert parse_qs(tab.query)["channel"] == ["chat"]
    assert tab.page.locator(".pl-headline").inner_text()
    assert tab.complaints == []
    assert tab.foreign == []


def test_the_bars_that_are_downloaded_add_up_to_the_change_of_the_readers_numbers(visitor, served: Served):
    tab = visitor().open(WHY)
    rows = saved(tab, "card-escalation_rate-by-issue")
    reader = Reader.open(served.root)
    found = window("26w", *reader.period())
    assert found.before is not None
    values = []
    for days in (found.before, (found.start, found.end)):
        cells = reader.cells("escalation_rate", (), *days)
        values.append(cells["total"][0] / cells["n"][0])
    assert sum(float(row["effect"]) for row in rows) == pytest.approx(values[1] - values[0], abs=1e-12)
    for row in rows:
        assert float(row["mix"]) + float(row["rate"]) == pytest.approx(float(row["effect"]), abs=1e-12)


def test_a_bar_opens_to_its_contacts_and_the_link_says_so(visitor):
    tab = visitor().open(WHY)
    choose(tab, "Open")
    tab.page.wait_for_url(lambda url: "group=" in url)
    tab.ready()
    behind = tab.page.locator("[class*=st-key-card-behind]")
    behind.get_by_test_id("stDataFrame").nth(1).wait_for()
    assert behind.locator(".pl-found").count() == 2
    other = visitor().open("/why?" + tab.query)
    other.page.locator("[class*=st-key-card-behind] .pl-found").nth(1).wait_for()


def test_a_figure_opens_to_rows_that_add_up_to_it(visitor, served: Served):
    tab = visitor().open(MONEY + "&figure=claw_backs")
    behind = tab.page.locator("[class*=st-key-card-behind]")
    with tab.page.expect_download() as caught:
        behind.get_by_role("button", name="Download CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(caught.value.path()).read_text("utf-8"))))
    reader = Reader.open(served.root)
    found = window("26w", *reader.period())
    ledger = reader.ledger((), found.start, found.end).row(0, named=True)
    assert sum(float(row["amount"]) for row in rows) == pytest.approx(ledger["claw_backs"], abs=1e-6)
    assert ledger["claw_backs"] > 0


def test_what_was_caused_is_shown_when_asked_with_intervals_or_not_claimed(visitor):
    tab = visitor().open("/money?period=all")
    assert "Expected elsewhere" not in tab.page.locator("body").inner_text()
    choose(tab, "Compare", "each team with the others")
    table = tab.page.get_by_role("region", name="Incremental refund avoidance by team")
    table.wait_for()
    said = table.inner_text()
    assert "Save Desk" in said
    assert " to " in said or "Not claimed" in said
    assert tab.complaints == []


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1920, "light")])
def test_both_pages_read_at_any_width_without_scrolling_sideways(visitor, width: int, scheme: str):
    tab = visitor(width=width, scheme=scheme)
    for path in (WHY + "&and=channel", MONEY + "&by=issue&figure=net"):
        tab.open(path)
        tab.page.locator(".js-plotly-plot").first.wait_for()
        room = tab.page.evaluate(
            "() => { const main = document.querySelector('[data-testid=stMain]');"
            " return main.scrollWidth - main.clientWidth; }"
        )
        assert room <= 1, path
    assert tab.complaints == []


def test_a_keyboard_alone_splits_by_another_dimension(visitor):
    tab = visitor().open(WHY)
    tab.page.get_by_role("combobox", name="Split by").focus()
    tab.page.keyboard.press("ArrowDown")
    tab.page.keyboard.type("channel")
    tab.page.keyboard.press("Enter")
    tab.page.wait_for_url(lambda url: "split=channel" in url)
    tab.ready()
    assert "channels" in tab.page.locator(".pl-sentence").inner_text()
    spoken = tab.page.evaluate(
        "() => [...document.querySelectorAll('[data-testid=stPlotlyChart]')].map("
        "chart => (chart.closest('[aria-label]') || chart.querySelector('[aria-label]'))?.ariaLabel || '')"
    )
    assert len(spoken) >= 2  # the control chart too, where there are enough a week for limits
    assert all(len(words) > 20 for words in spoken)
