"""What people do: look around, narrow down, take a table along, ask a question, walk by keyboard, print."""

from __future__ import annotations

import csv
import io
import json
import re
from pathlib import Path
from urllib.parse import parse_qs, quote

import pytest

from pipelines.reader import MetricRequest, Reader
from tests.browser.conftest import Served

pytestmark = pytest.mark.browser

PAGES = {
    "Overview": ("/", "Are problems solved, and sales kept?"),
    "Programs": ("/programs", "How do programs compare?"),
    "Partners": ("/partners", "Do partners deliver what was agreed?"),
    "Why": ("/why", "Why did it move?"),
    "FCR lab": ("/fcr-lab", "Which first-contact resolution?"),
    "Money": ("/money", "What is it worth?"),
    "Agents": ("/agents", "Who differs from their program?"),
    "Metric handbook": ("/handbook", "What does each number mean?"),
    "Data health": ("/data-health", "Can these numbers be trusted today?"),
    "SQL": ("/sql", "What do the rows say?"),
}


def test_every_page_opens_by_the_navigation_without_a_complaint_or_a_foreign_request(visitor):
    tab = visitor().open("/")
    assert tab.title == PAGES["Overview"][1]
    for name in [*PAGES][1:]:
        assert tab.go(name).title == PAGES[name][1]
        assert not tab.page.get_by_test_id("stException").count()
    tab.page.wait_for_timeout(1_000)
    assert tab.complaints == []
    assert tab.foreign == []


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1920, "light")])
def test_pages_open_by_their_address_at_any_width_and_do_not_scroll_sideways(visitor, width, scheme):
    tab = visitor(width=width, scheme=scheme)
    for path, question in PAGES.values():
        assert tab.open(path).title == question
        room = tab.page.evaluate(
            "() => { const main = document.querySelector('[data-testid=stMain]');"
            " return main.scrollWidth - main.clientWidth; }"
        )
        assert room <= 1, path
    assert tab.complaints == []
    assert tab.foreign == []


def test_dark_and_light_are_each_dark_and_light(visitor):
    def ground(scheme: str) -> int:
        tab = visitor(scheme=scheme).open("/")
        colour = tab.page.evaluate("getComputedStyle(document.querySelector('.pl-card')).backgroundColor")
        return sum(int(part) for part in re.findall(r"\d+", colour)[:3])

    assert ground("dark") < 200 < 700 < ground("light")


def test_filters_stand_in_the_url_hold_across_pages_and_survive_a_reload(visitor):
    tab = visitor().open("/")
    tab.page.get_by_text("26 weeks", exact=True).click()
    tab.page.wait_for_url(re.compile("period=26w"))
    tab.ready()
    tab.page.get_by_test_id("stPopoverButton").click()
    tab.page.get_by_role("combobox", name="Channel").click()
    tab.page.get_by_role("option", name="Chat").click()
    tab.page.wait_for_url(re.compile("channel=chat"))
    tab.page.keyboard.press("Escape")
    tab.ready()
    for name in ("Programs", "Agents", "Metric handbook", "Data health", "Overview"):
        tab.go(name)
    assert parse_qs(tab.query)["channel"] == ["chat"]
    assert parse_qs(tab.query)["period"] == ["26w"]
    tab.page.reload()
    tab.ready()
    assert "Chat" in tab.page.locator(".pl-title p").inner_text()
    other = visitor().open("/?" + tab.query)
    assert other.page.locator(".pl-title p").inner_text() == tab.page.locator(".pl-title p").inner_text()


def test_the_download_of_a_chart_is_its_table_and_the_readers_numbers(visitor, served: Served):
    tab = visitor().open("/?period=26w")
    card = tab.page.locator("[class*=st-key-card-fcr-by-site]")
    card.get_by_text("Table and download").click()
    with tab.page.expect_download() as caught:
        card.get_by_role("button", name="Download CSV").click()
    saved = list(csv.DictReader(io.StringIO(Path(caught.value.path()).read_text("utf-8"))))
    reader = Reader.open(served.root)
    first, last = _dates(tab.page.locator(".pl-title p").inner_text(), reader)
    rows = reader.metrics(
        MetricRequest(metrics=("fcr",), by=("site", "operating_model"), start=first, end=last)
    )
    expected = {row["site"] or "": row for row in rows.iter_rows(named=True)}
    assert {line["site"] for line in saved} == set(expected)
    for line in saved:
        row = expected[line["site"]]
        for name in ("value", "lower", "upper", "numerator"):
            assert float(line[name]) == pytest.approx(row[name], abs=0, rel=1e-15)
        assert int(line["denominator"]) == row["denominator"]
        assert line["status"] == row["status"]


def _dates(text: str, reader: Reader):
    from dashboard.filters import window

    first, last = reader.period()
    found = window("26w", first, last)
    assert str(found.end.year) in text
    return found.start, found.end


def test_a_query_is_run_by_ctrl_enter_and_saved_in_three_kinds(visitor):
    tab = visitor().open("/sql")
    editor = tab.page.get_by_label("SQL", exact=True)
    editor.fill("select channel, count(*) as n from contacts group by channel order by n desc")
    editor.press("Control+Enter")
    tab.page.locator(".pl-found").wait_for()
    assert re.search(r"[1-9] rows? in", tab.page.locator(".pl-found").inner_text())
    for label, start in (("CSV", b"channel,n"), ("Parquet", b"PAR1"), ("Excel", b"PK")):
        with tab.page.expect_download() as caught:
            tab.page.get_by_role("button", name=label, exact=True).click()
        assert Path(caught.value.path()).read_bytes().startswith(start)
    tab.go("Overview").go("SQL")
    assert tab.page.get_by_label("SQL", exact=True).input_value().startswith("select channel")
    assert tab.complaints == []


def test_a_shared_query_fills_the_editor_and_runs_only_when_asked(visitor):
    tab = visitor().open("/sql?sql=" + quote("select 40 + 2 as answer"))
    assert tab.page.get_by_label("SQL", exact=True).input_value() == "select 40 + 2 as answer"
    assert tab.page.locator(".pl-found").count() == 0
    tab.page.get_by_role("button", name="Run").click()
    tab.page.locator(".pl-found").wait_for()


def test_a_query_that_would_change_anything_is_refused_in_words(visitor):
    tab = visitor().open("/sql?sql=" + quote("drop table contacts"))
    tab.page.get_by_role("button", name="Run").click()
    error = tab.page.get_by_test_id("stAlert")
    error.wait_for()
    assert "Traceback" not in error.inner_text()


def test_a_keyboard_alone_reaches_pages_periods_and_filters_and_shows_where_it_is(visitor):
    tab = visitor().open("/")
    reached: list[str] = []
    for _ in range(40):
        tab.page.keyboard.press("Tab")
        here = tab.page.evaluate(
            "() => { const at = document.activeElement; const style = getComputedStyle(at);"
            " return {text: (at.innerText || at.ariaLabel || '').trim(),"
            " marked: style.outlineStyle !== 'none' || style.boxShadow !== 'none'}; }"
        )
        if here["text"]:
            reached.append(here["text"])
            assert here["marked"], here
        if here["text"].startswith("First-contact resolution"):
            break
    for name in (*PAGES, "Filters"):
        assert any(name in text for text in reached), (name, reached)
    assert any("weeks" in text for text in reached)


def test_charts_speak_to_those_who_cannot_see_them(visitor):
    tab = visitor().open("/")
    tab.page.locator(".js-plotly-plot").first.wait_for()
    spoken = tab.page.evaluate(
        "() => [...document.querySelectorAll('[data-testid=stPlotlyChart]')].map("
        "chart => (chart.closest('[aria-label]') || chart.querySelector('[aria-label]'))?.ariaLabel || '')"
    )
    assert len(spoken) == 3
    assert all(len(words) > 20 for words in spoken), spoken
    images = tab.page.locator(".pl-card img")
    assert all(images.nth(place).get_attribute("alt") for place in range(images.count()))


def test_the_overview_prints_without_its_controls(visitor):
    tab = visitor().open("/")
    tab.page.locator(".js-plotly-plot").first.wait_for()
    tab.page.emulate_media(media="print")
    assert not tab.page.locator("[data-testid=stHeader]").is_visible()
    assert not tab.page.locator("[class*=st-key-controls]").first.is_visible()
    assert tab.page.locator(".pl-headline").is_visible()
    printed = tab.page.pdf(print_background=True, scale=0.7)
    assert printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") >= 1


def test_before_the_first_load_every_page_says_how_to_begin(visitor, tmp_path):
    running = Served(tmp_path, tmp_path / "server.log")
    try:
        for path, _ in PAGES.values():
            tab = visitor(address=running.address).open(path)
            assert tab.page.get_by_role("heading", name="Nothing has been loaded yet").is_visible()
            assert tab.complaints == []
    finally:
        running.stop()


def test_a_load_while_people_look_is_seen_and_a_lost_warehouse_is_said(visitor, tmp_path, workspace):
    import shutil

    root = tmp_path / "copy"
    shutil.copytree(workspace, root)
    running = Served(root, tmp_path / "server.log")
    try:
        tab = visitor(address=running.address).open("/")
        pointer = root / ".plumbline" / "warehouse" / "current.json"
        written = json.loads(pointer.read_text("utf-8"))
        moved = {**written, "build_id": "newer", "file": "warehouse-newer.duckdb"}
        shutil.copy(pointer.parent / written["file"], pointer.parent / moved["file"])
        pointer.write_text(json.dumps(moved), "utf-8")
        tab.page.get_by_text("4 weeks", exact=True).click()
        tab.page.wait_for_function("() => document.querySelector('.pl-foot').innerText.includes('newer')")
        gone = {**written, "build_id": "gone", "file": "warehouse-gone.duckdb"}
        pointer.write_text(json.dumps(gone), "utf-8")
        tab.page.get_by_text("26 weeks", exact=True).click()
        tab.page.get_by_role("heading", name="The warehouse cannot be read").wait_for()
        assert "plumbline load" in tab.page.locator(".pl-state").inner_text()
    finally:
        running.stop()
