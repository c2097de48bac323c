"""Tiny workspaces with the answer by hand: one sentence of the contract a case, many cases a workspace.

Each case is a program of its own, so that a split by program_id answers all cases at once. Rows are written
as small tables; `--` begins a remark. Both the product and the second implementation must give the answer.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.referee.files import COLUMNS, write_csv
from tests.referee.metrics import Referee, read_referee
from tests.referee.product import Product, close

AS_OF = "2026-06-30T12:00:00Z"

Row = dict[str, Any]

SHORT = {  # names in the small tables
    "contacts": {
        "id": "contact_id",
        "program": "program_id",
        "customer": "customer_id",
        "order": "order_id",
        "agent": "agent_id",
        "opened": "opened_at",
        "closed": "closed_at",
        "responded": "first_response_at",
        "wait": "wait_seconds",
        "handle": "handle_seconds",
        "asks": "refund_requested",
        "score": "csat_score",
        "low": "csat_min",
        "high": "csat_max",
        "sent": "csat_sent",
        "scored": "csat_at",
        "updated": "updated_at",
    },
    "orders": {
        "id": "order_id",
        "program": "program_id",
        "customer": "customer_id",
        "ordered": "ordered_at",
        "delivered": "delivered_at",
        "cancelled": "cancelled_at",
        "updated": "updated_at",
    },
    "order_outcomes": {"id": "outcome_id", "order": "order_id", "at": "occurred_at"},
    "events": {"id": "event_id", "program": "program_id", "started": "started_at"},
    "agents": {"id": "agent_id", "program": "program_id", "updated": "updated_at"},
    "qa_ratings": {
        "review": "review_id",
        "contact": "contact_id",
        "criterion": "criterion_id",
        "reviewed": "reviewed_at",
    },
    "scorecards": {"criterion": "criterion_id"},
    "fx_rates": {"to": "to_currency"},
}
USUAL = {  # what a small table does not say
    "contacts": {"channel": "email", "issue": "wismo", "customer_id": "ann"},
    "orders": {"customer_id": "ann", "ordered_at": "2026-01-15T09:00:00Z", "amount": "100"},
    "order_outcomes": {},
    "events": {"kind": "sale", "label": "A sale"},
    "agents": {},
    "qa_ratings": {"grader_id": "grader", "scorecard_id": "card", "version": "1"},
    "scorecards": {"scorecard_id": "card", "version": "1"},
    "fx_rates": {},
}
OWN_IDS = {"contact_id", "order_id", "agent_id", "outcome_id", "event_id", "review_id"}


@dataclass(frozen=True)
class Case:
    """One sentence: rows, and what they give.

    Attributes:
        says: The sentence.
        expected: By metric "numerator/denominator", "numerator/denominator+pending", or None for no row;
            a metric may be followed by "by <dimension> <value>". Percentiles: "value of denominator".
        states: fcr_state by contact.
        threads: First contact of the thread by contact.
        next: repeat_contact_id by contact.
        stakes: at_stake by contact, all of them.
    """

    says: str
    expected: Mapping[str, str | None] = field(default_factory=dict)
    contacts: str = ""
    orders: str = ""
    outcomes: str = ""
    events: str = ""
    agents: str = ""
    ratings: str = ""
    timezone: str = "UTC"
    currency: str = "USD"
    operating_model: str = ""
    states: Mapping[str, str | None] = field(default_factory=dict)
    threads: Mapping[str, str | None] = field(default_factory=dict)
    next: Mapping[str, str | None] = field(default_factory=dict)
    stakes: Mapping[str, str] | None = None

    @property
    def name(self) -> str:
        """The sentence as a word: the case's program_id and the test's name."""
        return re.sub(r"\W+", "_", self.says.lower()).strip("_")


def table(text: str, name: str) -> list[Row]:
    """Rows of a small table; a line is a row, cells are parted by bars, "" is an empty cell."""
    lines = [line.split("--")[0].strip() for line in text.strip().splitlines()]
    cells = [[cell.strip() for cell in line.split("|")] for line in lines if line]
    if not cells:
        return []
    columns = [SHORT[name].get(word, word) for word in cells[0]]
    unknown = set(columns) - set(COLUMNS[name])
    if unknown:
        raise ValueError(f"{name} has no column {unknown}")
    rows = [dict(zip(columns, row, strict=True)) for row in cells[1:]]
    return [{**USUAL[name], **row} for row in rows]


class Workspace:
    """The cases as one workspace, asked of the second implementation and of the product.

    Args:
        cases: Each becomes a program.
        folder: An empty folder.
        scorecards: Small table shared by the cases.
        fx_rates: Small table shared by the cases.
    """

    def __init__(
        self, cases: Iterable[Case], folder: Path, *, scorecards: str = "", fx_rates: str = ""
    ) -> None:
        self.cases = {case.name: case for case in cases}
        self.folder = folder
        rows: dict[str, list[Row]] = {name: [] for name in COLUMNS}
        rows["scorecards"] = table(scorecards, "scorecards")
        rows["fx_rates"] = table(fx_rates, "fx_rates")
        for case in self.cases.values():
            add_case(rows, case)
        self.files = []
        for name, its_rows in rows.items():
            if its_rows:
                path = folder / "files" / f"{name}.csv"
                path.parent.mkdir(exist_ok=True)
                write_csv(path, COLUMNS[name], its_rows)
                self.files.append((name, path))
        self._answers: dict[Any, dict[Any, Row]] = {}

    @cached_property
    def referee(self) -> Referee:
        return read_referee(self.files, AS_OF)

    @cached_property
    def product(self) -> Product:
        return Product(self.folder / "workspace", [self.files], AS_OF)

    def rows(
        self,
        who: str,
        metric: str,
        by: tuple[str, ...] = (),
        grain: str = "all",
        start: date | None = None,
        end: date | None = None,
    ) -> list[Row]:
        """The printed rows of one of the two."""
        if who == "referee":
            return self.referee.rows(metric, by, grain, start, end)
        return self.product.rows((metric,), by, grain, start, end)

    def answer(self, who: str, case: Case, metric: str) -> Row | None:
        """The row of the case; None where there is none."""
        key, _, split = metric.partition(" by ")
        dimension, _, value = split.partition(" ")
        by = ("program_id", dimension) if dimension else ("program_id",)
        if (who, key, by) not in self._answers:
            self._answers[who, key, by] = {
                tuple(row[name] for name in by): row for row in self.rows(who, key, by)
            }
        if not dimension:
            return self._answers[who, key, by].get((case.name,))
        if dimension == "agent_id" and value:
            value = f"{case.name}:{value}"
        return self._answers[who, key, by].get((case.name, value or None))

    def check(self, who: str, case: Case, metric: str) -> None:
        """Hold the answer against the one by hand."""
        expected, row = case.expected[metric], self.answer(who, case, metric)
        if expected is None:
            assert row is None, row
            return
        assert row is not None, f"{metric}: no row"
        if " of " in expected:
            value, denominator = expected.split(" of ")
            assert close(Fraction(value), row["value"]), row
            assert (row["numerator"], row["denominator"]) == (None, int(denominator)), row
            return
        counts, _, pending = expected.partition("+")
        numerator, denominator = counts.split("/")
        assert close(Fraction(numerator), row["numerator"]), row
        assert (row["denominator"], row["pending"]) == (int(denominator), int(pending or 0)), row
        if int(denominator):
            divisor = 1 if "value_retained" in metric else int(denominator)
            factor = 100 if metric.startswith(("wismo_rate", "contacts_per_100")) else 1
            assert close(Fraction(numerator) * factor / divisor, row["value"]), row
        else:
            assert (row["value"], row["lower"], row["upper"]) == (None, None, None), row

    def contact_columns(self, who: str) -> dict[str, Row]:
        """fcr_state, thread (its first contact), next (repeat_contact_id) of every contact."""
        if who == "referee":
            facts = self.referee.facts
            return {
                row["contact_id"]: {
                    "fcr_state": facts.fcr_state(row),
                    "thread": facts.thread(row),
                    "next": (facts.first_repeat(row) or {}).get("contact_id"),
                }
                for row in facts.contacts
            }
        rows = self.sql(
            "select contact_id, fcr_state, thread_id, is_first_contact, repeat_contact_id from contacts"
        )
        first = {row["thread_id"]: row["contact_id"] for row in rows if row["is_first_contact"]}
        return {
            row["contact_id"]: {
                "fcr_state": row["fcr_state"],
                "thread": first[row["thread_id"]] if row["thread_id"] is not None else None,
                "next": row["repeat_contact_id"],
            }
            for row in rows
        }

    def stakes_of(self, who: str, case: Case) -> dict[str, Any]:
        """at_stake by contact."""
        if who == "referee":
            found = {stake.contact["contact_id"]: stake.at_stake for stake in self.referee.facts.stakes}
        else:
            found = {
                row["contact_id"]: row["at_stake"]
                for row in self.sql("select contact_id, at_stake from stakes")
            }
        start = f"{case.name}:"
        return {key.removeprefix(start): value for key, value in found.items() if key.startswith(start)}

    def sql(self, query: str) -> list[Row]:
        """Rows of a query on the product's warehouse."""
        return self.product.sql(query)


def add_case(rows: dict[str, list[Row]], case: Case) -> None:
    """The case's rows, with ids that no other case uses; program `other` is a second program of the case."""
    texts = {
        "contacts": case.contacts,
        "orders": case.orders,
        "order_outcomes": case.outcomes,
        "events": case.events,
        "agents": case.agents,
        "qa_ratings": case.ratings,
    }
    programs = {"": case.name}
    for name, text in texts.items():
        for number, row in enumerate(table(text, name)):
            if row.get("program_id") == "other":
                programs["other"] = f"{case.name}:other"
            if "program_id" in COLUMNS[name]:
                row["program_id"] = programs[row.get("program_id", "")]
            for column in OWN_IDS & set(COLUMNS[name]):
                if column == {"order_outcomes": "outcome_id", "events": "event_id"}.get(name):
                    row.setdefault(column, str(number))
                if row.get(column):
                    row[column] = f"{case.name}:{row[column]}"
            rows[name].append(row)
    for program_id in programs.values():
        rows["programs"].append(
            {
                "program_id": program_id,
                "program_name": case.says,
                "timezone": case.timezone,
                "currency": case.currency,
                "operating_model": case.operating_model,
            }
        )


def questions(cases: Iterable[Case]) -> list[Any]:
    """(case, metric) of every answer by hand, named for pytest."""
    import pytest

    return [
        pytest.param(case, metric, id=f"{case.name}-{metric.replace(' ', '_')}")
        for case in cases
        for metric in case.expected
    ]
