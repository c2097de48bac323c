"""Numbers as text."""

from __future__ import annotations

import doctest

import pytest

from dashboard import format as fmt
from pipelines import wording


def test_the_examples_in_the_module_hold():
    assert doctest.testmod(wording).failed == 0
    assert doctest.testmod(wording).attempted > 10


@pytest.mark.parametrize(
    ("unit", "amount", "text"),
    [
        ("share", None, "—"),
        ("share", 1.0, "100.0%"),
        ("share", -0.00001, "0.0%"),
        ("score", 84.26, "84.3"),
        ("points", 4.256, "4.26"),
        ("minutes", 1234.5, "1,234.5 min"),
        ("per_100_orders", 41.66, "41.7"),
    ],
)
def test_a_value_carries_its_unit(unit, amount, text):
    assert fmt.value(unit, amount) == text


def test_a_change_that_rounds_to_nothing_has_no_sign():
    assert fmt.change("share", 0.0004) == "0.0 pts"
    assert fmt.change("share", -0.0004) == "0.0 pts"


def test_money_says_its_currency_or_none():
    assert fmt.value("money", 12.0, currency="PHP") == "PHP 12"
    assert fmt.value("money", 12.0, currency=None) == "12"
    assert fmt.change("money", -20_000.0, currency="EUR") == "−€20.0K"
