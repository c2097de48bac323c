"""What a page is asked about, as a frozen object and as plain text in the URL; imports nothing of ours.

Nothing from a URL is trusted: a value that the data does not know is left out and said so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta

from dashboard import format as fmt

WEEKS = (4, 13, 26, 52)
DEFAULT_PERIOD = "13w"
UNKNOWN = ""
"""How an unknown value of a dimension is written in a URL, as everywhere else in print: empty."""

DIMENSIONS = {"program": "program_id", "site": "site", "channel": "channel", "issue": "issue"}
"""Filters by their name in the URL, with the dimension they restrict."""

KEYS = ("period", *DIMENSIONS)


@dataclass(frozen=True)
class Filters:
    """The choices that hold across pages.

    Attributes:
        period: `13w`, `all`, or two ISO dates joined by `..`, both included.
        chosen: Chosen values by filter name; a filter without choices lets everything through. None is the
            group of unknown.
    """

    period: str = DEFAULT_PERIOD
    chosen: Mapping[str, tuple[str | None, ...]] = field(default_factory=dict)

    def __hash__(self) -> int:
        return hash((self.period, tuple(sorted((name, values) for name, values in self.chosen.items()))))

    def values(self, name: str) -> tuple[str | None, ...]:
        """Chosen values of one filter."""
        return self.chosen.get(name, ())

    def with_values(self, name: str, values: Sequence[str | None]) -> Filters:
        """The same choices with one filter set anew."""
        chosen = {key: kept for key, kept in self.chosen.items() if key != name}
        if values:
            chosen[name] = tuple(values)
        return replace(self, chosen=chosen)

    def with_period(self, period: str) -> Filters:
        """The same choices over another period."""
        return replace(self, period=period)

    @property
    def by_dimension(self) -> dict[str, tuple[str | None, ...]]:
        """Chosen values by dimension, as the reader asks for them."""
        return {DIMENSIONS[name]: self.chosen[name] for name in DIMENSIONS if self.chosen.get(name)}

    def params(self) -> dict[str, list[str]]:
        """The choices as query parameters; the period is always said, so that a link says what it shows."""
        said = {"period": [self.period]}
        for name in DIMENSIONS:
            if self.values(name):
                said[name] = [UNKNOWN if value is None else value for value in self.values(name)]
        return said


@dataclass(frozen=True)
class Window:
    """A period as local dates, with the one it is compared to.

    Attributes:
        start: First day, included.
        end: Last day, included.
        before: First and last day of the comparison, or None where there is nothing before.
        name: The period in words, as in "over the last 13 weeks".
        before_name: The comparison in words.
    """

    start: date
    end: date
    before: tuple[date, date] | None
    name: str
    before_name: str


def parse(
    params: Mapping[str, Sequence[str]], allowed: Mapping[str, Sequence[str | None]]
) -> tuple[Filters, tuple[str, ...]]:
    """Choices from query parameters, and a sentence for each thing that was left out.

    Args:
        params: Query parameters, each a list of values; other names than ours are not looked at.
        allowed: The values that the data knows, by filter name.
    """
    problems: list[str] = []
    period = DEFAULT_PERIOD
    if params.get("period"):
        asked = params["period"][-1]
        if is_period(asked):
            period = asked
        else:
            problems.append(f"The link asks for period “{_short(asked)}”, which is none; 13 weeks are shown.")
    filters = Filters(period)
    for name in DIMENSIONS:
        known = allowed.get(name, ())
        kept: list[str | None] = []
        for text in params.get(name, ()):
            value = None if text == UNKNOWN else text
            if value not in known:
                shown = "unknown" if value is None else _short(value)
                problems.append(f"The link asks for {name} “{shown}”, which is not in this data; left out.")
            elif value not in kept:
                kept.append(value)
        filters = filters.with_values(name, kept)
    return filters, tuple(problems)


def is_period(text: str) -> bool:
    """Whether a text names a period."""
    return text == "all" or text in {f"{weeks}w" for weeks in WEEKS} or _dates(text) is not None


def custom_period(start: date, end: date) -> str:
    """The text of a period of one's own."""
    return f"{start.isoformat()}..{end.isoformat()}"


def window(period: str, first: date, last: date) -> Window:
    """The dates of a period.

    Weeks are whole ones from Monday, the newest of them as far as the data goes, and are compared with the
    same weekdays as many weeks earlier, so that a Monday is never held against a Sunday.

    Args:
        period: Text that `is_period` accepts.
        first: First local day with a contact.
        last: Last local day with a contact.
    """
    dates = _dates(period)
    if dates is not None:
        start, end = dates
        length = (end - start).days + 1
        earlier = (start - timedelta(days=length), start - timedelta(days=1))
        has_earlier = earlier[1] >= first
        name = f"from {fmt.days(start, end)}"
        return Window(
            start, end, earlier if has_earlier else None, name, f"the {fmt.plural(length, 'day')} before"
        )
    if period == "all":
        return Window(first, last, None, f"from {fmt.days(first, last)}", "")
    weeks = int(period.removesuffix("w"))
    shift = timedelta(weeks=weeks)
    start = last - timedelta(days=last.weekday()) - shift + timedelta(weeks=1)
    earlier = (start - shift, last - shift)
    return Window(
        start,
        last,
        earlier if earlier[1] >= first else None,
        f"over the last {weeks} weeks",
        f"the {weeks} weeks before",
    )


def period_label(period: str) -> str:
    """A period as a button says it."""
    if period == "all":
        return "All"
    dates = _dates(period)
    return fmt.days(*dates) if dates else f"{period.removesuffix('w')} weeks"


def period_dates(period: str) -> tuple[date, date] | None:
    """The two dates of a period of one's own, else None."""
    return _dates(period)


def _dates(text: str) -> tuple[date, date] | None:
    left, dots, right = text.partition("..")
    if not dots:
        return None
    try:
        start, end = date.fromisoformat(left), date.fromisoformat(right)
    except ValueError:
        return None
    return (start, end) if start <= end and (end - start).days < 36_600 else None


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
