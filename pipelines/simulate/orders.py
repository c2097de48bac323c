"""The orders of one block of customers: who ordered what when, and how the delivery went.

Arrays run in parallel, one element an order. An instant of 0 means that it did not happen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.simulate import parameters as p
from pipelines.simulate.plan import DAY, END, HOUR, WARM_UP, Calendar, hours_of_day


@dataclass(frozen=True)
class Customers:
    """Customers of one block: their program, and whether they pay in Canadian dollars."""

    program: np.ndarray
    pays_cad: np.ndarray

    def __len__(self) -> int:
        return len(self.program)


@dataclass(frozen=True)
class Orders:
    """Orders of one block."""

    customer: np.ndarray
    program: np.ndarray
    ordered_at: np.ndarray
    cents: np.ndarray
    pays_cad: np.ndarray
    promised_at: np.ndarray
    delivered_at: np.ndarray
    cancelled_at: np.ndarray
    node: np.ndarray
    is_late: np.ndarray
    is_sale: np.ndarray

    def __len__(self) -> int:
        return len(self.customer)

    @property
    def value(self) -> np.ndarray:
        """Value in the program's currency, at the model's usual rate."""
        return self.cents / 100 * np.where(self.pays_cad, p.CAD_RATE, 1.0)

    def and_also(self, other: Orders) -> Orders:
        """These orders followed by others."""
        return Orders(
            **{
                name: np.concatenate([getattr(self, name), getattr(other, name)])
                for name in self.__dataclass_fields__
            }
        )


def first_orders(
    calendar: Calendar, random: np.random.Generator, *, everyday: int, sale: int
) -> tuple[Customers, Orders]:
    """Customers and the orders they place of their own accord, the flash sale's among them."""
    size = max(1, round(everyday / 1.25))
    program = (random.random(size) >= p.PROGRAMS[0].share).astype(np.int64)
    new = round(sale * 0.65)
    program = np.concatenate([program, np.full(new, p.SALE_PROGRAM)])
    pays_cad = (program == p.CAD_PROGRAM) & (random.random(len(program)) < p.CAD_SHARE)
    customers = Customers(program, pays_cad)

    usual = np.concatenate(
        [np.arange(min(size, everyday)), random.integers(0, size, max(0, everyday - size))]
    )
    of_program = np.flatnonzero(program[:size] == p.SALE_PROGRAM)
    if not len(of_program):
        of_program = np.arange(size, size + new)
    again = (
        of_program[random.integers(0, max(1, len(of_program)), sale - new)] if sale else np.zeros(0, np.int64)
    )
    buyers = np.concatenate([usual, np.arange(size, size + new), again])
    is_sale = np.arange(len(buyers)) >= len(usual)
    buyer_program = program[buyers]

    day = np.empty(len(buyers), dtype=np.int64)
    for code in range(len(p.PROGRAMS)):
        rows = np.flatnonzero(buyer_program == code)
        day[rows] = draw_days(calendar.order_weights[code], random, len(rows))
    ordered_at = calendar.instants(buyer_program, day, hours_of_day(random, len(buyers), live=False))
    start = calendar.midnight[p.SALE_PROGRAM, WARM_UP + calendar.plan.sale_day] + p.SALE_HOUR * HOUR
    rush = start + (random.beta(1.1, 1.8, len(buyers)) * p.SALE_HOURS * HOUR).astype(np.int64)
    ordered_at = np.where(is_sale, rush, ordered_at)
    return customers, deliver(calendar, random, customers, buyers, ordered_at, is_sale)


def draw_days(weights: np.ndarray, random: np.random.Generator, size: int) -> np.ndarray:
    """Days of history drawn by their weights."""
    cumulated = np.cumsum(weights)
    return np.searchsorted(cumulated / cumulated[-1], random.random(size), side="right") - WARM_UP


def deliver(
    calendar: Calendar,
    random: np.random.Generator,
    customers: Customers,
    customer: np.ndarray,
    ordered_at: np.ndarray,
    is_sale: np.ndarray,
) -> Orders:
    """Orders with their amounts, promises, deliveries and cancellations; those after the end are left out."""
    keep = ordered_at <= END
    customer, ordered_at, is_sale = customer[keep], ordered_at[keep], is_sale[keep]
    size = len(customer)
    program = customers.program[customer]
    typical = np.where(is_sale, 48.0, np.array([68.0, 82.0])[program])
    cents = np.clip(typical * np.exp(random.normal(0, 0.75, size)) * 100, 600, 240_000).astype(np.int64)
    cents = np.where(random.random(size) < 0.6, cents // 100 * 100 + 99, cents)
    pays_cad = customers.pays_cad[customer]
    promised_days = random.integers(3, 7, size) + np.where(is_sale, random.integers(0, 4, size), 0)
    promised_at = (ordered_at // DAY + promised_days) * DAY + 23 * HOUR
    late_share = np.where(is_sale, p.LATE_SHARE_SALE, p.LATE_SHARE)
    for event in p.EVENTS:
        if event.late and calendar.has_event(event):
            start = calendar.event_start(event)
            moving = (ordered_at < start + event.hours * HOUR) & (ordered_at > start - 4 * DAY)
            late_share = np.where((program == event.program) & moving & ~is_sale, event.late, late_share)
    is_late = random.random(size) < late_share
    early = (random.random(size) * 0.55 * promised_days * DAY).astype(np.int64)
    behind = (random.exponential(1.6, size) * np.where(is_sale, 3.0, 1.0) * DAY).astype(np.int64) + 9 * HOUR
    delivered_at = np.where(is_late, promised_at + behind, promised_at - early - 2 * HOUR)
    delivered_at = np.maximum(delivered_at, ordered_at + 8 * HOUR)
    cancelled = random.random(size) < np.where(is_late, 2.0, 1.0) * p.CANCELLED_SHARE
    cancelled_at = ordered_at + ((delivered_at - ordered_at) * (0.03 + 0.5 * random.random(size))).astype(
        np.int64
    )
    node = np.searchsorted(np.cumsum([0.48, 0.36, 0.06]), random.random(size), side="right")
    return Orders(
        customer=customer,
        program=program,
        ordered_at=ordered_at,
        cents=cents,
        pays_cad=pays_cad,
        promised_at=promised_at,
        delivered_at=np.where(cancelled, 0, delivered_at),
        cancelled_at=np.where(cancelled, cancelled_at, 0),
        node=np.where(pays_cad, 2, node),
        is_late=is_late & ~cancelled,
        is_sale=is_sale,
    )
