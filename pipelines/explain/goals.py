"""Which target holds on a day, for programs taken together or one by one; and which quarter a day is in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl


@dataclass(frozen=True)
class Goal:
    """A target in force.

    Attributes:
        metric: Key of the metric.
        program: The program whose own it is; None where all programs shown share it.
        target: The value to reach, in the metric's unit.
        since: First day on which it holds.
        next_from: First day of the target after it, or None.
        next_target: That target, or None.
    """

    metric: str
    program: str | None
    target: float
    since: date
    next_from: date | None = None
    next_target: float | None = None


def quarter_of(day: date) -> tuple[date, date]:
    """First and last day of the calendar quarter of a day."""
    start = date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)
    after = date(start.year + start.month // 10, (start.month + 2) % 12 + 1, 1)
    return start, after - timedelta(days=1)


def goals(rows: pl.DataFrame, on: date, programs: Sequence[str]) -> list[Goal]:
    """Targets in force on a day, of programs taken together where they share one, else program by program.

    Args:
        rows: Rows of `reader.all_targets`: metric, program_id, valid_from, target.
        on: The day.
        programs: Programs shown, at least one; a program's own target goes before the general one.

    Returns:
        By metric, then in the order of the programs.
    """
    targets: dict[tuple[str, str | None], list[tuple[date, float]]] = {}
    for metric, program, since, target in rows.select(
        "metric", "program_id", "valid_from", "target"
    ).iter_rows():
        targets.setdefault((metric, program), []).append((since, target))
    found = []
    for metric in sorted({metric for metric, _ in targets}):
        own = [_in_force(targets, metric, on, program) for program in programs]
        held = [goal for goal in own if goal is not None]
        if len(held) == len(programs) and len({goal.target for goal in held}) == 1:
            newest = max(held, key=lambda goal: goal.since)
            found.append(
                Goal(metric, None, newest.target, newest.since, newest.next_from, newest.next_target)
            )
        else:
            found += held
    return found


def _in_force(
    targets: Mapping[tuple[str, str | None], Sequence[tuple[date, float]]],
    metric: str,
    on: date,
    program: str,
) -> Goal | None:
    for owner in (program, None):
        dated = sorted(targets.get((metric, owner), ()))
        held = [one for one in dated if one[0] <= on]
        if held:
            since, target = held[-1]
            coming = dated[len(held)] if len(held) < len(dated) else (None, None)
            return Goal(metric, program, target, since, *coming)
    return None
