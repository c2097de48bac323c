"""Shopify's order export: one row a line item, the order on its first; refunds as one sum."""

from __future__ import annotations

import csv
import io
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from pipelines.landing import LandingReport
from tests.presets.landed import land_file, rejects, rows

HEADER = [
    "Name", "Email", "Financial Status", "Paid at", "Fulfillment Status", "Fulfilled at", "Accepts Marketing",
    "Currency", "Subtotal", "Shipping", "Taxes", "Total", "Discount Code", "Discount Amount",
    "Shipping Method", "Created at", "Lineitem quantity", "Lineitem name", "Lineitem price",
    "Lineitem compare at price", "Lineitem sku", "Lineitem requires shipping", "Lineitem taxable",
    "Lineitem fulfillment status", "Billing Name", "Billing Phone", "Notes", "Cancelled at",
    "Payment Method", "Refunded Amount", "Vendor", "Outstanding Balance", "Location", "Id", "Tags",
    "Risk Level", "Source", "Phone",
]  # fmt: skip
ORDER = {
    "Name": "#1001",
    "Email": "jo@example.com",
    "Financial Status": "paid",
    "Paid at": "2026-01-05 10:00:05 -0500",
    "Fulfillment Status": "fulfilled",
    "Fulfilled at": "2026-01-06 09:00:00 -0500",
    "Currency": "USD",
    "Subtotal": "90.00",
    "Shipping": "10.00",
    "Total": "100.00",
    "Created at": "2026-01-05 10:00:00 -0500",
    "Lineitem quantity": "1",
    "Lineitem name": "Lamp",
    "Lineitem price": "60.00",
    "Billing Name": "Jo Customer",
    "Notes": 'said: "please\nhurry"',
    "Refunded Amount": "0.00",
    "Id": "5123456789",
}
SECOND_ITEM = {
    "Name": "#1001",
    "Email": "jo@example.com",
    "Lineitem quantity": "2",
    "Lineitem price": "15.00",
}
PRESET = 'preset = "shopify_orders_csv"\n[source.constants]\nprogram_id = "P1"'


def export(*lines: dict[str, str], header: list[str] | None = None) -> str:
    text = io.StringIO()
    writer = csv.DictWriter(text, header or HEADER, restval="", extrasaction="ignore")
    writer.writeheader()
    writer.writerows(lines)
    return text.getvalue()


def report(root: Path, *lines: dict[str, str], header: list[str] | None = None) -> LandingReport:
    return land_file(root, "orders_export.csv", export(*lines, header=header), PRESET)


def test_line_items_are_one_order(tmp_path: Path) -> None:
    landed = report(tmp_path, ORDER, SECOND_ITEM, ORDER | {"Name": "#1002", "Total": "5.5"})

    orders = rows(landed, "orders")
    assert list(orders) == ["1001", "1002"]
    order = orders["1001"]
    assert order["amount"] == Decimal("100.0000")  # shipping included, as it would be refunded
    assert order["currency"] == "USD"
    assert order["ordered_at"] == datetime(2026, 1, 5, 15)  # the shop's offset is in the cell
    assert order["cancelled_at"] is None
    assert order["delivered_at"] is None  # fulfilled is not delivered
    assert order["_local_mask"] == 0
    assert rejects(landed, "orders") == []
    (batch,) = [batch for batch in landed.batches if batch.table == "orders"]
    assert batch.rows_read == 2  # the second item is no row of orders


def test_a_refunded_sum_is_one_outcome(tmp_path: Path) -> None:
    landed = report(
        tmp_path,
        ORDER | {"Financial Status": "partially_refunded", "Refunded Amount": "40.00"},
        SECOND_ITEM,
        ORDER | {"Name": "#1002"},  # nothing refunded
        ORDER
        | {
            "Name": "#1003",
            "Refunded Amount": "100.00",
            "Fulfilled at": "",
            "Cancelled at": "2026-01-07 12:00:00 -0500",
        },
        ORDER | {"Name": "#1004", "Financial Status": "voided", "Refunded Amount": ""},
    )
    outcomes = rows(landed, "order_outcomes")
    assert {
        row["order_id"]: (row["kind"], row["amount"], row["occurred_at"]) for row in outcomes.values()
    } == {
        "1001": ("refund", Decimal("40"), datetime(2026, 1, 6, 14)),
        "1003": ("refund", Decimal("100"), datetime(2026, 1, 7, 17)),
    }
    assert all("does not say when" in row["reason"] for row in outcomes.values())
    assert rows(landed, "orders")["1003"]["cancelled_at"] == datetime(2026, 1, 7, 17)


def test_customers_are_told_by_address_then_telephone_then_not_at_all(tmp_path: Path) -> None:
    nobody = {"Email": "", "Phone": ""}
    landed = report(
        tmp_path,
        ORDER,
        ORDER | {"Name": "#1002", "Email": "Jo@Example.com"},
        ORDER | {"Name": "#1003", "Email": "", "Phone": "+1 555 0100"},
        ORDER | {"Name": "#1004"} | nobody,
        ORDER | {"Name": "#1005"} | nobody,
    )
    customers = [row["customer_id"] for row in rows(landed, "orders").values()]
    assert customers[0] == customers[1]
    assert len(set(customers)) == 4
    kept = b"".join(path.read_bytes() for path in (tmp_path / ".plumbline").rglob("*") if path.is_file())
    assert b"example.com" not in kept and b"Jo Customer" not in kept and b"555 0100" not in kept


@pytest.mark.parametrize("spelling", ["Cancelled at", "Canceled at"])
def test_both_spellings_of_cancelled_are_read(tmp_path: Path, spelling: str) -> None:
    header = [spelling if name == "Cancelled at" else name for name in HEADER]
    landed = report(tmp_path, ORDER | {spelling: "2026-01-07 12:00:00 -0500"}, header=header)
    assert rows(landed, "orders")["1001"]["cancelled_at"] == datetime(2026, 1, 7, 17)


def test_a_bad_total_rejects_the_order_with_its_line(tmp_path: Path) -> None:
    plain = ORDER | {"Notes": ""}
    landed = report(tmp_path, plain, SECOND_ITEM, plain | {"Name": "#1002", "Total": "a lot"})
    assert [(line, column) for line, column, _ in rejects(landed, "orders")] == [(4, "amount")]
