"""Problems from their first contact to their last: who gives up tries again, what is unsolved comes back."""

from __future__ import annotations

import numpy as np

from pipelines.simulate import parameters as p
from pipelines.simulate.demand import CODE, Wishes
from pipelines.simulate.handling import EMAIL, Desk, Handled
from pipelines.simulate.orders import Orders
from pipelines.simulate.plan import DAY, END, HOUR, Calendar

LONGEST_CHAIN = 7


def live_through(random: np.random.Generator, desk: Desk, wishes: Wishes, orders: Orders) -> list[Handled]:
    """All contacts of these problems, generation by generation."""
    start = int(desk.calendar.midnight[:, desk.calendar.days - desk.calendar.plan.days].min())
    wishes = wishes.take((wishes.opened_at >= start) & (wishes.opened_at <= END))
    generations: list[Handled] = []
    for _ in range(LONGEST_CHAIN):
        if not len(wishes):
            break
        order = np.maximum(wishes.order, 0)
        handled = desk.handle(random, wishes, orders.value[order], orders.is_late[order])
        generations.append(handled)
        wishes = _next_wishes(random, desk.calendar, handled)
    return generations


def _next_wishes(random: np.random.Generator, calendar: Calendar, handled: Handled) -> Wishes:
    """Contacts that follow: soon after giving up, within days of an unsolved one."""
    size = len(handled)
    before = handled.wishes
    luck = random.random(size)
    retries = handled.abandoned & (luck < p.RETRIES_AFTER_ABANDONING)
    closed = handled.closed_at > 0
    back = np.where(handled.solved, p.COMES_BACK_BY_CHANCE, p.COMES_BACK)
    returns = ~handled.abandoned & closed & (luck < back)
    gap = np.where(
        retries,
        180 + (random.exponential(50.0, size) * 60).astype(np.int64),
        HOUR
        + (np.minimum(random.exponential(1.7, size), 6.5 * random.random(size) + 0.3) * DAY).astype(np.int64),
    )
    opened = np.where(retries, before.opened_at, handled.closed_at) + gap
    another = ~retries & before.shows_order & (random.random(size) < 0.1)
    other_issue = np.where(random.random(size) < 0.6, CODE["refund"], CODE["complaint"])
    channel = np.where(random.random(size) < 0.55, before.channel, _channels(random, size))
    rows = np.flatnonzero((retries | returns) & (opened <= END))
    program, opened, channel = before.program[rows], opened[rows], channel[rows]
    midnight = calendar.instants(program, calendar.local_day(program, opened), np.zeros(len(rows), np.int64))
    hour = (opened - midnight) // HOUR
    closed_queue = (channel < p.LIVE_CHANNELS) & ((hour < 7) | (hour >= 22))
    return Wishes(
        chain=before.chain[rows],
        program=program,
        customer=before.customer[rows],
        order=before.order[rows],
        shows_order=before.shows_order[rows],
        issue=np.where(another, other_issue, before.issue)[rows],
        channel=np.where(closed_queue, EMAIL, channel),
        opened_at=opened,
        attempts=(before.attempts + ~handled.abandoned)[rows],
        refunded=(before.refunded | handled.gives_refund)[rows],
    )


def _channels(random: np.random.Generator, size: int) -> np.ndarray:
    edges = np.cumsum(p.CHANNEL_WEIGHTS) / sum(p.CHANNEL_WEIGHTS)
    return np.searchsorted(edges, random.random(size), side="right").astype(np.int64)


def trim(random: np.random.Generator, contacts: Handled, wanted: int) -> Handled:
    """Exactly as many contacts as wanted where there are enough: whole problems, drawn by lot.

    The few that no whole problem fits are filled with problems of one contact, so no problem is cut.
    """
    if len(contacts) <= wanted:
        return contacts
    sizes = np.bincount(contacts.wishes.chain)
    lot = random.permutation(len(sizes))
    total = np.cumsum(sizes[lot])
    cut = int(np.searchsorted(total, wanted, side="right"))
    missing = wanted - (int(total[cut - 1]) if cut else 0)
    rest = lot[cut:]
    kept = np.concatenate([lot[:cut], rest[sizes[rest] == 1][:missing]])
    is_kept = np.zeros(len(sizes), dtype=bool)
    is_kept[kept] = True
    return contacts.take(is_kept[contacts.wishes.chain])


def joined(generations: list[Handled]) -> Handled:
    """All generations in one."""
    wishes = Wishes(
        **{
            name: np.concatenate([getattr(part.wishes, name) for part in generations])
            for name in Wishes.__dataclass_fields__
        }
    )
    rest = {
        name: np.concatenate([getattr(part, name) for part in generations])
        for name in Handled.__dataclass_fields__
        if name != "wishes"
    }
    return Handled(wishes=wishes, **rest)
