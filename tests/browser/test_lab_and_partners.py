"""The FCR lab and the page of partners, lived through in a browser."""

from __future__ import annotations

import re

import pytest

pytestmark = pytest.mark.browser


def numbers(tab) -> list[list[int]]:
    """Mature, resolved and pending of each line of the reconciliation."""
    rows = tab.page.eval_on_selector_all(
        ".pl-recon tbody tr",
        "rows => rows.map(row => [...row.children].slice(3, 6).map(cell => cell.innerText))",
    )
    return [[int(re.sub(r"[,+]", "", cell).replace("−", "-")) for cell in row] for row in rows]


def test_a_cell_of_the_grid_is_held_against_the_first_definition_and_the_lines_add_up(visitor):
    tab = visitor().open("/fcr-lab?period=all")
    assert tab.page.locator(".pl-lab tbody td").count() == 4 * 6 * 6
    tab.page.locator(".pl-lab tbody").nth(2).locator("tr").nth(4).locator("td").first.locator("a").click()
    tab.page.wait_for_function("() => location.search.includes('second-rule=any')")
    tab.ready()
    said = tab.page.locator(".pl-card").nth(1).inner_text()
    assert "any other contact of the customer follows within 24 hours" in said
    assert "an abandoned attempt is no repeat" in said
    first, *lines, second = numbers(tab)
    assert len(lines) > 1
    assert [sum(column) for column in zip(first, *lines, strict=True)] == second
    assert tab.page.locator("td.pl-picked").count() == 2
    assert tab.complaints == []


def test_the_first_definition_is_chosen_and_stands_in_the_address(visitor):
    tab = visitor().open("/fcr-lab?period=all&first-window=30d")
    assert "within 30 days of its closing" in tab.page.locator(".pl-card").first.inner_text()
    assert "· in use" not in tab.page.locator(".pl-card").first.inner_text()


def test_partners_are_shown_by_quarter_and_by_month_and_compared_by_site(visitor):
    tab = visitor().open("/partners?period=all")
    heads = tab.page.locator(".pl-table thead th").all_inner_texts()
    assert any(re.match(r"Q\d 20\d\d", head) for head in heads)
    tab = visitor().open("/partners?period=all&contract=month&groups=site")
    cards = tab.page.locator("[class*=st-key-card-scorecard]")
    assert cards.count() == 2
    assert "Jun 2026" in cards.first.inner_text()
    fair = tab.page.locator(".st-key-card-fair").inner_text()
    assert "against the others" in fair
    assert "same issue" in fair
    assert "Abandonment rate" not in fair  # an abandoned contact has no site
    assert tab.complaints == []
