"""Windows, bands and limits are settings: other ones, held against the second implementation."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.referee import facts, units
from tests.referee.metrics import METRICS, dimensions_of, read_referee
from tests.referee.product import Product, differences
from tests.referee.worlds import random_world

SETTINGS = """
[settings]
fcr_window_days = 2.5
refund_window_days = 125
chargeback_window_days = 100
repeat_purchase_window_days = 30
informed_window_hours = 1.5
abandonment_min_wait_seconds = 20
value_bands = [12.34, 100]
service_level_seconds = {voice = 60, email = 20.5}

"""


def test_every_metric_under_other_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    others = {
        "FCR_WINDOW": timedelta(hours=60),
        "REFUND_WINDOW": timedelta(days=125),
        "CHARGEBACK_WINDOW": timedelta(days=100),
        "PURCHASE_WINDOW": timedelta(days=30),
        "INFORMED_WINDOW": timedelta(minutes=90),
        "ABANDONMENT_SECONDS": 20,
        "VALUE_BANDS": (facts.Fraction("12.34"), 100),
        "SERVICE_LEVEL_SECONDS": {"voice": 60, "email": 20.5},
    }
    for name, value in others.items():
        monkeypatch.setattr(facts, name, value)
        if hasattr(units, name):
            monkeypatch.setattr(units, name, value)
    world = random_world(seed=8)
    deliveries = world.write(tmp_path)
    referee = read_referee([file for files in deliveries for file in files], world.as_of)
    product = Product(tmp_path / "workspace", deliveries, world.as_of, settings=SETTINGS)
    metrics = tuple(key for key in METRICS if key in {item.key for item in product.reader.catalogue})
    for by, grain in (((), "all"), (("program_id",), "week"), (("channel",), "month")):
        asked = tuple(metric for metric in metrics if set(by) <= set(dimensions_of(metric)))
        ours = [row for metric in asked for row in referee.rows(metric, by, grain)]
        found = differences(ours, product.rows(asked, by, grain), by)
        assert found == []
