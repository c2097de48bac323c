"""The ground of a random world: programs, agents, rates and orders, and how moments are written."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.referee.files import COLUMNS, Row

HOUR, DAY, TICK = timedelta(hours=1), timedelta(hours=24), timedelta(microseconds=1)
ZONES = {
    "America/New_York": "USD",
    "Asia/Manila": "PHP",
    "Europe/London": "GBP",
    "Australia/Lord_Howe": "AUD",
}
CLOCK_CHANGES = {  # local days on which the zone changes its clock
    "America/New_York": [datetime(2025, 11, 2), datetime(2026, 3, 8)],
    "Asia/Manila": [],
    "Europe/London": [datetime(2025, 10, 26), datetime(2026, 3, 29)],
    "Australia/Lord_Howe": [datetime(2025, 10, 5), datetime(2026, 4, 5)],
}
AMOUNTS = ["25", "24.99", "50.00", "49.99", "100", "99.995", "250.00", "249.99", "0", "12.34", "180", "70.10"]


class Shop:
    """Programs with their zones and currencies, agents, rates with gaps, orders on the edges of bands."""

    def __init__(self, seed: int, contacts: int) -> None:
        self.seed = seed
        self.random = random.Random(seed)
        self.n_contacts = contacts
        pick = self.random
        zones = pick.sample(sorted(ZONES), pick.choice([2, 2, 3]))
        self.zone = {f"P{number}": zone for number, zone in enumerate(zones, 1)}
        self.currency = {program: ZONES[zone] for program, zone in self.zone.items()}
        if pick.random() < 0.5:
            self.currency["P2"] = self.currency["P1"]  # two programs whose money can be added
        changes = [change for zone in zones for change in CLOCK_CHANGES[zone]]
        self.change = pick.choice(changes).replace(tzinfo=UTC)
        self.as_of = self.change + pick.uniform(2, 40) * DAY
        if pick.random() < 0.4:  # midnight of a program: the day before is just over
            program = pick.choice(sorted(self.zone))
            local = self.as_of.astimezone(ZoneInfo(self.zone[program]))
            self.as_of = local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
        self.customers = [f"C{number:02}" for number in range(1, 19)]
        self.agents = {f"A{number}": pick.choice(sorted(self.zone)) for number in range(1, 10)}
        self.rows: dict[str, list[Row]] = {table: [] for table in COLUMNS}
        self.opened: list[tuple[str, str, str, str, datetime, datetime | None]] = []
        self.orders: list[tuple[str, str, str, datetime]] = []
        self.fates: list[tuple[datetime, str]] = []

    # ---- writing moments

    def stamp(self, moment: datetime | None, program: str) -> str:
        """The moment as UTC, with another offset, or local without one where that says the same moment."""
        if moment is None:
            return ""
        kind = self.random.random()
        if kind < 0.4:
            text = moment.astimezone(UTC).isoformat()
            return text.replace("+00:00", self.random.choice(["Z", "+00:00", "+0000"]))
        zone = ZoneInfo(self.zone[program])
        local = moment.astimezone(zone)
        naive = local.replace(tzinfo=None, fold=0)
        if kind < 0.8 and naive.replace(tzinfo=zone).astimezone(UTC) == moment:
            return naive.isoformat(sep=self.random.choice("T "))
        return local.isoformat()

    def around(self, moment: datetime) -> datetime:
        """The moment, or a microsecond beside it."""
        return moment + self.random.choice([-TICK, timedelta(0), TICK])

    def make_programs(self) -> None:
        for program, zone in self.zone.items():
            self.rows["programs"].append(
                {
                    "program_id": program,
                    "program_name": f"Program {program}",
                    "operating_model": self.random.choice(["in_house", "outsourced", "outsourced", ""]),
                    "timezone": zone,
                    "currency": self.currency[program],
                }
            )

    def make_agents(self) -> None:
        for agent, program in self.agents.items():
            site = self.random.choice(["Austin", "Manila", "Bogota", ""])
            self.rows["agents"].append(
                {
                    "agent_id": agent,
                    "agent_name": f"Agent {agent}",
                    "program_id": program,
                    "site": site,
                    "region": {"Austin": "US", "Bogota": "LATAM"}.get(site, ""),
                    "team": self.random.choice(["red", "blue", ""]),
                    "updated_at": self.stamp(self.as_of - 100 * DAY, program),
                }
            )

    def make_rates(self) -> None:
        start = (self.as_of - 285 * DAY).date()
        for target in sorted(set(self.currency.values())):
            for number in range(290):
                if self.random.random() < 0.25:  # gaps of days and weeks
                    rate = self.random.choice([f"{self.random.uniform(0.5, 1.9):.6f}", "1.5", "1.005"])
                    day = (start + timedelta(days=number)).isoformat()
                    self.rows["fx_rates"].append(
                        {"currency": "EUR", "day": day, "to_currency": target, "rate": rate}
                    )
        # a pair whose first rate comes late, so that earlier rows have none
        target = self.currency["P1"]
        day = (self.as_of - 60 * DAY).date().isoformat()
        self.rows["fx_rates"].append({"currency": "CHF", "day": day, "to_currency": target, "rate": "1.005"})

    def make_orders(self) -> None:
        for number in range(70):
            program = self.random.choice(sorted(self.zone))
            ordered = self.as_of - self.random.uniform(-2, 280) * DAY
            self.add_order(f"O{number:03}", program, self.random.choice(self.customers), ordered)

    def add_order(self, order: str, program: str, customer: str, ordered: datetime) -> None:
        pick = self.random
        delivered = cancelled = None
        fate = pick.random()
        if fate < 0.5:
            delivered = ordered + pick.uniform(0.1, 12) * DAY
        elif fate < 0.6:
            cancelled = ordered + pick.uniform(0, 3) * DAY
        if (end := delivered or cancelled) and end <= self.as_of:
            self.fates.append((end, program))
        self.orders.append((order, program, customer, ordered))
        self.rows["orders"].append(
            {
                "order_id": order,
                "program_id": program,
                "customer_id": customer,
                "ordered_at": self.stamp(ordered, program),
                "amount": pick.choice(AMOUNTS),
                "currency": pick.choice(["", "", self.currency[program], "EUR", "EUR", "CHF"]),
                "delivered_at": self.stamp(delivered, program),
                "cancelled_at": self.stamp(cancelled, program),
                "updated_at": self.stamp(ordered, program),
            }
        )
