"""What a report says: figures with change, target and verdict, why they moved, what it is worth, by whom."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import polars as pl

from pipelines import insight
from pipelines.errors import UsageError, did_you_mean
from pipelines.explain import (
    Explanation,
    Progress,
    Verdict,
    explain_by_each,
    progresses,
    quarter_of,
    verdict,
)
from pipelines.insight import FIGURES
from pipelines.metrics import MetricDefinition, MetricRequest
from pipelines.metrics.units import splits
from pipelines.reader import Reader
from pipelines.reader_explain import Filters

ESTIMATE = "_provisional"
"""What the key of a metric ends with that estimates open windows."""

WEEKS = 13
LEFT_OUT = ("agent_id", "operating_model", "region")
"""Dimensions by which a change is not explained: hundreds of groups, or the same as another."""


@dataclass(frozen=True)
class Line:
    """One key figure.

    Attributes:
        what: The metric's definition.
        measured: Its value over the period.
        estimate: Its value with open windows estimated, where it has windows and some are open.
        change: Against the period before.
        target: Its target, or None.
        target_state: met, missed, open or none.
        verdict: Whether its newest weeks have left its level.
        weeks: Its rows by week within the period.
    """

    what: MetricDefinition
    measured: insight.Measured
    estimate: insight.Measured
    change: insight.Change
    target: float | None
    target_state: str
    verdict: Verdict
    weeks: pl.DataFrame


@dataclass(frozen=True, eq=False)
class Report:
    """Everything that is printed, whatever the format.

    Attributes:
        workspace: Whose numbers these are.
        program: Name of the one program, or None for all.
        start: First local day.
        end: Last local day.
        before: First and last day of the comparison; None where there is nothing before.
        before_name: The comparison in words.
        build_id: The build that was read.
        as_of: The moment it is computed for.
        currency: The currency that the programs share, or None.
        lines: Key figures.
        progress: The running quarter against the targets of the figures; empty where the period ends in
            another quarter.
        explained: The first figure's change by each dimension, largest mix first; empty without an earlier
            period.
        labels: Names of programs.
        ledger: The refund ledger, one row a currency.
        by_program: Rows of the key figures by program, and by site.
        by_site: The same by site.
        every: Rows of every metric of the catalogue, split by nothing.
    """

    workspace: str
    program: str | None
    start: date
    end: date
    before: tuple[date, date] | None
    before_name: str
    build_id: str
    as_of: datetime
    currency: str | None
    lines: tuple[Line, ...]
    progress: tuple[Progress, ...]
    explained: tuple[Explanation, ...]
    labels: dict[str, str]
    ledger: pl.DataFrame
    by_program: pl.DataFrame
    by_site: pl.DataFrame
    every: pl.DataFrame

    @property
    def lead(self) -> Line:
        """The figure that is spoken of first: the first that has a value, else the first."""
        return next((line for line in self.lines if line.measured.value is not None), self.lines[0])


def report_of(
    reader: Reader, *, program: str | None = None, start: date | None = None, end: date | None = None
) -> Report:
    """The report of a period and program.

    Args:
        reader: A `pipelines.reader.Reader`.
        program: Its program_id; None takes all together.
        start: First local day; left out, 13 weeks from a Monday to the end.
        end: Last local day; left out, the last one with data.

    Raises:
        UsageError: If there is no such program, or the days are the wrong way round.
        StateError: If the warehouse is empty.
    """
    programs = reader.programs()
    _known(program, programs["program_id"].to_list())
    first, last = reader.period()
    name = f"the {WEEKS} weeks before" if start is None else ""
    start, end, before = _period(start, end, first, last)
    filters: dict[str, tuple[str | None, ...]] = {} if program is None else {"program_id": (program,)}
    shown = programs if program is None else programs.filter(pl.col("program_id") == program)
    on = min(end, reader.build.as_of.date())
    running = quarter_of(reader.build.as_of.date())
    targets = insight.targets_for(reader.targets(on), shown["program_id"].to_list())

    def ask(grain: str, days: tuple[date | None, date | None], by: tuple[str, ...] = ()) -> pl.DataFrame:
        return reader.metrics(
            MetricRequest(metrics=FIGURES, by=by, grain=grain, start=days[0], end=days[1], filters=filters)
        )

    now, weekly = ask("all", (start, end)), ask("week", (None, None))
    estimates = reader.metrics(
        MetricRequest(metrics=_estimated(reader), start=start, end=end, filters=filters)
    )
    earlier = ask("all", before) if before else None
    lines = tuple(
        _line(reader.definition(key), now, estimates, earlier, weekly, (start, end), first, targets.get(key))
        for key in FIGURES
    )
    labels = reader.labels("program_id")
    return Report(
        workspace=reader.build.workspace,
        program=None if program is None else labels.get(program, program),
        start=start,
        end=end,
        before=before,
        before_name=name or f"the {(end - start).days + 1} days before",
        build_id=reader.build.build_id,
        as_of=reader.build.as_of,
        currency=insight.common_currency(shown["currency"].to_list()),
        lines=lines,
        progress=progresses(reader, FIGURES, filters) if quarter_of(end) == running else (),
        explained=_explained(reader, before, (start, end), tuple(filters.items())),
        labels=labels,
        ledger=reader.ledger((), start, end, tuple(filters.items())),
        by_program=ask("all", (start, end), ("program_id",)),
        by_site=ask("all", (start, end), ("site",)),
        every=reader.metrics(
            MetricRequest(
                metrics=tuple(what.key for what in reader.catalogue), start=start, end=end, filters=filters
            )
        ),
    )


def _known(program: str | None, programs: list[str]) -> None:
    if program is not None and program not in programs:
        raise UsageError(
            f"no program '{program}' here; there are: {', '.join(programs)}.{did_you_mean(program, programs)}"
        )


def _period(
    start: date | None, end: date | None, first: date, last: date
) -> tuple[date, date, tuple[date, date] | None]:
    """The period and the one before it; whole weeks from Monday where no first day is asked for."""
    stop = end or last
    if start is None:
        begin = stop - timedelta(days=stop.weekday()) - timedelta(weeks=WEEKS - 1)
        shift = timedelta(weeks=WEEKS)
    else:
        begin, shift = start, timedelta(days=(stop - start).days + 1)
    if begin > stop:
        raise UsageError(f"the first day {begin} is after the last day {stop}.")
    earlier = (begin - shift, stop - shift)
    return begin, stop, earlier if earlier[1] >= first else None


def _line(
    what: MetricDefinition,
    now: pl.DataFrame,
    estimates: pl.DataFrame,
    earlier: pl.DataFrame | None,
    weekly: pl.DataFrame,
    days: tuple[date, date],
    first: date,
    target: float | None,
) -> Line:
    measured = _measured(now, what.key)
    weeks = weekly.filter(pl.col("metric") == what.key)
    return Line(
        what=what,
        measured=measured,
        estimate=_measured(estimates, what.key + ESTIMATE) if measured.pending else insight.Measured(),
        change=insight.change(
            what.kind, measured, insight.Measured() if earlier is None else _measured(earlier, what.key)
        ),
        target=target,
        target_state=insight.against_target(what.kind, measured, target, what.better),
        verdict=verdict(what, weeks, first=first),
        weeks=weeks.filter(pl.col("period_start").is_between(days[0] - timedelta(days=6), days[1])),
    )


def _estimated(reader: Reader) -> tuple[str, ...]:
    """The estimates of open windows that the figures have."""
    known = {what.key for what in reader.catalogue}
    return tuple(key + ESTIMATE for key in FIGURES if key + ESTIMATE in known)


def _measured(rows: pl.DataFrame, key: str) -> insight.Measured:
    own = rows.filter(pl.col("metric") == key)
    return insight.Measured.of(own.row(0, named=True)) if own.height else insight.Measured()


def _explained(
    reader: Reader, before: tuple[date, date] | None, days: tuple[date, date], filters: Filters
) -> tuple[Explanation, ...]:
    if before is None:
        return ()
    what = reader.definition(FIGURES[0])
    names = tuple(name for name in splits(what) if name not in LEFT_OUT)
    if filters:
        names = tuple(name for name in names if name != "program_id")
    earlier, now = (reader.cells(what.key, names, *side, filters) for side in (before, days))
    return explain_by_each(what, earlier, now, names)
