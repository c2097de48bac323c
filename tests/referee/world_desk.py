"""The contacts of a random world, often at a boundary of an earlier one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from tests.referee.world_shop import DAY, HOUR, TICK, Shop

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


class Desk(Shop):
    """Contacts that repeat, ask, rate and end at the edges of windows."""

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
        near = [text for text in ODD_LOCAL_TIMES if abs(utc(text) - self.change) < 2 * DAY]
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
                    "closed_at": (utc(text) + 2 * HOUR).replace(tzinfo=None).isoformat(),
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


def utc(text: str) -> datetime:
    """A moment written without an offset, taken as UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
