"""Why customers get in touch: the first contacts of a block, and the messages sent out in events."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.simulate import parameters as p
from pipelines.simulate.orders import Customers, Orders, draw_days
from pipelines.simulate.plan import DAY, END, HOUR, Calendar, hours_of_day

CODE = {issue: code for code, issue in enumerate(p.ISSUES)}


@dataclass(frozen=True)
class Wishes:
    """Customers about to get in touch, one element each.

    Attributes:
        chain: Number of the problem; its follow-up contacts share it.
        customer: Customer, -1 where unknown to the desk.
        order: Order the problem is about, -1 for none.
        shows_order: Whether the contact will name the order.
        attempts: Contacts that an agent handled before about this problem.
        refunded: Whether the money already went back.
    """

    chain: np.ndarray
    program: np.ndarray
    customer: np.ndarray
    order: np.ndarray
    shows_order: np.ndarray
    issue: np.ndarray
    channel: np.ndarray
    opened_at: np.ndarray
    attempts: np.ndarray
    refunded: np.ndarray

    def __len__(self) -> int:
        return len(self.chain)

    def take(self, rows: np.ndarray) -> Wishes:
        """Some of them, by mask or position."""
        return Wishes(**{name: getattr(self, name)[rows] for name in self.__dataclass_fields__})


def first_wishes(
    calendar: Calendar,
    random: np.random.Generator,
    customers: Customers,
    orders: Orders,
    informed: np.ndarray,
    size: int,
) -> Wishes:
    """About `size` problems, three quarters of them about an order; a few fall outside the history.

    Args:
        informed: For each order, whether its customer was told about a delay in time.
    """
    about_orders = min(round(size * p.WITH_ORDER), round(len(orders) * 0.85))
    order, issue_of_order, about_at = _about_orders(random, orders, informed, about_orders)
    others = size - about_orders
    customer = random.integers(0, len(customers), others)
    no_order = np.array([p.ISSUE[issue].no_order for issue in p.ISSUES])
    issue = np.concatenate([issue_of_order, _draw(random, no_order, others)])
    program = np.concatenate([orders.program[order], customers.program[customer]])
    channel = _draw(random, np.array(p.CHANNEL_WEIGHTS), size)
    day = np.empty(size, dtype=np.int64)
    day[:about_orders] = calendar.local_day(program[:about_orders], about_at)
    for code in range(len(p.PROGRAMS)):
        rows = about_orders + np.flatnonzero(customers.program[customer] == code)
        day[rows] = draw_days(calendar.contact_weights[code], random, len(rows))
    day[:about_orders] = _off_the_weekend(calendar, random, day[:about_orders])
    live = channel < p.LIVE_CHANNELS
    second = np.where(live, hours_of_day(random, size, live=True), hours_of_day(random, size, live=False))
    opened_at = calendar.instants(program, day, second)
    too_early = opened_at[:about_orders] < orders.ordered_at[order] + 600
    opened_at[:about_orders] += too_early * DAY
    unknown = np.concatenate(
        [np.zeros(about_orders, bool), random.random(others) < p.CUSTOMER_UNKNOWN / 0.24]
    )
    return Wishes(
        chain=np.arange(size),
        program=program,
        customer=np.where(unknown, -1, np.concatenate([orders.customer[order], customer])),
        order=np.concatenate([order, np.full(others, -1)]),
        shows_order=np.concatenate([random.random(about_orders) >= p.ORDER_LEFT_OUT, np.zeros(others, bool)]),
        issue=issue,
        channel=channel,
        opened_at=opened_at,
        attempts=np.zeros(size, np.int64),
        refunded=np.zeros(size, bool),
    )


def _about_orders(
    random: np.random.Generator, orders: Orders, informed: np.ndarray, size: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Orders that lead to a contact, the issue, and about when.

    Orders are drawn without replacement in proportion to their weights (smallest exponential over weight).
    """
    weight = np.where(orders.is_late, p.LATE_WEIGHT, 1.0) * np.where(informed, p.INFORMED_WEIGHT, 1.0)
    cancelled = orders.cancelled_at > 0
    weight = np.where(cancelled, p.CANCELLED_WEIGHT, weight) * np.where(orders.is_sale, p.SALE_WEIGHT, 1.0)
    race = random.exponential(1.0, len(orders)) / weight
    order = np.sort(np.argpartition(race, min(size, len(orders) - 1))[:size])
    late, gone = orders.is_late[order], cancelled[order]
    on_time_weights = np.array([p.ISSUE[issue].on_time for issue in p.ISSUES])
    late_weights = np.array([p.ISSUE[issue].late for issue in p.ISSUES])
    gone_weights = np.zeros(len(p.ISSUES))
    gone_weights[[CODE["cancellation"], CODE["refund"], CODE["payment"]]] = [0.65, 0.25, 0.10]
    issue = np.where(
        gone,
        _draw(random, gone_weights, size),
        np.where(late, _draw(random, late_weights, size), _draw(random, on_time_weights, size)),
    )
    ordered, promised = orders.ordered_at[order], orders.promised_at[order]
    arrived = np.where(gone, orders.cancelled_at[order], orders.delivered_at[order])
    after_days = np.array([AFTER_ARRIVAL_DAYS.get(issue, 0.0) for issue in p.ISSUES])[issue]
    wait = random.exponential(1.0, size)
    at = arrived + 2 * HOUR + (wait * after_days * DAY).astype(np.int64)
    soon = np.isin(issue, [CODE["payment"], CODE["promo"], CODE["cancellation"]]) & ~gone & ~late
    at = np.where(soon, ordered + HOUR + (wait * 0.6 * DAY).astype(np.int64), at)
    asking = (issue == CODE["wismo"]) & ~late
    at = np.where(
        asking, ordered + ((0.4 + 0.6 * random.random(size)) * (arrived - ordered)).astype(np.int64), at
    )
    overdue = late & ~gone & (after_days < 5)
    at = np.where(overdue, promised + 8 * HOUR + (wait * 0.9 * DAY).astype(np.int64), at)
    between = promised + ((arrived - promised) * random.random(size)).astype(np.int64)
    at = np.where(overdue & (issue == CODE["wismo"]) & (at > arrived), between, at)
    return order, issue, at


# Mean days after arrival at which a contact comes, for issues that need the goods in hand.
AFTER_ARRIVAL_DAYS = {
    "refund": 6.0,
    "return": 7.0,
    "exchange": 6.0,
    "damaged": 1.3,
    "missing_item": 1.2,
    "product": 12.0,
    "warranty": 30.0,
    "complaint": 3.0,
    "cancellation": 1.0,
    "payment": 1.5,
}


def _draw(random: np.random.Generator, weights: np.ndarray, size: int) -> np.ndarray:
    cumulated = np.cumsum(weights)
    return np.searchsorted(cumulated / cumulated[-1], random.random(size), side="right").astype(np.int64)


def _off_the_weekend(calendar: Calendar, random: np.random.Generator, day: np.ndarray) -> np.ndarray:
    """Some weekend contacts wait for Monday."""
    weekday = calendar.weekday[
        np.clip(day + len(calendar.weekday) - calendar.plan.days, 0, calendar.days - 1)
    ]
    waits = (weekday >= 5) & (random.random(len(day)) < 0.4)
    return day + np.where(waits, 7 - weekday, 0)


@dataclass(frozen=True)
class Messages:
    """Messages sent out to customers about an event."""

    program: np.ndarray
    customer: np.ndarray
    order: np.ndarray
    issue: np.ndarray
    channel: np.ndarray
    sent_at: np.ndarray

    def __len__(self) -> int:
        return len(self.program)


def event_messages(
    calendar: Calendar, random: np.random.Generator, orders: Orders, limit: int
) -> tuple[Messages, np.ndarray]:
    """Messages to customers with open orders; for each order whether its customer heard within two hours."""
    informed = np.zeros(len(orders), dtype=bool)
    parts: list[tuple[np.ndarray, ...]] = []
    for event in p.EVENTS:
        if not event.informed or not calendar.has_event(event):
            continue
        start = calendar.event_start(event)
        is_open = _open_at(orders, event.program, start)
        rows = np.flatnonzero(is_open)
        customer, first = np.unique(orders.customer[rows], return_index=True)
        luck = random.random(len(customer))
        told = luck < event.informed
        later = ~told & (luck < event.informed + event.informed_later)
        delay = np.where(
            told,
            240 + random.random(len(customer)) * 6_900,
            7_300 + random.exponential(6, len(customer)) * HOUR,
        ).astype(np.int64)
        chosen = told | later
        about = CODE["payment"] if event.kind == "payment_failure" else CODE["wismo"]
        parts.append(
            (customer[chosen], rows[first][chosen], np.full(chosen.sum(), about), start + delay[chosen])
        )
        informed |= is_open & np.isin(orders.customer, customer[told])
    if not parts:
        parts = [tuple(np.zeros(0, dtype=np.int64) for _ in range(4))]
    customer, order, issue, sent_at = (np.concatenate(column) for column in zip(*parts, strict=True))
    keep = np.flatnonzero(sent_at <= END)
    if len(keep) > limit:
        keep = np.sort(random.permutation(keep)[:limit])
    channel = np.array(
        [CHANNEL_OUT[code] for code in random.integers(0, len(CHANNEL_OUT), len(keep))], dtype=np.int64
    )
    messages = Messages(
        program=orders.program[order[keep]],
        customer=customer[keep],
        order=order[keep],
        issue=issue[keep],
        channel=channel,
        sent_at=sent_at[keep],
    )
    return messages, informed


def informed_counts(calendar: Calendar, orders: Orders, messages: Messages) -> np.ndarray:
    """Event x (customers with an open order at its start, those of them told within two hours)."""
    found = np.zeros((len(p.EVENTS), 2), dtype=np.int64)
    for number, event in enumerate(p.EVENTS):
        if calendar.has_event(event):
            start = calendar.event_start(event)
            waiting = np.unique(orders.customer[_open_at(orders, event.program, start)])
            in_time = (messages.sent_at >= start) & (messages.sent_at <= start + 2 * HOUR)
            told = messages.customer[in_time & (messages.program == event.program)]
            found[number] = len(waiting), np.isin(waiting, told).sum()
    return found


def _open_at(orders: Orders, program: int, instant: int) -> np.ndarray:
    done = np.where(orders.cancelled_at > 0, orders.cancelled_at, orders.delivered_at)
    return (orders.program == program) & (orders.ordered_at <= instant) & (done > instant)


CHANNEL_OUT = [p.CHANNELS.index(channel) for channel in ("email", "email", "sms", "push", "app")]
