"""Whether what was put in can be found again in the files, by simple means and coarse limits."""

from __future__ import annotations

import json
from datetime import timedelta

import numpy as np
import polars as pl
import pytest

from pipelines.simulate import make_plan, simulate

WINDOW = pl.duration(days=7)


@pytest.fixture(scope="session")
def first_contacts(retailer) -> pl.DataFrame:
    """First contacts whose window has closed, with `resolved`: nothing later on the same issue or order."""
    contacts = retailer["contacts"].filter(
        pl.col("direction") == "inbound", pl.col("customer_id").is_not_null()
    )
    eligible = contacts.filter(~pl.col("abandoned"), pl.col("closed_at").is_not_null())
    later = contacts.select("program_id", "customer_id", "issue", "order_id", "opened_at", "contact_id")
    pairs = eligible.join(later, on=["program_id", "customer_id"], suffix="_later").filter(
        (pl.col("issue") == pl.col("issue_later"))
        | (pl.col("order_id") == pl.col("order_id_later")).fill_null(False),
        pl.col("opened_at_later") > pl.col("opened_at"),
        pl.col("opened_at_later") <= pl.col("closed_at") + WINDOW,
    )
    as_of = contacts["opened_at"].max()
    return (
        eligible.join(
            pairs.select(pl.col("contact_id_later").unique()),
            left_on="contact_id",
            right_on="contact_id_later",
            how="anti",
        )
        .filter(pl.col("closed_at") + WINDOW <= as_of)
        .with_columns(
            resolved=~pl.col("contact_id").is_in(pairs["contact_id"].unique().implode())
            & (pl.col("reopens") == 0)
            & (pl.col("resolution") != "unresolved")
        )
        .join(retailer["agents"].select("agent_id", "site", "team"), on="agent_id")
    )


def test_levels_are_those_of_a_believable_retailer(retailer, first_contacts):
    inbound = retailer["contacts"].filter(pl.col("direction") == "inbound")
    handled = inbound.filter(~pl.col("abandoned"))
    rated = inbound.filter(pl.col("csat_score").is_not_null()).select(
        1 + 4 * (pl.col("csat_score") - pl.col("csat_min")) / (pl.col("csat_max") - pl.col("csat_min")) >= 4
    )
    assert 0.72 <= first_contacts["resolved"].mean() <= 0.80
    assert 0.72 <= rated.to_series().mean() <= 0.82
    assert 0.015 <= inbound["abandoned"].mean() <= 0.04
    assert 0.035 <= (handled["escalation"] != "none").mean() <= 0.065


def test_first_contact_resolution_comes_out_as_the_truth_expects(retailer, first_contacts):
    for program in retailer.truth["programs"]:
        found = first_contacts.filter(pl.col("program_id") == program["program_id"])["resolved"]
        error = (0.18 / len(found)) ** 0.5
        assert found.mean() == pytest.approx(program["expected_fcr"], abs=4 * error + 0.006)


def test_better_agents_resolve_more(retailer, first_contacts):
    found = first_contacts.group_by("agent_id").agg(n=pl.len(), fcr=pl.col("resolved").mean())
    truth = pl.DataFrame(retailer.truth["agents"], infer_schema_length=None).select(
        "agent_id", "expected_fcr"
    )
    both = found.filter(pl.col("n") >= 80).join(truth, on="agent_id")
    assert both.height >= 20
    assert np.corrcoef(both["fcr"], both["expected_fcr"])[0, 1] > 0.7


def test_one_site_is_weak_on_one_issue_only(retailer, first_contacts):
    weak = retailer.truth["effects"]["weak_site"], retailer.truth["effects"]["weak_issue"]
    rates = {
        (row["site"], row["issue"]): row["fcr"]
        for row in first_contacts.group_by("site", "issue")
        .agg(fcr=pl.col("resolved").mean())
        .iter_rows(named=True)
    }
    others = [rate for (site, issue), rate in rates.items() if issue == weak[1] and site != weak[0]]
    assert rates[weak] < min(others) - 0.05
    assert rates[weak[0], "return"] > rates[weak] + 0.1


def test_the_playbook_raises_resolution_from_its_day_on(retailer, first_contacts):
    effects = retailer.truth["effects"]
    day = pl.lit(effects["playbook_from"]).str.to_date()
    touched = pl.col("issue").is_in(effects["playbook_issues"])
    home = first_contacts.filter(pl.col("program_id") == effects["playbook_program"])
    rate = {
        (taught, after): home.filter(touched == taught, (pl.col("opened_at").dt.date() >= day) == after)[
            "resolved"
        ].mean()
        for taught in (True, False)
        for after in (True, False)
    }
    others = rate[False, True] - rate[False, False]
    assert rate[True, True] - rate[True, False] - others > 0.05


def test_the_flash_sale_takes_its_orders_in_six_hours(retailer):
    sale = retailer["events"].filter(pl.col("label") == "Spring flash sale").row(0, named=True)
    assert sale["ended_at"] - sale["started_at"] == timedelta(hours=6)
    during = retailer["orders"].filter(
        pl.col("program_id") == sale["program_id"],
        pl.col("ordered_at").is_between(sale["started_at"], sale["ended_at"]),
    )
    assert during.height == pytest.approx(180_000 * retailer.truth["plan"]["scale"], rel=0.02)
    assert sale["forecast_orders"] < during.height


def test_the_surge_hurts_and_passes(retailer):
    sale = retailer["events"].filter(pl.col("kind") == "surge_team").row(0, named=True)
    contacts = retailer["contacts"].filter(
        pl.col("direction") == "inbound", pl.col("program_id") == sale["program_id"]
    )
    start = sale["started_at"]

    def weeks(first: int, last: int) -> pl.DataFrame:
        return contacts.filter(
            pl.col("opened_at").is_between(start + timedelta(weeks=first), start + timedelta(weeks=last))
        )

    before, during, after = weeks(-8, -1), weeks(0, 1), weeks(4, 9)
    assert during.height > 3 * before.height / 7
    assert (during["issue"] == "wismo").mean() > 2 * (before["issue"] == "wismo").mean()
    assert during["abandoned"].mean() > 2 * before["abandoned"].mean()
    assert after["abandoned"].mean() < during["abandoned"].mean() / 2


def test_events_inform_as_many_customers_as_the_truth_says(retailer):
    told_anyone = 0
    for event in retailer.truth["events"]:
        row = retailer["events"].filter(pl.col("event_id") == event["event_id"]).row(0, named=True)
        start, done = row["started_at"], pl.coalesce("cancelled_at", "delivered_at")
        orders = retailer["orders"].filter(pl.col("program_id") == row["program_id"])
        waiting = orders.filter(pl.col("ordered_at") <= start, done.is_null() | (done > start))[
            "customer_id"
        ].unique()
        told = retailer["contacts"].filter(
            pl.col("direction") == "outbound",
            pl.col("program_id") == row["program_id"],
            pl.col("opened_at").is_between(start, start + timedelta(hours=2)),
        )["customer_id"]
        found = len(waiting), waiting.is_in(told.implode()).sum()
        assert found == (event["customers_with_open_order"], event["informed_within_2h"]), event["event_id"]
        told_anyone += found[1]
    assert told_anyone > 500


def test_severe_graders_score_lower(retailer):
    scores = (
        retailer["qa_ratings"]
        .join(retailer["scorecards"], on=["scorecard_id", "version", "criterion_id"])
        .filter(pl.col("score").is_not_null(), pl.col("purpose") == "calibration", ~pl.col("auto_fail"))
        .with_columns(points=(pl.col("score") - pl.col("min")) / (pl.col("max") - pl.col("min")))
        .group_by("grader_id")
        .agg(score=100 * (pl.col("points") * pl.col("weight")).sum() / pl.col("weight").sum())
    )
    truth = pl.DataFrame(retailer.truth["graders"]).filter(pl.col("drift") == 0)
    both = scores.join(truth, on="grader_id")
    assert both.height >= 5
    assert np.corrcoef(both["score"], both["severity"])[0, 1] < -0.75


def test_the_save_desk_keeps_more_money_than_its_stakes_would_elsewhere(retailer):
    refund = retailer.truth["refund"]
    assert refund["stakes"] > 500
    assert refund["refund_probability"] < refund["refund_probability_elsewhere"] - 0.08
    assert refund["incremental_avoided"] == pytest.approx(
        refund["stakes"] * (refund["refund_probability_elsewhere"] - refund["refund_probability"])
    )


def test_customers_come_back_more_often_after_a_solved_problem(retailer, first_contacts):
    early = first_contacts.filter(
        pl.col("opened_at") < first_contacts["opened_at"].max() - timedelta(days=90)
    )
    orders = retailer["orders"].select("customer_id", "ordered_at")
    again = (
        early.join(orders, on="customer_id")
        .filter(
            pl.col("ordered_at") > pl.col("opened_at"),
            pl.col("ordered_at") <= pl.col("opened_at") + pl.duration(days=90),
        )["contact_id"]
        .unique()
    )
    share = early.group_by("resolved").agg(pl.col("contact_id").is_in(again.implode()).mean().alias("share"))
    shares = dict(share.iter_rows())
    assert shares[True] > shares[False] + 0.08


def test_refunds_come_late_and_cards_are_charged_back(retailer):
    outcomes = retailer["order_outcomes"]
    assert outcomes.filter(pl.col("reason") == "late_refund").height > 5
    assert outcomes.filter(pl.col("kind") == "chargeback").height > 20
    late_answers = retailer["contacts"].filter(pl.col("csat_at") > pl.col("closed_at") + pl.duration(days=2))
    assert late_answers.height > 50


def test_truth_explains_each_of_its_keys(retailer):
    about = retailer.truth["about"]
    assert set(about) == set(retailer.truth) - {"about"}
    assert retailer.truth["counts"] == retailer.counts


def test_without_a_sale_there_is_no_surge(tmp_path):
    simulate(tmp_path, make_plan(contacts=1_000, seed=1, scale=0))
    events = pl.read_csv(tmp_path / "events.csv")
    assert "Spring flash sale" not in events["label"].to_list()
    truth = json.loads((tmp_path / "truth.json").read_text("utf-8"))
    assert not any(agent["in_surge_team"] for agent in truth["agents"])
