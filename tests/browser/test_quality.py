"""Quality in a real browser: agents calibrated and raw, one agent by link, the parts of the graders' page."""

from __future__ import annotations

from urllib.parse import parse_qs

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
