"""KPI cards: what they say, and how they are drawn in HTML with a small line of weeks in SVG.

Cards are our own HTML rather than `st.metric`, since a card here also says interval, n, target and whether it
is final, draws provisional weeks apart, prints as it stands, and costs no chart library.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any
from urllib.parse import quote

import polars as pl

from dashboard import format as fmt
from dashboard.theme import Palette
from pipelines import insight
from pipelines.explain import Verdict

WIDE = 196
"""Width of a small line in a drawing of 200, so that its last dot is whole."""
FIXED = 'vector-effect="non-scaling-stroke"'


@dataclass(frozen=True)
class Card:
    """What one KPI card says.

    Attributes:
        what: The metric's definition.
        measured: Its value over the period.
        change: Its change against the period before.
        target: Its target, or None.
        target_state: met, missed, open or none.
        weeks: Value and status of each week, in time order.
        currency: Currency of a money metric, or None.
        note: Why there is no number, or a remark under it; empty otherwise.
        is_compared: Whether there is an earlier period at all.
        refused: True where a filter names a dimension that the metric does not have.
        verdict: Whether the newest weeks have left their level; None where nobody asked.
    """

    what: Any
    measured: insight.Measured
    change: insight.Change
    target: float | None
    target_state: str
    weeks: tuple[tuple[float | None, str], ...]
    currency: str | None = None
    note: str = ""
    is_compared: bool = True
    refused: bool = False
    verdict: Verdict | None = None

    @property
    def value(self) -> str:
        """The value as text."""
        return fmt.value(self.what.unit, self.measured.value, currency=self.currency)

    @property
    def judged(self) -> str:
        """better, worse or neither: of the change, where it is told from noise."""
        return self.change.judged(self.what.better)

    @property
    def trend(self) -> str:
        """better, worse or neither: of the newest weeks, where they have left their level."""
        return "neither" if self.verdict is None else self.verdict.judged(self.what.better)


def cards(
    definitions: Sequence[Any],
    now: pl.DataFrame,
    before: pl.DataFrame | None,
    weekly: pl.DataFrame,
    *,
    targets: Mapping[str, float],
    currency: str | None,
    refusals: Mapping[str, str],
    verdicts: Mapping[str, Verdict] | None = None,
) -> list[Card]:
    """One card a metric, in the order of the definitions.

    Args:
        definitions: The metrics to show.
        now: Rows of the period, one a metric.
        before: Rows of the period before, or None where there is none.
        weekly: Rows by week.
        targets: Targets by metric key.
        currency: The currency of all programs shown, or None where they have several.
        refusals: Metric keys that cannot be shown under the filters, with the reason.
        verdicts: Whether newest weeks have left their level, by metric key.
    """
    current = {row["metric"]: insight.Measured.of(row) for row in now.iter_rows(named=True)}
    earlier = {} if before is None else {row["metric"]: row for row in before.iter_rows(named=True)}
    made = []
    for what in definitions:
        measured = current.get(what.key, insight.Measured())
        previous = insight.Measured.of(earlier.get(what.key, {}))
        weeks = weekly.filter(pl.col("metric") == what.key)
        target = targets.get(what.key)
        made.append(
            Card(
                what=what,
                measured=measured,
                change=insight.change(what.kind, measured, previous),
                target=target,
                target_state=insight.against_target(what.kind, measured, target, what.better),
                weeks=tuple(zip(weeks["value"].to_list(), weeks["status"].to_list(), strict=True)),
                currency=currency,
                note=refusals.get(what.key) or _note(what, measured, currency),
                is_compared=before is not None,
                refused=what.key in refusals,
                verdict=(verdicts or {}).get(what.key),
            )
        )
    return made


def _note(what: Any, measured: insight.Measured, currency: str | None) -> str:
    if measured.value is not None:
        return ""
    if what.unit == "money" and measured.denominator and currency is None:
        return "Several currencies cannot be added; choose a program with one."
    if measured.pending:
        return f"Too early: {fmt.plural(measured.pending, 'unit')} pending ({what.window})."
    return "Nothing to count in this period."


def html(
    shown: Sequence[Card],
    links: Mapping[str, str],
    colours: Palette,
    *,
    reasons: Mapping[str, str] | None = None,
) -> str:
    """The cards as one grid of HTML.

    Args:
        shown: The cards.
        links: Where the definition of each metric is, by key.
        colours: Palette of the small lines: they are images, and an image does not see the page's style.
        reasons: Where each metric's verdict is explained, by key.
    """
    inner = "".join(
        _card(card, links.get(card.what.key, ""), (reasons or {}).get(card.what.key, ""), colours)
        for card in shown
    )
    return f'<section class="pl-cards" aria-label="Key figures">{inner}</section>'


def _card(card: Card, link: str, reason: str, colours: Palette) -> str:
    label = escape(card.what.label)
    title = f'<a href="{escape(link)}" target="_self" title="What it means">{label}</a>' if link else label
    status = card.measured.status
    pill = (
        f'<span class="pl-status pl-{escape(status)}">{escape(status)}</span>'
        if status != "empty" and not card.refused
        else ""
    )
    head = f'<div class="pl-card-head"><h3>{title}</h3>{pill}</div>'
    if card.measured.value is None:
        body = f'<p class="pl-value pl-none">{fmt.MISSING}</p><p class="pl-why">{escape(card.note)}</p>'
        return f'<article class="pl-card pl-card-empty">{head}{body}</article>'
    unsettled = " pl-unsettled" if status == "provisional" else ""
    body = (
        f'<p class="pl-value"><span class="pl-figure{unsettled}">{escape(card.value)}</span></p>'
        f'<p class="pl-moves">{_change_pill(card)}{_target(card)}</p>'
        f"{_verdict(card, reason)}"
        f"{_line(card, colours)}"
        f'<p class="pl-basis">{escape(basis(card))}</p>'
    )
    return f'<article class="pl-card pl-is-{card.judged}">{head}{body}</article>'


def basis(card: Card) -> str:
    """What the value rests on: interval, n, pending."""
    parts = []
    if card.measured.lower is not None:
        parts.append(f"95%: {fmt.interval(card.what.unit, card.measured.lower, card.measured.upper)}")
    if card.measured.denominator is not None:
        parts.append(f"n {fmt.count(card.measured.denominator)}")
    if card.measured.pending:
        parts.append(f"{fmt.count(card.measured.pending)} pending")
    return " · ".join(parts)


def change_words(card: Card) -> str:
    """The change in words, as a screen reader says it."""
    text = fmt.change(card.what.unit, card.change.value, currency=card.currency)
    return {
        "rise": f"{text}, a rise beyond noise",
        "fall": f"{text}, a fall beyond noise",
        "noise": f"{text}, inside the noise",
        "untold": f"{text}; this metric has no interval to tell it from noise",
        "missing": "no earlier period to compare with",
    }[card.change.verdict]


def _change_pill(card: Card) -> str:
    if card.change.verdict == "missing":
        return '<span class="pl-pill pl-neither">nothing earlier</span>' if card.is_compared else ""
    arrow = {"rise": "↑ ", "fall": "↓ "}.get(card.change.verdict, "")
    text = fmt.change(card.what.unit, card.change.value, currency=card.currency)
    words = escape(change_words(card))
    said = f'title="{words}" aria-label="{words}"'
    return f'<span class="pl-pill pl-{card.judged}" role="img" {said}>{arrow}{escape(text)}</span>'


def _verdict(card: Card, reason: str) -> str:
    """The verdict of the weekly chart, with what it rests on in its tooltip; it opens the chart."""
    if card.verdict is None:
        return ""
    words, why = escape(card.verdict.words), escape(card.verdict.why)
    tag, where = ("a", f' href="{escape(reason)}" target="_self"') if reason else ("span", "")
    return (
        f'<p class="pl-verdict pl-trend-{card.trend}"><{tag}{where} title="{why}" '
        f'aria-label="By week: {words}. {why}">{words}</{tag}></p>'
    )


def _target(card: Card) -> str:
    if card.target is None:
        return ""
    text = escape(fmt.value(card.what.unit, card.target, currency=card.currency))
    sign, words = {
        "met": ("✓ ", "target met"),
        "missed": ("✗ ", "target missed"),
        "open": ("", "too close to the target to tell"),
    }.get(card.target_state, ("", "target"))
    return f'<span class="pl-target pl-target-{card.target_state}" title="{words}">{sign}target {text}</span>'


def _line(card: Card, colours: Palette) -> str:
    known = [(place, value) for place, (value, _) in enumerate(card.weeks) if value is not None]
    if len(known) < 2:
        return '<div class="pl-line"></div>'
    low, high = min(value for _, value in known), max(value for _, value in known)
    room = (high - low) or abs(high) or 1.0
    last = len(card.weeks) - 1

    def point(place: int, value: float) -> str:
        return f"{WIDE * place / last:.1f} {40 - 34 * (value - low) / room:.1f}"

    settled = [
        place for place, (value, status) in enumerate(card.weeks) if value is not None and status == "final"
    ]
    edge = settled[-1] if settled else -1
    solid = "L".join(point(place, value) for place, value in known if place <= edge)
    dotted = "L".join(point(place, value) for place, value in known if place >= edge)
    area = f"M{WIDE * known[0][0] / last:.1f} 46L" + "L".join(point(*each) for each in known)
    area += f"L{WIDE * known[-1][0] / last:.1f} 46Z"
    target = ""
    if card.target is not None and low - 0.1 * room <= card.target <= high + 0.15 * room:
        height = 40 - 34 * (card.target - low) / room
        target = (
            f'<path {FIXED} stroke="{colours.target}" stroke-width="1.4" stroke-dasharray="5 4" '
            f'd="M0 {height:.1f}H200"/>'
        )
    unit = card.what.unit
    words = (
        f"By week, between {fmt.value(unit, low, currency=card.currency)} and "
        f"{fmt.value(unit, high, currency=card.currency)}; "
        f"newest {fmt.value(unit, known[-1][1], currency=card.currency)}"
    )
    colour = colours.judged(card.judged)
    drawing = (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 200 46" preserveAspectRatio="none" fill="none" '
        f'stroke="{colour}" stroke-width="2" stroke-linejoin="round" stroke-linecap="round">'
        f'<path d="{area}" stroke="none" fill="{colour}" fill-opacity=".13"/>{target}'
        + (f'<path {FIXED} d="M{solid}"/>' if solid else "")
        + (f'<path {FIXED} stroke-dasharray=".5 4" d="M{dotted}"/>' if "L" in dotted else "")
        + f'<path {FIXED} stroke-width="6" d="M{point(*known[-1])}h.01"/></svg>'
    )
    return f'<img class="pl-line" alt="{escape(words)}" src="data:image/svg+xml,{quote(drawing)}">'
