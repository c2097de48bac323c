"""The files: same bytes for a seed, the volumes asked for, every cell canonical, nothing after the end."""

from __future__ import annotations

import hashlib
from pathlib import Path

import polars as pl
import pytest

from pipelines.canonical import tables
from pipelines.cli import main
from pipelines.errors import UsageError
from pipelines.simulate import make_plan, simulate
from pipelines.simulate import plan as plan_module
from pipelines.simulate.files import TRUTH


def digests(root: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(root.iterdir())}


def names(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir())


def test_a_seed_gives_the_same_bytes_and_another_seed_others(tmp_path, monkeypatch):
    monkeypatch.setattr(plan_module, "BLOCK_CONTACTS", 400)  # several blocks, so that the merge is tried too
    for name, seed in (("one", 3), ("same", 3), ("other", 4)):
        simulate(tmp_path / name, make_plan(contacts=1_000, seed=seed))
    assert digests(tmp_path / "one") == digests(tmp_path / "same")
    one, other = digests(tmp_path / "one"), digests(tmp_path / "other")
    same = {name for name in one if one[name] == other[name]}
    assert same == {"programs.csv", "scorecards.csv", "targets.csv", "events.csv"}


def test_parquet_holds_the_same_rows_as_csv(tmp_path):
    plan = make_plan(contacts=600, seed=5)
    simulate(tmp_path / "csv", plan)
    simulate(tmp_path / "parquet", plan, file_format="parquet")
    for table in tables():
        from_csv = pl.read_csv(tmp_path / "csv" / f"{table}.csv", infer_schema=False)
        from_parquet = pl.read_parquet(tmp_path / "parquet" / f"{table}.parquet")
        assert from_parquet.columns == from_csv.columns, table
        assert from_parquet.height == from_csv.height, table
    ids = [
        pl.read_csv(tmp_path / "csv" / "contacts.csv", infer_schema=False)["contact_id"],
        pl.read_parquet(tmp_path / "parquet" / "contacts.parquet")["contact_id"],
    ]
    assert ids[0].equals(ids[1])


@pytest.mark.parametrize("contacts", [200, 1_999, 5_000])
def test_as_many_contacts_orders_and_reviews_as_asked(tmp_path, contacts):
    counts = simulate(
        tmp_path, make_plan(contacts=contacts, seed=1, orders=2 * contacts, reviews=contacts // 10)
    )
    assert counts["contacts"] == contacts
    assert counts["orders"] == pytest.approx(2 * contacts, rel=0.12)  # warm-up weeks and new orders vary
    ratings = pl.read_csv(tmp_path / "qa_ratings.csv", infer_schema=False)
    assert ratings["review_id"].n_unique() == pytest.approx(contacts // 10, rel=0.12)


def test_blocks_change_the_chance_but_not_the_volume(tmp_path, monkeypatch):
    monkeypatch.setattr(plan_module, "BLOCK_CONTACTS", 700)
    counts = simulate(tmp_path, make_plan(contacts=3_000, seed=2))
    assert counts["contacts"] == 3_000
    contacts = pl.read_csv(tmp_path / "contacts.csv")
    assert contacts["contact_id"].n_unique() == 3_000
    assert contacts["opened_at"].is_sorted()


def test_every_cell_is_canonical(retailer):
    for name, table in tables().items():
        frame = retailer[name]
        assert frame.height > 0, name
        assert set(frame.columns) <= set(table.column_names), name
        for column in table.columns:
            if column.required:
                assert column.name in frame.columns, (name, column.name)
                assert frame[column.name].null_count() == 0, (name, column.name)
            if column.name not in frame.columns:
                continue
            values = frame[column.name].drop_nulls()
            if column.values:
                assert set(values.unique()) <= set(column.values), (name, column.name)
            if column.is_numeric and not column.signed and len(values):
                assert values.min() >= 0, (name, column.name)
        assert frame.select(table.key).is_unique().all(), name


def test_rows_agree_with_each_other(retailer):
    contacts, orders, outcomes = (retailer[name] for name in ("contacts", "orders", "order_outcomes"))
    for column in ("first_response_at", "closed_at", "csat_at"):
        assert contacts.filter(pl.col(column) < pl.col("opened_at")).is_empty()
    assert contacts.filter(
        ~pl.col("csat_score").is_between(pl.col("csat_min"), pl.col("csat_max"))
    ).is_empty()
    assert contacts.filter(pl.col("abandoned") & pl.col("agent_id").is_not_null()).is_empty()
    named = contacts.filter(pl.col("order_id").is_not_null()).join(
        orders, on=["order_id", "program_id", "customer_id"], how="anti"
    )
    assert named.is_empty()
    assert outcomes.join(orders, on="order_id", how="anti").is_empty()
    money = outcomes.filter(pl.col("kind").is_in(["refund", "chargeback"]))
    assert money["amount"].null_count() == 0
    assert orders.filter(pl.col("delivered_at") < pl.col("ordered_at")).is_empty()
    assert orders.filter(
        pl.col("delivered_at").is_not_null() & pl.col("cancelled_at").is_not_null()
    ).is_empty()
    reviewed = retailer["qa_ratings"].join(contacts, on="contact_id")
    assert reviewed.height == retailer["qa_ratings"].height
    assert reviewed.filter(pl.col("reviewed_at") < pl.col("opened_at")).is_empty()
    scored = retailer["qa_ratings"].join(
        retailer["scorecards"], on=["scorecard_id", "version", "criterion_id"]
    )
    assert scored.filter(~pl.col("score").is_between(pl.col("min"), pl.col("max"))).is_empty()
    handled = contacts.filter(pl.col("agent_id").is_not_null()).join(
        retailer["agents"], on=["agent_id", "program_id"], how="anti"
    )
    assert handled.is_empty()


def test_nothing_happens_after_the_end(retailer):
    end = retailer.truth["period"]["end"]
    last = pl.Series([end]).str.to_datetime("%Y-%m-%dT%H:%M:%S%z").dt.replace_time_zone(None)[0]
    for name in ("contacts", "orders", "order_outcomes", "qa_ratings", "events", "staffing", "signals"):
        for column in tables()[name].timestamps:
            if column != "promised_at" and column in retailer[name].columns:
                latest = retailer[name][column].max()
                assert latest is None or latest <= last, (name, column)
    assert retailer["contacts"].filter(pl.col("closed_at").is_null()).height > 0  # some are still open


def test_canadian_orders_have_a_rate_on_or_before_their_day(retailer):
    canadian = retailer["orders"].filter(pl.col("currency") == "CAD")
    assert canadian.height > 50
    assert retailer["fx_rates"]["day"].min() < canadian["ordered_at"].dt.date().min()


def test_no_table_names_a_customer(retailer):
    ids = retailer["contacts"]["customer_id"].drop_nulls()
    assert ids.str.contains(r"^C[0-9]{10}$").all()
    comments = retailer["qa_ratings"]["comment"].drop_nulls()
    assert not comments.str.contains(r"@|[0-9]{3}").any()


def test_if_missing_leaves_complete_files_alone(tmp_path, capsys):
    words = ["simulate", "--workspace", str(tmp_path), "--contacts", "300", "--seed", "1", "--if-missing"]
    assert main(words) == 0
    before = {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()}
    assert main([*words[:-3], "--seed", "2", "--if-missing"]) == 0
    assert {path.name: path.stat().st_mtime_ns for path in tmp_path.iterdir()} == before
    (tmp_path / "orders.csv").unlink()
    assert main(words) == 0
    assert (tmp_path / "orders.csv").exists()
    assert capsys.readouterr().out == ""


def test_files_of_people_are_never_overwritten(tmp_path):
    mine = tmp_path / "contacts.csv"
    mine.write_text("contact_id\n1\n", "utf-8")
    with pytest.raises(UsageError, match=r"contacts\.csv, which no simulation wrote"):
        simulate(tmp_path, make_plan(contacts=300, seed=1))
    assert mine.read_text("utf-8") == "contact_id\n1\n"
    assert names(tmp_path) == ["contacts.csv"]


def test_another_format_replaces_the_first(tmp_path):
    plan = make_plan(contacts=300, seed=1)
    simulate(tmp_path, plan)
    simulate(tmp_path, plan, file_format="parquet")
    assert names(tmp_path) == sorted([TRUTH, *(f"{table}.parquet" for table in tables())])


def test_numbers_out_of_range_are_refused():
    for wrong in (
        {"contacts": 10},
        {"days": 3},
        {"seed": -1},
        {"scale": -1.0},
        {"orders": 5},
        {"reviews": 999},
    ):
        with pytest.raises(UsageError, match="--"):
            make_plan(**{"contacts": 1_000, "seed": 1} | wrong)
