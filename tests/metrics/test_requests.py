"""Questions to the metrics over a simulated retailer: parts, filters, refusals."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import polars as pl
import pytest

from pipelines.cli import main
from pipelines.errors import ModelError, UsageError
from pipelines.metrics import catalogue
from pipelines.metrics.catalogue import read_definition
from pipelines.reader import MetricRequest, Reader

ONCE = {metric.key for metric in catalogue() if metric.once}
ADDITIVE = [m for m in catalogue() if m.kind in ("proportion", "mean") and m.key not in ONCE]


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Reader:
    shop = tmp_path_factory.mktemp("shop")
    for command in (["simulate", "--contacts", "4000", "--seed", "3"], ["init", "--yes"], ["load"]):
        assert main([*command, "--workspace", str(shop)]) == 0
    return Reader.open(shop)


def ask(reader: Reader, *metrics: str, **request) -> pl.DataFrame:
    return reader.metrics(MetricRequest(metrics=metrics, **request))


@pytest.mark.parametrize("metric", ADDITIVE, ids=lambda metric: metric.key)
def test_parts_add_up_to_the_whole(reader: Reader, metric) -> None:
    whole = ask(reader, metric.key).row(0, named=True)
    for name in metric.dimensions:
        parts = ask(reader, metric.key, by=(name,), grain="month")
        assert parts["denominator"].sum() == whole["denominator"]
        assert parts["pending"].sum() == whole["pending"]
        assert parts["numerator"].sum() == pytest.approx(whole["numerator"], rel=1e-12)


@pytest.mark.parametrize(
    "metric", [one for one in ADDITIVE if "team" in one.dimensions], ids=lambda metric: metric.key
)
def test_sums_by_day_and_the_rows_themselves_give_the_same(reader: Reader, metric) -> None:
    """A filter that keeps every agent's team has the answer read from the rows, not from the sums by day."""
    every_team = {"team": reader.dimension_values("team")}
    for by in ((), ("program_id",), ("site", "channel")):
        for grain in ("week", "all"):
            from_days = ask(reader, metric.key, by=by, grain=grain)
            from_rows = ask(reader, metric.key, by=by, grain=grain, filters=every_team)
            assert from_days.equals(from_rows)


def test_metrics_asked_together_say_what_each_says_alone(reader: Reader) -> None:
    keys = [metric.key for metric in catalogue() if "agent_id" in metric.dimensions]
    for filters in ({"channel": ("voice", "chat")}, {"team": reader.dimension_values("team")[:1]}):
        together = ask(reader, *keys, grain="month", filters=filters)
        alone = pl.concat(ask(reader, key, grain="month", filters=filters) for key in keys)
        assert together.equals(alone)


@pytest.mark.parametrize("metric", catalogue(), ids=lambda metric: metric.key)
def test_an_interval_holds_its_value_and_a_numerator_its_denominator(reader: Reader, metric) -> None:
    rows = ask(reader, metric.key, by=("program_id",), grain="week").filter(pl.col("denominator") > 0)
    assert rows.height > 0
    if metric.kind == "proportion":
        assert rows.filter(pl.col("numerator") > pl.col("denominator")).is_empty()
    inside = rows.filter(pl.col("lower").is_not_null())
    if metric.interval == "none":
        assert inside.is_empty()
    else:
        assert not inside.is_empty()
        slack = 1e-12
        assert inside.filter(
            (pl.col("lower") > pl.col("value") + slack) | (pl.col("upper") < pl.col("value") - slack)
        ).is_empty()


@pytest.mark.parametrize("name", ["program_id", "site", "team", "agent_id", "channel", "issue"])
def test_a_filter_gives_the_same_numbers_as_the_split(reader: Reader, name: str) -> None:
    keys = ("fcr", "csat_mean", "net_value_retained", "chargeback_rate", "handle_minutes_median")
    split = ask(reader, *keys, by=(name,))
    for value in reader.dimension_values(name)[:3]:
        only = ask(reader, *keys, filters={name: (value,)})
        expected = split.filter(pl.col(name).eq_missing(pl.lit(value))).drop(name)
        for row in only.filter((pl.col("denominator") > 0) | (pl.col("pending") > 0)).iter_rows(named=True):
            (twin,) = expected.filter(pl.col("metric") == row["metric"]).iter_rows(named=True)
            assert row == twin


def test_days_choose_units_and_both_ends_are_included(reader: Reader) -> None:
    by_day = ask(reader, "escalation_rate", grain="day")
    first = by_day["period_start"][20]
    last = first + timedelta(days=6)
    chosen = ask(reader, "escalation_rate", start=first, end=last).row(0, named=True)
    inside = by_day.filter(pl.col("period_start").is_between(first, last))
    assert chosen["denominator"] == inside["denominator"].sum()


def test_rows_come_in_the_order_asked_for_unknown_last(reader: Reader) -> None:
    rows = ask(reader, "transfer_rate", "fcr", by=("site", "channel"), grain="month")
    assert rows["metric"].unique(maintain_order=True).to_list() == ["transfer_rate", "fcr"]
    for _, group in rows.group_by("metric"):
        keys = [
            (row["period_start"], row["site"] is None, row["site"] or "", row["channel"])
            for row in group.iter_rows(named=True)
        ]
        assert keys == sorted(keys)


def test_what_cannot_be_answered_is_refused_with_what_can(reader: Reader) -> None:
    with pytest.raises(UsageError, match="Did you mean 'fcr'"):
        ask(reader, "fcrr")
    with pytest.raises(UsageError, match="Did you mean 'channel'"):
        ask(reader, "fcr", by=("chanel",))
    with pytest.raises(UsageError, match="it has: program_id, operating_model"):
        ask(reader, "fcr", "informed_within_2h", by=("agent_id",))
    with pytest.raises(UsageError, match="day, week, month, quarter, all"):
        ask(reader, "fcr", grain="year")
    with pytest.raises(UsageError, match="named twice"):
        ask(reader, "fcr", by=("site", "site"))


def test_a_filter_value_is_never_sql(reader: Reader) -> None:
    rows = ask(reader, "fcr", filters={"channel": ("voice') or true --",)})
    assert rows["denominator"].to_list() == [0]


def test_a_page_of_meaning_with_a_wrong_key_names_the_right_one(tmp_path: Path) -> None:
    (tmp_path / "fcr.sql").write_text("select 1")
    (tmp_path / "fcr.yml").write_text("key: fcr\nlable: First\nunit: percent\n")
    with pytest.raises(ModelError, match="Did you mean 'label'") as error:
        read_definition(tmp_path / "fcr.yml")
    assert "'unit' is 'percent'" in str(error.value)
    assert "no 'definition'" in str(error.value)
