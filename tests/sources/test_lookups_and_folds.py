"""Columns looked up in another file, and rows of one key put together, as landed."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from pipelines.errors import UsageError
from pipelines.landing import current_batches, land
from pipelines.settings import read_workspace
from pipelines.sources import read_sources

PROGRAM = (
    '[[program]]\nprogram_id = "P1"\nprogram_name = "One"\ntimezone = "Europe/London"\ncurrency = "GBP"\n'
)
ORDERS = "Order,Buyer,At\nO1,b1,2026-01-05\nO2,b2,2026-01-06\nO3,b9,2026-01-07\n"
PAYMENTS = "OrderRef,Paid,How\nO1,1.10,card\nO1,2.20,voucher\nO2,7,card\nO1,,card\nO7,9,card\n"
PEOPLE = "Buyer,Person\nb1,Ann\nb2,Ann\n"
MAPPED = """
[[source]]
files = "orders_export.csv"
table = "orders"
same_names = false
[source.lookups.paid]
files = "payments*.csv"
key = "Order"
their_key = "OrderRef"
sum = ["Paid"]
columns = ["How"]
[source.lookups.person]
files = "people.csv"
key = "Buyer"
columns = ["Person"]
[source.columns]
order_id = "Order"
ordered_at = "At"
node = "paid.How"
[source.expressions]
amount = "coalesce(\\"paid.Paid\\", '0')"
customer_id = "coalesce(\\"person.Person\\", Buyer)"
[source.constants]
program_id = "P1"
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    (tmp_path / "orders_export.csv").write_text(ORDERS)
    (tmp_path / "payments_1.csv").write_text(PAYMENTS)
    (tmp_path / "people.csv").write_text(PEOPLE)
    (tmp_path / "plumbline.toml").write_text(MAPPED + PROGRAM)
    return tmp_path


def landed(root: Path, table: str) -> pl.DataFrame:
    report = land(read_workspace(root))
    assert [file.reason for file in report.refused] == []
    return pl.concat(pl.read_parquet(batch.data) for batch in report.batches if batch.table == table)


def test_columns_of_other_files_are_found_by_their_key(shop: Path) -> None:
    orders = landed(shop, "orders")
    assert orders["order_id"].to_list() == ["O1", "O2", "O3"]
    assert orders["amount"].to_list() == [Decimal("3.3"), Decimal("7"), Decimal("0")]  # summed exactly
    assert orders["node"].to_list() == ["card", "card", None]  # of several rows the last one's
    customers = orders["customer_id"].to_list()
    assert customers[0] == customers[1] != customers[2]  # two buyers, one person; the third is unknown
    assert orders["_line"].to_list() == [2, 3, 4]


def test_when_the_other_file_changes_the_orders_are_landed_again(shop: Path) -> None:
    landed(shop, "orders")
    (shop / "payments_2.csv").write_text("OrderRef,Paid,How\nO3,5,card\n")
    orders = landed(shop, "orders")
    assert orders["amount"].to_list() == [Decimal("3.3"), Decimal("7"), Decimal("5")]
    current = [batch for batch in current_batches(read_workspace(shop)) if batch.table == "orders"]
    assert len(current) == 1
    assert pl.read_parquet(current[0].data)["amount"].to_list()[2] == Decimal("5")


def test_nothing_changes_while_the_files_do_not(shop: Path) -> None:
    land(read_workspace(shop))
    assert not any(batch.is_new for batch in land(read_workspace(shop)).batches)


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("people.csv", None, "lookup 'person' finds no file people.csv"),
        ("people.csv", "Buyer,Name\nb1,Ann\n", "lookup 'person' lacks the column 'Person'"),
        (
            "orders_export.csv",
            "Order,At\nO1,2026-01-05\n",
            "no column 'Buyer', by which it looks up 'person'",
        ),
    ],
)
def test_what_cannot_be_looked_up_refuses_the_file(
    shop: Path, file: str, text: str | None, said: str
) -> None:
    (shop / file).unlink()
    if text is not None:
        (shop / file).write_text(text)
    (refused,) = land(read_workspace(shop)).refused
    assert said in refused.reason


INVOICES = """\
Invoice,Line,At,Amount,Updated
I1,1,2026-01-05T10:00:00Z,2.50,2026-01-05T11:00:00Z
I2,1,,4,
I1,2,2026-01-05T09:00:00,-0.25,2026-01-05T12:00:00
I2,2,2026-01-06T10:00:00,1,
,1,2026-01-06T10:00:00,1,
,2,2026-01-06T10:00:00,1,
"""
FOLDED = """
[[source]]
files = "invoices.csv"
table = "orders"
same_names = false
[source.columns]
order_id = "Invoice"
ordered_at = "At"
amount = "Amount"
updated_at = "Updated"
[source.constants]
program_id = "P1"
customer_id = "c"
[source.fold]
amount = "sum"
updated_at = "last"
"""


def test_rows_of_one_key_become_one(tmp_path: Path) -> None:
    (tmp_path / "invoices.csv").write_text(INVOICES)
    (tmp_path / "plumbline.toml").write_text(FOLDED + PROGRAM)

    orders = landed(tmp_path, "orders").sort("order_id")

    assert orders["order_id"].to_list() == ["I1", "I2"]
    assert orders["amount"].to_list() == [Decimal("2.25"), Decimal("5")]
    assert orders["ordered_at"].to_list() == [datetime(2026, 1, 5, 10), datetime(2026, 1, 6, 10)]
    assert orders["updated_at"].to_list() == [datetime(2026, 1, 5, 12), None]
    assert orders["_line"].to_list() == [2, 3]
    # I1 keeps a UTC order time and a local update; I2 its first order time, which is local.
    bits = {"ordered_at": 1 << 0, "updated_at": 1 << 4}
    assert orders["_local_mask"].to_list() == [bits["updated_at"], bits["ordered_at"]]


def test_the_account_adds_up_and_incomplete_keys_are_rejected_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "invoices.csv").write_text(INVOICES)
    (tmp_path / "plumbline.toml").write_text(FOLDED + PROGRAM)
    report = land(read_workspace(tmp_path))
    (batch,) = [batch for batch in report.batches if batch.table == "orders"]
    assert (batch.rows_read, batch.rows_landed, batch.rows_rejected) == (4, 2, 2)
    assert pl.read_parquet(batch.rejects).select("line", "column").rows() == [
        (6, "order_id"),
        (7, "order_id"),
    ]
    assert (2, "rows were put together with others of the same key") in [
        (warning.count, warning.note) for warning in batch.warnings
    ]


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('[source.fold]\namount = "average"', "fold.amount must be one of sum, min, max, first, last"),
        ('[source.fold]\nnode = "sum"', "'node' holds no numbers"),
        ('[source.fold]\namout = "sum"', "Did you mean 'amount'"),
        ('[source.lookups.x]\nfiles = "a.csv"\nkey = "k"', "neither 'columns' nor 'sum'"),
        ('[source.lookups.x]\nfiles = "a.csv"\ncolumns = ["b"]', "lookups.x.key"),
        ('[source.lookups.x]\nfile = "a.csv"\nkey = "k"\ncolumns = ["b"]', "Did you mean 'files'"),
    ],
)
def test_what_is_written_wrongly_is_said(tmp_path: Path, written: str, said: str) -> None:
    (tmp_path / "plumbline.toml").write_text(f'[[source]]\nfiles = "a.csv"\ntable = "orders"\n{written}\n')
    with pytest.raises(UsageError, match=said):
        read_sources(read_workspace(tmp_path))
