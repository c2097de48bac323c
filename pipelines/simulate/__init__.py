"""A believable retailer with known truth, written as canonical files; imports canonical and errors only.

A seed gives the same bytes. Customers live in blocks that are simulated one after the other, so memory
does not grow with the number of contacts.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pipelines.errors import StateError
from pipelines.simulate import reference
from pipelines.simulate.block import World, make_generators, simulate_block
from pipelines.simulate.files import FORMATS, STREAMED, Folder
from pipelines.simulate.handling import Desk
from pipelines.simulate.plan import Calendar, Plan, make_plan
from pipelines.simulate.truth import Truth
from pipelines.simulate.world import Roster, make_agents, make_graders

__all__ = ["FORMATS", "Folder", "Plan", "make_plan", "simulate"]

KEYS = {
    "orders": "order_id",
    "contacts": "contact_id",
    "order_outcomes": "outcome_id",
    "qa_ratings": "review_id",
}


def simulate(
    root: Path,
    plan: Plan,
    *,
    file_format: str = "csv",
    progress: Callable[[str], None] = lambda _: None,
) -> dict[str, int]:
    """Write a retailer's files and truth.json into a folder; returns the rows of each table.

    Raises:
        UsageError: If the folder holds canonical files that no simulation wrote.
        StateError: If the folder cannot be written.
    """
    folder = Folder(root, file_format)
    folder.open()
    try:
        return _write(folder, plan, progress)
    except OSError as error:
        raise StateError(f"cannot write in {root}: {error.strerror or error}.") from None
    finally:
        folder.discard()


def _write(folder: Folder, plan: Plan, progress: Callable[[str], None]) -> dict[str, int]:
    generators = make_generators(plan.seed, plan.blocks)
    shared = generators[0]
    calendar = Calendar(plan, shared)
    agents = make_agents(plan, shared)
    desk = Desk(calendar, agents, Roster(plan, agents, shared))
    world = World(plan, calendar, agents, make_graders(plan, shared), desk)
    truth = Truth(world)
    counts: dict[str, int] = {}
    small = {
        "programs": reference.programs(),
        "agents": reference.agents(world),
        "scorecards": reference.scorecards(),
        "events": reference.events(world),
        "staffing": reference.staffing(world, shared),
        "signals": reference.signals(world, shared),
        "targets": reference.targets(plan),
        "fx_rates": reference.fx_rates(plan, shared),
    }
    for table, frame in small.items():
        folder.write(table, frame)
        counts[table] = frame.height
    for number in range(plan.blocks):
        block = simulate_block(world, number, generators[number + 1])
        for table, frame in block.rows.items():
            folder.set_aside(table, number, frame)
        truth.add(block)
        progress(f"customers: block {number + 1} of {plan.blocks}")
    for table in STREAMED:
        progress(f"writing {table}")
        counts[table] = folder.merge(table, reference.covered_days(plan), KEYS[table])
    folder.publish(truth.text(counts))
    return counts
