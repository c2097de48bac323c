"""The words of print: those of the screen, but nothing is said where there is no interval."""

from __future__ import annotations

from pipelines import wording
from pipelines.wording import (
    MINUS,
    MISSING,
    chance,
    change,
    change_interval,
    count,
    day,
    days,
    in_sentence,
    listing,
    moment,
    money,
    name_of,
    value,
)

__all__ = [
    "MINUS",
    "MISSING",
    "chance",
    "change",
    "change_interval",
    "count",
    "day",
    "days",
    "in_sentence",
    "interval",
    "listing",
    "moment",
    "money",
    "name_of",
    "value",
]


def interval(unit: str, lower: float | None, upper: float | None) -> str:
    """The two ends of an interval, the unit said once; empty where there is none."""
    return "" if lower is None or upper is None else wording.interval(unit, lower, upper)
