"""Every page, in process: its numbers, its filters, and what it shows when there is nothing to show."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.pages.sql import EXAMPLE
from pipelines.errors import DataRefusedError, StateError
from pipelines.insight import Measured
from pipelines.reader import MetricRequest
from pipelines.warehouse.refusal import remembered
from tests.dashboard.conftest import Visit
from tests.dashboard.fake_reader import FIRST, LAST, FakeReader

DASHBOARD = Path(__file__).parents[2] / "dashboard"
TITLES = {
    "overview": "Are problems solved, and sales kept?",
    "programs": "How do programs compare?",
    "partners": "Do partners deliver what was agreed?",
    "agents": "Who differs from their program?",
    "why": "Why did it move?",
    "fcr_lab": "Which first-contact resolution?",
    "graders": "Do graders agree, and does it matter?",
    "money": "What is it worth?",
    "handbook": "What does each number mean?",
    "data_health": "Can these numbers be trusted today?",
    "sql": "What do the rows say?",
}
PAGES = sorted(TITLES)
"""The pages tested here; those that need more than a reader have tests of their own."""
FILTERED = ("overview", "programs", "agents", "graders", "handbook")


def test_every_page_is_listed_once():
    written = {path.stem for path in (DASHBOARD / "pages").glob("*.py")} - {"__init__"}
    source = (DASHBOARD / "app.py").read_text("utf-8")
    assert set(TITLES) <= written
    assert all(source.count(f'("{page}", ') == 1 for page in written)


@pytest.mark.parametrize("page", PAGES)
def test_a_page_asks_its_question_and_says_which_build_it_shows(visit, fenced, page):
    seen = visit(page)
    assert not seen.app.exception
    assert TITLES[page] in seen.text
    assert "Build 8f31c2d0 · data as of 3 Jul 2026, 20:00 UTC" in seen.text


@pytest.mark.parametrize("page", PAGES)
def test_a_page_without_any_load_says_how_to_begin(visit, page):
    def never() -> FakeReader:
        raise StateError("nothing is loaded yet; run 'plumbline load' in the workspace.")

    seen = visit(page, reader=never)
    assert not seen.app.exception
    assert "Nothing has been loaded yet" in seen.text
    assert "plumbline load --workspace" in seen.text


@pytest.mark.parametrize("page", PAGES)
def test_a_page_whose_warehouse_is_gone_says_so_and_what_to_do(visit, tmp_path, page):
    pointer = tmp_path / ".plumbline" / "warehouse" / "current.json"
    pointer.parent.mkdir(parents=True)
    pointer.write_text("{}", "utf-8")

    def gone() -> FakeReader:
        raise StateError("the warehouse warehouse-8f31.duckdb is gone; run 'plumbline load' to rebuild it.")

    seen = visit(page, reader=gone)
    assert not seen.app.exception
    assert "The warehouse cannot be read" in seen.text
    assert "warehouse-8f31.duckdb is gone" in seen.text
    assert "plumbline doctor" in seen.text


def test_a_refused_load_is_told_on_every_page_above_the_numbers_of_the_one_before(visit, fenced, tmp_path):
    with pytest.raises(DataRefusedError), remembered(tmp_path / ".plumbline"):
        (tmp_path / ".plumbline").mkdir()
        raise DataRefusedError("nothing was published: contacts.csv: 61 % of its rows are rejected.")
    for page in PAGES:
        seen = visit(page)
        assert "was refused; these numbers are from the one before" in seen.text
        assert "contacts.csv: 61 % of its rows are rejected" in seen.text
        assert TITLES[page] in seen.text
    with remembered(tmp_path / ".plumbline"):
        pass
    assert "refused" not in visit().text


def test_a_refused_first_load_says_why_there_is_nothing(visit, tmp_path):
    def never() -> FakeReader:
        raise StateError("nothing is loaded yet; run 'plumbline load' in the workspace.")

    (tmp_path / ".plumbline").mkdir()
    with pytest.raises(DataRefusedError), remembered(tmp_path / ".plumbline"):
        raise DataRefusedError("nothing was published: contacts.csv has no column opened_at.")
    text = visit(reader=never).text
    assert "The first load was refused" in text
    assert "contacts.csv has no column opened_at" in text
    assert "plumbline check" in text


@pytest.mark.parametrize("page", FILTERED)
def test_a_page_whose_warehouse_goes_while_it_is_read_shows_the_sentence_not_a_trace(visit, page):
    seen = visit(page, reader=FakeReader(broken=True))
    assert not seen.app.exception
    assert "the warehouse file is gone" in seen.text


@pytest.mark.parametrize("page", ["overview", "agents"])
def test_filters_that_leave_nothing_say_what_to_change(visit, page):
    seen = visit(page, period="13w", program=["P1"], site=["Manila"])
    assert not seen.app.exception
    assert "Nothing here under these filters" in seen.text
    assert "clear a filter" in seen.text


def asked(reader: FakeReader, key: str, **filters: tuple[str | None, ...]) -> Measured:
    start = LAST.replace(month=4, day=6)
    rows = reader.metrics(MetricRequest(metrics=(key,), start=start, end=LAST, filters=filters))
    return Measured.of(rows.row(0, named=True))


def test_the_overview_shows_the_readers_value_interval_and_n(visit):
    reader = FakeReader()
    fcr = asked(reader, "fcr")
    text = visit(reader=reader).text
    assert f"{100 * fcr.value:.1f}%" in text
    assert f"95%: {100 * fcr.lower:.1f}–{100 * fcr.upper:.1f}% · n {fcr.denominator:,.0f}" in text
    assert "37 pending" in text
    assert "provisional" in text


def test_the_overview_opens_with_one_computed_sentence(visit):
    reader = FakeReader()
    fcr = asked(reader, "fcr")
    seen = visit(reader=reader)
    sentence = seen.html.split('class="pl-sentence">')[1].split("</p>")[0]
    assert sentence.startswith(f"<strong>First-contact resolution is {100 * fcr.value:.1f}% over the last 13")
    assert sentence.count(".</") + sentence.endswith(".") == 1


def test_a_change_inside_the_noise_is_grey_and_has_no_arrow(visit):
    html = visit().html
    card = next(part for part in html.split("<article")[1:] if "Repeat purchase" in part)
    assert "pl-pill pl-neither" in card
    assert "↑" not in card and "↓" not in card


def test_a_change_beyond_the_noise_has_an_arrow_and_a_colour(visit):
    html = visit().html
    card = next(part for part in html.split("<article")[1:] if "Customer satisfaction" in part)
    assert "pl-pill pl-better" in card
    assert "↑" in card


def test_filters_of_the_url_narrow_every_number(visit):
    reader = FakeReader()
    only = asked(reader, "fcr", program_id=("P2",), channel=("voice", "chat"))
    seen = visit(reader=reader, period="13w", program="P2", channel=["voice", "chat"])
    assert f"n {only.denominator:,.0f}" in seen.text
    assert "Bluecart Partner · Voice, Chat" in seen.text


def test_filters_hold_across_pages_and_stand_in_the_url(visit):
    seen = visit(period="26w", program="P2")
    for page in ("programs", "agents", "handbook"):
        seen.go(page)
        assert seen.params["period"] == ["26w"]
        assert seen.params["program"] == ["P2"]
        assert "Bluecart Partner" in seen.text
    seen.go("data_health").go("overview")
    assert seen.params["program"] == ["P2"]


def test_choosing_a_filter_writes_the_url(visit):
    seen = visit()
    seen.app.multiselect(key="choose-site").select("Manila").run()
    assert seen.params == {"period": ["13w"], "site": ["Manila"]}
    seen.app.button(key="clear-filters").click().run()
    assert seen.params == {"period": ["13w"]}


def test_a_value_in_a_link_that_the_data_does_not_know_is_left_out_and_said(visit):
    seen = visit(period="99y", site="<img src=x>", channel="voice")
    assert seen.params == {"period": ["13w"], "channel": ["voice"]}
    said = " ".join(warning.value for warning in seen.app.warning)
    assert "99y" in said and "left out" in said


def test_a_metric_without_the_filters_dimension_says_so_instead_of_a_number(visit):
    reader = FakeReader()
    of_programs = replace(reader.definition("escalation_rate"), dimensions=("program_id", "operating_model"))
    reader.catalogue = tuple(
        of_programs if what.key == of_programs.key else what for what in reader.catalogue
    )
    html = visit(reader=reader, period="13w", site="Manila").html
    card = next(part for part in html.split("<article")[1:] if "Escalation rate" in part)
    assert "Has no site" in card
    assert "%" not in card.split("pl-value")[1]


@pytest.mark.parametrize("page", ["overview", "programs", "agents", "handbook", "data_health"])
def test_every_chart_says_what_it_shows_and_opens_its_table_with_a_download(visit, page):
    seen = visit(page)
    folds = [fold for fold in seen.app.expander if fold.label == "Table and download"]
    grids = seen.html.count('<table class="pl-grid">') + seen.html.count('<table class="pl-table">')
    assert seen.charts
    assert all(len(chart.alt) > 20 for chart in seen.charts)
    assert len(folds) == len(seen.charts) + grids
    before = len(seen.app.dataframe), len(seen.app.get("download_button"))
    for key in [key for key in seen.keys if key.startswith("fold-")]:
        seen.app.session_state[key] = True
    seen.app.run()
    assert not seen.app.exception
    assert len(seen.app.dataframe) == before[0] + len(folds)
    assert len(seen.app.get("download_button")) == before[1] + 2 * len(folds)  # CSV and Excel


def test_several_currencies_are_never_added(visit):
    class TwoCurrencies(FakeReader):
        def programs(self) -> pl.DataFrame:
            return super().programs().with_columns(pl.Series("currency", ["USD", "EUR"]))

        def metrics(self, request: MetricRequest) -> pl.DataFrame:
            rows = super().metrics(request)
            is_money = pl.col("metric") == "net_value_retained"
            return rows.with_columns(pl.when(~is_money).then(pl.col("value")).alias("value"))

    html = visit(reader=TwoCurrencies()).html
    card = next(part for part in html.split("<article")[1:] if "Net value retained" in part)
    assert "Several currencies cannot be added" in card


def test_a_customers_words_never_become_markup(visit):
    class Hostile(FakeReader):
        def labels(self, dimension: str) -> dict[str, str]:
            return dict.fromkeys(super().labels(dimension), "<script>alert(1)</script>")

    for page in ("programs", "agents"):
        assert "<script>alert" not in visit(page, reader=Hostile()).html


def test_agents_are_in_bands_by_name_and_not_ranked(visit):
    seen = visit("agents", view="raw")
    assert "above their program" in seen.text and "below it" in seen.text
    table = seen.app.dataframe[-1].value
    assert table["agent"].tolist() == sorted(table["agent"].tolist())
    assert set(table["band"]) <= {"above", "within", "below"}
    assert "rank" not in " ".join(table.columns)
    assert "about 2 fall outside by chance alone" in seen.text


def test_agents_without_an_interval_are_not_told_apart(visit):
    text = visit("agents", metric="first_response_minutes_median").text
    assert "none told apart" in text and "nobody is told apart" in text
    assert "above their program" not in text


def test_a_part_of_the_contacts_per_order_is_not_held_against_the_wholes_target(visit):
    def card(**filters: str) -> str:
        reader = FakeReader(target_values={("contacts_per_100_orders", None): 46.0, ("fcr", None): 0.7})
        html = visit(reader=reader, period="13w", **filters).html
        return next(part for part in html.split("<article")[1:] if "Contacts per 100 orders" in part)

    assert "target 46.0" in card(program="P1")
    assert "target 46.0" not in card(channel="voice")
    reader = FakeReader(target_values={("contacts_per_100_orders", None): 46.0})
    assert "target 46.0" in visit("programs", reader=reader).html
    assert "target 46.0" not in visit("programs", reader=reader, channel="voice").html


def test_programs_stand_against_their_own_targets(visit):
    reader = FakeReader(target_values={("fcr", "P1"): 0.5, ("fcr", "P2"): 0.99})
    html = visit("programs", reader=reader).html
    first, second = html.split('<th scope="row">')[1:3]
    assert "✓ target 50.0%" in first
    assert "✗ target 99.0%" in second


def test_the_handbook_shows_the_catalogues_words_and_sql(visit):
    reader = FakeReader()
    fcr = reader.definition("fcr")
    seen = visit("handbook", reader=reader, metric="fcr")
    assert fcr.definition in seen.text
    assert fcr.numerator in seen.text and fcr.denominator in seen.text
    assert seen.app.code[0].value == fcr.sql.strip()


def test_a_link_opens_the_handbook_at_its_metric_with_the_filters(visit):
    html = visit(program="P2").html
    assert "handbook?period=13w&amp;program=P2&amp;metric=fcr" in html


def test_data_health_accounts_for_every_row(visit):
    text = visit("data_health").text
    assert "All 35,410 rows of the newest load are accounted for" in text
    assert "35,398 loaded, 0 already known, 12 rejected" in text
    assert "1 of 2 checks found something." in text
    assert "No final value has moved" in text


def test_data_health_says_when_an_account_does_not_hold(visit):
    class Lossy(FakeReader):
        def load_files(self, build_id: str | None = None) -> pl.DataFrame:
            return super().load_files(build_id).with_columns(pl.col("rows_loaded") - 1)

    assert "do not add up" in visit("data_health", reader=Lossy()).text


def test_sql_runs_what_was_asked_and_shows_the_rows(visit, fenced):
    seen = visit("sql")
    assert seen.app.text_area[0].value == EXAMPLE
    assert fenced == []
    seen.app.text_area[0].set_value("select 1")
    seen.app.button(key="FormSubmitter:sql-form-Run").click().run()
    assert fenced == ["select 1"]
    assert "2 rows" in seen.text
    assert seen.params["sql"] == ["select 1"]
    assert [button.proto.label for button in seen.app.get("download_button")] == ["CSV", "Parquet", "Excel"]


def test_a_shared_link_fills_the_editor_and_never_runs(visit, fenced):
    seen = visit("sql", sql="select count(*) from contacts")
    assert seen.app.text_area[0].value == "select count(*) from contacts"
    assert fenced == []
    assert "rows in" not in seen.text


def test_a_query_that_is_refused_shows_its_sentence(visit, monkeypatch):
    from dashboard import deps
    from pipelines.errors import UsageError

    def refuse(*args: object, **options: object) -> None:
        raise UsageError("only one SELECT may run; this text holds a DROP.")

    monkeypatch.setattr(deps, "fence", lambda: SimpleNamespace(query=refuse))
    seen = visit("sql")
    seen.app.button(key="FormSubmitter:sql-form-Run").click().run()
    assert seen.app.error[0].value == "only one SELECT may run; this text holds a DROP."


def test_a_new_build_is_seen_on_the_next_run_without_stale_numbers(visit):
    reader = FakeReader()
    seen = visit(reader=reader)
    before = asked(reader, "fcr").denominator
    reader.rows = reader.rows.filter(pl.col("day") > FIRST).head(9_000)
    reader.build.build_id = "9a"
    seen.app.run()
    after = asked(reader, "fcr").denominator
    assert after < before
    assert f"n {after:,.0f}" in seen.text
    assert "Build 9a" in seen.text


def test_what_nobody_foresaw_is_a_page_of_ours_and_a_trace_in_the_log(caplog):
    def script() -> None:
        from dashboard import server

        assert server.unexpected(RuntimeError("disk on fire"))

    seen = Visit(AppTest.from_function(script).run())
    assert "This page broke" in seen.text
    assert "disk on fire" not in seen.text
    assert "disk on fire" in caplog.text


def test_the_overview_holds_the_running_quarter_against_its_targets(visit):
    seen = visit()
    assert "Targets of the running quarter" in seen.html
    assert "since 7 Jul 2025" in seen.text
    assert "likely to be met in the quarter to 30 Sep 2026" in seen.text


def test_without_targets_nothing_is_said_of_them(visit):
    seen = visit(reader=FakeReader(target_values={}))
    assert "Targets of the running quarter" not in seen.html


def test_a_quarter_that_is_too_young_says_so_instead_of_a_chance(visit):
    rows = FakeReader().rows
    young = rows.filter(rows["day"] >= LAST - timedelta(weeks=6))
    seen = visit(reader=FakeReader(rows=young))
    assert "of 8 final weeks" in seen.text


class Restated(FakeReader):
    """Two weeks of one program and one of the other moved in the newest load."""

    def restatements(self) -> pl.DataFrame:
        weeks = [LAST - timedelta(days=LAST.weekday(), weeks=back) for back in (3, 4, 30)]
        return (
            super()
            .restatements()
            .vstack(
                pl.DataFrame(
                    {
                        "noticed_in": ["8f31c2d0"] * 3,
                        "metric": ["fcr", "csat", "fcr"],
                        "grain": ["week"] * 3,
                        "program_id": ["P1", "P1", "P2"],
                        "period_start": weeks,
                        "old_value": [0.7, 0.8, 0.75],
                        "new_value": [0.72, None, 0.74],
                        "old_denominator": [100.0, 40.0, 90.0],
                        "new_denominator": [104.0, None, 90.0],
                        "cause": [
                            "late rows",
                            "rows withdrawn, or waiting again",
                            "late outcome or correction",
                        ],
                    }
                )
            )
        )


def test_the_overview_says_how_many_final_numbers_of_the_period_moved(visit):
    seen = visit(reader=Restated(), program="P1")
    assert "2 final numbers of this period were restated since 4 Jul 2026" in seen.text
    assert 'href="data-health?period=13w&amp;program=P1&amp;weeks=shown&amp;restated-of=P1"' in seen.html


def test_where_nothing_of_the_period_moved_the_overview_says_nothing(visit):
    assert "restated" not in visit(reader=Restated(), program="P2").text


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ({}, [("First-contact resolution", "70.0%", "72.0%", "+2.0 pts"), 3]),
        ({"restated": "csat"}, [("Customer satisfaction, top two", "80.0%", "none", "none"), 1]),
        ({"restated-of": "P2"}, [("First-contact resolution", "75.0%", "74.0%", "−1.0 pts"), 1]),
        ({"weeks": "shown"}, [("First-contact resolution", "70.0%", "72.0%", "+2.0 pts"), 2]),
    ],
)
def test_data_health_lists_what_moved_by_metric_program_and_weeks(visit, asked, shown):
    seen = visit("data_health", reader=Restated(), **asked)
    assert f"{shown[1]} final value{'s' if shown[1] > 1 else ''} moved" in seen.text
    table = next(each.value for each in seen.app.dataframe if "was" in each.value.columns)
    assert len(table) == shown[1]
    assert tuple(table.iloc[0][["metric", "was", "is", "change"]]) == shown[0]


def test_data_health_without_restatements_says_what_would_stand_there(visit):
    text = visit("data_health").text
    assert "No final value has moved" in text
    assert "left final weeks as they were" in text
