"""What became of the money and the customers: refunds, concessions, claw-backs, chargebacks, new orders."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.simulate import parameters as p
from pipelines.simulate.answers import ISSUE_CODES, RESOLUTION
from pipelines.simulate.handling import Handled
from pipelines.simulate.orders import Orders
from pipelines.simulate.plan import DAY, END, HOUR

KIND = {word: code for code, word in enumerate(p.OUTCOMES)}
REASONS = [*p.ISSUES, "self_service", "late_refund", "bank_dispute"]
# Cost of a concession as a share of the order's value; an exchange costs its shipping.
CONCESSION_SHARE = {
    "exchange": 0.08,
    "replacement": 0.55,
    "store_credit": 0.15,
    "discount": 0.12,
    "reship": 0.25,
}


@dataclass(frozen=True)
class Outcomes:
    """What happened to orders, one element each; cents of -1 are an empty amount."""

    order: np.ndarray
    kind: np.ndarray
    cents: np.ndarray
    occurred_at: np.ndarray
    reason: np.ndarray

    def __len__(self) -> int:
        return len(self.order)


def outcomes(random: np.random.Generator, contacts: Handled, orders: Orders) -> Outcomes:
    """All outcomes up to the end."""
    parts = [
        *_refunds(random, contacts, orders),
        _concessions(random, contacts, orders),
        *_later(random, contacts, orders),
        *_without_contact(random, contacts, orders),
    ]
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    keep = columns[3] <= END
    return Outcomes(*(column[keep] for column in columns))


Part = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]


def _part(order: np.ndarray, kind: str, cents: np.ndarray, at: np.ndarray, reason: np.ndarray | int) -> Part:
    size = len(order)
    return (
        order,
        np.full(size, KIND[kind]),
        cents.astype(np.int64),
        at.astype(np.int64),
        np.broadcast_to(np.asarray(reason), (size,)),
    )


def _refunds(random: np.random.Generator, contacts: Handled, orders: Orders) -> list[Part]:
    rows = np.flatnonzero(contacts.gives_refund)
    order, issue = contacts.wishes.order[rows], contacts.wishes.issue[rows]
    full = contacts.resolution[rows] == RESOLUTION["refund"]
    share = np.where(full, 1.0, 0.25 + 0.4 * random.random(len(rows)))
    at = contacts.closed_at[rows] + HOUR + np.minimum(random.exponential(1.4, len(rows)), 14) * DAY
    back = issue == ISSUE_CODES["return"]
    empty = np.full(int(back.sum()), -1)
    return [
        _part(order, "refund", np.round(orders.cents[order] * share), at, issue),
        _part(order[back], "return", empty, at[back] + 2 * DAY, issue[back]),
    ]


def _concessions(random: np.random.Generator, contacts: Handled, orders: Orders) -> Part:
    codes = np.array([RESOLUTION[word] for word in CONCESSION_SHARE])
    rows = np.flatnonzero((contacts.wishes.order >= 0) & np.isin(contacts.resolution, codes))
    which = np.argmax(contacts.resolution[rows][:, None] == codes[None, :], axis=1)
    share = np.array(list(CONCESSION_SHARE.values()))[which] * (0.8 + 0.4 * random.random(len(rows)))
    order = contacts.wishes.order[rows]
    at = contacts.closed_at[rows] + HOUR // 2 + random.exponential(0.7, len(rows)) * DAY
    kind = np.array([KIND[word] for word in CONCESSION_SHARE])[which]
    cents = np.round(orders.cents[order] * share).astype(np.int64)
    return order, kind, cents, at.astype(np.int64), contacts.wishes.issue[rows]


def _later(random: np.random.Generator, contacts: Handled, orders: Orders) -> list[Part]:
    """Claw-backs after the window and disputes at the bank, on orders whose money was asked for and kept."""
    chains = int(contacts.wishes.chain.max(initial=-1)) + 1
    refunded = np.zeros(chains, dtype=bool)
    np.logical_or.at(refunded, contacts.wishes.chain[contacts.gives_refund], True)
    asked = np.flatnonzero(contacts.can_refund)
    chain, first = np.unique(contacts.wishes.chain[asked], return_index=True)
    rows = asked[first][~refunded[chain]]
    luck, size = random.random(len(rows)), len(rows)
    order = contacts.wishes.order[rows]
    opened = contacts.wishes.opened_at[rows]
    claw = luck < p.CLAW_BACK
    after = opened + (31 + 50 * random.random(size)) * DAY
    dispute = luck > 1 - np.where(contacts.solved[rows], p.CHARGEBACK_SOLVED, p.CHARGEBACK_UNSOLVED)
    disputed_at = opened + (8 + random.exponential(25.0, size)) * DAY
    cents = orders.cents[order]
    return [
        _part(order[claw], "refund", cents[claw], after[claw], REASONS.index("late_refund")),
        _part(
            order[dispute], "chargeback", cents[dispute], disputed_at[dispute], REASONS.index("bank_dispute")
        ),
    ]


def _without_contact(random: np.random.Generator, contacts: Handled, orders: Orders) -> list[Part]:
    """Returns through the web shop, and a few disputes nobody was told about."""
    spoke = np.zeros(len(orders), dtype=bool)
    spoke[contacts.wishes.order[contacts.wishes.order >= 0]] = True
    luck = random.random(len(orders))
    back = np.flatnonzero(~spoke & (orders.delivered_at > 0) & (luck < p.SELF_SERVICE_RETURN))
    sent_at = orders.delivered_at[back] + (2 + random.exponential(7.0, len(back))) * DAY
    refunded_at = sent_at + (3 + 4 * random.random(len(back))) * DAY
    quiet = np.flatnonzero(~spoke & (luck > 1 - p.CHARGEBACK_QUIET))
    disputed_at = orders.ordered_at[quiet] + (15 + random.exponential(25.0, len(quiet))) * DAY
    web = REASONS.index("self_service")
    return [
        _part(back, "return", np.full(len(back), -1), sent_at, web),
        _part(back, "refund", orders.cents[back], refunded_at, web),
        _part(quiet, "chargeback", orders.cents[quiet], disputed_at, REASONS.index("bank_dispute")),
    ]


def new_orders(random: np.random.Generator, contacts: Handled) -> tuple[np.ndarray, np.ndarray]:
    """Customers who order again after their problem, and when: a good ending brings more of them back."""
    known = np.flatnonzero((contacts.wishes.customer >= 0) & ~contacts.abandoned & (contacts.closed_at > 0))
    by_time = known[np.lexsort((contacts.wishes.opened_at[known], contacts.wishes.chain[known]))]
    chain = contacts.wishes.chain[by_time]
    is_last = np.append(chain[1:] != chain[:-1], True) if len(chain) else np.zeros(0, bool)
    last = by_time[is_last]
    at_once = contacts.wishes.attempts[last] == 0
    share = np.where(at_once, p.REORDERS_SOLVED, p.REORDERS_SOLVED_LATE)
    share = np.where(contacts.solved[last], share, p.REORDERS_UNSOLVED)
    comes = last[random.random(len(last)) < share]
    days = 1 + random.exponential(p.REORDER_MEAN_DAYS, len(comes))
    return contacts.wishes.customer[comes], contacts.wishes.opened_at[comes] + (days * DAY).astype(np.int64)
