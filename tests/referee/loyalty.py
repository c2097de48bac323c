"""Who orders again, and whose rating followed a concession, by looking at every row: a dull second count."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime

from tests.referee.facts import CONCESSIONS, PURCHASE_WINDOW, REFUND_WINDOW, Facts, is_handled, normalised
from tests.referee.reading import Row, local_date

Counts = dict[tuple, list[int]]
"""Mature, of them those that count, and pending, by group."""


def day_of(facts: Facts, row: Row, moment: datetime) -> date:
    return local_date(moment, facts.data.programs[row["program_id"]]["timezone"])


def lies_within(day: date, start: date | None, end: date | None) -> bool:
    return (start is None or start <= day) and (end is None or day <= end)


def rating(contact: Row) -> str:
    if contact.get("csat_score") is None:
        return "not rated"
    score = normalised(contact)
    if score >= 4:
        return "top two"
    return "bottom two" if score <= 2 else "middle"


def add(counts: Counts, key: tuple, *, counted: bool, mature: bool) -> None:
    cell = counts[key]
    cell[0] += mature
    cell[1] += mature and counted
    cell[2] += not mature


def repurchase(facts: Facts, program: str | None, start: date | None, end: date | None) -> Counts:
    """By fcr_state and rating of each customer's first handled contact in the period."""
    firsts: dict[tuple[str, str], Row] = {}
    for contact in facts.contacts:  # in the order of opened_at and contact_id
        if not is_handled(contact) or contact.get("customer_id") is None:
            continue
        if program is not None and contact["program_id"] != program:
            continue
        if lies_within(day_of(facts, contact, contact["opened_at"]), start, end):
            firsts.setdefault((contact["program_id"], contact["customer_id"]), contact)
    counts: Counts = defaultdict(lambda: [0, 0, 0])
    for contact in firsts.values():
        add(
            counts,
            (facts.fcr_state(contact), rating(contact)),
            counted=facts.orders_again(contact),
            mature=contact["opened_at"] + PURCHASE_WINDOW <= facts.as_of,
        )
    return dict(counts)


def without_contact(facts: Facts, program: str | None, start: date | None, end: date | None) -> list[int]:
    """Customers with an order in the period and no contact of any kind in it."""
    orders = [row for row in facts.data.orders.values() if program is None or row["program_id"] == program]
    counts: Counts = defaultdict(lambda: [0, 0, 0])
    for customer in {(row["program_id"], row["customer_id"]) for row in orders}:
        own = [row for row in orders if (row["program_id"], row["customer_id"]) == customer]
        inside = [row for row in own if lies_within(day_of(facts, row, row["ordered_at"]), start, end)]
        has_spoken = any(
            (contact["program_id"], contact.get("customer_id")) == customer
            and lies_within(day_of(facts, contact, contact["opened_at"]), start, end)
            for contact in facts.contacts
        )
        if not inside or has_spoken:
            continue
        first = min(row["ordered_at"] for row in inside)
        again = any(first < row["ordered_at"] <= first + PURCHASE_WINDOW for row in own)
        add(counts, (), counted=again, mature=first + PURCHASE_WINDOW <= facts.as_of)
    return counts[()]


def concessions(facts: Facts, program: str | None, start: date | None, end: date | None) -> Counts:
    """Rated handled contacts about a known order, by issue, channel and whether anything was conceded."""
    counts: Counts = defaultdict(lambda: [0, 0, 0])
    for contact in facts.contacts:
        order = facts.order_of(contact)
        if contact.get("csat_score") is None or not is_handled(contact) or order is None:
            continue
        if program is not None and contact["program_id"] != program:
            continue
        opened = contact["opened_at"]
        if not lies_within(day_of(facts, contact, opened), start, end):
            continue
        given = any(
            opened < row["occurred_at"] <= opened + REFUND_WINDOW
            for row in facts.outcomes_of(order, CONCESSIONS)
        )
        add(
            counts,
            (contact["issue"], contact["channel"], given),
            counted=normalised(contact) >= 4,
            mature=opened + REFUND_WINDOW <= facts.as_of,
        )
    return dict(counts)
