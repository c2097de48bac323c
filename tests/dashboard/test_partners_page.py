"""The page of partners: scorecards by contract period, and comparisons on the same contacts."""

from __future__ import annotations

from datetime import date

import polars as pl

from dashboard.views import partners as views
from pipelines.metrics import definition
from pipelines.partners import fair, judged
from tests.dashboard.fake_reader import DEFINITIONS, FakeReader, contacts

READER = FakeReader()
ROWS = judged(READER.contract_periods("quarter"), DEFINITIONS, READER.targets)


def own(program: str) -> pl.DataFrame:
    return ROWS.filter(pl.col("program_id") == program)


def test_a_restated_number_stands_beside_the_printed_one_with_its_cause():
    (moved,) = ROWS.filter(pl.col("cause").is_not_null()).to_dicts()
    html = views.scorecard_html(own("P2"), DEFINITIONS, "quarter", name="Shop", currency="USD")
    assert html.count("now 50.0%: late rows") == 1
    printed = f"<b>{100 * moved['value']:.1f}%</b>"
    assert printed in html
    assert "Printed by build 8f31c2d0, data as of 3 Jul 2026, 20:00 UTC. What it meant." in html
    assert "late rows" not in views.scorecard_html(own("P1"), DEFINITIONS, "quarter", name="", currency=None)


def test_every_cell_says_its_interval_its_n_and_whether_it_is_final():
    html = views.scorecard_html(own("P1"), DEFINITIONS, "quarter", name="Shop", currency="USD")
    rows = own("P1")
    assert html.count("<b>") == rows.height
    assert html.count("<span>n ") == rows.height
    assert html.count('class="pl-open"') == rows.filter(pl.col("status") != "final").height > 0
    assert html.count("target 73.0%") == rows.filter(metric="fcr").height


def test_the_sentence_counts_the_targets_of_the_newest_final_period():
    text = views.headline(ROWS, "quarter", {"P1": "Home", "P2": "Abroad"})
    final = ROWS.filter(pl.col("status") == "final")
    newest = final.filter(pl.col("period_start") == final["period_start"].max())
    counted = newest.filter(program_id="P1")["verdict"].to_list()
    met, missed, left = (counted.count(verdict) for verdict in ("met", "missed", "open"))
    assert f"Home met {met}, missed {missed} and left {left} open" in text
    assert "1 printed number would be another one by now" in text
    none = views.headline(ROWS.with_columns(status=pl.lit("provisional"), cause=pl.lit(None)), "month", {})
    assert "No contract period is final yet" in none


def test_the_note_says_which_build_printed_what_and_which_noticed():
    said = views.provenance(own("P2"), "quarter")
    assert said.startswith("Final numbers as first printed: Q3 2025, Q4 2025")
    assert "by build 8f31c2d0 (data as of 3 Jul 2026, 20:00 UTC)" in said
    assert "What moved since was noticed by build 9a." in said
    assert "noticed" not in views.provenance(own("P1"), "quarter")
    assert views.provenance(own("P1").with_columns(is_frozen=pl.lit(False)), "quarter") == ""


def test_the_downloaded_scorecard_says_where_each_number_came_from():
    table = views.scorecard_table(ROWS, {"P1": "Home"})
    assert table["period_end"].min() == date(2025, 9, 30)
    assert {"build_id", "as_of", "meaning", "cause", "verdict", "target"} <= set(table.columns)
    assert table.filter(program_id="P2")["program_name"].unique().to_list() == ["P2"]


def test_a_difference_told_from_noise_is_coloured_by_what_is_better():
    cells = pl.DataFrame(
        {
            "site": ["A", "B"],
            "issue": ["x", "x"],
            "channel": ["chat", "chat"],
            "n": [1000, 1000],
            "total": [500.0, 300.0],
            "squares": [500.0, 300.0],
        }
    )
    found = fair(cells, "site", "proportion")
    for key, best in (("fcr", "A"), ("escalation_rate", "B")):
        html = views.fair_html([(definition(key), "It", found)], ["A", "B", "C"], "site")
        first, second = html.index("pl-is-better"), html.index("pl-is-worse")
        assert (first < second) == (best == "A")
        assert "no units" in html
        assert "+20.0 pts against the others, +15" in html


def test_the_page_has_a_scorecard_for_each_program_and_a_comparison(visit):
    seen = visit("partners", period="52w")
    assert not seen.app.exception
    assert "Bluecart Home" in seen.text
    assert "Bluecart Partner, by Contact Partner" in seen.text
    assert "Q1 2026" in seen.text
    assert "On the same contacts Contact Partner In-house" in seen.text
    assert "same issue and channel" in seen.text
    assert "against the others" in seen.text


def test_months_and_sites_may_be_asked_for(visit):
    seen = visit("partners", contract="month", groups="site")
    assert not seen.app.exception
    assert "Jun 2026" in seen.text
    assert "Bogotá" in seen.text


def test_one_site_has_nothing_to_be_compared_with(visit):
    seen = visit("partners", groups="site", reader=FakeReader(rows=contacts().filter(site="Leeds")))
    assert not seen.app.exception
    assert "There is one site under these filters" in seen.text
