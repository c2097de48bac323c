"""How much is simulated and when: sizes, the calendar, seasons, and how busy each day is.

Days are counted from the first day of history; the days before it, from -WARM_UP on, hold orders only,
so that the first weeks have contacts about orders already on their way. Instants are seconds since 1970.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from zoneinfo import ZoneInfo

import numpy as np

from pipelines.errors import UsageError
from pipelines.simulate import parameters as p

LAST_DAY = date(2026, 6, 30)
END = int(datetime(2026, 6, 30, 23, 59, 59, tzinfo=UTC).timestamp())
WARM_UP = 28
DAY = 86_400
HOUR = 3_600
BLOCK_CONTACTS = 100_000
MIN_CONTACTS, MAX_CONTACTS, MIN_DAYS, MAX_DAYS = 200, 20_000_000, 28, 1_500


@dataclass(frozen=True)
class Plan:
    """What was asked for, with its defaults filled in."""

    contacts: int
    seed: int
    scale: float
    days: int
    orders: int
    reviews: int

    @cached_property
    def first_day(self) -> date:
        """First local day of history."""
        return LAST_DAY - timedelta(days=self.days - 1)

    @property
    def blocks(self) -> int:
        """Number of blocks of customers, each simulated and forgotten before the next."""
        return math.ceil(self.contacts / BLOCK_CONTACTS)

    @property
    def sale_orders(self) -> int:
        """Orders of the flash sale."""
        return round(p.SALE_ORDERS_AT_SCALE_1 * self.scale)

    @property
    def sale_day(self) -> int:
        """Day of the flash sale: the Tuesday about ten weeks before the end of a full year."""
        about = round(self.days * 0.8)
        return about + (1 - (self.first_day + timedelta(days=about)).weekday()) % 7

    def share_of(self, total: int, block: int) -> int:
        """A block's part of a total; the parts add up to it."""
        return total * (block + 1) // self.blocks - total * block // self.blocks

    def day_of(self, day: date) -> int:
        """Number of a date among the days of history."""
        return (day - self.first_day).days


def make_plan(
    *,
    contacts: int,
    seed: int,
    scale: float | None = None,
    days: int = 364,
    orders: int | None = None,
    reviews: int | None = None,
) -> Plan:
    """A plan with its defaults: 2 orders and 1/20 review a contact, a sale of scale contacts / 1,000,000.

    Raises:
        UsageError: If a number is out of range.
    """
    limits = [("contacts", contacts, MIN_CONTACTS, MAX_CONTACTS), ("days", days, MIN_DAYS, MAX_DAYS)]
    for name, value, low, high in limits:
        if not low <= value <= high:
            raise UsageError(f"--{name} is {value}, but it must be between {low} and {high}.")
    if seed < 0:
        raise UsageError(f"--seed is {seed}, but it must not be negative.")
    if scale is None:
        scale = contacts / 1_000_000
    if not 0 <= scale <= 20:
        raise UsageError(f"--scale is {scale}, but it must be between 0 and 20.")
    plan = Plan(
        contacts=contacts,
        seed=seed,
        scale=scale,
        days=days,
        orders=2 * contacts if orders is None else orders,
        reviews=contacts // 20 if reviews is None else reviews,
    )
    if plan.orders < contacts // 4:
        raise UsageError(f"--orders is {plan.orders}, but {contacts} contacts need at least {contacts // 4}.")
    if not 0 <= plan.reviews <= contacts // 3:
        raise UsageError(f"--reviews is {plan.reviews}, but it must be between 0 and {contacts // 3}.")
    return plan


class Calendar:
    """Local days of each program, their expected orders and contacts, and how overloaded each day is.

    Attributes:
        midnight: Program x day, the instant at which the local day begins; column 0 is day -WARM_UP.
        order_weights: Program x day, probability that an everyday order is placed on the day.
        contact_weights: Program x day, of contacts without an order.
        load: Program x day, expected demand over the staff planned for it; 1 is full.
    """

    def __init__(self, plan: Plan, random: np.random.Generator) -> None:
        self.plan = plan
        self.days = plan.days + WARM_UP
        dates = [plan.first_day + timedelta(days=day - WARM_UP) for day in range(self.days + 2)]
        self.midnight = np.array(
            [
                [
                    int(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(program.timezone)).timestamp())
                    for day in dates
                ]
                for program in p.PROGRAMS
            ]
        )
        self.season = np.array([_season(day) for day in dates[: self.days]])
        self.weekday = np.array([day.weekday() for day in dates[: self.days]])
        self.order_weights = self._weights([1.0, 0.95, 0.95, 1.0, 1.05, 1.1, 1.15])
        self.contact_weights = self._weights([1.25, 1.1, 1.05, 1.0, 1.0, 0.6, 0.5])
        self.contact_weights[:, :WARM_UP] = 0
        self.contact_weights /= self.contact_weights.sum(axis=1, keepdims=True)
        self.load = self._load(random)

    def _weights(self, by_weekday: list[float]) -> np.ndarray:
        weights = self.season * np.array(by_weekday)[self.weekday]
        return np.repeat((weights / weights.sum())[None, :], len(p.PROGRAMS), axis=0)

    def _load(self, random: np.random.Generator) -> np.ndarray:
        """Demand a day over staff: planned on a month's average and half of what the season adds."""
        demand = np.convolve(np.pad(self.season, (6, 0), mode="edge"), np.ones(7) / 7, mode="valid")
        month = np.convolve(np.pad(demand, 14, mode="edge"), np.ones(29) / 29, mode="valid")
        ordinary = 0.86 * demand / (0.4 * month + 0.6 * demand)
        load = np.repeat(ordinary[None, :], len(p.PROGRAMS), axis=0)
        plan = self.plan
        day = np.arange(self.days) - WARM_UP - plan.sale_day
        wave = np.where(day >= 0, ((day + 1) / 6.0) * np.exp(1 - (day + 1) / 6.0), 0.0)
        usual_a_day = plan.contacts * p.PROGRAMS[p.SALE_PROGRAM].share / plan.days
        extra = p.SALE_CONTACT_RATE * plan.sale_orders * wave / max(wave.sum(), 1e-9) / usual_a_day
        surge_team = np.where(
            (day >= p.SURGE_FIRST_DAY) & (day <= p.SURGE_LAST_DAY), p.SURGE_TEAM_RELIEF, 0.0
        )
        load[p.SALE_PROGRAM] = (load[p.SALE_PROGRAM] + 0.86 * (1 - p.SALE_PLANNED) * extra) / (1 + surge_team)
        for program, first, last, added in self._outages():
            load[program, WARM_UP + first : WARM_UP + last + 1] += added
        load *= np.exp(random.normal(0, p.LOAD_NOISE, load.shape))
        return np.minimum(load, p.MAX_LOAD)

    def _outages(self) -> list[tuple[int, int, int, float]]:
        found = []
        for event in p.EVENTS:
            if event.load and self.has_event(event):
                first = self.event_day(event)
                found.append((event.program, first, first + max(1, math.ceil(event.hours / 24)), event.load))
        return found

    def event_day(self, event: p.EventModel) -> int:
        """Day of history on which an event starts."""
        if event.after_sale is not None:
            return self.plan.sale_day + event.after_sale
        return self.plan.day_of(event.day) if event.day else 0

    def has_event(self, event: p.EventModel) -> bool:
        """Whether an event lies within the history and, where it belongs to the sale, there is one."""
        if event.after_sale is not None and not self.plan.sale_orders:
            return False
        return 7 <= self.event_day(event) < self.plan.days

    def event_start(self, event: p.EventModel) -> int:
        """Instant at which an event starts."""
        return int(self.midnight[event.program, WARM_UP + self.event_day(event)] + event.hour * HOUR)

    def instants(self, program: np.ndarray, day: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Instants at a second of local days (day 0 is the first day of history)."""
        return self.midnight[program, np.clip(day + WARM_UP, 0, self.days)] + second

    def local_day(self, program: np.ndarray, instant: np.ndarray) -> np.ndarray:
        """Local days of instants, which are clipped to the days known."""
        found = np.empty(len(instant), dtype=np.int64)
        for code in range(len(p.PROGRAMS)):
            rows = program == code
            found[rows] = np.searchsorted(self.midnight[code], instant[rows], side="right") - 1
        return np.clip(found, 0, self.days - 1) - WARM_UP

    def load_at(self, program: np.ndarray, day: np.ndarray, second: np.ndarray) -> np.ndarray:
        """Load at a second of local days: late mornings are the busiest."""
        hour = np.clip(second // HOUR, 0, 23).astype(np.int64)
        by_hour = np.array([0.95] * 9 + [1.0, 1.07, 1.1, 1.08, 1.04, 1.02, 1.0, 1.0, 1.02, 1.0] + [0.95] * 5)
        return self.load[program, np.clip(day + WARM_UP, 0, self.days - 1)] * by_hour[hour]


def _season(day: date) -> float:
    """Demand of a day of the year against an ordinary one, growth included."""
    year = 1 + 0.05 * math.sin(2 * math.pi * (day.timetuple().tm_yday - 100) / 365)
    growth = 1 + 0.08 * (day - date(2025, 7, 1)).days / 365
    friday = _black_friday(day.year)
    since = (day - friday).days
    if -2 <= since <= 3:
        return year * growth * (2.6 if since in (0, 3) else 1.8)
    if (day.month == 12 and day.day <= 19) or (day.month == 11 and since > 3):
        return year * growth * 1.45
    if day.month == 12 and day.day >= 24:
        return year * growth * 0.7
    if day.month in (1, 2):
        return year * growth * 0.9
    return year * growth


def _black_friday(year: int) -> date:
    first = date(year, 11, 1)
    thursday = first + timedelta(days=(3 - first.weekday()) % 7 + 21)
    return thursday + timedelta(days=1)


def hours_of_day(random: np.random.Generator, size: int, *, live: bool) -> np.ndarray:
    """Seconds since local midnight at which customers act; live channels are open from 7 to 22."""
    weights = LIVE_HOURS if live else ANY_HOURS
    hour = np.searchsorted(np.cumsum(weights) / weights.sum(), random.random(size), side="right")
    return np.minimum(hour, 23) * HOUR + random.integers(0, HOUR, size)


ANY_HOURS = np.array(
    [
        0.5,
        0.3,
        0.2,
        0.2,
        0.25,
        0.5,
        1.2,
        2.2,
        3.6,
        5.0,
        6.0,
        6.2,
        6.0,
        5.6,
        5.4,
        5.2,
        5.2,
        5.3,
        5.4,
        5.6,
        5.4,
        4.4,
        2.8,
        1.3,
    ]
)
LIVE_HOURS = np.where((np.arange(24) >= 7) & (np.arange(24) < 22), ANY_HOURS, 0.0)
