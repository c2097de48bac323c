"""Targets with their dates: how the running quarter stands, and the chance that it will meet them.

`progresses` asks a reader and answers for a page's figures; `progress` judges rows that are at hand. The
quarter's value is what is counted so far and what the rest brings; the rest goes as recent final weeks went.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

import polars as pl

from pipelines import insight
from pipelines.explain.goals import Goal, goals, quarter_of
from pipelines.explain.signal import Verdict, verdict
from pipelines.metrics import MetricDefinition, MetricRequest, by_metric
from pipelines.metrics.catalogue import PROGRAM_DIMENSIONS
from pipelines.stats.intervals import Z95
from pipelines.stats.outlook import LEAST_WEEKS, Outlook, Recent, outlook, recent

if TYPE_CHECKING:
    from pipelines.reader import Reader

RECENT_WEEKS = 13
"""Newest final weeks from which the rest of a quarter is predicted: a quarter's length, as old as it is."""

ADDITIVE = ("sum", "per_orders")
"""Kinds of which a part of the contacts is no figure of its own to hold against the whole's target."""

_WITHOUT = {
    "sum": "A sum grows with its days and is held against no target.",
    "percentile": "A quarter's percentile does not follow from those of its weeks.",
    "pairs": "Pairs reach over weeks, so that weeks do not add up to a quarter.",
    "survival": "It estimates what is open already.",
}
_ONCE = "Each customer or order counts once in a quarter, so that weeks do not add up to it."

Ask = Callable[[tuple[str, ...], str, date | None, Mapping[str, tuple[str | None, ...]]], pl.DataFrame]


@dataclass(frozen=True)
class Progress:
    """How the running quarter stands against a target.

    Attributes:
        what: The metric's definition.
        goal: The target.
        start: First day of the quarter.
        end: Last day of the quarter.
        measured: The quarter so far.
        state: met, missed or open: of what is counted so far, by its whole interval; none without a value.
        outlook: Where the quarter will end, and the chance that it meets the target; None where not said.
        why: Why there is no outlook, as a sentence, or what it rests on.
    """

    what: MetricDefinition
    goal: Goal
    start: date
    end: date
    measured: insight.Measured
    state: str
    outlook: Outlook | None
    why: str


def progresses(
    reader: Reader,
    metrics: Sequence[str],
    filters: Mapping[str, Sequence[str | None]] | None = None,
    *,
    ask: Ask | None = None,
) -> tuple[Progress, ...]:
    """How the running quarter stands against the targets of some metrics.

    Args:
        reader: A `pipelines.reader.Reader`.
        metrics: Keys; those without a target are left out.
        filters: Values to keep by dimension, as in `MetricRequest`.
        ask: Answers with rows by keys, grain, first day and filters; a page's cache may stand here.

    Returns:
        In the order of the metrics.
    """
    chosen = {name: tuple(values) for name, values in (filters or {}).items()}
    shown = [each for each in chosen.get("program_id", ()) if each is not None]
    programs = shown or reader.programs()["program_id"].to_list()
    is_part = bool(set(chosen) - set(PROGRAM_DIMENSIONS))
    asked = [
        what
        for what in map(reader.definition, metrics)
        if set(chosen) <= set(what.dimensions) and not (is_part and what.kind in ADDITIVE)
    ]
    on = reader.build.as_of.date()
    held = goals(reader.all_targets(), on, programs)
    found: dict[tuple[str, str | None], Progress] = {}
    for program in dict.fromkeys(goal.program for goal in held):
        own = {goal.metric: goal for goal in held if goal.program == program}
        here = {**chosen, **({} if program is None else {"program_id": (program,)})}
        keys = tuple(what.key for what in asked if what.key in own)
        if keys:
            rows = _Rows(reader, ask or _asking(reader), keys, here, on)
            found |= {(key, program): rows.progress(own[key]) for key in keys}
    return tuple(
        found[what.key, program]
        for what in asked
        for program in (None, *programs)
        if (what.key, program) in found
    )


def _asking(reader: Reader) -> Ask:
    def ask(
        keys: tuple[str, ...], grain: str, start: date | None, chosen: Mapping[str, tuple[str | None, ...]]
    ) -> pl.DataFrame:
        return reader.metrics(MetricRequest(metrics=keys, grain=grain, start=start, filters=chosen))

    return ask


class _Rows:
    """Rows of the running quarter and of all weeks, of the metrics of one program or of all together."""

    def __init__(
        self,
        reader: Reader,
        ask: Ask,
        keys: tuple[str, ...],
        chosen: Mapping[str, tuple[str | None, ...]],
        on: date,
    ) -> None:
        self.reader = reader
        self.first, _ = reader.period()
        self.quarter = by_metric(ask(keys, "quarter", quarter_of(on)[0], chosen), keys)
        foreseen = tuple(key for key in keys if not _without_outlook(reader.definition(key)))
        self.weeks = by_metric(ask(foreseen, "week", None, chosen), foreseen) if foreseen else {}

    def progress(self, goal: Goal) -> Progress:
        what = self.reader.definition(goal.metric)
        weeks = self.weeks.get(goal.metric, self.quarter[goal.metric].clear())
        return progress(
            what,
            goal,
            self.quarter[goal.metric],
            weeks.filter(pl.col("period_start") >= self.first),
            as_of=self.reader.build.as_of,
            level=verdict(what, weeks, first=self.first),
        )


def progress(
    what: MetricDefinition,
    goal: Goal,
    quarter: pl.DataFrame,
    weeks: pl.DataFrame,
    *,
    as_of: datetime,
    level: Verdict,
) -> Progress:
    """How the running quarter stands against one target.

    Args:
        what: The metric's definition.
        goal: Its target.
        quarter: Its row of `reader.metrics` for the running quarter; none where nothing is counted.
        weeks: Its rows by week, the week cut by the first day of the data left out.
        as_of: The moment to which things are counted, aware.
        level: Its verdict: after a real rise or fall only the weeks since speak of the rest.
    """
    start, end = quarter_of(as_of.date())
    row = quarter.filter(pl.col("period_start") == start)
    measured = insight.Measured.of(row.row(0, named=True)) if row.height else insight.Measured()
    left = datetime.combine(end + timedelta(days=1), time(), tzinfo=as_of.tzinfo) - as_of
    found = _outlook(what, goal, measured, weeks, max(0.0, left / timedelta(weeks=1)), level)
    return Progress(
        what=what,
        goal=goal,
        start=start,
        end=end,
        measured=measured,
        state=insight.against_target(what.kind, measured, goal.target, what.better),
        outlook=found if isinstance(found, Outlook) else None,
        why=found if isinstance(found, str) else _rests_on(level, weeks),
    )


def _outlook(
    what: MetricDefinition,
    goal: Goal,
    measured: insight.Measured,
    weeks: pl.DataFrame,
    weeks_left: float,
    level: Verdict,
) -> Outlook | str:
    """The outlook, or why there is none."""
    if reason := _without_outlook(what):
        return reason
    final = _recent_weeks(weeks, level)
    if final.height < LEAST_WEEKS:
        since = f" since its {level.state}" if level.is_signal else ""
        return f"Too early: {final.height} of {LEAST_WEEKS} final weeks{since}."
    past = _pooled(what, final)
    if past is None:
        return "Its weeks are too small for the spread within them to be told."
    if not (measured.denominator or 0) + measured.pending + weeks_left * past.weekly:
        return "Nothing is counted in this quarter."
    scale = 100.0 if what.kind == "per_orders" else 1.0
    found = outlook(
        past,
        total=measured.numerator or 0.0,
        size=measured.denominator or 0.0,
        waiting=measured.pending,
        weeks_left=weeks_left,
        target=goal.target / scale,
        at_least=what.better == "higher",
    )
    lower, upper = scale * found.lower, scale * found.upper
    if what.unit == "share":
        lower, upper = max(0.0, lower), min(1.0, upper)
    return Outlook(scale * found.value, lower, upper, found.chance, found.rest)


def _without_outlook(what: MetricDefinition) -> str:
    """Why nothing is foreseen of a metric, whatever its weeks; empty where something is."""
    if what.better not in ("higher", "lower"):
        return "Neither way is better."
    return _WITHOUT.get(what.kind) or (_ONCE if what.once else "")


def _recent_weeks(weeks: pl.DataFrame, level: Verdict) -> pl.DataFrame:
    final = weeks.filter((pl.col("status") == "final") & (pl.col("denominator") > 0))
    if level.is_signal and level.since is not None:
        final = final.filter(pl.col("period_start") >= level.since)
    return final.sort("period_start").tail(RECENT_WEEKS)


def _pooled(what: MetricDefinition, final: pl.DataFrame) -> Recent | None:
    totals, sizes = (final[name].cast(pl.Float64).to_numpy() for name in ("numerator", "denominator"))
    if what.kind == "proportion":
        return recent(totals, sizes, unit_variance="binomial")
    if what.kind == "per_orders":
        return recent(totals, sizes, unit_variance="poisson")
    # a week's interval is value ± z·s/√n: it holds the spread within the week
    spread = final.filter((pl.col("denominator") > 1) & pl.col("upper").is_not_null()).select(
        ((pl.col("upper") - pl.col("lower")) / (2 * Z95)).pow(2).alias("error"),
        pl.col("denominator").alias("n"),
    )
    freedom = float((spread["n"] - 1).sum())
    if freedom < LEAST_WEEKS:
        return None
    within = float((spread["error"] * spread["n"] * (spread["n"] - 1)).sum()) / freedom
    return recent(totals, sizes, unit_variance=within)


def _rests_on(level: Verdict, weeks: pl.DataFrame) -> str:
    final = _recent_weeks(weeks, level)
    since = f", those since its {level.state}" if level.is_signal else ""
    return f"The rest is taken to go as the newest {final.height} final weeks went{since}."


def progress_table(found: Sequence[Progress]) -> pl.DataFrame:
    """Progress in full precision, one row a target: for a download."""
    rows = [
        {
            "metric": each.what.key,
            "program_id": each.goal.program,
            "valid_from": each.goal.since,
            "target": each.goal.target,
            "quarter_start": each.start,
            "quarter_end": each.end,
            "value": each.measured.value,
            "lower": each.measured.lower,
            "upper": each.measured.upper,
            "denominator": each.measured.denominator,
            "pending": each.measured.pending,
            "status": each.measured.status,
            "state": each.state,
            "chance": each.outlook.chance if each.outlook else None,
            "expected": each.outlook.value if each.outlook else None,
            "expected_lower": each.outlook.lower if each.outlook else None,
            "expected_upper": each.outlook.upper if each.outlook else None,
            "why": each.why,
        }
        for each in found
    ]
    dates = dict.fromkeys(("valid_from", "quarter_start", "quarter_end"), pl.Date)
    return pl.DataFrame(rows, schema_overrides={**dates, "program_id": pl.String})
