"""The one sentence on top of a page and what stands beside it: computed from the cards, never written."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from dashboard import format as fmt
from dashboard.filters import Window
from dashboard.views.kpi import Card

MOST = 3
"""Metrics named in the second half of the sentence; the rest is counted."""


def sentence(cards: Sequence[Card], window: Window) -> tuple[str, str]:
    """The sentence, as its main clause and the rest.

    The main clause is about the first card that has a value. The rest names what moved beyond noise, worse
    first, strongest first, and which metrics' newest weeks have left their level.
    """
    valued = [card for card in cards if card.measured.value is not None]
    if not valued:
        return f"Nothing can be said {window.name}", ": no metric has a mature value yet."
    lead = valued[0]
    main = (
        f"{lead.what.label} is {lead.value} {window.name}{_change_clause(lead, window)}{_target_clause(lead)}"
    )
    others = valued[1:]
    moved = sorted(
        (card for card in others if card.judged != "neither"),
        key=lambda card: abs(card.change.strength or 0),
        reverse=True,
    )
    worse = [_moved(card) for card in moved if card.judged == "worse"]
    better = [_moved(card) for card in moved if card.judged == "better"]
    clauses = []
    if worse:
        clauses.append(f"{_named(worse)} got worse")
    if better:
        clauses.append(f"{_named(better)} got better")
    compared = any(card.change.verdict not in ("missing", "untold") for card in others)
    if not clauses and compared:
        clauses.append("nothing else moved beyond noise")
    if lately := [_left(card) for card in valued if card.trend != "neither"]:
        clauses.append(f"by week, {_named(lately)}")
    return main, "".join(f"; {clause}" for clause in clauses) + "."


def html(cards: Sequence[Card], window: Window, aside: str) -> str:
    """The sentence with its badges.

    Args:
        cards: The cards of the page.
        window: The period.
        aside: What is said of the data itself: as-of, build, checks.
    """
    main, rest = sentence(cards, window)
    met = sum(card.target_state == "met" for card in cards)
    missed = sum(card.target_state == "missed" for card in cards)
    badges = []
    if missed:
        badges.append(f'<span class="pl-badge pl-worse">{fmt.plural(missed, "target")} missed</span>')
    if met:
        badges.append(f'<span class="pl-badge pl-better">{fmt.plural(met, "target")} met</span>')
    lead = next((card for card in cards if card.measured.value is not None), None)
    mood = "neither" if lead is None else lead.judged
    return (
        f'<section class="pl-headline pl-edge-{mood}" aria-label="In one sentence">'
        f'<p class="pl-aside">{"".join(badges)}<span>{escape(aside)}</span></p>'
        f'<p class="pl-sentence"><strong>{escape(main)}</strong>{escape(rest)}</p></section>'
    )


def _change_clause(card: Card, window: Window) -> str:
    if card.change.verdict in ("rise", "fall"):
        word = "up" if card.change.verdict == "rise" else "down"
        size = fmt.change(card.what.unit, card.change.value, currency=card.currency).lstrip("+" + fmt.MINUS)
        return f", {word} {size} on {window.before_name}"
    if card.change.verdict == "noise":
        return f", no different from {window.before_name} beyond noise"
    return ""


def _target_clause(card: Card) -> str:
    if card.target is None or card.target_state == "none":
        return ""
    target = fmt.value(card.what.unit, card.target, currency=card.currency)
    words = {
        "met": f"meeting its target of {target}",
        "missed": f"missing its target of {target}",
        "open": f"too close to its target of {target} to call",
    }
    return (
        f" and {words[card.target_state]}"
        if card.change.verdict != "missing"
        else f", {words[card.target_state]}"
    )


def _moved(card: Card) -> str:
    text = fmt.change(card.what.unit, card.change.value, currency=card.currency)
    return f"{fmt.in_sentence(card.what.label)} ({text})"


def _left(card: Card) -> str:
    assert card.verdict is not None  # it has a trend
    return f"{fmt.in_sentence(card.what.label)} shows a {card.verdict.words}"


def _named(words: Sequence[str]) -> str:
    if len(words) <= MOST:
        return fmt.listing(words)
    return fmt.listing([*words[:MOST], f"{len(words) - MOST} more"])
