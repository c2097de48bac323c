"""Why a number moved: parts that add up, groups that match, rows that are behind them."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines import insight
from pipelines.errors import UsageError
from pipelines.explain import explain, explain_by_each
from pipelines.metrics import catalogue
from pipelines.metrics.units import TENURE_BANDS, splits
from pipelines.reader import MetricRequest, Reader

EARLIER = (date(2025, 9, 1), date(2025, 12, 31))
LATER = (date(2026, 1, 1), date(2026, 4, 30))
SPLIT = [metric for metric in catalogue() if metric.kind in ("proportion", "mean")]
SHARE = SimpleNamespace(key="share", kind="proportion")


def table(groups: dict[str | None, tuple[int, int]]) -> pl.DataFrame:
    """Cells of a proportion by channel, from (counted, trials) of each group."""
    return pl.DataFrame(
        {
            "channel": list(groups),
            "n": [n for _, n in groups.values()],
            "total": [float(y) for y, _ in groups.values()],
            "squares": [float(y) for y, _ in groups.values()],
            "pending": [0] * len(groups),
        },
        schema_overrides={"channel": pl.String},
    )


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6))
def test_parts_add_up_to_the_change_whatever_groups_come_and_go(seed):
    random = np.random.default_rng(seed)

    def side():
        names = [name for name in (*"abcdefg", None) if random.random() < 0.7] or ["a"]
        n = {name: int(random.integers(0, 50)) for name in names}
        n[names[0]] += 1
        return table({name: (int(random.binomial(size, random.random())), size) for name, size in n.items()})

    before, after = side(), side()
    found = explain(SHARE, before, after, ["channel"])
    change = after["total"].sum() / after["n"].sum() - before["total"].sum() / before["n"].sum()
    assert abs(found.parts["effect"].sum() - change) < 1e-12
    assert abs(found.mix.value + found.rate.value - change) < 1e-12
    assert abs(found.change.value - change) < 1e-12
    sizes = found.parts["effect"].abs().to_list()
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("metric", SPLIT, ids=lambda metric: metric.key)
def test_the_change_is_that_of_the_metrics_by_every_dimension(reader: Reader, metric):
    names = splits(metric)
    fine = tuple(name for name in names if name != "agent_id")
    cells = [reader.cells(metric.key, fine, *days) for days in (EARLIER, LATER)]
    rows = [
        insight.Measured.of(
            reader.metrics(MetricRequest(metrics=(metric.key,), start=days[0], end=days[1])).row(
                0, named=True
            )
        )
        for days in (EARLIER, LATER)
    ]
    expected = insight.change(metric.kind, rows[1], rows[0])
    every = explain_by_each(metric, *cells, fine)
    has_both = None not in (rows[0].value, rows[1].value)
    assert {each.by for each in every} == ({(name,) for name in fine} if has_both else set())
    for each in every:
        scale = max(1.0, abs(each.after))
        assert each.before == pytest.approx(rows[0].value, rel=1e-12)
        assert each.after == pytest.approx(rows[1].value, rel=1e-12)
        assert abs(each.parts["effect"].sum() - expected.value) < 1e-12 * scale
        assert (each.change.lower, each.change.upper) == pytest.approx(
            (expected.lower, expected.upper), rel=1e-9
        )
        assert each.pending == rows[0].pending + rows[1].pending


def test_crossed_dimensions_divide_the_mix_between_them(reader: Reader):
    metric = reader.definition("fcr")
    cells = [reader.cells("fcr", ("channel", "issue"), *days) for days in (EARLIER, LATER)]
    found = explain(metric, *cells, ["channel", "issue"])
    (_, channel), (_, issue) = found.mix_by
    assert abs(channel.value + issue.value - found.mix.value) < 1e-12
    assert abs(found.parts["effect"].sum() - found.change.value) < 1e-12
    assert found.mix_by[0][0] == "channel"


def test_two_programs_are_compared_like_two_periods_and_their_own_sites_are_told_as_such(reader: Reader):
    metric = reader.definition("fcr")
    programs = [value for value in reader.dimension_values("program_id") if value][:2]
    cells = [
        reader.cells("fcr", ("issue", "site"), None, None, (("program_id", (program,)),))
        for program in programs
    ]
    by_issue, by_site = explain_by_each(metric, *cells, ["issue", "site"])
    assert by_issue.by == ("issue",)
    assert by_issue.has_rates_to_compare
    assert not by_site.has_rates_to_compare  # no site works for both
    assert by_site.rate.value == pytest.approx(0, abs=1e-12)
    assert by_issue.change.value == pytest.approx(by_site.change.value, abs=1e-12)


def test_an_order_that_counts_once_is_in_one_group_only(reader: Reader):
    whole = reader.metrics(MetricRequest(metrics=("chargeback_rate",))).row(0, named=True)
    by_issue = reader.cells("chargeback_rate", ("issue",))
    assert by_issue["n"].sum() == whole["denominator"]
    assert by_issue["total"].sum() == whole["numerator"]
    printed = reader.metrics(MetricRequest(metrics=("chargeback_rate",), by=("issue",)))
    assert printed["denominator"].sum() > whole["denominator"]  # as fine print 12 has it


def test_a_filter_gives_the_same_units_as_the_metric(reader: Reader):
    filters = {"channel": ("voice", "chat"), "site": ("Manila",)}
    whole = reader.metrics(MetricRequest(metrics=("fcr",), filters=filters)).row(0, named=True)
    found = reader.cells("fcr", (), None, None, tuple(filters.items()))
    assert found.select("n", "total", "pending").row(0) == (
        whole["denominator"],
        whole["numerator"],
        whole["pending"],
    )


@pytest.mark.parametrize("key", ["fcr", "csat_mean", "chargeback_rate", "informed_within_2h", "qa_score"])
def test_the_rows_behind_a_group_are_its_units(reader: Reader, key: str):
    name = "program_id" if key == "informed_within_2h" else "channel"
    for row in reader.cells(key, (name,), *LATER).iter_rows(named=True):
        rows, count = reader.rows_behind(key, *LATER, (), ((name, row[name]),), 10_000)
        assert count == rows.height == row["n"]
        counted = rows["in_numerator"].cast(pl.Int64) if "in_numerator" in rows.columns else rows["value"]
        assert counted.sum() == pytest.approx(row["total"], abs=1e-6)
        assert not {"customer_id", "in_denominator"} & set(rows.columns)
    if key == "fcr":
        assert rows.columns[:5] == ["event_date", "program_id", "site", "agent_id", "contact_id"]
        few, count = reader.rows_behind(key, *LATER, (), (), 3)
        assert few.height == 3
        assert count > 3
        assert few["event_date"].to_list() == sorted(few["event_date"].to_list(), reverse=True)


def test_tenure_bands_are_those_of_the_day_the_contact_opened(reader: Reader):
    bands = reader.cells("escalation_rate", ("agent_id", "tenure"))
    assert set(bands["tenure"].drop_nulls()) <= set(TENURE_BANDS)
    assert bands["tenure"].n_unique() > 2
    # nobody gets younger: somebody hired within the year is in several bands
    assert bands.group_by("agent_id").len()["len"].max() > 1
    agents = reader.agents().select("agent_id", "hired_on")
    rows, _ = reader.rows_behind("escalation_rate", None, None, (), (("tenure", TENURE_BANDS[0]),), 5_000)
    days = rows.join(agents, on="agent_id").select(
        (pl.col("event_date") - pl.col("hired_on")).dt.total_days()
    )
    assert days.to_series().is_between(-10_000, 89).all()


def test_what_cannot_be_split_is_refused_in_words(reader: Reader):
    with pytest.raises(UsageError, match="ask for a proportion or a mean"):
        reader.cells("handle_minutes_median", ("channel",))
    with pytest.raises(UsageError, match=r"cannot be split by 'chanel'.*Did you mean 'channel'"):
        reader.cells("fcr", ("chanel",))
    with pytest.raises(UsageError, match="it has: program_id, operating_model"):
        reader.rows_behind("informed_within_2h", None, None, (), (("tenure", None),))
    with pytest.raises(ValueError, match="is not split"):
        explain(reader.definition("value_retained"), table({"a": (1, 2)}), table({"a": (1, 2)}), ["channel"])


def test_a_side_without_a_mature_unit_is_not_explained():
    assert explain(SHARE, table({"a": (0, 0)}), table({"a": (1, 2)}), ["channel"]) is None


def test_simpsons_reversal_is_called_out():
    before, after = table({"easy": (81, 90), "hard": (10, 20)}), table({"easy": (19, 20), "hard": (55, 90)})
    found = explain(SHARE, before, after, ["channel"])
    assert found.reversal
    assert found.change.value < 0 < found.rate.value
