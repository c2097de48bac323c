"""First-contact resolution under every definition, against loops over every pair of contacts."""

import json
import random
from collections import Counter
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from pipelines.errors import UsageError
from pipelines.metrics.fcr_definitions import DAY, Definition, parsed, windows
from pipelines.metrics.fcr_lab import FcrLab
from tests.referee.facts import Facts, is_eligible, is_handled, is_inbound, shares_order
from tests.referee.metrics import Referee, read_referee
from tests.referee.product import Product, run
from tests.referee.reading import Row, local_date
from tests.referee.worlds import random_world

World = tuple[Referee, Product]


class Dull:
    """What each contact is under one definition, found by looking at every pair.

    Args:
        facts: The contacts.
        days: The window, in days of 24 hours.
        rule: issue, order, issue_or_order or any.
        exclusion: The one thing that the definition does otherwise than the contract, or none.
    """

    def __init__(self, facts: Facts, days: float, rule: str, exclusion: str) -> None:
        self.facts, self.rule, self.exclusion = facts, rule, exclusion
        self.window = timedelta(seconds=round(days * 86_400))
        self.families: dict[Any, list[Row]] = {}
        for contact in facts.contacts:
            if contact.get("customer_id") is not None:
                family = (contact["program_id"], contact["customer_id"])
                self.families.setdefault(family, []).append(contact)

    def matches(self, one: Row, other: Row) -> bool:
        issue = one["issue"] == other["issue"]
        if self.exclusion == "not_other" and one["issue"] == "other":
            issue = False
        order = shares_order(one, other)
        return {"issue": issue, "order": order, "issue_or_order": issue or order, "any": True}[self.rule]

    def may_repeat(self, contact: Row) -> bool:
        if self.exclusion == "with_outbound":
            return True
        return is_handled(contact) if self.exclusion == "not_abandoned" else is_inbound(contact)

    def is_after(self, later: Row, earlier: Row) -> bool:
        return (
            is_eligible(earlier)
            and earlier["opened_at"] < later["opened_at"] <= earlier["closed_at"] + self.window
            and self.matches(later, earlier)
        )

    def state(self, contact: Row) -> str:
        family = self.families[(contact["program_id"], contact["customer_id"])]
        if any(self.is_after(contact, earlier) for earlier in family):
            return "repeat"
        if contact["closed_at"] + self.window > self.facts.as_of:
            return "pending"
        if any(self.is_after(later, contact) and self.may_repeat(later) for later in family):
            return "failed"
        recorded = (contact.get("reopens") or 0) > 0 or contact.get("resolution") == "unresolved"
        if recorded and self.exclusion != "repeats_only":
            return "failed"
        if self.exclusion == "transfers_fail" and (contact.get("transfers") or 0) > 0:
            return "failed"
        return "resolved"

    def states(self) -> dict[str, str]:
        return {row["contact_id"]: self.state(row) for row in self.facts.contacts if is_eligible(row)}


@cache
def dull(referee: Referee, asked: Definition) -> dict[str, str]:
    return Dull(referee.facts, asked.window / DAY, asked.rule, asked.exclusion).states()


def held(lab: FcrLab, referee: Referee, kept: set[str] | None = None) -> list[str]:
    """Cells that differ from the loops' count."""
    found = []
    for row, asked in zip(lab.grid().iter_rows(named=True), lab.definitions(), strict=True):
        states = dull(referee, asked)
        counts = Counter(state for key, state in states.items() if kept is None or key in kept)
        mature = counts["failed"] + counts["resolved"]
        expected = (counts["resolved"], mature, counts["pending"], mature + counts["pending"])
        ours = (row["numerator"], row["denominator"], row["pending"], row["first_contacts"])
        share = counts["resolved"] / mature if mature else None
        if ours != expected or row["value"] != share:
            found.append(f"{asked.key}: loops {expected}, product {ours}")
    return found


def test_every_cell_equals_the_loops(world: World) -> None:
    referee, product = world
    lab = product.reader.fcr_lab()
    assert lab.grid().height == 4 * 6 * 6  # the workspace's own window is one of the six listed
    assert held(lab, referee) == []


def test_every_cell_under_filters_equals_the_loops(world: World) -> None:
    referee, product = world
    days = {
        row["contact_id"]: local_date(row["opened_at"], referee.data.programs[row["program_id"]]["timezone"])
        for row in referee.facts.contacts
    }
    pick = random.Random(len(days))
    start = referee.data.as_of.date() - timedelta(days=pick.randrange(40, 200))
    end = start + timedelta(days=60)
    channels = ("voice", "chat")
    kept = {
        row["contact_id"]
        for row in referee.facts.contacts
        if start <= days[row["contact_id"]] <= end and row["channel"] in channels
    }
    assert held(product.reader.fcr_lab(start, end, (("channel", channels),)), referee, kept) == []


def test_the_workspaces_own_window_is_one_more_column(tmp_path: Path) -> None:
    made = random_world(seed=8)
    deliveries = made.write(tmp_path)
    referee = read_referee([file for files in deliveries for file in files], made.as_of)
    settings = "[settings]\nfcr_window_days = 2.5\n"
    product = Product(tmp_path / "workspace", deliveries, made.as_of, settings=settings)
    lab = product.reader.fcr_lab()
    assert [window / DAY for window in lab.windows] == [1, 2.5, 3, 5, 7, 14, 30]
    assert held(lab, referee) == []
    same_as_the_command(product)


def same_as_the_command(product: Product) -> None:
    words = ["metrics", "fcr", "--format", "json", "--workspace", str(product.root)]
    (printed,) = json.loads(run(words))
    (cell,) = product.reader.fcr_lab().grid().filter("is_in_use").to_dicts()
    for name in ("value", "lower", "upper", "numerator", "denominator", "pending", "status"):
        assert cell[name] == printed[name], name


def test_the_contracts_cell_is_the_metric_to_the_last_digit(world: World) -> None:
    same_as_the_command(world[1])


def test_two_cells_are_reconciled_contact_by_contact(world: World) -> None:
    referee, product = world
    lab = product.reader.fcr_lab()
    pick = random.Random(5)
    rows = {row.key: row_ for row, row_ in zip(lab.definitions(), lab.grid().to_dicts(), strict=True)}
    for first, second in [pick.sample(lab.definitions(), 2) for _ in range(12)]:
        before, after = dull(referee, first), dull(referee, second)
        moved = Counter((before[key], after[key]) for key in before if before[key] != after[key])
        found = lab.reconcile(first, second)
        assert (
            Counter({key: sum(part["contacts"]) for key, part in found.group_by("before", "after")}) == moved
        ), (first.key, second.key)
        for name in ("denominator", "numerator", "pending"):
            difference = rows[second.key][name] - rows[first.key][name]
            assert found[name].sum() == difference, (first.key, second.key, name)
        both = sum("repeat" not in (before[key], after[key]) for key in before)
        assert lab.both(first, second) == both
        for row in found.iter_rows(named=True):
            ids = row["examples"]
            assert 0 < len(ids) == min(3, row["contacts"])
            assert {(before[key], after[key]) for key in ids} == {(row["before"], row["after"])}
            for key in ids:
                assert why(referee, first, second, key, after[key]) == row["reason"]


def why(referee: Referee, first: Definition, second: Definition, contact: str, becomes: str) -> str:
    """The smallest changes of the first definition that give the contact its second state."""
    aspects = ("window", "rule", "exclusion")
    for size in (1, 2, 3):
        enough = []
        for mask in range(8):
            chosen = [name for bit, name in enumerate(aspects) if mask >> bit & 1]
            if len(chosen) != size or any(getattr(first, name) == getattr(second, name) for name in chosen):
                continue
            changed = Definition(*(getattr(second if name in chosen else first, name) for name in aspects))
            if dull(referee, changed)[contact] == becomes:
                enough.append(chosen)
        if enough:
            return "|".join("+".join(each) for each in sorted(enough, key=lambda e: [*map(aspects.index, e)]))
    raise AssertionError("nothing gives the second state")


def test_one_definition_needs_no_reconciling(world: World) -> None:
    lab = world[1].reader.fcr_lab()
    assert lab.reconcile(lab.in_use, lab.in_use).height == 0


@pytest.mark.parametrize("days", [1, 3, 5, 7, 14, 30])
def test_the_last_instant_of_a_window_is_in_it(days: int, edges: Product) -> None:
    """Each customer comes back the window after closing, or one microsecond off: one is late."""
    grid = edges.reader.fcr_lab(date(2026, 3, 1), date(2026, 3, 1)).grid()
    (cell,) = grid.filter(window=days * DAY, rule="issue_or_order", exclusion="none").to_dicts()
    listed = [1, 3, 5, 7, 14, 30]
    resolved = 3 * len(listed[listed.index(days) + 1 :]) + 1
    assert (cell["numerator"], cell["denominator"]) == (resolved, 18)


@pytest.fixture(scope="module")
def edges(tmp_path_factory: pytest.TempPathFactory) -> Product:
    folder = tmp_path_factory.mktemp("edges")
    (folder / "programs.csv").write_text("program_id,program_name,timezone,currency\nP,P,UTC,EUR\n")
    lines = ["contact_id,program_id,customer_id,channel,issue,opened_at,closed_at"]
    closed = datetime(2026, 3, 1, 12)
    for days in (1, 3, 5, 7, 14, 30):
        for off in (-1, 0, 1):
            name = f"{days}_{off}"
            again = closed + timedelta(days=days, microseconds=off)
            lines.append(f"A{name},P,{name},chat,wismo,2026-03-01T11:00:00,{closed.isoformat()}")
            lines.append(f"B{name},P,{name},chat,wismo,{again.isoformat()},{again.isoformat()}")
    (folder / "contacts.csv").write_text("\n".join(lines) + "\n")
    files = [(table, folder / f"{table}.csv") for table in ("programs", "contacts")]
    return Product(folder / "workspace", [files], "2026-06-01T00:00:00Z")


def test_a_definition_survives_the_url() -> None:
    for window in windows(DAY * 5 // 2):
        asked = Definition(window, "any", "not_other")
        assert parsed(asked.key, DAY * 5 // 2) == asked
    with pytest.raises(UsageError, match="windows are 1d, 3d, 5d, 7d, 14d, 30d"):
        parsed("2d.any.none", 7 * DAY)
    with pytest.raises(UsageError, match="Did you mean 'order'"):
        parsed("7d.ordr.none", 7 * DAY)
    assert "the same issue or the same order follows within 7 days" in Definition(7 * DAY).sentence
