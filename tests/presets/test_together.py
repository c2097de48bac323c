"""A shop's tickets and orders, from two systems, meet: by the customer's address and by the order's name."""

from __future__ import annotations

import json
from pathlib import Path

from pipelines.cli import main
from pipelines.reader import MetricRequest, Reader
from tests.presets import test_shopify_api as shop
from tests.presets import test_zendesk_csv as desk

WORKSPACE = """
[[source]]
files = "tickets.csv"
preset = "zendesk_tickets_csv"
zone = "America/New_York"
[source.columns]
issue = "Contact reason [list]"
[source.expressions]
order_id = "ltrim(\\"Order number [text]\\", '#')"
[source.constants]
program_id = "P1"

[[source]]
files = "orders.ndjson"
preset = "shopify_orders_api"
[source.constants]
program_id = "P1"

[[program]]
program_id = "P1"
program_name = "One"
timezone = "America/New_York"
currency = "USD"
"""


def test_a_refund_asked_in_one_system_is_found_in_the_other(tmp_path: Path) -> None:
    ask = {
        "Created at": "2026-01-19 10:00",
        "Solved at": "2026-01-19 11:00",
        "Contact reason [list]": "refund",
    }
    tickets = desk.export(
        ask | {"Order number [text]": "#1001"},  # refunded 25.00 of 100.00 on the next day
        ask | {"Order number [text]": "1002"},  # kept whole
        ask | {"Order number [text]": "1002", "Requester email": "somebody@else.com"},  # not her order
        ask | {"Order number [text]": ""},
    )
    (tmp_path / "tickets.csv").write_text(tickets)
    refunded = shop.ORDER | {"refunds": [shop.refund(1, shop.transaction(11, "25.00"))]}
    kept = shop.ORDER | {"name": "#1002", "id": 2, "total_price": "80.00"}
    (tmp_path / "orders.ndjson").write_text(json.dumps({"orders": [refunded, kept]}) + "\n")
    (tmp_path / "plumbline.toml").write_text(WORKSPACE)

    assert main(["load", "--workspace", str(tmp_path), "--as-of", "2026-06-01"]) == 0

    asked = MetricRequest(metrics=("refund_avoidance", "value_retained"), grain="all")
    avoided, retained = Reader.open(tmp_path).metrics(asked).to_dicts()
    assert (avoided["numerator"], avoided["denominator"]) == (1, 2)
    assert retained["value"] == 75 + 80
