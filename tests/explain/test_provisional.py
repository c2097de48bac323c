"""Provisional rates: Kaplan and Meier over open and closed windows, against a dull second computation."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from pipelines.reader import MetricRequest, Reader
from pipelines.stats.survival import kaplan_meier

DAY = 86_400_000_000
KEYS = ("refund_avoidance", "chargeback_rate", "repeat_purchase_rate")


def as_of(reader: Reader) -> datetime:
    return reader.build.as_of.replace(tzinfo=None)


def stakes(reader: Reader) -> pl.DataFrame:
    """Time from the opening to the first refund in the window, or to the end of what is known."""
    asked = reader._frame("select * from stakes")
    outcomes = reader._frame(
        "select order_id, occurred_at from order_outcomes where is_refund and program_amount > 0"
    )
    after = asked.join(outcomes, on="order_id").filter(
        (pl.col("occurred_at") > pl.col("opened_at")) & (pl.col("occurred_at") <= pl.col("window_ends_at"))
    )
    first = after.group_by("contact_id").agg(pl.col("occurred_at").min().alias("at"))
    return asked.join(first, on="contact_id", how="left").with_columns(limit=pl.lit(30 * DAY))


def handled(reader: Reader, at: str, days: int) -> pl.DataFrame:
    contacts = reader._frame("select * from contacts where is_handled")
    return contacts.with_columns(pl.col(at).alias("at"), pl.lit(days * DAY).alias("limit"))


def units(reader: Reader, key: str, start: date, end: date) -> pl.DataFrame:
    """What counts within the days: stakes; orders and customers at their first contact within them."""
    inside = pl.col("opened_date").is_between(start, end)
    if key == "refund_avoidance":
        return stakes(reader).filter(inside)
    if key == "chargeback_rate":
        rows = handled(reader, "chargeback_at", 120).filter(inside & pl.col("has_own_order"))
        return rows.sort("opened_at", "contact_id").unique("order_id", keep="first")
    rows = handled(reader, "next_ordered_at", 90).filter(inside & pl.col("customer_id").is_not_null())
    return rows.sort("opened_at", "contact_id").unique(["program_id", "customer_id"], keep="first")


@pytest.mark.parametrize("key", KEYS)
def test_it_is_the_estimate_of_kaplan_and_meier(reader: Reader, key: str):
    start, end = date(2026, 2, 1), date(2026, 6, 30)
    found = units(reader, key, start, end)
    elapsed = (pl.col("at") - pl.col("opened_at")).dt.total_microseconds()
    known = (pl.lit(as_of(reader)) - pl.col("opened_at")).dt.total_microseconds()
    happened = pl.col("at").is_not_null() & (elapsed <= pl.col("limit"))
    table = found.select(
        happened.alias("happened"),
        pl.when(happened).then(elapsed).otherwise(pl.min_horizontal(known, "limit")).alias("time"),
        (known < pl.col("limit")).alias("pending"),
    )
    curve = kaplan_meier(table["time"].to_numpy(), table["happened"].to_numpy())
    value, lower, upper = curve.at(float("inf"))
    if key != "refund_avoidance":
        value, lower, upper = 1 - value, 1 - upper, 1 - lower
    request = MetricRequest(metrics=(f"{key}_provisional",), start=start, end=end)
    row = reader.metrics(request).row(0, named=True)
    assert row["value"] == pytest.approx(value, abs=1e-12)
    assert (row["lower"], row["upper"]) == pytest.approx((lower, upper), abs=1e-12)
    assert (row["denominator"], row["numerator"]) == (table.height, None)
    assert row["pending"] == table["pending"].sum() > 0
    assert row["status"] == "provisional"


@pytest.mark.parametrize("key", [*KEYS, "fcr"])
def test_where_every_window_is_closed_it_is_the_final_rate(reader: Reader, key: str):
    days = {"start": date(2025, 7, 1), "end": date(2025, 12, 31)}
    final = reader.metrics(MetricRequest(metrics=(key,), by=("channel",), **days))
    provisional = reader.metrics(MetricRequest(metrics=(f"{key}_provisional",), by=("channel",), **days))
    assert final["pending"].sum() == 0
    assert provisional["value"].to_list() == pytest.approx(final["value"].to_list(), abs=1e-12)
    assert provisional["denominator"].to_list() == final["denominator"].to_list()


def test_replayed_week_by_week_it_is_near_what_it_became_and_the_naive_share_is_not(reader: Reader):
    """Each week's first contacts as known on the Monday after, against what came of them."""
    rows = reader._frame(
        "select opened_at, closed_at, repeat_opened_at, "
        "reopens > 0 or coalesce(resolution = 'unresolved', false) as fails_at_once, "
        "fcr_state = 'resolved' as is_resolved from contacts "
        "where is_first_contact and fcr_state <> 'pending'"
    )
    failed_at = (
        pl.when("fails_at_once")
        .then("closed_at")
        .when(pl.col("repeat_opened_at").is_not_null())
        .then(pl.max_horizontal("repeat_opened_at", "closed_at"))
    )
    rows = rows.with_columns(failed_at.alias("failed_at"))
    first = rows["opened_at"].min()
    errors, naive = [], []
    for week in range(2, 50):
        now = first + timedelta(weeks=week)
        recent = rows.filter(
            pl.col("opened_at").is_between(now - timedelta(weeks=1), now, closed="left")
            & (pl.col("closed_at") <= now)
        )
        if recent.height < 20:
            continue
        window_end = pl.col("closed_at") + timedelta(days=7)
        seen = pl.col("failed_at") <= now
        table = recent.select(
            seen.fill_null(False).alias("failed"),
            (
                pl.when(seen).then("failed_at").otherwise(pl.min_horizontal(window_end, pl.lit(now)))
                - pl.col("closed_at")
            )
            .dt.total_microseconds()
            .alias("time"),
        )
        estimate = kaplan_meier(table["time"].to_numpy(), table["failed"].to_numpy()).at(float("inf"))[0]
        became = recent["is_resolved"].mean()
        errors.append(estimate - became)
        naive.append(1 - table["failed"].mean() - became)
    spread = np.std(errors) / np.sqrt(len(errors))
    assert len(errors) > 40
    assert abs(np.mean(errors)) < 0.003 + 2 * spread
    assert np.mean(naive) > 0.02
