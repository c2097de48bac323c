"""What the contract says of single contacts, stakes and reviews: repeats, threads, windows, money, scores."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from fractions import Fraction

from tests.referee.reading import Data, Row, scale_of

FCR_WINDOW = timedelta(hours=7 * 24)  # FP 3: a day in a window is 24 hours of elapsed time
REFUND_WINDOW = timedelta(hours=30 * 24)
CHARGEBACK_WINDOW = timedelta(hours=120 * 24)
PURCHASE_WINDOW = timedelta(hours=90 * 24)
INFORMED_WINDOW = timedelta(hours=2)
ABANDONMENT_SECONDS = 5
SERVICE_LEVEL_SECONDS = {"voice": 20, "chat": 60}
VALUE_BANDS = (25, 50, 100, 250)
TAKES_BACK = ("refund", "chargeback")
CONCESSIONS = ("store_credit", "discount", "replacement", "reship", "exchange")


@dataclass(frozen=True)
class Stake:
    """An order whose money was at risk when a contact about it was handled."""

    contact: Row
    order: Row
    at_stake: Decimal
    refunded: Decimal
    concessions: Decimal
    is_mature: bool
    is_avoided: bool
    is_healthy_mature: bool
    is_healthy: bool


class Facts:
    """Answers about the contacts of one workspace, each found by looking at every other row."""

    def __init__(self, data: Data) -> None:
        self.data = data
        self.as_of = data.as_of
        self.contacts = sorted(data.contacts.values(), key=lambda row: (row["opened_at"], row["contact_id"]))
        self.repeats_of: dict[str, list[Row]] = {}  # contact -> the earlier contacts that it repeats
        self.repeated_by: dict[str, list[Row]] = {row["contact_id"]: [] for row in self.contacts}
        for later in self.contacts:
            earlier_ones = [earlier for earlier in self.contacts if repeats(later, earlier)]
            self.repeats_of[later["contact_id"]] = earlier_ones
            for earlier in earlier_ones:
                self.repeated_by[earlier["contact_id"]].append(later)
        self.stakes = [stake for row in self.contacts if (stake := self._stake(row))]
        self.reviews = self._reviews()

    # ---- first contacts, repeats, threads

    def is_repeat(self, contact: Row) -> bool:
        """Whether it repeats at least one earlier contact."""
        return bool(self.repeats_of[contact["contact_id"]])

    def is_first_contact(self, contact: Row) -> bool:
        """Inbound, handled, closed, customer known, not itself a repeat."""
        return is_eligible(contact) and not self.is_repeat(contact)

    def first_repeat(self, contact: Row) -> Row | None:
        """The earliest contact that repeats it, then the smallest contact_id (FP 18)."""
        return next(iter(self.repeated_by[contact["contact_id"]]), None)  # self.contacts is in that order

    def fcr_is_mature(self, contact: Row) -> bool:
        """Whether the window after its closing is over, the last instant included."""
        return contact["closed_at"] + FCR_WINDOW <= self.as_of

    def fcr_state(self, contact: Row) -> str | None:
        """resolved, repeated, unresolved or pending; None where it is no first contact (FP 18)."""
        if not self.is_first_contact(contact):
            return None
        if not self.fcr_is_mature(contact):
            return "pending"  # even if it failed already
        if self.first_repeat(contact):
            return "repeated"
        if (contact.get("reopens") or 0) > 0 or contact.get("resolution") == "unresolved":
            return "unresolved"
        return "resolved"

    def thread(self, contact: Row) -> str | None:
        """The first contact of its thread; None where it is neither a first contact nor a repeat (FP 18)."""
        if self.is_first_contact(contact):
            return str(contact["contact_id"])
        earlier_ones = self.repeats_of[contact["contact_id"]]
        if not earlier_ones:
            return None
        newest = max(row["opened_at"] for row in earlier_ones)
        chosen = min(
            (row for row in earlier_ones if row["opened_at"] == newest), key=lambda row: row["contact_id"]
        )
        return self.thread(chosen)

    def rests_on_other(self, contact: Row) -> bool:
        """Whether a repeat shares only the issue `other` with every contact that it repeats (FP 24)."""
        return all(
            contact["issue"] == "other" and not shares_order(contact, earlier)
            for earlier in self.repeats_of[contact["contact_id"]]
        )

    # ---- orders and money

    def order_of(self, contact: Row) -> Row | None:
        """The contact's order where it is known and of the contact's program (FP 24)."""
        order = self.data.orders.get(contact.get("order_id"))
        return order if order and order["program_id"] == contact["program_id"] else None

    def outcomes_of(self, order: Row, kinds: tuple[str, ...]) -> list[Row]:
        """Outcomes of the order of these kinds."""
        return [
            row
            for row in self.data.outcomes.values()
            if row["order_id"] == order["order_id"] and row["kind"] in kinds
        ]

    def value_band(self, contact: Row) -> int | None:
        """Band of its order's value, an edge in the upper one; None is the band of no order (FP 15)."""
        order = self.order_of(contact)
        return None if order is None else sum(order["value"] >= edge for edge in VALUE_BANDS)

    def asks(self, contact: Row) -> Row | None:
        """The order on which this inbound handled contact asks for a refund; None where it does not."""
        if not is_handled(contact) or contact.get("customer_id") is None:
            return None
        wanted = contact.get("refund_requested")
        if not (contact["issue"] in ("refund", "return") if wanted is None else wanted):
            return None
        order = self.order_of(contact)
        return order if order and order["customer_id"] == contact["customer_id"] else None

    def _stake(self, contact: Row) -> Stake | None:
        order = self.asks(contact)
        if order is None:
            return None
        opened = contact["opened_at"]
        for other in self.contacts:
            if other is contact or self.asks(other) is not order:
                continue
            # FP 10: a stake or not; exactly 30 x 24 h before counts as before; one of an instant counts
            if opened - REFUND_WINDOW <= other["opened_at"] < opened:
                return None
            if other["opened_at"] == opened and other["contact_id"] < contact["contact_id"]:
                return None
        taken = self.outcomes_of(order, TAKES_BACK)
        at_stake = order["value"] - sum(row["value"] for row in taken if row["occurred_at"] <= opened)
        if at_stake <= 0:
            return None
        in_window = [row for row in taken if opened < row["occurred_at"] <= opened + REFUND_WINDOW]
        refunded = min(sum((row["value"] for row in in_window), Decimal(0)), at_stake)
        concessions = sum(
            (
                row["value"]
                for row in self.outcomes_of(order, CONCESSIONS)
                if opened < row["occurred_at"] <= opened + REFUND_WINDOW
            ),
            Decimal(0),
        )
        is_mature = opened + REFUND_WINDOW <= self.as_of
        # FP 10: a stake never closed stays pending
        is_healthy_mature = (
            is_mature
            and opened + CHARGEBACK_WINDOW <= self.as_of
            and contact.get("closed_at") is not None
            and self.fcr_is_mature(contact)
        )
        unhappy = contact.get("csat_score") is not None and normalised(contact) <= 2
        return Stake(
            contact=contact,
            order=order,
            at_stake=at_stake,
            refunded=refunded,
            concessions=concessions,
            is_mature=is_mature,
            is_avoided=refunded == 0,
            is_healthy_mature=is_healthy_mature,
            is_healthy=(
                refunded == 0
                and not self.repeated_by[contact["contact_id"]]
                and not self.charged_back(order, contact)
                and not unhappy
            ),
        )

    def charged_back(self, order: Row, contact: Row) -> bool:
        """Whether the order sees a chargeback in the 120 x 24 h after the contact's opening."""
        opened = contact["opened_at"]
        return any(
            opened < row["occurred_at"] <= opened + CHARGEBACK_WINDOW
            for row in self.outcomes_of(order, ("chargeback",))
        )

    def orders_again(self, contact: Row) -> bool:
        """Whether the customer orders in the same program in the 90 x 24 h after the opening (FP 12)."""
        opened = contact["opened_at"]
        return any(
            row["program_id"] == contact["program_id"]
            and row["customer_id"] == contact["customer_id"]
            and opened < row["ordered_at"] <= opened + PURCHASE_WINDOW
            for row in self.data.orders.values()
        )

    # ---- quality

    def _reviews(self) -> list[Row]:
        """One row a review: contact, purpose, newest reviewed_at, score 0 to 100 or None (FP 16)."""
        ratings: dict[str, list[Row]] = {}
        for rating in self.data.ratings.values():
            ratings.setdefault(rating["review_id"], []).append(rating)
        reviews = []
        for review_id, rows in ratings.items():
            weight = earned = Fraction(0)
            failed = False
            for row in rows:
                criterion = self.data.scorecards[(row["scorecard_id"], row["version"], row["criterion_id"])]
                score = row.get("score")
                if score is None:
                    continue  # not applicable
                failed = failed or bool(criterion.get("auto_fail") and score == criterion["min"])
                weight += criterion["weight"]
                earned += (
                    criterion["weight"] * (score - criterion["min"]) / (criterion["max"] - criterion["min"])
                )
            score = Fraction(0) if failed else (100 * earned / weight if weight else None)
            reviews.append(
                {
                    "review_id": review_id,
                    "contact": self.data.contacts.get(rows[0]["contact_id"]),
                    "purpose": rows[0].get("purpose") or "routine",
                    "reviewed_at": max(row["reviewed_at"] for row in rows),
                    "score": score,
                    "auto_failed": failed,
                }
            )
        return reviews

    # ---- events

    def informed(self, event: Row) -> dict[str, bool]:
        """By customer with an open order at the event's start: whether they were told in time."""
        start = event["started_at"]
        customers = {
            order["customer_id"]
            for order in self.data.orders.values()
            if order["program_id"] == event["program_id"]
            and order["ordered_at"] <= start
            and not happened_by(order.get("delivered_at"), start)
            and not happened_by(order.get("cancelled_at"), start)
        }
        return {
            customer: any(
                contact["program_id"] == event["program_id"]
                and contact.get("customer_id") == customer
                and contact.get("direction") == "outbound"
                and not contact.get("abandoned")  # FP 14
                and start <= contact["opened_at"] <= start + INFORMED_WINDOW
                for contact in self.contacts
            )
            for customer in customers
        }


def happened_by(moment: object, start: object) -> bool:
    """Whether a moment is known and not after the start."""
    return moment is not None and moment <= start  # type: ignore[operator]


def is_inbound(contact: Row) -> bool:
    """Inbound, also when the direction is empty."""
    return (contact.get("direction") or "inbound") == "inbound"


def is_handled(contact: Row) -> bool:
    """Inbound and not abandoned (FP 9)."""
    return is_inbound(contact) and not contact.get("abandoned")


def is_eligible(contact: Row) -> bool:
    """Inbound, handled, closed, customer known: what another contact can repeat."""
    return (
        is_handled(contact)
        and contact.get("closed_at") is not None
        and contact.get("customer_id") is not None
    )


def shares_order(one: Row, other: Row) -> bool:
    """Whether both name the same order, known or not (FP 24)."""
    return one.get("order_id") is not None and one.get("order_id") == other.get("order_id")


def repeats(later: Row, earlier: Row) -> bool:
    """Whether one contact repeats the other; an abandoned one can repeat, but not be repeated."""
    return (
        is_inbound(later)
        and is_eligible(earlier)
        and later.get("customer_id") == earlier["customer_id"]
        and later["program_id"] == earlier["program_id"]
        and (later["issue"] == earlier["issue"] or shares_order(later, earlier))
        and earlier["opened_at"] < later["opened_at"] <= earlier["closed_at"] + FCR_WINDOW
    )


def normalised(contact: Row) -> Fraction:
    """The rating on the scale of 1 to 5."""
    low, high = scale_of(contact)
    return 1 + 4 * (contact["csat_score"] - low) / (high - low)
