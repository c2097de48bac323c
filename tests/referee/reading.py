"""Canonical CSV files as typed rows, as they stand at as-of: what loads, which version counts, its worth."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]

KEYS = {  # FP 19
    "programs": ("program_id",),
    "agents": ("agent_id",),
    "contacts": ("contact_id",),
    "scorecards": ("scorecard_id", "version", "criterion_id"),
    "qa_ratings": ("review_id", "criterion_id"),
    "orders": ("order_id",),
    "order_outcomes": ("outcome_id",),
    "events": ("event_id",),
    "fx_rates": ("currency", "to_currency", "day"),
}
REQUIRED = {
    "programs": ("program_id", "program_name", "timezone", "currency"),
    "agents": ("agent_id", "program_id"),
    "contacts": ("contact_id", "program_id", "channel", "issue", "opened_at"),
    "scorecards": ("scorecard_id", "version", "criterion_id", "min", "max", "weight"),
    "qa_ratings": (
        "review_id",
        "contact_id",
        "grader_id",
        "scorecard_id",
        "version",
        "criterion_id",
        "reviewed_at",
    ),
    "orders": ("order_id", "program_id", "customer_id", "ordered_at", "amount"),
    "order_outcomes": ("outcome_id", "order_id", "kind", "occurred_at"),
    "events": ("event_id", "program_id", "kind", "label", "started_at"),
    "fx_rates": ("currency", "to_currency", "day", "rate"),
}
WORDS = {
    "channel": ["voice", "chat", "email", "sms", "social", "push", "app", "other"],
    "direction": ["inbound", "outbound"],
    "issue": [
        "wismo",
        "payment",
        "refund",
        "return",
        "exchange",
        "damaged",
        "missing_item",
        "cancellation",
        "promo",
        "product",
        "account",
        "warranty",
        "complaint",
        "other",
    ],
    "escalation": ["none", "tier2", "supervisor", "external"],
    "resolution": [
        "answered",
        "refund",
        "partial_refund",
        "exchange",
        "replacement",
        "store_credit",
        "discount",
        "reship",
        "cancelled",
        "unresolved",
        "other",
    ],
    "purpose": ["routine", "calibration", "reference"],
    "operating_model": ["in_house", "outsourced", "hybrid"],
}
KINDS = {
    "order_outcomes": [
        "refund",
        "chargeback",
        "return",
        "exchange",
        "replacement",
        "store_credit",
        "discount",
        "reship",
    ],
    "events": ["sale", "outage", "carrier_delay", "payment_failure", "cyber", "drill", "surge_team", "other"],
}
NUMBERS = {
    "wait_seconds",
    "handle_seconds",
    "csat_score",
    "csat_min",
    "csat_max",
    "min",
    "max",
    "weight",
    "score",
}
SIGNED = {"csat_score", "csat_min", "csat_max", "min", "max", "score"}  # FP 26
INTEGERS = {"transfers", "reopens", "forecast_orders"}
BOOLEANS = {"abandoned", "refund_requested", "csat_sent", "auto_fail"}
TIMESTAMPS = {
    "opened_at",
    "first_response_at",
    "closed_at",
    "csat_at",
    "updated_at",
    "ordered_at",
    "promised_at",
    "delivered_at",
    "cancelled_at",
    "occurred_at",
    "reviewed_at",
    "started_at",
    "ended_at",
}
DAYS = {"day", "hired_on", "left_on"}


class Rejected(Exception):
    """The row does not load."""


def read_files(paths: Iterable[tuple[str, Path]]) -> dict[str, list[Row]]:
    """Rows of the files as text, by table, in the order of loading; `_at` is (file number, line number)."""
    tables: dict[str, list[Row]] = {name: [] for name in KEYS}
    for number, (table, path) in enumerate(paths):
        if table not in KEYS:
            continue
        with path.open(newline="", encoding="utf-8") as file:
            for line, row in enumerate(csv.DictReader(file)):
                tables[table].append({**row, "_at": (number, line)})
    return tables


def instant(text: str, zone: str) -> datetime:
    """A moment in UTC; without an offset it is local.

    A repeated hour is its first occurrence, a skipped one is read with the offset before the change.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=ZoneInfo(zone), fold=0)
    return moment.astimezone(UTC)


def local_date(moment: datetime, zone: str) -> date:
    """The date on the wall at that moment."""
    return moment.astimezone(ZoneInfo(zone)).date()


def typed(table: str, row: Row, zone: str) -> Row:
    """The row with typed cells, None where empty; raises Rejected where a row-level expectation breaks."""
    cells: Row = {"_at": row["_at"]}
    for name, text in row.items():
        if name == "_at":
            continue
        text = (text or "").strip()
        if not text:
            cells[name] = None
            continue
        try:
            if name in TIMESTAMPS:
                cells[name] = instant(text, zone)
            elif name in DAYS:
                cells[name] = date.fromisoformat(text)
            elif name in NUMBERS:
                cells[name] = Fraction(text)
            elif name in INTEGERS:
                cells[name] = int(text)
            elif name in BOOLEANS:
                cells[name] = {"true": True, "false": False}[text]
            elif name in ("amount", "rate"):
                cells[name] = Decimal(text)
            else:
                cells[name] = text
        except (ValueError, KeyError, ArithmeticError):
            raise Rejected(name) from None
        value = cells[name]
        if isinstance(value, Fraction | Decimal | int) and value < 0 and name not in SIGNED:
            raise Rejected(name)
        if name in WORDS and value not in WORDS[name]:
            raise Rejected(name)
        if name == "kind" and value not in KINDS[table]:
            raise Rejected(name)
    for name in REQUIRED[table]:
        if cells.get(name) is None:
            raise Rejected(name)
    return cells


def newest_versions(table: str, rows: list[Row]) -> dict[Any, Row]:
    """By key the version that counts: newest updated_at, else the later file, else the later line (FP 19)."""
    never = datetime(1, 1, 1, tzinfo=UTC)
    chosen: dict[Any, Row] = {}
    for row in sorted(rows, key=lambda row: (row.get("updated_at") or never, row["_at"])):
        key = tuple(row[name] for name in KEYS[table])
        chosen[key[0] if len(key) == 1 else key] = row
    return chosen


class Data:
    """The workspace as it stands at as-of: rows of each table by key.

    Args:
        tables: What `read_files` gave.
        as_of: Aware moment; None takes the newest timestamp in the data (FP 1).
    """

    def __init__(self, tables: dict[str, list[Row]], as_of: datetime | None = None) -> None:
        self.text = tables
        self.programs = newest_versions("programs", self._rows("programs", lambda row: "UTC"))
        self.rates = newest_versions("fx_rates", self._rows("fx_rates", lambda row: "UTC"))
        self.agents = newest_versions("agents", self._rows("agents", self._zone))
        self.scorecards = newest_versions("scorecards", self._rows("scorecards", lambda row: "UTC"))
        self.orders = newest_versions("orders", self._rows("orders", self._zone, self._check_order))
        self.outcomes = newest_versions(
            "order_outcomes", self._rows("order_outcomes", self._zone_of_order, self._check_outcome)
        )
        self.contacts = newest_versions("contacts", self._rows("contacts", self._zone, self._check_contact))
        self.events = newest_versions("events", self._rows("events", self._zone))
        self.ratings = newest_versions(
            "qa_ratings", self._rows("qa_ratings", self._zone_of_contact, self._check_rating)
        )
        self.as_of = as_of or self._newest()
        self._forget_the_future()

    def _rows(self, table: str, zone_of: Any, check: Any = None) -> list[Row]:
        rows = []
        for text in self.text[table]:
            try:
                row = typed(table, text, zone_of(text))
                if check:
                    check(row)
            except Rejected:
                continue
            rows.append(row)
        return rows

    # ---- where a local time is local (section 2, FP 20); an unknown reference rejects the row

    def _zone(self, row: Row) -> str:
        if row["program_id"] not in self.programs:
            raise Rejected("program_id")
        return self.programs[row["program_id"]]["timezone"]

    def _zone_of_order(self, row: Row) -> str:
        if row["order_id"] not in self.orders:
            raise Rejected("order_id")
        return self._zone(self.orders[row["order_id"]])

    def _zone_of_contact(self, row: Row) -> str:
        if row["contact_id"] not in self.contacts:
            raise Rejected("contact_id")
        return self._zone(self.contacts[row["contact_id"]])

    # ---- what a row must satisfy beyond its own cells (section 3)

    def _check_contact(self, row: Row) -> None:
        for name in ("closed_at", "first_response_at"):
            if row.get(name) is not None and row[name] < row["opened_at"]:
                raise Rejected(name)
        if row.get("csat_score") is not None:
            low, high = scale_of(row)
            if not low <= row["csat_score"] <= high:
                raise Rejected("csat_score")  # FP 11

    def _check_order(self, row: Row) -> None:
        row["value"] = self._converted(row["amount"], row, row["program_id"], row["ordered_at"])

    def _check_outcome(self, row: Row) -> None:
        amount = row.get("amount")
        if amount is None:
            if row["kind"] in ("refund", "chargeback"):
                raise Rejected("amount")  # FP 7
            amount = Decimal(0)
        program = self.orders[row["order_id"]]["program_id"]
        row["value"] = self._converted(amount, row, program, row["occurred_at"])

    def _check_rating(self, row: Row) -> None:
        criterion = self.scorecards.get((row["scorecard_id"], row["version"], row["criterion_id"]))
        if criterion is None:
            raise Rejected("criterion_id")
        if row.get("score") is not None and not criterion["min"] <= row["score"] <= criterion["max"]:
            raise Rejected("score")

    def _converted(self, amount: Decimal, row: Row, program_id: str, moment: datetime) -> Decimal:
        """The amount in the program's currency, half-up to the cent where it is converted (FP 7)."""
        program = self.programs[program_id]
        currency = row.get("currency") or program["currency"]
        if currency == program["currency"]:
            return amount
        day = local_date(moment, program["timezone"])
        rates = [
            rate
            for rate in self.rates.values()
            if (rate["currency"], rate["to_currency"]) == (currency, program["currency"])
            and rate["day"] <= day
        ]
        if not rates:
            raise Rejected("currency")
        rate = max(rates, key=lambda rate: rate["day"])["rate"]
        return (amount * rate).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)

    # ---- as-of (FP 1)

    def _newest(self) -> datetime:
        looked_at = [
            (self.contacts, ("opened_at", "first_response_at", "closed_at", "csat_at")),
            (self.orders, ("ordered_at", "delivered_at", "cancelled_at")),
            (self.outcomes, ("occurred_at",)),
            (self.ratings, ("reviewed_at",)),
        ]
        return max(
            row[name]
            for table, names in looked_at
            for row in table.values()
            for name in names
            if row.get(name) is not None
        )

    def _forget_the_future(self) -> None:
        for name, start in (
            ("contacts", "opened_at"),
            ("orders", "ordered_at"),
            ("outcomes", "occurred_at"),
            ("ratings", "reviewed_at"),
            ("events", "started_at"),
        ):
            table = getattr(self, name)
            setattr(self, name, {key: row for key, row in table.items() if row[start] <= self.as_of})
        for row in self.contacts.values():
            if row.get("closed_at") is not None and row["closed_at"] > self.as_of:
                row["closed_at"] = None
            if row.get("csat_at") is not None and row["csat_at"] > self.as_of:
                row["csat_score"] = None
        for row in self.orders.values():
            for name in ("delivered_at", "cancelled_at"):
                if row.get(name) is not None and row[name] > self.as_of:
                    row[name] = None


def scale_of(contact: Row) -> tuple[Fraction, Fraction]:
    """Ends of the contact's rating scale; 1 and 5 where empty (FP 11)."""
    low, high = contact.get("csat_min"), contact.get("csat_max")
    return (Fraction(1) if low is None else low), (Fraction(5) if high is None else high)
