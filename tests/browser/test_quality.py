"""Quality in a real browser: agents calibrated and raw, one agent by link, the parts of the graders' page."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from urllib.parse import parse_qs

import openpyxl
import pytest

pytestmark = pytest.mark.browser


def test_agents_switch_to_raw_and_a_link_opens_one_agent(visitor):
    tab = visitor().open("/agents?metric=fcr&period=all")
    assert "rings are raw" in tab.page.inner_text("[data-testid=stMain]")
    tab.page.get_by_role("radio", name="Raw").click()
    tab.page.wait_for_function("() => location.search.includes('view=raw')")
    tab.ready()
    assert "dashed is where 95% fall by chance" in tab.page.inner_text("[data-testid=stMain]")
    tab.page.get_by_role("radio", name="Calibrated").click()
    tab.page.wait_for_function("() => location.search.includes('view=calibrated')")
    tab.ready()
    link = tab.page.locator(".pl-table a").first
    name = link.inner_text()
    link.click()
    tab.page.wait_for_function("() => location.search.includes('agent_id=')")
    tab.ready()
    assert tab.title == f"How is {name} doing?"
    assert parse_qs(tab.query)["period"] == ["all"]
    assert tab.page.get_by_text("metrics can be told from the program").is_visible()
    assert tab.complaints == []
    assert tab.foreign == []


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1280, "light")])
def test_every_part_of_graders_opens_by_its_address_and_fits(visitor, width, scheme):
    tab = visitor(width=width, scheme=scheme)
    for part in ("agreement", "severity", "validity", "consistency"):
        tab.open(f"/graders?period=all&part={part}")
        assert tab.title == "Do graders agree, and does it matter?"
        tab.page.locator(".js-plotly-plot").first.wait_for()
        room = tab.page.evaluate(
            "() => { const main = document.querySelector('[data-testid=stMain]');"
            " return main.scrollWidth - main.clientWidth; }"
        )
        assert room <= 1, part
    assert tab.complaints == []
    assert tab.foreign == []


@pytest.mark.parametrize(
    ("address", "card", "key"),
    [
        ("/agents?metric=qa_score&period=all", "card-agents", "agent_id"),
        ("/graders?period=all&part=severity", "card-severity", "grader_id"),
        ("/graders?period=all&part=agreement", "card-agreement", "criterion_id"),
    ],
    ids=["calibrated agents", "severity", "agreement"],
)
def test_tables_are_saved_as_csv_and_as_a_workbook_with_the_same_rows(visitor, address, card, key):
    tab = visitor().open(address)
    where = tab.page.locator(f".st-key-{card}")
    fold = where.get_by_text("Table and download")
    if fold.count():
        fold.click()
        tab.ready()
    saved = []
    for label in ("Download CSV", "Download Excel"):
        with tab.page.expect_download() as caught:
            where.get_by_role("button", name=label).click()
        saved.append(Path(caught.value.path()).read_bytes())
    rows = list(csv.DictReader(io.StringIO(saved[0].decode("utf-8-sig"))))
    sheet = openpyxl.load_workbook(io.BytesIO(saved[1])).active
    head = [cell.value for cell in sheet[1]]
    assert head == list(rows[0])
    assert len(rows) > 3
    column = head.index(key)
    assert [line[column] for line in sheet.iter_rows(min_row=2, values_only=True)] == [
        row[key] for row in rows
    ]
    assert tab.complaints == []
