"""Numbers, dates and intervals as text for a screen: the words that print uses too."""

from pipelines.wording import (
    CURRENCY_SIGNS,
    MINUS,
    MISSING,
    age,
    change,
    count,
    day,
    days,
    in_sentence,
    interval,
    listing,
    moment,
    money,
    plural,
    slug,
    value,
)

__all__ = [
    "CURRENCY_SIGNS",
    "MINUS",
    "MISSING",
    "age",
    "change",
    "count",
    "day",
    "days",
    "in_sentence",
    "interval",
    "listing",
    "moment",
    "money",
    "plural",
    "slug",
    "value",
]
