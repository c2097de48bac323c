"""Is it real, and will it meet its target: what an executive reads off the first page and takes along."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from pipelines.explain import progresses, verdicts
from pipelines.insight import FIGURES
from pipelines.reader import Reader
from tests.browser.conftest import Served

pytestmark = pytest.mark.browser


def test_a_verdict_on_a_card_opens_the_chart_behind_it_with_the_filters(visitor, served: Served):
    tab = visitor().open("/?period=26w&channel=chat")
    reader = Reader.open(served.root)
    said = verdicts(reader, ["escalation_rate"], filters={"channel": ("chat",)})["escalation_rate"]
    link = tab.page.locator('.pl-verdict a[href*="metric=escalation_rate"]')
    assert link.inner_text() == said.words
    assert link.get_attribute("title") == said.why
    link.click()
    tab.page.wait_for_function(
        "() => document.querySelector('.pl-title h1')?.innerText === 'Why did it move?'"
    )
    tab.ready()
    assert "channel=chat" in tab.query
    card = tab.page.locator("[class*=st-key-card-escalation_rate-control]")
    assert card.get_by_role("heading").inner_text() == f"Escalation rate: {said.words}"
    assert tab.complaints == []


def test_the_chances_that_are_downloaded_are_the_readers(visitor, served: Served):
    tab = visitor().open("/")
    card = tab.page.locator("[class*=st-key-card-targets]")
    card.get_by_text("Table and download").click()
    tab.ready()
    with tab.page.expect_download() as caught:
        card.get_by_role("button", name="Download CSV").click()
    rows = list(csv.DictReader(io.StringIO(Path(caught.value.path()).read_text("utf-8"))))
    expected = progresses(Reader.open(served.root), FIGURES)
    assert [row["metric"] for row in rows] == [each.what.key for each in expected]
    for row, each in zip(rows, expected, strict=True):
        assert float(row["target"]) == each.goal.target
        told = None if each.outlook is None else pytest.approx(each.outlook.chance, abs=1e-12)
        assert (float(row["chance"]) if row["chance"] else None) == told


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone_the_chance_is_seen_without_scrolling_sideways(visitor, scheme: str):
    tab = visitor(width=390, scheme=scheme).open("/")
    tab.page.locator("[class*=st-key-card-targets] thead th").nth(2).scroll_into_view_if_needed()
    box = tab.page.locator("[class*=st-key-card-targets] thead th").nth(2).bounding_box()
    assert (
        tab.page.locator("[class*=st-key-card-targets] thead th").nth(2).inner_text() == "Chance to meet it"
    )
    assert box["x"] + 40 < 390
    for each in tab.page.locator(".pl-verdict").all():
        place = each.bounding_box()
        assert place["x"] >= 0
        assert place["x"] + place["width"] <= 390
