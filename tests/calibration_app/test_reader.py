"""What calibration asks of the warehouse, over the small shop."""

from __future__ import annotations

from datetime import date, datetime

import polars as pl
import pytest

from pipelines.calibration.draws import lot
from pipelines.reader import Reader
from tests.calibration_app.shop import CRITERIA, GRADERS

SPAN = (date(2026, 1, 1), date(2026, 1, 31))


@pytest.fixture(scope="module")
def reader(loaded) -> Reader:
    return Reader.open(loaded)


def test_lots_of_the_warehouse_are_those_that_anyone_can_compute(reader):
    pool = reader.contacts_to_draw(7, *SPAN, (), (), False)
    assert sorted(pool["contact_id"]) == [f"K{n}" for n in range(1, 9)]
    assert pool["lot"].to_list() == sorted(lot(7, name) for name in pool["contact_id"])
    assert dict(pool.select("contact_id", "lot").rows())["K3"] == lot(7, "K3")
    assert pool["n_pool"].unique().to_list() == [8]
    assert dict(pool.select("contact_id", "n_stratum").rows())["K1"] == 2


def test_the_pool_can_be_narrowed_by_days_program_channel_and_to_contacts_nobody_reviewed(reader):
    def pool(*span: date, **narrowed: object) -> list[str]:
        asked = {"programs": (), "channels": (), "not_reviewed": False, **narrowed}
        return sorted(reader.contacts_to_draw(7, *(span or SPAN), *asked.values())["contact_id"])

    assert pool(date(2026, 1, 3), date(2026, 1, 4)) == ["K3", "K4"]
    assert pool(channels=("voice",)) == ["K1", "K3", "K5", "K7"]
    assert pool(programs=("P2",)) == []
    assert pool(not_reviewed=True) == []


def test_scorecards_and_graders_are_those_in_use(reader):
    cards = reader.scorecards()
    assert cards["criterion_id"].to_list() == [item.criterion_id for item in CRITERIA]
    assert cards["last_used"].unique().to_list() == [datetime(2026, 1, 16, 10)]
    assert sorted(reader.graders().select("grader_id", "n_reviews").rows()) == [
        (name, 2) for name in sorted(GRADERS)
    ]


def test_spread_is_of_shares_of_the_scale_around_the_agents_mean(reader):
    spread = reader.review_spread("S", "1")
    assert spread.height == 2 * len(CRITERIA)
    assert spread.select(pl.col("n").unique(), pl.col("mean").unique()).rows() == [(4, 1.0)]
    assert spread["sum_of_squares"].abs().max() < 1e-12
    assert reader.review_spread("S", "2").is_empty()
    assert reader.criterion_use("S", "1")["applies"].unique().to_list() == [1.0]


def test_what_a_grader_may_know_of_a_contact_has_neither_agent_nor_rating(reader):
    facts = reader.contact_facts(("K1", "K2", "K9"))
    assert facts["contact_id"].to_list() == ["K1", "K2"]
    assert not {name for name in facts.columns if "agent" in name or "csat" in name or "customer" in name}
    assert facts.row(0, named=True)["opened_local"] == datetime(2026, 1, 1, 10)
    assert facts.row(0, named=True)["open_seconds"] == 600
    assert reader.contact_agents(("K1",)).row(0) == ("K1", "A2", "Mateus Quixote", "Cebu", "T2")


def test_reviews_of_an_agent_can_be_contested_criterion_by_criterion(reader):
    reviews = reader.reviews_to_contest("A1")
    assert reviews["contact_id"].to_list() == ["K8", "K6", "K4", "K2"]
    assert reviews["raw_score"].unique().to_list() == [100.0]
    ratings = reader.review_ratings("Q8")
    assert dict(ratings.select("criterion_id", "score").rows()) == {c.criterion_id: c.max for c in CRITERIA}
