"""Small random workspaces, dense in trouble: few customers, many repeats, every boundary to the microsecond.

A seed gives the same world. A world is loaded in two deliveries; the second holds late rows, updates (newer,
older or without `updated_at`) and rows that others waited for.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from tests.referee.files import COLUMNS, Row, write_csv
from tests.referee.reading import instant
from tests.referee.world_aftermath import Aftermath
from tests.referee.world_desk import utc
from tests.referee.world_shop import DAY


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


def random_world(seed: int, contacts: int = 260) -> World:
    """The world of a seed."""
    return _Maker(seed, contacts).world()


class _Maker(Aftermath):
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
            moment = (self.as_of if shift else utc("2020-01-01")) + shift
            second.append({**row, **change, "updated_at": moment.isoformat()})

    def update_orders(self, first: list[Row], second: list[Row]) -> None:
        for row in self.random.sample(first, 10):
            change = self.random.choice([{"amount": "60"}, {"customer_id": "C02"}, {"delivered_at": ""}])
            moment = self.random.choice([self.as_of, utc("2020-01-01")])
            second.append({**row, **change, "updated_at": moment.isoformat()})

    def moved(self, row: Row) -> Row:
        moment = self.random.choice([self.as_of, utc("2020-01-01")])
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
