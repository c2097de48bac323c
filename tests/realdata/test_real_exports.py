"""Real exports load by configuration alone and give the figures that were computed from them in plain SQL."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from pipelines.reader import MetricRequest, Reader
from pipelines.stats.krippendorff import krippendorff_alpha
from pipelines.stats.ratings import ratings_from_long
from tests.realdata.conftest import Loaded, landed, workspace

pytestmark = pytest.mark.realdata


def one(con: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    """The only row of a query."""
    (row,) = con.sql(sql).fetchall()
    return row


class TestAnonymousBank:
    """A call centre in February 1999: 33,344 calls, 278 of them nobody's."""

    def test_every_call_is_there_and_none_is_rejected(self, loaded: Loaded) -> None:
        _, con = loaded("anonymousbank", "anonymousbank")
        found = one(
            con,
            "select count(*), count(*) filter (where is_handled), count(*) filter (where abandoned), "
            "(select count(*) from rejected_rows) from contacts",
        )
        assert found == (33_344 - 278, 27_162, 5_904, 0)

    def test_repeats_within_seven_days_of_a_served_identified_call(self, loaded: Loaded) -> None:
        _, con = loaded("anonymousbank", "anonymousbank")
        found = one(
            con,
            """
            with calls as (
                select
                    opened_at, issue, is_handled,
                    lead(opened_at) over following as next_at,
                    lead(issue) over following as next_issue
                from contacts
                where customer_id is not null
                window following as (partition by customer_id order by opened_at, contact_id)
            ),
            counted as (
                select *, coalesce(next_at <= opened_at + interval 7 day, false) as is_repeated
                from calls
                where is_handled and opened_at < '1999-02-22'
            )
            select
                round(100 * avg((is_repeated and next_issue = issue)::int), 2),
                round(100 * avg(is_repeated::int), 2)
            from counted
            """,
        )
        assert found == (55.80, 62.24)

    def test_first_contact_resolution_says_how_little_it_covers(self, loaded: Loaded) -> None:
        root, con = loaded("anonymousbank", "anonymousbank")
        (fcr,) = Reader.open(root).metrics(MetricRequest(metrics=("fcr",), grain="all")).to_dicts()
        known, handled = one(
            con,
            "select count(*) filter (where customer_id is not null and is_handled), count(*) from contacts",
        )
        assert fcr["denominator"] + fcr["pending"] <= known < 0.5 * handled
        assert 0 < fcr["lower"] < fcr["value"] < fcr["upper"] < 1

    def test_calls_over_midnight_end_after_they_begin(self, loaded: Loaded) -> None:
        _, con = loaded("anonymousbank", "anonymousbank")
        over = one(
            con,
            "select count(*), min(closed_at - opened_at) >= interval 0 second from contacts "
            "where timezone('Asia/Jerusalem', opened_at::timestamptz)::date "
            "< timezone('Asia/Jerusalem', closed_at::timestamptz)::date",
        )
        assert over[0] > 0 and over[1]


class TestOlist:
    """A marketplace's sample: 8,135 orders, 8,225 reviews."""

    def test_orders_with_what_was_paid_and_who_bought(self, loaded: Loaded) -> None:
        _, con = loaded("olist", "olist")
        assert one(
            con,
            "select count(*), sum(amount), count(distinct customer_id), count(cancelled_at) from orders",
        ) == (8_135, Decimal("1428602.8100"), 8_016, 625)

    def test_reviews_are_ratings_and_some_orders_have_several(self, loaded: Loaded) -> None:
        _, con = loaded("olist", "olist")
        assert one(con, "select count(*), count(csat_score) from contacts") == (8_225, 8_225)
        assert one(
            con, "select count(*) from (select 1 from contacts group by order_id having count(*) in (2, 3))"
        ) == (87,)

    @pytest.mark.parametrize(
        ("status", "orders"), [("canceled", 625), ("unavailable", 609), ("shipped", 1_107)]
    )
    def test_orders_of_one_status(self, tmp_path: Path, status: str, orders: int) -> None:
        only = ('table = "orders"', f'table = "orders"\nskip = "order_status <> \'{status}\'"')
        report = landed(workspace(tmp_path / "olist", "olist", "olist", change=only))
        assert [batch.rows_landed for batch in report.batches if batch.table == "orders"] == [orders]


def test_online_retail_lines_become_orders(loaded: Loaded) -> None:
    _, con = loaded("online_retail", "online_retail")
    orders, money, customers, smallest = one(
        con, "select count(*), sum(amount), count(distinct customer_id), min(amount) from orders"
    )
    # The same sums over the lines, in plain SQL: no credit notes, no corrections, no lines without a price.
    assert (orders, money, customers) == (9_659, Decimal("4826466.4900"), 3_817)
    assert smallest > 0
    assert one(con, "select count(*) from rejected_rows") == (0,)


def test_call_centre_course(loaded: Loaded) -> None:
    root, con = loaded("pwc_callcentre", "pwc_callcentre")
    answered, resolved, mean, calls = one(
        con,
        "select count(*) filter (where is_handled), count(*) filter (where resolution = 'answered'), "
        "round(avg(csat_score), 4), count(*) from contacts",
    )
    assert (answered, resolved, mean, calls) == (4_054, 3_646, 3.4036, 5_000)
    (metric,) = Reader.open(root).metrics(MetricRequest(metrics=("csat_mean",), grain="all")).to_dicts()
    assert round(metric["value"], 4) == 3.4036
    assert one(con, "select count(*) from threads") == (0,)  # nobody is known, so nothing can be a repeat


@pytest.mark.parametrize(
    ("study", "ratings", "alphas"),
    [
        ("1", 274, (0.583, 0.705, 0.638, 0.718, 0.697)),
        ("2", 615, (0.617, 0.635, 0.620, 0.641, 0.695)),
    ],
)
def test_rater_studies_agree_as_published(
    loaded: Loaded, study: str, ratings: int, alphas: tuple[float, ...]
) -> None:
    _, con = loaded(f"rater_studies_{study}", "rater_studies")
    scores = con.sql("select contact_id, grader_id, criterion_id, score from qa_ratings").pl()
    assert scores.height == 5 * ratings
    assert one(con, "select count(*), min(n_applicable), max(n_criteria) from qa_reviews") == (ratings, 5, 5)
    found = []
    for criterion in ("k1", "k2", "k3", "k4", "k5"):
        of = scores.filter(pl.col("criterion_id") == criterion)
        long = ratings_from_long(
            of["contact_id"].to_list(), of["grader_id"].to_list(), of["score"].to_numpy()
        )
        found.append(krippendorff_alpha(long, "ordinal", resamples=200).value)
    assert found == pytest.approx(alphas, abs=0.0005)


@pytest.mark.parametrize("study", ["1", "2"])
def test_rater_studies_fill_the_quality_pages(loaded: Loaded, study: str) -> None:
    root, _ = loaded(f"rater_studies_{study}", "rater_studies")
    reader = Reader.open(root)
    agreement = reader.grader_agreement()
    assert agreement["label"].to_list() == [f"Criterion k{number}" for number in range(1, 6)]
    levels = reader.agreement_levels()
    assert levels.filter(pl.col("level") == "review")["krippendorff_alpha"][0] > 0.7
    # Reviews are from the day after the last text, and count all the same.
    assert reader.review_period() > reader.period()
    found = reader.grader_severity()
    assert found is not None
    table = found.severity
    assert table["severity"].sum() == pytest.approx(0, abs=1e-6)
    assert {"strict", "lenient"} <= set(table["verdict"])
    # Whose marks lie lower on the texts that they share with others is the stricter.
    others = pl.col("raw_score").sum().over("contact_id") - pl.col("raw_score")
    shared = reader.quality_reviews().with_columns(n=pl.len().over("contact_id")).filter(pl.col("n") > 1)
    below = (
        shared.with_columns(below=others / (pl.col("n") - 1) - pl.col("raw_score"))
        .group_by("grader_id")
        .agg(pl.col("below").mean(), pl.len())
    )
    both = table.join(below.filter(pl.col("len") >= 10), on="grader_id")
    assert both.select(pl.corr("severity", "below")).item() > 0.9
    assert reader.calibrated_agents("qa_score").rows.height > 100


def test_second_study_has_texts_that_everybody_scored(loaded: Loaded) -> None:
    _, con = loaded("rater_studies_2", "rater_studies")
    assert one(
        con,
        "select count(*) from "
        "(select 1 from qa_reviews group by contact_id having count(distinct grader_id) = 16)",
    ) == (17,)


def test_warehouse_seeds_of_zendesk_and_shopify(loaded: Loaded) -> None:
    _, con = loaded("fivetran_seeds", "fivetran_seeds")
    tables = ("contacts", "agents", "orders", "rejected_rows")
    assert [one(con, f"select count(*) from {table}")[0] for table in tables] == [8, 1, 8, 0]
    assert one(con, "select bool_and(customer_id like 'c\\_%' escape '\\') from orders") == (True,)


def test_support_export_with_days_first(tmp_path: Path) -> None:
    report = landed(workspace(tmp_path / "w", "flipkart_header", "flipkart_header"))
    (batch,) = [batch for batch in report.batches if batch.table == "contacts"]
    rows = pl.read_parquet(batch.data)
    assert batch.rows_read == 27 == batch.rows_landed + batch.rows_rejected
    assert set(rows["opened_at"].dt.month().to_list()) <= {7, 8}  # not read month first
    assert rows["csat_score"].is_between(1, 5).all()
