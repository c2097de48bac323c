"""The incremental figure: a known effect found, no figure where there is nothing comparable."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from pipelines.explain import caused, caused_by_each
from pipelines.reader import MetricRequest, Reader
from tests.stats.treated_worlds import World, world

START = date(2026, 1, 5)


def stakes(w: World, seed: int = 1) -> pl.DataFrame:
    """A world's stakes as the reader answers with them: the treated are the save desk's."""
    random = np.random.default_rng(seed)
    size = w.treated.size
    issue = np.where(w.columns[:, :5].any(axis=1), w.columns[:, :5].argmax(axis=1) + 1, 0)
    channel = np.where(w.columns[:, 5:8].any(axis=1), w.columns[:, 5:8].argmax(axis=1) + 1, 0)
    return pl.DataFrame(
        {
            "contact_id": [f"c{row}" for row in range(size)],
            "event_date": [START + timedelta(days=int(day)) for day in random.integers(0, 90, size)],
            "program_id": random.choice(["uk", "us"], size),
            "site": "Leeds",
            "team": np.where(w.treated, "Save desk", "Team 1"),
            "channel": channel.astype(str),
            "issue": issue.astype(str),
            "currency": "USD",
            "customer": np.arange(size),
            "at_stake": w.at_stake,
            "retained": w.at_stake * w.retained,
            "is_avoided": w.avoided == 1,
            "was_part_refunded": False,
            "days_since_order": 5.0,
            "days_late": 3.0 * w.columns[:, 9],
            "is_delivered": True,
            "earlier_orders": random.integers(0, 3, size),
        }
    )


DESK = pl.col("team") == "Save desk"


def test_a_known_effect_is_found_in_share_and_money():
    w = world(np.random.default_rng(8), size=6000, effect=0.5)
    found = caused(stakes(w), DESK)
    assert found.is_claimed
    assert found.is_told
    assert found.avoided.lower < w.true_avoided < found.avoided.upper
    assert found.money.lower < w.true_retained < found.money.upper
    assert found.total == pytest.approx(
        [getattr(found.money, end) * w.treated.sum() for end in ("value", "lower", "upper")]
    )
    # the gross difference says something else: dear stakes are refunded more
    rows = stakes(w)
    gross = rows.filter(DESK)["is_avoided"].mean() - rows.filter(~DESK)["is_avoided"].mean()
    assert abs(gross - w.true_avoided) > abs(found.avoided.value - w.true_avoided)
    assert found.currency == "USD"


def test_no_effect_is_not_told_from_noise():
    found = caused(stakes(world(np.random.default_rng(9), size=4000)), DESK)
    assert found.is_claimed
    assert not found.is_told


def test_each_group_is_held_against_all_others():
    w = world(np.random.default_rng(10), size=3000, effect=0.4)
    each = caused_by_each(stakes(w), "team")
    assert list(each) == ["Team 1", "Save desk"]
    assert each["Save desk"].avoided.value == pytest.approx(caused(stakes(w), DESK).avoided.value)
    assert each["Team 1"].avoided.value < 0


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda rows: rows.filter(DESK), "nobody else handled stakes here"),
        (lambda rows: rows.head(150), "of 100 needed"),
        (
            lambda rows: rows.with_columns(
                pl.when(DESK).then(True).otherwise("is_avoided").alias("is_avoided")
            ),
            "Too one-sided to tell",
        ),
        (
            lambda rows: rows.with_columns(
                pl.when(pl.col("program_id") == "uk")
                .then(pl.lit("GBP"))
                .otherwise("currency")
                .alias("currency")
            ),
            "Several currencies cannot be compared",
        ),
        (
            lambda rows: rows.with_columns(pl.when(DESK).then(pl.lit("9")).otherwise("issue").alias("issue")),
            "too little in common",
        ),
    ],
)
def test_nothing_is_claimed_without_something_comparable(change, said):
    found = caused(change(stakes(world(np.random.default_rng(11), effect=0.5))), DESK)
    assert not found.is_claimed
    assert said in found.refusal
    assert (found.total, found.avoided.value, found.is_told) == (None, None, False)


def test_a_program_where_only_one_side_works_is_left_out():
    rows = stakes(world(np.random.default_rng(12), effect=0.3))
    moved = rows.with_columns(
        pl.when(~DESK & (pl.col("program_id") == "us"))
        .then(pl.lit("ca"))
        .otherwise("program_id")
        .alias("program_id")
    )
    found = caused(moved, DESK)
    assert found.stakes == rows.filter(DESK & (pl.col("program_id") == "uk")).height
    assert found.elsewhere == rows.filter(~DESK & (pl.col("program_id") == "uk")).height


def test_programs_themselves_may_be_compared():
    rows = stakes(world(np.random.default_rng(13), size=4000))
    each = caused_by_each(rows, "program_id")
    assert all(found.is_claimed for found in each.values())
    assert each["uk"].avoided.value == pytest.approx(-each["us"].avoided.value, abs=0.01)


def test_a_period_may_be_held_against_the_one_before():
    rows = stakes(world(np.random.default_rng(14), size=4000))
    later = pl.col("event_date") >= START + timedelta(days=45)
    assert not caused(rows, later).is_claimed  # its months are its own
    found = caused(rows, later, across_time=True)
    assert found.is_claimed
    assert abs(found.avoided.value) < 0.05


def test_the_reader_gives_every_mature_stake_with_its_mix(reader: Reader):
    rows = reader.stake_units()
    whole = reader.metrics(MetricRequest(metrics=("refund_avoidance",))).row(0, named=True)
    assert rows.height == whole["denominator"]
    assert rows["is_avoided"].sum() == whole["numerator"]
    assert rows["contact_id"].n_unique() == rows.height
    assert rows.filter((pl.col("days_since_order") < 0) | (pl.col("days_late") < 0)).is_empty()
    assert rows["customer"].n_unique() < rows.height
    assert rows["days_late"].max() > 0
    one = reader.stake_units(START, START, (("channel", ("chat",)),))
    assert one.height < rows.height


def test_the_simulated_save_desk_is_found_to_keep_more(reader: Reader, shop):
    found = caused_by_each(reader.stake_units(), "team")["Save Desk"]
    assert found.is_claimed
    assert found.avoided.lower > 0
