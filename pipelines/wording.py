"""Numbers, dates, intervals and names as text, the same on a screen and in print; imports nothing of ours.

A missing value is an em dash. A minus sign is the real one. Shares are shown in percent, changes of shares in
points, money in the program's currency or, where the currency is not one, not at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta

MISSING = "—"
MINUS = "−"
CURRENCY_SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
UNKNOWN = "(unknown)"
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
    """The two ends of an interval, the unit said once.

    >>> interval("share", 0.731, 0.752)
    '73.1–75.2%'
    """
    if lower is None or upper is None:
        return "no interval"
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


def chance(probability: float | None) -> str:
    """A probability in words that never claim to be sure.

    >>> chance(0.004), chance(0.316), chance(0.9999)
    ('under 1%', '32%', 'over 99%')
    """
    if probability is None:
        return MISSING
    if probability < 0.01:
        return "under 1%"
    return "over 99%" if probability > 0.99 else f"{100 * probability:.0f}%"


def count(number: float | None) -> str:
    """A whole number with thousands apart.

    >>> count(1234567)
    '1,234,567'
    """
    return MISSING if number is None else f"{number:,.0f}".replace("-", MINUS)


def day(when: date | None, *, year: bool = True) -> str:
    """A date in words.

    >>> day(date(2026, 7, 5)), day(date(2026, 7, 5), year=False)
    ('5 Jul 2026', '5 Jul')
    """
    if when is None:
        return MISSING
    text = f"{when.day} {when:%b}"
    return f"{text} {when.year}" if year else text


def days(start: date, end: date) -> str:
    """A span of days, the year said once where it is one.

    >>> days(date(2026, 6, 29), date(2026, 7, 5))
    '29 Jun to 5 Jul 2026'
    """
    return f"{day(start, year=start.year != end.year)} to {day(end)}"


def moment(when: datetime | None) -> str:
    """A UTC moment in words.

    >>> moment(datetime(2026, 7, 5, 6, 10))
    '5 Jul 2026, 06:10 UTC'
    """
    return MISSING if when is None else f"{day(when.date())}, {when:%H:%M} UTC"


def age(span: timedelta) -> str:
    """How long ago, in the coarsest unit that still says something.

    >>> age(timedelta(minutes=3)), age(timedelta(hours=50)), age(timedelta(days=400))
    ('3 minutes ago', '2 days ago', '13 months ago')
    """
    seconds = max(0, int(span.total_seconds()))
    for size, word in ((30 * 86400, "month"), (86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            number = seconds // size
            return f"{number} {word}{'' if number == 1 else 's'} ago"
    return "just now"


def listing(words: Sequence[str]) -> str:
    """Words as a list in a sentence.

    >>> listing(["a"]), listing(["a", "b"]), listing(["a", "b", "c"])
    ('a', 'a and b', 'a, b and c')
    """
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def plural(number: int, one: str, many: str | None = None) -> str:
    """A counted noun.

    >>> plural(1, "week"), plural(2, "week"), plural(0, "entry", "entries")
    ('1 week', '2 weeks', '0 entries')
    """
    return f"{count(number)} {one if number == 1 else many or one + 's'}"


def name_of(value: str | None, labels: Mapping[str, str] | None = None) -> str:
    """The name of a group: its label, else its words without underscores, else unknown."""
    if value is None:
        return UNKNOWN
    if labels and value in labels:
        return labels[value]
    if value in NAMES:
        return NAMES[value]
    words = value.replace("_", " ")
    return words[:1].upper() + words[1:] if value.islower() else value


def slug(text: str) -> str:
    """Text as part of a file name."""
    words = "".join(letter.lower() if letter.isalnum() else " " for letter in text).split()
    return "-".join(words)


def _signed(number: float, places: int) -> str:
    text = f"{number:,.{places}f}"
    if float(text.replace(",", "")) == 0:
        text = text.lstrip("-")
    return text.replace("-", MINUS)


def _plus(number: float, places: int) -> str:
    text = _signed(number, places)
    is_zero = not any(digit in "123456789" for digit in text)
    return text if is_zero or text.startswith(MINUS) else f"+{text}"


def in_sentence(label: str) -> str:
    """A label as it stands within a sentence: small at first, unless it begins with an abbreviation.

    >>> in_sentence("First-contact resolution"), in_sentence("CSAT, top two"), in_sentence("QA score")
    ('first-contact resolution', 'CSAT, top two', 'QA score')
    """
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]
