"""Who counts in each metric: its units, mature or pending, with the day and the dimensions they belong to."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from tests.referee.facts import (
    ABANDONMENT_SECONDS,
    CHARGEBACK_WINDOW,
    FCR_WINDOW,
    INFORMED_WINDOW,
    PURCHASE_WINDOW,
    SERVICE_LEVEL_SECONDS,
    Facts,
    Stake,
    is_handled,
    is_inbound,
)
from tests.referee.reading import Row, local_date


@dataclass(frozen=True)
class Unit:
    """One thing counted: where it belongs, whether its window is over, and what it adds."""

    day: date
    program_id: str
    dims: dict[str, str | None]
    mature: bool = True
    value: Any = None  # True or False of a proportion; an amount; minutes
    once: Any = None  # identity of a once-counted unit (FP 12)
    rank: tuple[datetime, str] | None = None  # which of its contacts comes first
    stratum: Any = None
    agent: str | None = None
    time: timedelta | None = None  # Kaplan-Meier: time to failure or censoring
    role: str = "contact"  # contacts_per_100_orders: contact or order


def contact_unit(facts: Facts, contact: Row, value: Any = None, **more: Any) -> Unit:
    """A unit that belongs to the day its contact opened (FP 2), with the dimensions of FP 8."""
    program = facts.data.programs[contact["program_id"]]
    agent = facts.data.agents.get(contact.get("agent_id"), {})
    more.setdefault("day", local_date(contact["opened_at"], program["timezone"]))
    return Unit(
        program_id=contact["program_id"],
        dims={
            "program_id": contact["program_id"],
            "operating_model": program.get("operating_model"),
            "site": agent.get("site"),
            "region": agent.get("region"),
            "team": agent.get("team"),
            "agent_id": contact.get("agent_id"),
            "channel": contact["channel"],
            "issue": contact["issue"],
        },
        value=value,
        **more,
    )


def of_contacts(
    counts: Callable[[Facts, Row], bool],
    value: Callable[[Facts, Row], Any],
    matures: Callable[[Facts, Row], bool] = lambda facts, contact: True,
) -> Callable[[Facts], list[Unit]]:
    """Units that are contacts."""

    def units(facts: Facts) -> list[Unit]:
        return [
            contact_unit(facts, contact, value(facts, contact), mature=matures(facts, contact))
            for contact in facts.contacts
            if counts(facts, contact)
        ]

    return units


def of_stakes(
    value: Callable[[Stake], Any], matures: Callable[[Stake], bool]
) -> Callable[[Facts], list[Unit]]:
    """Units that are stakes."""

    def units(facts: Facts) -> list[Unit]:
        return [
            contact_unit(facts, stake.contact, value(stake), mature=matures(stake)) for stake in facts.stakes
        ]

    return units


def first_contacts(value: Callable[[Facts, Row], bool]) -> Callable[[Facts], list[Unit]]:
    """First contacts, pending while their window is open, failed or not."""
    return of_contacts(
        Facts.is_first_contact, value, lambda facts, contact: facts.fcr_state(contact) != "pending"
    )


def is_resolved(facts: Facts, contact: Row) -> bool:
    return facts.fcr_state(contact) == "resolved"


def is_one_touch(facts: Facts, contact: Row) -> bool:
    return is_resolved(facts, contact) and not contact.get("transfers") and not is_escalated(facts, contact)


def is_escalated(_: Facts, contact: Row) -> bool:
    return (contact.get("escalation") or "none") != "none"


def is_rated(_: Facts, contact: Row) -> bool:
    return contact.get("csat_score") is not None


def is_closed_handled(_: Facts, contact: Row) -> bool:
    return is_handled(contact) and contact.get("closed_at") is not None


def in_abandonment(_: Facts, contact: Row) -> bool:
    """Handled, or abandoned after at least 5 s; an abandoned one of unknown wait is in neither (FP 11)."""
    if is_handled(contact):
        return True
    wait = contact.get("wait_seconds")
    return is_inbound(contact) and wait is not None and wait >= ABANDONMENT_SECONDS


def has_service_level(_: Facts, contact: Row) -> bool:
    return (
        is_inbound(contact)
        and contact.get("wait_seconds") is not None
        and contact["channel"] in SERVICE_LEVEL_SECONDS  # FP 25
    )


def is_within_service_level(_: Facts, contact: Row) -> bool:
    return bool(contact["wait_seconds"] <= SERVICE_LEVEL_SECONDS[contact["channel"]])


def minutes_to_first_response(_: Facts, contact: Row) -> Fraction:
    waited = contact["first_response_at"] - contact["opened_at"]
    return Fraction(waited // timedelta(microseconds=1), 60_000_000)


def responded(_: Facts, contact: Row) -> bool:
    return is_handled(contact) and contact.get("first_response_at") is not None


def has_handle_time(_: Facts, contact: Row) -> bool:
    return is_handled(contact) and contact.get("handle_seconds") is not None


def chargeback_units(facts: Facts) -> list[Unit]:
    return [
        contact_unit(
            facts,
            contact,
            facts.charged_back(order, contact),
            mature=contact["opened_at"] + CHARGEBACK_WINDOW <= facts.as_of,
            once=order["order_id"],
            rank=(contact["opened_at"], contact["contact_id"]),
        )
        for contact in facts.contacts
        if is_handled(contact) and (order := facts.order_of(contact))
    ]


def repeat_purchase_units(facts: Facts) -> list[Unit]:
    return [
        contact_unit(
            facts,
            contact,
            facts.orders_again(contact),
            mature=contact["opened_at"] + PURCHASE_WINDOW <= facts.as_of,
            once=(contact["program_id"], contact["customer_id"]),  # a customer_id in two programs is two
            rank=(contact["opened_at"], contact["contact_id"]),
        )
        for contact in facts.contacts
        if is_handled(contact) and contact.get("customer_id") is not None
    ]


def program_unit(facts: Facts, row: Row, moment: datetime, **more: Any) -> Unit:
    """A unit that has a program and a moment, and nothing of a contact."""
    program = facts.data.programs[row["program_id"]]
    return Unit(
        day=local_date(moment, program["timezone"]),
        program_id=row["program_id"],
        dims={"program_id": row["program_id"], "operating_model": program.get("operating_model")},
        **more,
    )


def informed_units(facts: Facts) -> list[Unit]:
    return [
        program_unit(
            facts,
            event,
            event["started_at"],
            value=told,
            mature=event["started_at"] + INFORMED_WINDOW <= facts.as_of,
        )
        for event in facts.data.events.values()
        for told in facts.informed(event).values()
    ]


def per_orders_units(counts: Callable[[Row], bool]) -> Callable[[Facts], list[Unit]]:
    def units(facts: Facts) -> list[Unit]:
        contacts = [contact_unit(facts, row) for row in facts.contacts if is_inbound(row) and counts(row)]
        orders = [
            program_unit(facts, row, row["ordered_at"], role="order") for row in facts.data.orders.values()
        ]
        return contacts + orders

    return units


def consistency_units(facts: Facts) -> list[Unit]:
    return [
        contact_unit(
            facts,
            contact,
            contact["resolution"],
            stratum=(contact["program_id"], contact["issue"], facts.value_band(contact)),
            agent=contact["agent_id"],
        )
        for contact in facts.contacts
        if is_closed_handled(facts, contact)
        and contact.get("agent_id") is not None
        and contact.get("resolution") is not None
    ]


def quality_units(facts: Facts) -> list[Unit]:
    """Routine reviews with a score, on the local day of their newest reviewed_at (FP 2, FP 16)."""
    return [
        contact_unit(
            facts,
            review["contact"],
            review["score"],
            day=local_date(
                review["reviewed_at"], facts.data.programs[review["contact"]["program_id"]]["timezone"]
            ),
        )
        for review in facts.reviews
        if review["purpose"] == "routine" and review["score"] is not None
    ]


def provisional_units(facts: Facts) -> list[Unit]:
    """First contacts with their time to failure or censoring (FP 23)."""
    units = []
    for contact in facts.contacts:
        if not facts.is_first_contact(contact):
            continue
        closed = contact["closed_at"]
        repeat = facts.first_repeat(contact)
        if contact.get("reopens") or contact.get("resolution") == "unresolved":
            failed, time = True, timedelta(0)
        elif repeat:
            failed, time = True, max(repeat["opened_at"] - closed, timedelta(0))
        else:
            failed, time = False, min(facts.as_of, closed + FCR_WINDOW) - closed
        units.append(
            contact_unit(facts, contact, failed, time=time, mature=closed + FCR_WINDOW <= facts.as_of)
        )
    return units


def inbound_known(_: Facts, contact: Row) -> bool:
    return is_inbound(contact) and contact.get("customer_id") is not None


def handled(_: Facts, contact: Row) -> bool:
    return is_handled(contact)
