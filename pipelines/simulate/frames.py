"""A block's arrays as frames in the canonical columns, typed; sorted by time, which also numbers them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from pipelines.simulate import parameters as p
from pipelines.simulate.answers import NOT_SAID
from pipelines.simulate.demand import Messages
from pipelines.simulate.handling import Handled
from pipelines.simulate.money import REASONS, Outcomes
from pipelines.simulate.orders import Orders
from pipelines.simulate.plan import END
from pipelines.simulate.reviews import PURPOSES, Reviews
from pipelines.simulate.world import Agents, Graders

NUMBERS_A_BLOCK = 10_000_000
# The partner's survey runs from 1 to 10: where a rating of 0 (none) to 5 may land.
TEN_POINTS = np.array([[-1, -1], [1, 2], [3, 4], [6, 7], [8, 8], [9, 10]])
PHRASES = (
    "Cause found early, clear next step.",
    "Apologised once and moved on; the customer had asked twice.",
    "Policy quoted right but never explained.",
    "Good ownership, told the customer when to expect news.",
    "Notes too short for the next person.",
    "Kept a calm tone with an upset customer.",
)


def words(codes: np.ndarray, choices: Sequence[str | None]) -> pl.Series:
    """Words for codes; a code below zero is an empty cell."""
    index = pl.Series(np.where(codes < 0, 0, codes).astype(np.uint32))
    found = pl.Series(list(choices), dtype=pl.String).gather(index)
    return _empty_where(found, codes < 0)


def numbered(prefix: str, numbers: np.ndarray) -> pl.Series:
    """Ids of a prefix and ten digits; a number below zero is an empty cell."""
    digits = pl.Series(np.maximum(numbers, 0)).cast(pl.String).str.zfill(10)
    return _empty_where(prefix + digits, numbers < 0)


def instants(seconds: np.ndarray) -> pl.Series:
    """UTC timestamps; 0 is an empty cell."""
    series = pl.Series(seconds.astype(np.int64) * 1_000_000).cast(pl.Datetime("us", "UTC"))
    return _empty_where(series, (seconds <= 0) | (seconds > END))


def counts(numbers: np.ndarray) -> pl.Series:
    """Whole numbers; one below zero is an empty cell."""
    return _empty_where(pl.Series(numbers.astype(np.int64)), numbers < 0)


def money(cents: np.ndarray) -> pl.Series:
    """Amounts with two decimals; below zero is an empty cell."""
    series = pl.Series(np.maximum(cents, 0).astype(np.int64))
    exact = pl.select(
        (series.cast(pl.Decimal(18, 2)) / pl.lit(100).cast(pl.Decimal(18, 2))).cast(pl.Decimal(18, 2))
    )
    return _empty_where(exact.to_series(), cents < 0)


def _empty_where(series: pl.Series, empty: np.ndarray) -> pl.Series:
    if not empty.any():
        return series
    return pl.select(pl.when(pl.lit(pl.Series(~empty))).then(pl.lit(series))).to_series()


def order_numbers(orders: Orders, block: int) -> np.ndarray:
    """Number of each order: by time within its block."""
    numbers = np.empty(len(orders), dtype=np.int64)
    numbers[np.argsort(orders.ordered_at, kind="stable")] = np.arange(len(orders))
    return numbers + block * NUMBERS_A_BLOCK


def order_rows(orders: Orders, numbers: np.ndarray, block: int) -> pl.DataFrame:
    """Rows of `orders`; what happens after the end has not happened yet."""
    at = np.argsort(orders.ordered_at, kind="stable")
    last = np.maximum(orders.ordered_at, np.where(orders.delivered_at <= END, orders.delivered_at, 0))
    last = np.maximum(last, np.where(orders.cancelled_at <= END, orders.cancelled_at, 0))
    promised = pl.Series(orders.promised_at[at] * 1_000_000).cast(pl.Datetime("us", "UTC"))
    return pl.DataFrame(
        {
            "order_id": numbered("O", numbers[at]),
            "program_id": words(orders.program[at], [item.program_id for item in p.PROGRAMS]),
            "customer_id": numbered("C", orders.customer[at] + block * NUMBERS_A_BLOCK),
            "ordered_at": instants(orders.ordered_at[at]),
            "amount": money(orders.cents[at]),
            "currency": words(orders.pays_cad[at].astype(np.int64), ["USD", "CAD"]),
            "promised_at": promised,
            "delivered_at": instants(orders.delivered_at[at]),
            "cancelled_at": instants(orders.cancelled_at[at]),
            "node": words(orders.node[at], p.NODES),
            "updated_at": instants(last[at]),
        }
    )


def contact_rows(
    contacts: Handled, messages: Messages, order_number: np.ndarray, agents: Agents, block: int
) -> tuple[pl.DataFrame, np.ndarray]:
    """Rows of `contacts`, and the number that each handled contact got."""
    opened = np.concatenate([contacts.wishes.opened_at, messages.sent_at])
    at = np.argsort(opened, kind="stable")
    numbers = np.empty(len(opened), dtype=np.int64)
    numbers[at] = np.arange(len(opened)) + block * NUMBERS_A_BLOCK
    frame = pl.concat(
        [_inbound(contacts, order_number, agents, block), _outbound(messages, order_number, block)]
    )
    frame = frame.insert_column(0, numbered("T", numbers).alias("contact_id"))
    return frame[at], numbers[: len(contacts)]


def _inbound(contacts: Handled, order_number: np.ndarray, agents: Agents, block: int) -> pl.DataFrame:
    wishes = contacts.wishes
    size = len(contacts)
    shown = np.where(wishes.shows_order & (wishes.order >= 0), order_number[np.maximum(wishes.order, 0)], -1)
    customer = np.where(wishes.customer >= 0, wishes.customer + block * NUMBERS_A_BLOCK, -1)
    top = np.array([item.csat_max for item in p.PROGRAMS])[wishes.program]
    of_ten = TEN_POINTS[np.maximum(contacts.csat, 0), (contacts.handle + wishes.chain) % 2]
    score = np.where(top == 5, contacts.csat, of_ten)
    # Where the issue says it already, the partner's desk leaves the question about the refund empty.
    implied = (wishes.program == 1) & np.isin(wishes.issue, REFUND_ISSUES) & (contacts.handle % 3 == 0)
    asks = np.where(implied | contacts.abandoned, -1, contacts.asks)
    answered = ~contacts.abandoned & (contacts.closed_at > 0)
    rated = contacts.csat > 0
    last = np.maximum(np.maximum(wishes.opened_at, contacts.first_response_at), contacts.closed_at)
    last = np.maximum(last, contacts.csat_at)
    return pl.DataFrame(
        {
            "program_id": words(wishes.program, [item.program_id for item in p.PROGRAMS]),
            "customer_id": numbered("C", customer),
            "order_id": numbered("O", shown),
            "agent_id": words(contacts.agent, agents.ids),
            "channel": words(wishes.channel, p.CHANNELS),
            "direction": words(np.zeros(size, np.int64), ["inbound"]),
            "issue": words(wishes.issue, p.ISSUES),
            "opened_at": instants(wishes.opened_at),
            "first_response_at": instants(contacts.first_response_at),
            "closed_at": instants(contacts.closed_at),
            "wait_seconds": counts(contacts.wait),
            "handle_seconds": counts(contacts.handle),
            "abandoned": pl.Series(contacts.abandoned),
            "transfers": counts(contacts.transfers),
            "reopens": counts(np.where(answered, contacts.reopens, NOT_SAID)),
            "escalation": words(np.where(answered, contacts.escalation, NOT_SAID), p.ESCALATIONS),
            "resolution": words(contacts.resolution, p.RESOLUTIONS),
            "refund_requested": _booleans(asks),
            "csat_score": counts(np.where(rated, score, NOT_SAID)),
            "csat_min": counts(np.where(rated, 1, NOT_SAID)),
            "csat_max": counts(np.where(rated, top, NOT_SAID)),
            "csat_sent": _booleans(np.where(contacts.abandoned, 0, contacts.csat_sent)),
            "csat_at": instants(contacts.csat_at),
            "updated_at": instants(last),
        }
    )


REFUND_ISSUES = [p.ISSUES.index(issue) for issue in ("refund", "return")]


def _booleans(codes: np.ndarray) -> pl.Series:
    return _empty_where(pl.Series(codes > 0), codes < 0)


def _outbound(messages: Messages, order_number: np.ndarray, block: int) -> pl.DataFrame:
    size = len(messages)
    nothing = np.full(size, NOT_SAID)
    no_time = instants(np.zeros(size, np.int64))
    return pl.DataFrame(
        {
            "program_id": words(messages.program, [item.program_id for item in p.PROGRAMS]),
            "customer_id": numbered("C", messages.customer + block * NUMBERS_A_BLOCK),
            "order_id": numbered("O", order_number[messages.order]),
            "agent_id": words(nothing, [""]),
            "channel": words(messages.channel, p.CHANNELS),
            "direction": words(np.zeros(size, np.int64), ["outbound"]),
            "issue": words(messages.issue, p.ISSUES),
            "opened_at": instants(messages.sent_at),
            "first_response_at": no_time,
            "closed_at": instants(messages.sent_at),
            "wait_seconds": counts(nothing),
            "handle_seconds": counts(nothing),
            "abandoned": pl.Series(np.zeros(size, bool)),
            "transfers": counts(nothing),
            "reopens": counts(nothing),
            "escalation": words(nothing, [""]),
            "resolution": words(nothing, [""]),
            "refund_requested": _booleans(nothing),
            "csat_score": counts(nothing),
            "csat_min": counts(nothing),
            "csat_max": counts(nothing),
            "csat_sent": pl.Series(np.zeros(size, bool)),
            "csat_at": no_time,
            "updated_at": instants(messages.sent_at),
        }
    )


def outcome_rows(outcomes: Outcomes, orders: Orders, order_number: np.ndarray, block: int) -> pl.DataFrame:
    """Rows of `order_outcomes`."""
    at = np.argsort(outcomes.occurred_at, kind="stable")
    order = outcomes.order[at]
    return pl.DataFrame(
        {
            "outcome_id": numbered("X", np.arange(len(outcomes)) + block * NUMBERS_A_BLOCK),
            "order_id": numbered("O", order_number[order]),
            "kind": words(outcomes.kind[at], p.OUTCOMES),
            "amount": money(outcomes.cents[at]),
            "currency": words(orders.pays_cad[order].astype(np.int64), ["USD", "CAD"]),
            "occurred_at": instants(outcomes.occurred_at[at]),
            "reason": words(outcomes.reason[at], REASONS),
        }
    )


def rating_rows(reviews: Reviews, contact_number: np.ndarray, graders: Graders, block: int) -> pl.DataFrame:
    """Rows of `qa_ratings`: one a review and criterion."""
    at = np.argsort(reviews.reviewed_at, kind="stable")
    many = len(p.CRITERIA)
    number = np.arange(len(reviews)) + block * NUMBERS_A_BLOCK
    session = np.where(reviews.session[at] >= 0, reviews.session[at], -1)
    session_ids = [f"S{block:03d}-{code:03d}" for code in range(int(session.max(initial=0)) + 1)]
    # About one review in eight carries a remark, at its first criterion.
    remark = np.full((len(reviews), many), -1)
    remark[:, 0] = np.where(number % 8 == 0, (number // 8) % len(PHRASES), -1)

    def each(column: np.ndarray) -> np.ndarray:
        return np.repeat(column, many)

    size = len(reviews) * many
    return pl.DataFrame(
        {
            "review_id": numbered("R", each(number)),
            "contact_id": numbered("T", each(contact_number[reviews.contact[at]])),
            "grader_id": words(each(reviews.grader[at]), graders.ids),
            "scorecard_id": words(np.zeros(size, np.int64), [p.SCORECARD]),
            "version": words(np.zeros(size, np.int64), [p.SCORECARD_VERSION]),
            "criterion_id": words(
                np.tile(np.arange(many), len(reviews)), [item.criterion_id for item in p.CRITERIA]
            ),
            "score": counts(reviews.scores[at].ravel()),
            "reviewed_at": instants(each(reviews.reviewed_at[at])),
            "purpose": words(each(reviews.purpose[at]), PURPOSES),
            "session_id": words(each(session), session_ids),
            "comment": words(remark.ravel(), PHRASES),
        }
    )
