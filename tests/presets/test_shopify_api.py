"""Orders of Shopify's API: the order, every refund transaction, every returned item."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from pipelines.landing import LandingReport
from tests.presets.landed import land_file, rejects, rows

ORDER: dict[str, Any] = {
    "id": 5123456789,
    "name": "#1001",
    "email": "jo@example.com",
    "phone": None,
    "customer": {"id": 42, "email": "jo@example.com"},
    "created_at": "2026-01-05T10:00:00-05:00",
    "processed_at": "2026-01-05T10:00:00-05:00",
    "updated_at": "2026-02-01T00:00:00-05:00",
    "cancelled_at": None,
    "total_price": "100.00",
    "current_total_price": "60.00",
    "currency": "USD",
    "financial_status": "partially_refunded",
    "fulfillment_status": "fulfilled",
    "order_number": 1001,
    "fulfillments": [
        {"location_id": 8, "shipment_status": "delivered", "updated_at": "2026-01-08T16:00:00-05:00"}
    ],
    "line_items": [{"id": 1, "price": "60.00"}],
    "refunds": [],
}


def refund(
    number: int, *transactions: dict[str, Any], items: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    return {
        "id": number,
        "created_at": "2026-01-20T09:00:00-05:00",
        "processed_at": "2026-01-20T09:00:00-05:00",
        "note": "call jo@example.com",  # people write addresses here, so it is never read
        "refund_line_items": items or [],
        "transactions": list(transactions),
    }


def transaction(number: int, amount: str, **other: Any) -> dict[str, Any]:
    return {
        "id": number,
        "kind": "refund",
        "status": "success",
        "gateway": "shopify_payments",
        "amount": amount,
        "currency": "USD",
        "created_at": "2026-01-20T09:00:01-05:00",
        "processed_at": "2026-01-20T09:00:02-05:00",
    } | other


PRESET = 'preset = "shopify_orders_api"\n[source.constants]\nprogram_id = "P1"'


def report(root: Path, *lines: dict[str, Any]) -> LandingReport:
    text = "".join(json.dumps(line) + "\n" for line in lines)
    return land_file(root, "orders.ndjson", text, PRESET)


def test_an_order(tmp_path: Path) -> None:
    landed = report(tmp_path, ORDER)
    order = rows(landed, "orders")["1001"]
    assert order["amount"] == Decimal("100")  # as placed, not what edits and refunds left of it
    assert order["ordered_at"] == datetime(2026, 1, 5, 15)
    assert order["delivered_at"] == datetime(2026, 1, 8, 21)
    assert order["updated_at"] == datetime(2026, 2, 1, 5)
    assert (order["node"], order["currency"], order["cancelled_at"]) == ("8", "USD", None)
    assert rows(landed, "order_outcomes") == {}


def test_every_successful_refund_transaction_is_an_outcome(tmp_path: Path) -> None:
    landed = report(
        tmp_path,
        ORDER
        | {
            "refunds": [
                refund(1, transaction(11, "25.00"), transaction(12, "10.00", gateway="gift_card")),
                refund(2, transaction(21, "5.00", processed_at=None)),
                refund(
                    3,
                    transaction(31, "99.00", status="failure"),
                    transaction(32, "99.00", kind="void"),
                ),
                refund(4),  # items taken back without money
            ]
        },
    )
    outcomes = rows(landed, "order_outcomes")
    assert {key: (row["kind"], row["amount"], row["occurred_at"]) for key, row in outcomes.items()} == {
        "transaction 11": ("refund", Decimal("25"), datetime(2026, 1, 20, 14, 0, 2)),
        "transaction 12": ("store_credit", Decimal("10"), datetime(2026, 1, 20, 14, 0, 2)),
        "transaction 21": ("refund", Decimal("5"), datetime(2026, 1, 20, 14, 0, 1)),
    }
    assert {row["order_id"] for row in outcomes.values()} == {"1001"}
    kept = b"".join(path.read_bytes() for path in (tmp_path / ".plumbline").rglob("*") if path.is_file())
    assert b"example.com" not in kept


def test_returned_items_are_outcomes_beside_the_money(tmp_path: Path) -> None:
    items = [
        {"id": 501, "restock_type": "return", "quantity": 1, "subtotal": "25.00"},
        {"id": 502, "restock_type": "no_restock", "quantity": 1, "subtotal": "5.00"},
    ]
    landed = report(tmp_path, ORDER | {"refunds": [refund(1, transaction(11, "30.00"), items=items)]})
    outcomes = rows(landed, "order_outcomes")
    assert set(outcomes) == {"transaction 11", "return 501"}
    assert outcomes["return 501"]["kind"] == "return"
    assert outcomes["return 501"]["amount"] is None  # the money is in the transaction
    assert outcomes["return 501"]["occurred_at"] == datetime(2026, 1, 20, 14)


def test_orders_that_tried_the_shop_out_are_left_out(tmp_path: Path) -> None:
    tried = ORDER | {"name": "#1002", "test": True, "refunds": [refund(1, transaction(11, "5.00"))]}
    landed = report(tmp_path, ORDER | {"test": False}, tried)
    assert list(rows(landed, "orders")) == ["1001"]
    assert rows(landed, "order_outcomes") == {}


def test_pages_of_orders(tmp_path: Path) -> None:
    second = ORDER | {"id": 2, "name": "#1002", "email": "", "customer": None}
    third = ORDER | {"id": 3, "name": "", "email": None, "customer": None}
    landed = report(tmp_path, {"orders": [ORDER, second]}, third)
    orders = rows(landed, "orders")
    assert list(orders) == ["1001", "1002", "3"]  # without a name the API's id stands in
    assert len({row["customer_id"] for row in orders.values()}) == 3
    assert rejects(landed, "orders") == []
