"""Numbers, dates and intervals as text for print, in the dashboard's digits; imports nothing of ours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime

MISSING = "—"
MINUS = "−"
CURRENCY_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
NAMES = {"in_house": "In-house", "outsourced": "Partner", "wismo": "Where is my order", "sms": "SMS"}


def value(unit: str, amount: float | None, *, currency: str | None = None) -> str:
    """A metric's value with its unit, rounded for reading.

    >>> value("share", 0.7412), value("minutes", 12.34), value("money", 1_240_312, currency="USD")
    ('74.1%', '12.3 min', '$1.24M')
    """
    if amount is None:
        return MISSING
    if unit == "share":
        return f"{_signed(100 * amount, 1)}%"
    if unit == "money":
        return money(amount, currency)
    if unit == "minutes":
        return f"{_signed(amount, 1)} min"
    return _signed(amount, 2 if unit == "points" else 1)


def change(unit: str, amount: float | None, *, currency: str | None = None) -> str:
    """A difference of two values, always with its sign; of shares in percentage points.

    >>> change("share", 0.0123), change("minutes", -0.5), change("share", 0.0001)
    ('+1.2 pts', '−0.5 min', '0.0 pts')
    """
    if amount is None:
        return MISSING
    if unit == "share":
        return f"{_plus(100 * amount, 1)} pts"
    if unit == "money":
        sign = "+" if amount > 0 else MINUS if amount < 0 else ""
        return sign + money(abs(amount), currency)
    if unit == "minutes":
        return f"{_plus(amount, 1)} min"
    return _plus(amount, 2 if unit == "points" else 1)


def interval(unit: str, lower: float | None, upper: float | None) -> str:
    """The two ends of an interval, the unit said once; empty where there is none.

    >>> interval("share", 0.731, 0.752)
    '73.1–75.2%'
    """
    if lower is None or upper is None:
        return ""
    if unit == "share":
        return f"{_signed(100 * lower, 1)}–{_signed(100 * upper, 1)}%"
    places = 2 if unit == "points" else 1
    text = f"{_signed(lower, places)} to {_signed(upper, places)}"
    return f"{text} min" if unit == "minutes" else text


def change_interval(unit: str, lower: float, upper: float) -> str:
    """The two ends of a change's interval, the unit said once.

    >>> change_interval("share", -0.021, 0.018)
    '−2.1 to +1.8 pts'
    """
    first = change(unit, lower).removesuffix(" pts").removesuffix(" min")
    return f"{first} to {change(unit, upper)}"


def money(amount: float, currency: str | None) -> str:
    """An amount, shortened from ten thousand on, with the currency's sign or code.

    >>> money(950, "USD"), money(12_345, "EUR"), money(-2_500_000, "PHP")
    ('$950', '€12.3K', '−PHP 2.50M')
    """
    size = abs(amount)
    if size >= 999_500:
        text = f"{size / 1_000_000:,.2f}M"
    elif size >= 10_000:
        text = f"{size / 1_000:,.1f}K"
    else:
        text = f"{size:,.0f}"
    code = currency or ""
    sign = CURRENCY_SIGNS.get(code, f"{code} " if code else "")
    return f"{MINUS if amount < 0 else ''}{sign}{text}"


def count(number: float | None) -> str:
    """A whole number with thousands apart."""
    return MISSING if number is None else f"{number:,.0f}".replace("-", MINUS)


def day(when: date, *, year: bool = True) -> str:
    """A date in words.

    >>> day(date(2026, 7, 5)), day(date(2026, 7, 5), year=False)
    ('5 Jul 2026', '5 Jul')
    """
    text = f"{when.day} {when:%b}"
    return f"{text} {when.year}" if year else text


def days(start: date, end: date) -> str:
    """A span of days, the year said once where it is one."""
    return f"{day(start, year=start.year != end.year)} to {day(end)}"


def moment(when: datetime) -> str:
    """A UTC moment in words."""
    return f"{day(when.date())}, {when:%H:%M} UTC"


def listing(words: Sequence[str]) -> str:
    """Words as a list in a sentence.

    >>> listing(["a", "b", "c"])
    'a, b and c'
    """
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def name_of(key: str | None) -> str:
    """The name of a group without a label of its own."""
    if key is None:
        return "(unknown)"
    if key in NAMES:
        return NAMES[key]
    words = key.replace("_", " ")
    return words[:1].upper() + words[1:] if key.islower() else key


def in_sentence(label: str) -> str:
    """A label as it stands within a sentence: small at first, unless it begins with an abbreviation."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def _signed(number: float, places: int) -> str:
    text = f"{number:,.{places}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def _plus(number: float, places: int) -> str:
    text = _signed(number, places)
    is_zero = not any(digit in "123456789" for digit in text)
    return text if is_zero or text.startswith(MINUS) else f"+{text}"
