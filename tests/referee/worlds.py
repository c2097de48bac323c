"""Small random workspaces, dense in trouble: few customers, many repeats, every boundary to the microsecond.

A seed gives the same world. A world is loaded in two deliveries; the second holds late rows, updates (newer,
older or without `updated_at`) and rows that others waited for.
"""

from __future__ import annotations

import csv
import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from tests.referee.reading import instant

Row = dict[str, str]

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
ODD_LOCAL_TIMES = [  # skipped or repeated hours, as a source without offsets writes them
    "2025-10-05T02:10:00",
    "2025-10-26T01:30:00",
    "2025-11-02T01:30:00",
    "2026-03-08T02:30:00.000001",
    "2026-03-29T01:15:00",
    "2026-04-05T01:45:00",
]
ISSUES = ["wismo", "refund", "return", "other", "damaged"]
CHANNELS = ["voice", "chat", "email", "sms"]
RESOLUTIONS = ["answered", "answered", "refund", "store_credit", "unresolved", "other"]
AMOUNTS = ["25", "24.99", "50.00", "49.99", "100", "99.995", "250.00", "249.99", "0", "12.34", "180", "70.10"]
SCALES = [  # min, max, a score on the 4.0 line, a score on the 2.0 line
    ("", "", "4", "2"),
    ("1", "5", "4", "2"),
    ("0", "10", "7.5", "2.5"),
    ("1", "10", "7.75", "3.25"),
    ("-2", "2", "1", "-1"),
    ("0", "1", "0.75", "0.25"),
    ("1", "7", "5.5", "2.5"),
    ("0", "0.7", "0.525", "0.175"),
    ("", "9", "7", "3"),
]
COLUMNS = {
    "programs": ["program_id", "program_name", "operating_model", "timezone", "currency"],
    "agents": ["agent_id", "agent_name", "program_id", "site", "region", "team", "updated_at"],
    "contacts": [
        "contact_id",
        "program_id",
        "customer_id",
        "order_id",
        "agent_id",
        "channel",
        "direction",
        "issue",
        "opened_at",
        "first_response_at",
        "closed_at",
        "wait_seconds",
        "handle_seconds",
        "abandoned",
        "transfers",
        "reopens",
        "escalation",
        "resolution",
        "refund_requested",
        "csat_score",
        "csat_min",
        "csat_max",
        "csat_sent",
        "csat_at",
        "updated_at",
    ],
    "scorecards": ["scorecard_id", "version", "criterion_id", "min", "max", "weight", "auto_fail"],
    "qa_ratings": [
        "review_id",
        "contact_id",
        "grader_id",
        "scorecard_id",
        "version",
        "criterion_id",
        "score",
        "reviewed_at",
        "purpose",
    ],
    "orders": [
        "order_id",
        "program_id",
        "customer_id",
        "ordered_at",
        "amount",
        "currency",
        "delivered_at",
        "cancelled_at",
        "updated_at",
    ],
    "order_outcomes": ["outcome_id", "order_id", "kind", "amount", "currency", "occurred_at"],
    "events": ["event_id", "program_id", "kind", "label", "started_at"],
    "fx_rates": ["currency", "day", "to_currency", "rate"],
}


@dataclass
class World:
    """A workspace to be: two deliveries of canonical tables, and the as-of to ask for (None: the default)."""

    seed: int
    as_of: str | None
    deliveries: list[dict[str, list[Row]]] = field(default_factory=lambda: [{}, {}])

    def write(self, folder: Path) -> list[list[tuple[str, Path]]]:
        """Writes each delivery as CSV files into its own folder; (table, file) in the order of loading."""
        written = []
        for number, delivery in enumerate(self.deliveries):
            files = []
            for table, rows in delivery.items():
                path = folder / f"delivery_{number}" / f"{table}.csv"
                path.parent.mkdir(parents=True, exist_ok=True)
                write_csv(path, COLUMNS[table], rows)
                files.append((table, path))
            written.append(files)
        return written


def write_csv(path: Path, columns: list[str], rows: list[Row]) -> None:
    """The rows as a CSV file; a missing cell is empty."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns, restval="", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def random_world(seed: int, contacts: int = 260) -> World:
    """The world of a seed."""
    return _Maker(seed, contacts).world()


class _Maker:
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

    # ---- tables

    def world(self) -> World:
        self.make_programs()
        self.make_agents()
        self.make_rates()
        self.make_orders()
        for number in range(self.n_contacts):
            self.make_contact(number)
        self.make_odd_local_times()
        self.make_purchases()
        self.make_outcomes()
        self.make_late_chargebacks()
        self.make_concessions()
        self.make_events()
        self.make_quality()
        world = World(seed=self.seed, as_of=self.as_of.replace(tzinfo=None).isoformat())
        if self.random.random() < 0.35:
            self.forget_the_future()
            world.as_of = None
        world.deliveries = self.deliver()
        return world

    def forget_the_future(self) -> None:
        """Leaves what moves the default as-of no later than ours; events and promises may still be later."""
        starts = {
            "contacts": "opened_at",
            "orders": "ordered_at",
            "order_outcomes": "occurred_at",
            "qa_ratings": "reviewed_at",
        }
        for table, start in starts.items():
            self.rows[table] = [
                row for row in self.rows[table] if self.moment(table, row, row[start]) <= self.as_of
            ]
            for row in self.rows[table]:
                for name in ("first_response_at", "closed_at", "csat_at", "delivered_at", "cancelled_at"):
                    if row.get(name) and self.moment(table, row, row[name]) > self.as_of:
                        row[name] = ""
                        if name == "csat_at":
                            row["csat_score"] = ""
        self.newest_moment()

    def newest_moment(self) -> None:
        """One row of each kind that was there before, of which one column holds the newest moment of all."""
        program = sorted(self.zone)[0]
        before, newest = (self.as_of - 5 * DAY).isoformat(), self.as_of.isoformat()
        contact = {"contact_id": "T", "program_id": program, "channel": "app", "issue": "promo"}
        order = {"order_id": "T", "program_id": program, "customer_id": "T", "amount": "1"}
        names = "first_response_at closed_at csat_at delivered_at cancelled_at occurred_at reviewed_at"
        moments = dict.fromkeys(names.split(), "")
        moments |= {"occurred_at": before, "reviewed_at": before}
        moments[self.random.choice(sorted(moments))] = newest
        contact |= {name: moments[name] for name in ("first_response_at", "closed_at", "csat_at")}
        order |= {name: moments[name] for name in ("delivered_at", "cancelled_at")}
        rating = {"review_id": "T", "contact_id": "T", "grader_id": "G0", "scorecard_id": "S", "version": "1"}
        rating |= {"criterion_id": "greet", "score": "1", "reviewed_at": moments["reviewed_at"]}
        outcome = {
            "outcome_id": "T",
            "order_id": "T",
            "kind": "return",
            "occurred_at": moments["occurred_at"],
        }
        self.rows["contacts"].append({**contact, "opened_at": before, "updated_at": before})
        self.rows["orders"].append({**order, "ordered_at": before, "updated_at": before})
        self.rows["qa_ratings"].append(rating)
        self.rows["order_outcomes"].append(outcome)

    def moment(self, table: str, row: Row, text: str) -> datetime:
        program = row.get("program_id")
        if table == "order_outcomes":
            program = next(item[1] for item in self.orders if item[0] == row["order_id"])
        elif table == "qa_ratings":
            program = next(item[1] for item in self.opened if item[0] == row["contact_id"])
        return instant(text, self.zone[program or ""])

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

    def opening(self) -> tuple[str | None, str | None, datetime, str | None, str | None]:
        """Program, customer, opening, issue and order of a contact, often at a boundary of an earlier one."""
        pick = self.random
        known = [item for item in self.opened if item[2]]
        if known and pick.random() < 0.6:
            _, program, customer, order, opened, closed = pick.choice(known[-40:])
            ends = [opened, opened, opened + 30 * DAY, opened + 30 * DAY]
            if closed:
                ends += [closed + 7 * DAY] * 4 + [closed, opened + (closed - opened) / 2]
            ends += [opened + pick.uniform(0, 9) * DAY] * 4
            moment = pick.choice(ends)
            moment = self.around(moment) if pick.random() < 0.8 else moment
            issue = self.issue_of[opened, customer] if pick.random() < 0.5 else None
            return program, customer, moment, issue, order if pick.random() < 0.5 else None
        edge = pick.random()
        if edge < 0.12:  # windows that end at as-of
            days = pick.choice([30, 90, 120])
            return None, None, self.around(self.as_of - days * DAY), None, None
        if edge < 0.17:
            return None, None, self.around(self.as_of), None, None
        if edge < 0.3:  # the hours of the clock change
            return None, None, self.change + pick.uniform(-14, 30) * HOUR, None, None
        if edge < 0.4:  # local midnight
            zone = ZoneInfo(self.zone[pick.choice(sorted(self.zone))])
            local = (self.as_of - pick.uniform(0, 60) * DAY).astimezone(zone)
            midnight = local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC)
            return None, None, self.around(midnight), None, None
        span = pick.choice([10, 60, 260, 260])
        return None, None, self.as_of - pick.uniform(-1, span) * DAY, None, None

    issue_of: dict[tuple[datetime, str], str]

    def make_contact(self, number: int) -> None:
        pick = self.random
        if number == 0:
            self.issue_of = {}
        program, customer, opened, issue, order = self.opening()
        program = program or pick.choice(sorted(self.zone))
        customer = customer or pick.choice(self.customers)
        issue = issue or pick.choices(ISSUES, [3, 6, 3, 3, 1])[0]
        if order is None:
            order = self.some_order(program, customer)
        # padded and unpadded numbers, so that the order of text is not that of numbers
        contact = f"K{pick.choice(['', '0'])}{number}"
        closed = None
        if pick.random() < 0.85:
            closed = opened + pick.choice(
                [timedelta(0), 5 * TICK, pick.uniform(0, 2) * HOUR, pick.uniform(0, 6) * DAY]
            )
            if pick.random() < 0.1 and opened <= self.as_of - 7 * DAY:
                closed = max(opened, self.around(self.as_of - 7 * DAY))  # matures at as-of, or just not
        hidden = pick.random() < 0.07
        direction = pick.choices(["", "inbound", "outbound"], [4, 5, 1])[0]
        abandoned = pick.random() < 0.08
        response = min(opened + pick.uniform(0, 1) * HOUR, max(opened, self.as_of))
        low, high, good, bad = pick.choice(SCALES)
        rated = pick.random() < 0.5
        self.rows["contacts"].append(
            {
                "contact_id": contact,
                "program_id": program,
                "customer_id": "" if hidden else customer,
                "order_id": order or "",
                "agent_id": pick.choice([*self.agents, *self.agents, "", "A99"]),
                "channel": pick.choice(CHANNELS),
                "direction": direction,
                "issue": issue,
                "opened_at": self.stamp(opened, program),
                "first_response_at": self.stamp(response, program) if pick.random() < 0.7 else "",
                "closed_at": self.stamp(closed, program),
                "wait_seconds": pick.choice(["", "0", "4.999", "5", "20", "20.5", "60", "61", "300"]),
                "handle_seconds": pick.choice(["", "90", "240.5", "601", "0"]),
                "abandoned": "true" if abandoned else pick.choice(["", "false"]),
                "transfers": pick.choice(["", "0", "0", "1", "2"]),
                "reopens": pick.choice(["", "0", "0", "0", "1"]),
                "escalation": pick.choice(["", "none", "none", "tier2", "supervisor", "external"]),
                "resolution": pick.choice(["", *RESOLUTIONS]),
                "refund_requested": pick.choice(["", "", "true", "true", "false"]),
                "csat_score": pick.choice([good, bad, high or "5", low or "1"]) if rated else "",
                "csat_min": low,
                "csat_max": high,
                "csat_sent": pick.choice(["", "true", "true", "false"]),
                "csat_at": self.stamp(opened + pick.uniform(0, 5) * DAY, program)
                if rated and pick.random() < 0.6
                else "",
                "updated_at": self.stamp(opened, program),
            }
        )
        self.opened.append((contact, program, "" if hidden else customer, order or "", opened, closed))
        self.issue_of[opened, customer] = issue

    def some_order(self, program: str, customer: str) -> str:
        pick = self.random
        own = [order for order in self.orders if order[1:3] == (program, customer)]
        kind = pick.random()
        if own and kind < 0.7:
            return pick.choice(own)[0]
        if kind < 0.76:
            return pick.choice(self.orders)[0]  # of anybody, of any program
        if kind < 0.82:
            return pick.choice(["O-lost", "O-late"])
        return ""

    def make_odd_local_times(self) -> None:
        """Openings written in hours that a clock change skips or repeats, closings in the hour after."""
        near = [text for text in ODD_LOCAL_TIMES if abs(_utc(text) - self.change) < 2 * DAY]
        for number, text in enumerate(near * 3):
            program = sorted(self.zone)[number % len(self.zone)]
            self.rows["contacts"].append(
                {
                    "contact_id": f"L{number}",
                    "program_id": program,
                    "customer_id": self.customers[number % 2],
                    "channel": "email",
                    "issue": "wismo",
                    "opened_at": text,
                    "closed_at": (_utc(text) + 2 * HOUR).replace(tzinfo=None).isoformat(),
                    "resolution": "answered",
                    "updated_at": text,
                }
            )

    def make_purchases(self) -> None:
        """Orders placed at the edges of the 90 days after a contact."""
        for number in range(25):
            _, program, customer, _, opened, _ = self.random.choice(self.opened)
            moment = self.around(opened + self.random.choice([timedelta(0), 90 * DAY]))
            self.add_order(f"B{number:02}", program, customer or "C01", moment)

    def make_outcomes(self) -> None:
        pick = self.random
        program_of = {order: program for order, program, _, _ in self.orders}
        asked = [item for item in self.opened if item[3] in program_of]
        asked += 3 * [item for item in asked if self.issue_of.get((item[4], item[2])) in ("refund", "return")]
        kinds = ["refund"] * 6 + ["chargeback"] * 4 + ["store_credit", "discount", "replacement", "reship"]
        kinds += ["exchange", "return"]
        for number in range(130):
            _, _, _, order, opened, _ = pick.choice(asked)
            moment = pick.choice(
                [
                    opened,
                    self.around(opened),
                    self.around(opened + 30 * DAY),
                    self.around(opened + 120 * DAY),
                    opened + pick.uniform(-20, 40) * DAY,
                    opened + pick.uniform(0, 125) * DAY,
                ]
            )
            kind = pick.choice(kinds)
            amount = pick.choice(["5", "7.77", "12.345", "24.99", "100", "0", "0.004"])
            program = program_of[order]
            self.rows["order_outcomes"].append(
                {
                    "outcome_id": f"X{number:03}",
                    "order_id": order,
                    "kind": kind,
                    "amount": amount if kind in ("refund", "chargeback") else pick.choice([amount, ""]),
                    "currency": pick.choice(["", "", self.currency[program], "EUR"]),
                    "occurred_at": self.stamp(moment, program),
                }
            )

    def make_late_chargebacks(self) -> None:
        """Chargebacks at the edges of the 120 days after contacts whose window is over."""
        old = self.as_of - 121 * DAY
        asked = [
            item
            for item in self.opened
            if item[4] < old and any(order[0] == item[3] and order[1] == item[1] for order in self.orders)
        ]
        for number, (_, program, _, order, opened, _) in enumerate(asked[:25]):
            self.rows["order_outcomes"].append(
                {
                    "outcome_id": f"Y{number:03}",
                    "order_id": order,
                    "kind": "chargeback",
                    "amount": "1",
                    "occurred_at": self.stamp(self.around(opened + 120 * DAY), program),
                }
            )

    def make_concessions(self) -> None:
        """Concessions at the edges of the 30 days after contacts whose window is over."""
        old = self.as_of - 31 * DAY
        asked = [item for item in self.opened if item[4] < old and item[3] in {row[0] for row in self.orders}]
        program_of = {order: program for order, program, _, _ in self.orders}
        kinds = ["store_credit", "discount", "replacement", "reship", "exchange"]
        for number, (_, _, _, order, opened, _) in enumerate(self.random.sample(asked, min(50, len(asked)))):
            moment = self.around(opened + self.random.choice([timedelta(0), 30 * DAY, 30 * DAY]))
            self.rows["order_outcomes"].append(
                {
                    "outcome_id": f"V{number:03}",
                    "order_id": order,
                    "kind": kinds[number % 5],
                    "amount": str(2 ** (number % 7)),
                    "occurred_at": self.stamp(moment, program_of[order]),
                }
            )

    def make_events(self) -> None:
        """Events, and outbound contacts at the edges of the two hours after them."""
        pick = self.random
        starts = [self.around(self.as_of - 2 * HOUR), self.as_of - 10 * DAY, self.around(self.as_of)]
        starts += [self.as_of - pick.uniform(1, 60) * DAY for _ in range(4)]
        at = [(start, pick.choice(sorted(self.zone))) for start in starts]
        # an order placed, delivered or cancelled at the very start
        at += [(order[3], order[1]) for order in pick.sample(self.orders, 3)]
        at += [(self.around(end), program) for end, program in pick.sample(self.fates, 5)]
        for number, (start, program) in enumerate(at):
            self.rows["events"].append(
                {
                    "event_id": f"E{number}",
                    "program_id": program,
                    "kind": pick.choice(["sale", "outage", "carrier_delay", "drill", "other"]),
                    "label": f"Event {number}",
                    "started_at": self.stamp(start, program),
                }
            )
            for told in range(6):
                moment = self.around(start + pick.choice([timedelta(0), 2 * HOUR]))
                moment = pick.choice([moment, start + pick.uniform(0, 2) * HOUR])
                self.rows["contacts"].append(
                    {
                        "contact_id": f"N{number}-{told}",
                        "program_id": program,
                        "customer_id": pick.choice(self.customers),
                        "channel": "sms",
                        "direction": "outbound",
                        "issue": "wismo",
                        "opened_at": self.stamp(moment, program),
                        "abandoned": pick.choice(["", "", "", "true"]),
                        "updated_at": self.stamp(moment, program),
                    }
                )

    def make_quality(self) -> None:
        pick = self.random
        criteria = [
            ("1", "greet", "0", "1", "1", "false"),
            ("1", "solve", "1", "5", "2.5", ""),
            ("1", "law", "0", "2", "0", "true"),  # weighs nothing, can still fail the review
            ("2", "greet", "-1", "1", "1", "true"),
            ("2", "note", "0", "3", "0", "false"),
        ]
        for version, criterion, low, high, weight, fails in criteria:
            self.rows["scorecards"].append(
                {
                    "scorecard_id": "S",
                    "version": version,
                    "criterion_id": criterion,
                    "min": low,
                    "max": high,
                    "weight": weight,
                    "auto_fail": fails,
                }
            )
        past = [item for item in self.opened if item[4] <= self.as_of - DAY]
        for number in range(70):
            contact, program, _, _, opened, _ = pick.choice(past)
            version = pick.choice(["1", "2"])
            purpose = pick.choice(["", "routine", "routine", "calibration", "reference"])
            reviewed = opened + pick.uniform(0, 20) * DAY
            if pick.random() < 0.15:
                reviewed = self.around(self.as_of)
            for its_version, criterion, low, high, _, _ in criteria:
                if its_version != version or pick.random() < 0.1:
                    continue
                later = reviewed + pick.choice([timedelta(0), timedelta(0), pick.uniform(0, 30) * HOUR])
                self.rows["qa_ratings"].append(
                    {
                        "review_id": f"R{number}",
                        "contact_id": contact,
                        "grader_id": f"G{number % 4}",
                        "scorecard_id": "S",
                        "version": version,
                        "criterion_id": criterion,
                        "score": pick.choice(["", low, high, str((float(low) + float(high)) / 2)]),
                        "reviewed_at": self.stamp(later, program),
                        "purpose": purpose,
                    }
                )

    # ---- deliveries

    def deliver(self) -> list[dict[str, list[Row]]]:
        """Late rows and updates go to the second delivery; a few bad and doubled rows to the first."""
        pick = self.random
        first = {table: list(rows) for table, rows in self.rows.items()}
        second: dict[str, list[Row]] = {}
        for table in ("contacts", "orders", "order_outcomes", "qa_ratings", "events"):
            rows = list(first[table])
            late = [row for row in rows if pick.random() < 0.12]
            first[table] = [row for row in rows if row not in late]
            second[table] = late
        first["orders"], second["orders"] = _late_order(first["orders"], second["orders"])
        self.update_contacts(first["contacts"], second["contacts"])
        self.update_orders(first["orders"], second["orders"])
        second["agents"] = [self.moved(row) for row in first["agents"] if pick.random() < 0.4]
        for row in pick.sample(first["qa_ratings"], 10):  # no updated_at: the later file wins
            criterion = next(
                item
                for item in self.rows["scorecards"]
                if (item["version"], item["criterion_id"]) == (row["version"], row["criterion_id"])
            )
            second["qa_ratings"].append({**row, "score": criterion["max"]})
        for row in pick.sample(first["order_outcomes"], 6):
            second["order_outcomes"].append({**row, "amount": "3.21"})
        self.add_bad_rows(first)
        for row in pick.sample(first["contacts"], 5):  # the same key again in one file: the later line wins
            first["contacts"].append({**row, "channel": "social"})
        for rows in first.values():
            if rows is not first["contacts"]:
                pick.shuffle(rows)
        return [first, {table: rows for table, rows in second.items() if rows}]

    def update_contacts(self, first: list[Row], second: list[Row]) -> None:
        for row in self.random.sample(first, 25):
            change = self.random.choice(
                [
                    {"issue": "other"},
                    {"resolution": "unresolved"},
                    {"reopens": "2"},
                    {"order_id": ""},
                    {"csat_score": ""},
                    {"agent_id": "A1"},
                    {"customer_id": ""},
                    {"direction": "outbound"},
                    {"abandoned": "true"},
                    {"program_id": self.random.choice(sorted(self.zone))},
                    {"closed_at": "2019-01-01T00:00:00Z"},  # rejected: what was there stays
                ]
            )
            # older than the row it competes with: it changes nothing
            shift = self.random.choice([30 * DAY, timedelta(0), -30 * DAY])
            moment = (self.as_of if shift else _utc("2020-01-01")) + shift
            second.append({**row, **change, "updated_at": moment.isoformat()})

    def update_orders(self, first: list[Row], second: list[Row]) -> None:
        for row in self.random.sample(first, 10):
            change = self.random.choice([{"amount": "60"}, {"customer_id": "C02"}, {"delivered_at": ""}])
            moment = self.random.choice([self.as_of, _utc("2020-01-01")])
            second.append({**row, **change, "updated_at": moment.isoformat()})

    def moved(self, row: Row) -> Row:
        moment = self.random.choice([self.as_of, _utc("2020-01-01")])
        return {**row, "site": "Cebu", "team": "green", "updated_at": moment.isoformat()}

    def add_bad_rows(self, first: dict[str, list[Row]]) -> None:
        contact = {**first["contacts"][0], "closed_at": "", "first_response_at": "", "csat_score": ""}
        for number, change in enumerate(
            [
                {"program_id": "P9"},
                {"opened_at": "yesterday"},
                {"opened_at": ""},
                {"closed_at": "2019-01-01T00:00:00Z"},
                {"first_response_at": "2019-01-01T00:00:00Z"},
                {"issue": "weather"},
                {"csat_score": "6", "csat_min": "", "csat_max": ""},
                {"wait_seconds": "-1"},
                {"transfers": "1.5"},
            ]
        ):
            first["contacts"].append({**contact, "contact_id": f"Z{number}", **change})
        order = first["orders"][0]
        for number, change in enumerate([{"amount": "-5"}, {"currency": "XAU"}, {"customer_id": ""}]):
            first["orders"].append({**order, "order_id": f"Z{number}", **change})
        for number, outcome in enumerate(self.random.sample(first["order_outcomes"], 8)):
            bad = {**outcome, "outcome_id": f"W{number}", "kind": "chargeback", "amount": ""}
            first["order_outcomes"].append(bad)
        outcome = first["order_outcomes"][0]
        for number, change in enumerate(
            [
                {"kind": "refund", "amount": ""},
                {"order_id": "O-lost"},
                {"kind": "refund", "amount": "5", "currency": "XAU"},
            ]
        ):
            first["order_outcomes"].append({**outcome, "outcome_id": f"Z{number}", **change})
        rating = {**first["qa_ratings"][0], "version": "1", "criterion_id": "solve"}
        for number, change in enumerate([{"score": "6"}, {"contact_id": "K-lost"}, {"version": "9"}]):
            first["qa_ratings"].append({**rating, "review_id": f"Z{number}", **change})


def _late_order(first: list[Row], second: list[Row]) -> tuple[list[Row], list[Row]]:
    """The order that contacts of the first delivery already name arrives with the second."""
    return first, [*second, {**first[0], "order_id": "O-late"}]


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
