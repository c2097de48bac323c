"""Which target holds on a day, for programs taken together or one by one; and which quarter a day is in."""

from __future__ import annotations

from collections.abc import Sequence
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
    found = []
    for metric in rows["metric"].unique().sort():
        own = [_in_force(rows.filter(pl.col("metric") == metric), on, program) for program in programs]
        held = [goal for goal in own if goal is not None]
        if len(held) == len(programs) and len({goal.target for goal in held}) == 1:
            newest = max(held, key=lambda goal: goal.since)
            found.append(
                Goal(metric, None, newest.target, newest.since, newest.next_from, newest.next_target)
            )
        else:
            found += held
    return found


def _in_force(rows: pl.DataFrame, on: date, program: str) -> Goal | None:
    for owner in (program, None):
        dated = rows.filter(pl.col("program_id").eq_missing(pl.lit(owner, dtype=pl.String))).sort(
            "valid_from"
        )
        held = dated.filter(pl.col("valid_from") <= on)
        if held.height:
            to_come = dated.filter(pl.col("valid_from") > on).head(1)
            coming = to_come.row(0, named=True) if to_come.height else {}
            row = held.row(-1, named=True)
            return Goal(
                metric=row["metric"],
                program=program,
                target=row["target"],
                since=row["valid_from"],
                next_from=coming.get("valid_from"),
                next_target=coming.get("target"),
            )
    return None
