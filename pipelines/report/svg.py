"""Charts as SVG text for print: lines of weeks, bars of effects, steps of money; every text escaped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

import polars as pl

from pipelines.report import words

INK, MUTED, LINE, FAINT = "#17212B", "#5B6773", "#DEE3E8", "#E6EAEE"
ACCENT, BETTER, WORSE, NOISE, TARGET = "#0B5C8C", "#0B7A75", "#C2410C", "#64707C", "#E08A00"
TARGET_TEXT = "#8F5200"


def judged(word: str) -> str:
    """The colour of better, worse or neither."""
    return {"better": BETTER, "worse": WORSE}.get(word, NOISE)


@dataclass(frozen=True)
class Scale:
    """Places on paper of numbers between two ends."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, number: float) -> float:
        """The place of a number."""
        span = self.high - self.low
        return self.start + (self.end - self.start) * ((number - self.low) / span if span else 0.5)


def sparkline(weeks: pl.DataFrame, colour: str, label: str) -> str:
    """A small line of weeks: solid where final, dotted where provisional."""
    rows = [
        (place, value, status) for place, (value, status) in enumerate(weeks.select("value", "status").rows())
    ]
    known = [(place, value, status) for place, value, status in rows if value is not None]
    if len(known) < 2:
        return ""
    x = Scale(0, len(rows) - 1, 3, 157)
    y = Scale(min(value for _, value, _ in known), max(value for _, value, _ in known), 31, 5)
    points = [(x(place), y(value), status) for place, value, status in known]
    settled = [place for place, (_, _, status) in enumerate(points) if status == "final"]
    edge = settled[-1] if settled else 0
    return (
        f'<svg class="spark" viewBox="0 0 160 36" role="img" aria-label="{escape(label)}">'
        f"{_path(points[: edge + 1], colour, 1.6)}{_path(points[edge:], colour, 1.6, dotted=True)}"
        f'<circle cx="{points[-1][0]:.1f}" cy="{points[-1][1]:.1f}" r="2.4" fill="{colour}"/></svg>'
    )


def trend(weeks: pl.DataFrame, unit: str, target: float | None, label: str, currency: str | None) -> str:
    """Weeks as a line, their interval as a ribbon, the target dashed; provisional weeks hollow and dotted."""
    rows = weeks.filter(pl.col("value").is_not_null()).to_dicts()
    if not rows:
        return ""
    ends = [row[end] for row in rows for end in ("lower", "upper", "value") if row[end] is not None]
    ends += [] if target is None else [target]
    room = (max(ends) - min(ends)) * 0.08 or abs(max(ends)) * 0.1 or 1.0
    y = Scale(min(ends) - room, max(ends) + room, 176, 10)
    days = [row["period_start"] for row in rows]
    x = Scale(0, max((days[-1] - days[0]).days, 1), 52, 618)
    places = [x((day - days[0]).days) for day in days]
    points = [(place, y(row["value"]), row["status"]) for place, row in zip(places, rows, strict=True)]
    parts = [_grid(y, unit, currency), _days(days, places)]
    banded = [(place, row) for place, row in zip(places, rows, strict=True) if row["lower"] is not None]
    if len(banded) > 1:
        upper = [f"{place:.1f} {y(row['upper']):.1f}" for place, row in banded]
        lower = [f"{place:.1f} {y(row['lower']):.1f}" for place, row in reversed(banded)]
        parts.append(f'<path d="M{"L".join(upper + lower)}Z" fill="{ACCENT}" fill-opacity=".12"/>')
    if target is not None:
        said = words.value(unit, target, currency=currency)
        parts.append(
            f'<path d="M52 {y(target):.1f}H618" stroke="{TARGET}" stroke-width="1.4" stroke-dasharray="5 4"/>'
            f"{_text(622, y(target) + 3.5, f'target {said}', TARGET_TEXT, 10)}"
        )
    settled = [place for place, (_, _, status) in enumerate(points) if status == "final"]
    edge = settled[-1] if settled else 0
    parts.append(_path(points[: edge + 1], ACCENT, 2) + _path(points[edge:], ACCENT, 2, dotted=True))
    for place, height, status in points:
        fill = "#FFFFFF" if status == "provisional" else ACCENT
        parts.append(
            f'<circle cx="{place:.1f}" cy="{height:.1f}" r="2.8" fill="{fill}" stroke="{ACCENT}" '
            'stroke-width="1.4"/>'
        )
    last = words.value(unit, rows[-1]["value"], currency=currency)
    parts.append(_text(points[-1][0], points[-1][1] - 8, last, ACCENT, 12, anchor="end", bold=True))
    return _svg(720, 205, label, parts)


@dataclass(frozen=True)
class Bar:
    """One bar: its name, its ends, its text and colour, and its interval where it has one."""

    name: str
    start: float
    end: float
    text: str
    colour: str
    lower: float | None = None
    upper: float | None = None


def bars(rows: Sequence[Bar], label: str, *, left: int = 150, width: int = 345) -> str:
    """Horizontal bars from one number to another, with whiskers where they have an interval."""
    ends = [
        0.0,
        *(
            number
            for bar in rows
            for number in (bar.start, bar.end, bar.lower, bar.upper)
            if number is not None
        ),
    ]
    x = Scale(min(ends), max(ends), left + 8, width - 62)
    step = 21
    parts = [f'<path d="M{x(0):.1f} 4V{4 + step * len(rows)}" stroke="{MUTED}" stroke-width="1"/>']
    for place, bar in enumerate(rows):
        middle = 4 + step * place + step / 2
        first, last = sorted((x(bar.start), x(bar.end)))
        parts.append(
            f'<rect x="{first:.1f}" y="{middle - 6:.1f}" width="{max(last - first, 0.8):.1f}" '
            f'height="12" rx="2" fill="{bar.colour}"/>'
        )
        right = last
        if bar.lower is not None and bar.upper is not None:
            low, high = x(bar.lower), x(bar.upper)
            right = max(right, high)
            parts.append(
                f'<path d="M{low:.1f} {middle:.1f}H{high:.1f}M{low:.1f} {middle - 3:.1f}v6M{high:.1f} '
                f'{middle - 3:.1f}v6" stroke="{INK}" stroke-width="1" fill="none"/>'
            )
        parts.append(_text(right + 5, middle + 3.5, bar.text, INK, 10.5))
        parts.append(_text(left, middle + 3.5, _short(bar.name, 26), INK, 10.5, anchor="end"))
    return _svg(width, 8 + step * len(rows), label, parts)


def _grid(y: Scale, unit: str, currency: str | None) -> str:
    lines = []
    for place in range(4):
        number = y.low + (y.high - y.low) * (place + 0.5) / 4
        height = y(number)
        lines.append(
            f'<path d="M52 {height:.1f}H618" stroke="{FAINT}"/>'
            + _text(46, height + 3.5, words.value(unit, number, currency=currency), MUTED, 10, anchor="end")
        )
    return "".join(lines)


def _days(days: Sequence[date], places: Sequence[float]) -> str:
    every = -(-len(days) // 7)
    return "".join(
        _text(place, 197, words.day(day, year=False), MUTED, 10, anchor="middle")
        for day, place in list(zip(days, places, strict=True))[::every]
    )


def _path(
    points: Sequence[tuple[float, float, str]], colour: str, width: float, *, dotted: bool = False
) -> str:
    if len(points) < 2:
        return ""
    line = "L".join(f"{x:.1f} {y:.1f}" for x, y, _ in points)
    dash = ' stroke-dasharray="1 4"' if dotted else ""
    return (
        f'<path d="M{line}" fill="none" stroke="{colour}" stroke-width="{width}" stroke-linejoin="round" '
        f'stroke-linecap="round"{dash}/>'
    )


def _text(
    x: float, y: float, text: str, colour: str, size: float, *, anchor: str = "start", bold: bool = False
) -> str:
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" font-size="{size}" text-anchor="{anchor}"{weight}>'
        f"{escape(text)}</text>"
    )


def _svg(width: int, height: int, label: str, parts: Sequence[str]) -> str:
    return (
        f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(label)}">{"".join(parts)}</svg>'
    )


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
