"""One block of customers from their first order to the last review; blocks know nothing of each other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from pipelines.simulate import frames
from pipelines.simulate import parameters as p
from pipelines.simulate.chains import joined, live_through, trim
from pipelines.simulate.demand import event_messages, first_wishes, informed_counts
from pipelines.simulate.handling import Desk, Handled
from pipelines.simulate.money import new_orders, outcomes
from pipelines.simulate.orders import Orders, deliver, first_orders
from pipelines.simulate.plan import WARM_UP, Calendar, Plan
from pipelines.simulate.reviews import review
from pipelines.simulate.world import Agents, Graders

# First contacts simulated for each contact wanted: with their follow-ups they overshoot, then whole
# problems are left out by lot until the number is exact.
FIRST_A_CONTACT = 0.93
REORDERS_A_CONTACT = 0.19


@dataclass(frozen=True)
class World:
    """What all blocks share."""

    plan: Plan
    calendar: Calendar
    agents: Agents
    graders: Graders
    desk: Desk


@dataclass(frozen=True)
class Block:
    """Rows of the four large tables, and what the truth needs of them.

    Attributes:
        informed: Event x (customers with an open order, those told within two hours).
    """

    rows: dict[str, pl.DataFrame]
    contacts: Handled
    orders: Orders
    informed: np.ndarray


def simulate_block(world: World, block: int, random: np.random.Generator) -> Block:
    """A block of customers; the same seed gives the same rows."""
    plan, calendar = world.plan, world.calendar
    wanted = plan.share_of(plan.contacts, block)
    sale = plan.share_of(plan.sale_orders, block)
    total = plan.share_of(plan.orders, block)
    again = round(REORDERS_A_CONTACT * wanted)
    everyday = max(round(0.15 * total), round((total - sale - again) * (1 + WARM_UP / plan.days)))
    customers, orders = first_orders(calendar, random, everyday=everyday, sale=sale)
    messages, informed = event_messages(calendar, random, orders, limit=wanted // 5)
    inbound = wanted - len(messages)
    wishes = first_wishes(
        calendar, random, customers, orders, informed, round(inbound * FIRST_A_CONTACT) + 60
    )
    contacts = trim(random, joined(live_through(random, world.desk, wishes, orders)), inbound)
    customer, ordered_at = new_orders(random, contacts)
    more = deliver(calendar, random, customers, customer, ordered_at, np.zeros(len(customer), bool))
    orders = orders.and_also(more)
    happened = outcomes(random, contacts, orders)
    reviews = review(
        random, calendar, contacts, world.agents, world.graders, plan.share_of(plan.reviews, block)
    )
    order_number = frames.order_numbers(orders, block)
    contact_rows, contact_number = frames.contact_rows(contacts, messages, order_number, world.agents, block)
    return Block(
        rows={
            "orders": frames.order_rows(orders, order_number, block),
            "contacts": contact_rows,
            "order_outcomes": frames.outcome_rows(happened, orders, order_number, block),
            "qa_ratings": frames.rating_rows(reviews, contact_number, world.graders, block),
        },
        contacts=contacts,
        orders=orders,
        informed=informed_counts(calendar, orders, messages),
    )


def make_generators(seed: int, blocks: int) -> list[np.random.Generator]:
    """One generator for the world and one a block, independent of each other."""
    children = np.random.SeedSequence(seed).spawn(blocks + 1)
    return [np.random.Generator(np.random.PCG64(child)) for child in children]


def events_of(calendar: Calendar) -> list[p.EventModel]:
    """Events that lie within the history."""
    return [event for event in p.EVENTS if calendar.has_event(event)]
