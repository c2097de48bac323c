"""Targets and their dates, the running quarter against them, and why there may be no chance."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from pipelines.explain import Goal, goals, progress, progress_table, progresses, quarter_of, verdict
from pipelines.metrics import MetricRequest, definition
from pipelines.reader import Reader

MONDAY = date(2025, 9, 1)
AS_OF = datetime(2026, 5, 16, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("day", "start", "end"),
    [
        (date(2026, 1, 1), date(2026, 1, 1), date(2026, 3, 31)),
        (date(2024, 2, 29), date(2024, 1, 1), date(2024, 3, 31)),
        (date(2026, 6, 30), date(2026, 4, 1), date(2026, 6, 30)),
        (date(2026, 9, 15), date(2026, 7, 1), date(2026, 9, 30)),
        (date(2026, 12, 31), date(2026, 10, 1), date(2026, 12, 31)),
    ],
)
def test_a_day_is_in_its_calendar_quarter(day: date, start: date, end: date):
    assert quarter_of(day) == (start, end)


def dated(*rows: tuple[str, str | None, date, float]) -> pl.DataFrame:
    schema = {"metric": pl.String, "program_id": pl.String, "valid_from": pl.Date, "target": pl.Float64}
    return pl.DataFrame(list(rows), schema=schema, orient="row")


def test_the_newest_target_in_force_holds_and_says_what_comes_after_it():
    rows = dated(
        ("fcr", None, date(2025, 1, 1), 0.7),
        ("fcr", None, date(2026, 1, 1), 0.75),
        ("fcr", None, date(2026, 6, 1), 0.78),
        ("csat", None, date(2026, 7, 1), 0.8),
    )
    found = goals(rows, date(2026, 5, 16), ["P1", "P2"])
    assert found == [Goal("fcr", None, 0.75, date(2026, 1, 1), date(2026, 6, 1), 0.78)]


def test_a_programs_own_target_goes_before_the_general_one_and_stands_alone():
    rows = dated(("fcr", None, date(2026, 1, 1), 0.7), ("fcr", "P2", date(2026, 2, 1), 0.8))
    assert goals(rows, date(2026, 5, 16), ["P1", "P2"]) == [
        Goal("fcr", "P1", 0.7, date(2026, 1, 1)),
        Goal("fcr", "P2", 0.8, date(2026, 2, 1)),
    ]
    assert goals(rows, date(2026, 5, 16), ["P2"]) == [Goal("fcr", None, 0.8, date(2026, 2, 1))]
    same = dated(("fcr", "P1", date(2026, 1, 1), 0.7), ("fcr", "P2", date(2026, 2, 1), 0.7))
    assert goals(same, date(2026, 5, 16), ["P1", "P2"]) == [Goal("fcr", None, 0.7, date(2026, 2, 1))]


def weekly(values: np.ndarray, n: int = 400) -> pl.DataFrame:
    counted = np.random.default_rng(3).binomial(n, values)
    return pl.DataFrame(
        {
            "period_start": [MONDAY + timedelta(weeks=week) for week in range(len(values))],
            "value": counted / n,
            "lower": counted / n - 0.02,
            "upper": counted / n + 0.02,
            "numerator": counted.astype(float),
            "denominator": [n] * len(values),
            "status": ["final"] * len(values),
        }
    )


QUARTER = pl.DataFrame(
    {
        "period_start": [date(2026, 4, 1)],
        "value": [0.75],
        "lower": [0.73],
        "upper": [0.77],
        "numerator": [1500.0],
        "denominator": [2000],
        "pending": [300],
        "status": ["provisional"],
    }
)


def stand(key: str, weeks: pl.DataFrame, target: float = 0.74):
    what = definition(key)
    return progress(
        what,
        Goal(key, None, target, date(2026, 1, 1)),
        QUARTER,
        weeks,
        as_of=AS_OF,
        level=verdict(what, weeks),
    )


def test_the_quarter_is_what_is_counted_what_waits_and_what_comes():
    weeks = weekly(np.full(35, 0.75))
    found = stand("fcr", weeks)
    assert (found.start, found.end, found.state) == (date(2026, 4, 1), date(2026, 6, 30), "open")
    newest = weeks.tail(13)
    rate = newest["numerator"].sum() / newest["denominator"].sum()
    rest = 300 + 400 * 45.5 / 7  # noon of 16 May to the end of 30 June
    assert found.outlook.rest == pytest.approx(rest)
    assert found.outlook.value == pytest.approx((1500 + rate * rest) / (2000 + rest))
    assert found.why == "The rest is taken to go as the newest 13 final weeks went."


def test_after_a_real_rise_only_the_weeks_since_speak_of_the_rest():
    risen = stand("fcr", weekly(np.r_[np.full(25, 0.7), np.full(10, 0.8)]))
    assert risen.why == "The rest is taken to go as the newest 10 final weeks went, those since its rise."
    assert risen.outlook.value > 0.76
    young = stand("fcr", weekly(np.r_[np.full(33, 0.6), np.full(2, 0.8)]))
    assert young.outlook is None
    assert young.why == "Too early: 2 of 8 final weeks since its rise."


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("net_value_retained", "A sum grows"),
        ("handle_minutes_median", "percentile does not follow"),
        ("answer_consistency", "Pairs reach over weeks"),
        ("fcr_provisional", "estimates what is open"),
        ("repeat_purchase_rate", "counts once in a quarter"),
        ("chargeback_rate", "counts once in a quarter"),
    ],
)
def test_where_weeks_do_not_add_up_there_is_no_chance_and_the_reason(key: str, said: str):
    found = stand(key, weekly(np.full(35, 0.75)))
    assert found.outlook is None
    assert said in found.why


def test_seven_final_weeks_are_too_early_and_eight_are_not():
    assert stand("fcr", weekly(np.full(7, 0.75))).why == "Too early: 7 of 8 final weeks."
    assert stand("fcr", weekly(np.full(8, 0.75))).outlook is not None
    waiting = weekly(np.full(12, 0.75)).with_columns(pl.lit("provisional").alias("status"))
    assert stand("fcr", waiting).why == "Too early: 0 of 8 final weeks."


def test_rates_per_100_orders_are_held_to_their_target_in_their_own_unit():
    weeks = weekly(np.full(35, 0.4), n=1000).with_columns(100 * pl.col("value"))
    found = stand("contacts_per_100_orders", weeks, target=40.0)
    rate = weeks.tail(13)["numerator"].sum() / 13_000
    rest = 300 + 1000 * 45.5 / 7
    assert found.outlook.value == pytest.approx(100 * (1500 + rate * rest) / (2000 + rest))
    assert found.outlook.chance < 0.5  # 1500 contacts on 2000 orders so far: far above, and lower is better


def test_figures_of_a_reader_stand_as_its_own_quarter_says(reader: Reader):
    keys = [what.key for what in reader.catalogue]
    found = progresses(reader, keys)
    assert len(found) >= 10
    order = [keys.index(each.what.key) for each in found]
    assert order == sorted(order)
    for each in found:
        chosen = {} if each.goal.program is None else {"program_id": (each.goal.program,)}
        (row,) = (
            reader.metrics(
                MetricRequest(metrics=(each.what.key,), grain="quarter", start=each.start, filters=chosen)
            )
            .filter(pl.col("period_start") == each.start)
            .to_dicts()
        )
        assert (each.measured.value, each.measured.denominator) == (row["value"], row["denominator"])
        assert (each.outlook is None) or 0 <= each.outlook.chance <= 1
        assert each.why
        in_force = reader.targets(reader.build.as_of.date())
        own = in_force.get((each.what.key, each.goal.program), in_force.get((each.what.key, None)))
        assert each.goal.target == own
    table = progress_table(found)
    assert table.height == len(found)
    assert table["chance"].drop_nulls().is_between(0, 1).all()


def test_filters_keep_the_targets_of_figures_that_have_the_dimension(reader: Reader):
    keys = [what.key for what in reader.catalogue]
    program = reader.dimension_values("program_id")[0]
    shown = progresses(reader, keys, {"program_id": (program,), "channel": ("chat",)})
    told = {each.what.key for each in shown}
    assert "fcr" in told
    assert {each.goal.program for each in shown} == {None}
    # an informed customer has no channel, and chat's contacts per 100 orders are no rate of their own
    assert not told & {"informed_within_2h", "contacts_per_100_orders"}
