"""What the simulated retailer is like: every constant of the model, in the open; imports the canonical words.

All of it is written into truth.json, so a test never has to guess what was put in. Effects on a
probability are on the logit scale unless the name says otherwise.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from pipelines.canonical import tables

CHANNELS = tables()["contacts"]["channel"].values
LIVE_CHANNELS = 2  # voice and chat come first: the customer waits in a queue and may give up
ESCALATIONS = tables()["contacts"]["escalation"].values
RESOLUTIONS = tables()["contacts"]["resolution"].values
OUTCOMES = tables()["order_outcomes"]["kind"].values
NODES = ["Allentown DC", "Reno DC", "Mississauga DC", "Store fulfilment"]


@dataclass(frozen=True)
class Issue:
    """How contacts of one issue behave.

    Attributes:
        solve: Added to the logit of solving the problem.
        minutes: Typical handling time on the phone, minutes.
        asks: Probability that the customer asks for the money back.
        refund: Logit of refunding when asked, at an order of typical value.
        escalate: Added to the logit of an escalation.
        on_time: Weight among contacts about orders that arrived in time.
        late: Weight among contacts about late orders.
        no_order: Weight among contacts about no order.
    """

    solve: float
    minutes: float
    asks: float
    refund: float
    escalate: float
    on_time: float
    late: float
    no_order: float


ISSUE = {
    "wismo": Issue(0.45, 4.5, 0.05, -0.9, -0.5, 0.10, 0.70, 0.04),
    "payment": Issue(0.10, 7.0, 0.08, -0.3, 0.1, 0.05, 0.01, 0.16),
    "refund": Issue(-0.10, 7.5, 0.99, 0.25, 0.3, 0.17, 0.07, 0.02),
    "return": Issue(0.15, 6.5, 0.95, 0.05, 0.0, 0.25, 0.02, 0.01),
    "exchange": Issue(0.10, 7.0, 0.10, -0.8, 0.0, 0.10, 0.01, 0.01),
    "damaged": Issue(-0.15, 8.0, 0.45, -0.1, 0.3, 0.12, 0.02, 0.00),
    "missing_item": Issue(-0.20, 7.5, 0.35, -0.2, 0.2, 0.07, 0.07, 0.00),
    "cancellation": Issue(0.35, 5.0, 0.20, 0.9, -0.2, 0.02, 0.05, 0.01),
    "promo": Issue(0.50, 4.5, 0.02, -1.4, -0.4, 0.02, 0.00, 0.20),
    "product": Issue(0.40, 6.0, 0.03, -1.2, -0.4, 0.05, 0.00, 0.22),
    "account": Issue(0.45, 5.0, 0.00, -2.0, -0.2, 0.00, 0.00, 0.21),
    "warranty": Issue(-0.15, 9.0, 0.15, -0.7, 0.4, 0.04, 0.00, 0.03),
    "complaint": Issue(-0.45, 9.5, 0.25, 0.0, 1.1, 0.01, 0.05, 0.05),
    "other": Issue(0.20, 5.5, 0.02, -1.2, -0.1, 0.00, 0.00, 0.04),
}
ISSUES = tuple(ISSUE)
# Weight of a channel (voice, chat, email, sms, social, push, app, other) for an inbound contact.
CHANNEL_WEIGHTS = [0.38, 0.29, 0.20, 0.04, 0.03, 0.0, 0.055, 0.005]
CHANNEL_SOLVE = [0.15, 0.0, -0.10, -0.05, -0.25, 0.0, 0.0, 0.0]
CHANNEL_REFUND = [-0.15, 0.0, 0.15, 0.0, 0.1, 0.0, 0.0, 0.0]
URGENT_ISSUES = ["payment", "complaint", "warranty", "cancellation"]


@dataclass(frozen=True)
class Site:
    """A place agents work from, with its true effects.

    Attributes:
        share: Share of its program's contacts.
        solve: True effect on solving, beside the agents' own.
        refund: True effect on refunding (below zero: keeps more sales).
        languages: Which lists the invented agent names come from.
        urgent: Multiplies the share of urgent issues routed here: a site with the hard
            contacts looks worse than it is.
    """

    name: str
    program: int
    region: str
    share: float
    solve: float
    refund: float
    languages: tuple[str, ...]
    urgent: float = 1.0


SITES = (
    Site("Columbus", 0, "United States", 0.68, 0.10, -0.10, ("english",)),
    Site("Tucson", 0, "United States", 0.32, 0.00, 0.0, ("english", "spanish")),
    Site("Omaha", 1, "United States", 0.24, 0.10, 0.0, ("english",), urgent=3.0),
    Site("Bogotá", 1, "Latin America", 0.36, 0.05, -0.15, ("spanish",)),
    Site("Manila", 1, "Philippines", 0.40, -0.05, 0.10, ("filipino",), urgent=0.6),
)
WEAK_SITE, WEAK_ISSUE, WEAK_EFFECT = "Manila", "damaged", -1.15


@dataclass(frozen=True)
class ProgramModel:
    """A program of the retailer and its share of everything."""

    program_id: str
    program_name: str
    client_name: str
    operating_model: str
    partner: str | None
    timezone: str
    currency: str
    share: float
    csat_max: int


PROGRAMS = (
    ProgramModel(
        "fernway-home",
        "Fernway Home care",
        "Fernway Home",
        "in_house",
        None,
        "America/New_York",
        "USD",
        0.55,
        5,
    ),
    ProgramModel(
        "fernway-active",
        "Fernway Active care",
        "Fernway Active",
        "outsourced",
        "Brightmoor Partners",
        "America/Los_Angeles",
        "USD",
        0.45,
        10,
    ),
)
CAD_PROGRAM, CAD_SHARE, CAD_RATE = 1, 0.06, 0.73

# Agents: standard deviations of the latent effects, and how far quality goes with skill.
AGENT_SOLVE_SD = 0.38
AGENT_QUALITY_SD = 0.80
AGENT_QUALITY_SKILL_CORRELATION = 0.65
AGENT_CSAT_SD = 0.30
AGENT_REFUND_SD = 0.30
AGENT_ESCALATE_SD = 0.30
AGENT_SPEED_SD = 0.16
NEW_HIRE_SOLVE, NEW_HIRE_DAYS = -0.55, 90
SURGE_TEAM, SURGE_TEAM_SOLVE = "Surge", -0.25
SAVE_DESK, SAVE_DESK_REFUND = "Save Desk", -0.60

SOLVE_BASE = 0.88
QUALITY_SOLVE = 0.35  # of one standard deviation of a contact's own quality
OVERLOAD_SOLVE = -1.0  # of each unit of load above 1
REPEAT_SOLVE = 0.10  # of each earlier attempt
PLAYBOOK_ISSUES, PLAYBOOK_PROGRAM, PLAYBOOK_EFFECT = ["return", "refund", "exchange"], 0, 0.70

# What an unsolved problem does: the customer comes back, the ticket is reopened, the agent says so.
COMES_BACK, REOPENED, STATED_UNRESOLVED = 0.74, 0.14, 0.16
COMES_BACK_BY_CHANCE = 0.012
RETRIES_AFTER_ABANDONING = 0.62

ESCALATE_BASE, ESCALATE_UNSOLVED, ESCALATE_OVERLOAD = -3.75, 1.7, 0.4
CSAT_SENT, CSAT_ANSWERED, CSAT_ANSWERED_UNSOLVED = 0.72, 0.20, 0.25
CSAT_SOLVED, CSAT_UNSOLVED = 1.5, -0.1  # means of the latent satisfaction; 0 divides 3 from 4
CSAT_CUTS = [-1.35, -0.85, 0.0, 0.75]
CSAT_OVERLOAD = -0.25

REFUND_BASE, REFUND_VALUE_SLOPE, REFUND_LATE = -0.2, -0.22, 0.35
REFUND_TYPICAL_VALUE = 70.0
PARTIAL_SHARE = 0.2
CLAW_BACK, CHARGEBACK_SOLVED, CHARGEBACK_UNSOLVED = 0.035, 0.004, 0.045
SELF_SERVICE_RETURN, CHARGEBACK_QUIET = 0.05, 0.0012
SAVED_WITH = {  # how an ask that is not refunded ends
    "answered": 0.38,
    "exchange": 0.20,
    "replacement": 0.14,
    "store_credit": 0.14,
    "discount": 0.10,
    "reship": 0.04,
}
REORDERS_SOLVED, REORDERS_SOLVED_LATE, REORDERS_UNSOLVED, REORDER_MEAN_DAYS = 0.42, 0.22, 0.06, 30.0

LATE_SHARE, LATE_SHARE_SALE = 0.07, 0.28
CANCELLED_SHARE = 0.03
LATE_WEIGHT, CANCELLED_WEIGHT, INFORMED_WEIGHT, SALE_WEIGHT = 7.0, 3.0, 0.5, 0.38
WITH_ORDER, ORDER_LEFT_OUT, CUSTOMER_UNKNOWN = 0.76, 0.05, 0.09
SALE_ORDERS_AT_SCALE_1, SALE_HOURS = 180_000, 6


@dataclass(frozen=True)
class Criterion:
    """One question of the scorecard and how it behaves.

    Attributes:
        loading: How far it follows the contact's true quality.
        noise: Standard deviation of what graders see differently.
        ease: Mean of the latent score; higher is easier to score well.
        skipped: Probability of not applicable.
        strictness: How much of a grader's severity it takes.
    """

    criterion_id: str
    label: str
    section: str
    min: int
    max: int
    weight: float
    scale: str
    loading: float
    noise: float
    ease: float
    skipped: float = 0.0
    auto_fail: bool = False
    strictness: float = 1.0


SCORECARD, SCORECARD_VERSION = "care-quality", "3"
CRITERIA = (
    Criterion(
        "greeting", "Greets and names the reason for contact", "Opening", 0, 1, 5, "nominal", 0.15, 0.5, 0.75
    ),
    Criterion(
        "identity",
        "Verifies identity before sharing order data",
        "Opening",
        0,
        1,
        10,
        "nominal",
        0.10,
        0.25,
        1.05,
        0.06,
        True,
        0.3,
    ),
    Criterion(
        "diagnosis", "Finds the real cause of the problem", "Solving", 1, 5, 25, "ordinal", 0.85, 0.55, 0.75
    ),
    Criterion(
        "policy",
        "Applies the returns and refund policy",
        "Solving",
        0,
        2,
        15,
        "ordinal",
        0.45,
        0.55,
        0.9,
        0.22,
    ),
    Criterion(
        "next_step", "Owns the next step until it is done", "Solving", 1, 5, 20, "ordinal", 0.75, 0.6, 0.6
    ),
    Criterion(
        "empathy", "Shows empathy that fits the moment", "Conversation", 1, 5, 10, "ordinal", 0.30, 1.15, 0.5
    ),
    Criterion(
        "clarity", "Explains clearly and without jargon", "Conversation", 1, 5, 10, "ordinal", 0.55, 0.6, 0.85
    ),
    Criterion(
        "notes",
        "Leaves notes the next person can use",
        "Conversation",
        0,
        2,
        5,
        "ordinal",
        0.35,
        0.6,
        0.8,
        0.04,
    ),
)
QUALITY_CONTACT_SD = 0.55
CRITERION_CONTACT_SD = 0.35  # what all graders see alike in one contact's criterion
LEVEL_CUTS = {2: [0.0], 3: [-0.55, 0.45], 5: [-1.2, -0.5, 0.15, 0.95]}
GRADER_SEVERITY_SD, GRADER_CRITERION_SD = 0.24, 0.12
DRIFT_GRADER, DRIFT_LATENT = 2, 0.8  # this grader grows stricter by so much over the last five months

# The flash sale and what follows it.
SALE_PROGRAM, SALE_HOUR = 1, 10
SALE_CONTACT_RATE = 0.22  # expected extra contacts an order of the sale
SALE_PLANNED = 0.45  # share of them that overtime takes
LOAD_NOISE = 0.035  # standard deviation of a day's load
SURGE_FIRST_DAY, SURGE_LAST_DAY, SURGE_TEAM_RELIEF = 4, 24, 0.45
MAX_LOAD = 1.45
QUEUE_GROWTH = 3.2  # of the mean wait, a unit of load


@dataclass(frozen=True)
class EventModel:
    """Something that happens to a program.

    Attributes:
        day: Date on which it starts; empty for events counted from the flash sale.
        after_sale: Days after the flash sale.
        late: Orders in transit become late with this probability.
        informed: Share of customers with an open order who are told within two hours.
        informed_later: Share told after more than two hours.
        load: Added to the load while it lasts.
        forecast_share: Forecast orders as a share of those that came.
    """

    event_id: str
    program: int
    kind: str
    label: str
    hours: float
    hour: float
    day: date | None = None
    after_sale: int | None = None
    late: float = 0.0
    informed: float = 0.0
    informed_later: float = 0.0
    load: float = 0.0
    forecast_share: float | None = None


EVENTS = (
    EventModel(
        "ev-01",
        0,
        "payment_failure",
        "Card payments failing",
        3.5,
        14,
        date(2025, 10, 14),
        load=0.25,
        informed=0.35,
        informed_later=0.2,
    ),
    EventModel("ev-02", 0, "sale", "Black Friday", 96, 0, date(2025, 11, 28)),
    EventModel("ev-03", 1, "sale", "Black Friday", 96, 0, date(2025, 11, 28)),
    EventModel(
        "ev-04",
        0,
        "carrier_delay",
        "Winter storm holds carriers",
        60,
        9,
        date(2026, 1, 26),
        late=0.5,
        informed=0.82,
        informed_later=0.1,
        load=0.12,
    ),
    EventModel(
        "ev-05",
        1,
        "carrier_delay",
        "Winter storm holds carriers",
        60,
        9,
        date(2026, 1, 26),
        late=0.4,
        informed=0.55,
        informed_later=0.25,
        load=0.12,
    ),
    EventModel("ev-06", 1, "drill", "Surge drill", 4, 10, date(2026, 3, 18)),
    EventModel("ev-07", 1, "sale", "Spring flash sale", 6, 10, after_sale=0, forecast_share=0.7),
    EventModel(
        "ev-08",
        1,
        "carrier_delay",
        "Carrier backlog after the flash sale",
        120,
        8,
        after_sale=3,
        late=0.35,
        informed=0.38,
        informed_later=0.15,
    ),
    EventModel("ev-09", 1, "surge_team", "Surge team on the queue", 20 * 24, 7, after_sale=4),
    EventModel(
        "ev-10",
        0,
        "outage",
        "Telephone carrier outage",
        5,
        11,
        date(2026, 6, 9),
        load=0.35,
        informed=0.6,
        informed_later=0.1,
    ),
)
