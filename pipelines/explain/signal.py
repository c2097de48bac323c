"""Signal or noise: whether the newest weeks of a metric have left its level, in words.

`verdicts` asks a reader and answers for a page's cards; `verdict` judges weekly rows that are at hand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from pipelines.metrics import MetricDefinition, MetricRequest, by_metric
from pipelines.stats.ratings import FloatArray
from pipelines.stats.weekly import (
    FALSE_ALARMS_A_YEAR,
    Judgement,
    State,
    judge_proportions,
    judge_rates,
    judge_values,
)

if TYPE_CHECKING:
    from pipelines.reader import Reader


@dataclass(frozen=True, eq=False)
class Verdict:
    """What the control chart of one metric says.

    Attributes:
        metric: Its key.
        state: unchanged, rise, fall or early (too early to tell).
        since: Monday of the week since which it has risen or fallen; None otherwise.
        words: As a card says it: "unchanged", "real rise since week of 8 June", "too early to tell".
        why: What the verdict rests on, as one sentence.
        chart: Kind of control chart: p, p′, u, u′, XmR, or none.
        judged_to: Monday of the newest week that was judged: the newest final one; None where there is none.
        weeks: Final weeks that were looked at.
        is_seasonal: A yearly season was taken out.
        false_alarms_a_year: Alarms a year that a metric at its level would raise all the same, at most.
        points: One row a week: period_start, value, center, lower, upper, is_baseline, is_beyond; center and
            limits are empty where it is too early.
    """

    metric: str
    state: State
    since: date | None
    words: str
    why: str
    chart: str
    judged_to: date | None
    weeks: int
    is_seasonal: bool
    false_alarms_a_year: float
    points: pl.DataFrame

    @property
    def is_signal(self) -> bool:
        """Whether the metric has left its level."""
        return self.state in ("rise", "fall")

    def judged(self, better: str) -> str:
        """Whether the newest weeks are better, worse or neither, given which way is better."""
        if not self.is_signal or better not in ("higher", "lower"):
            return "neither"
        return "better" if (self.state == "rise") == (better == "higher") else "worse"


def verdicts(
    reader: Reader,
    metrics: Sequence[str],
    program: str | None = None,
    filters: Mapping[str, Sequence[str | None]] | None = None,
) -> dict[str, Verdict]:
    """The verdict on each of some metrics, over all the weeks there are.

    Weekly totals leave no weekday in the numbers; a week that is cut by the first day of the data, still
    runs, or waits for a window takes no part.

    Args:
        reader: A `pipelines.reader.Reader`.
        metrics: Keys.
        program: One program; None takes all together.
        filters: Further values to keep by dimension, as in `MetricRequest`.

    Returns:
        Verdicts by key.

    Raises:
        UsageError: As `reader.metrics`.
    """
    chosen = {**(filters or {}), **({} if program is None else {"program_id": (program,)})}
    rows = reader.metrics(MetricRequest(metrics=tuple(metrics), grain="week", filters=chosen))
    first, _ = reader.period()
    return {
        key: verdict(reader.definition(key), own, first=first)
        for key, own in by_metric(rows, metrics).items()
    }


def verdict(what: MetricDefinition, rows: pl.DataFrame, *, first: date | None = None) -> Verdict:
    """The verdict on one metric.

    Args:
        what: The metric's definition.
        rows: Its rows of `reader.metrics` by week, over all weeks there are, split by nothing.
        first: First local day of the data: the week it cuts takes no part.
    """
    is_judged = (pl.col("status") == "final") & pl.col("value").is_not_null()
    if first is not None:
        is_judged &= pl.col("period_start") >= first
    final = rows.filter(is_judged).sort("period_start")
    days, value, numerator, denominator = _calendar(final)
    found = _judge(what, value, numerator, denominator)
    since = None if found.since is None else days[found.since]
    judged_to = days[-1] if days else None
    # column by column, since a page judges some twenty metrics and each expression has its price
    limits = {"value": value, "center": found.center, "lower": found.lower, "upper": found.upper}
    points = pl.DataFrame(
        [
            pl.Series("period_start", days, dtype=pl.Date),
            *(pl.Series(name, x, nan_to_null=True, dtype=pl.Float64) for name, x in limits.items()),
            pl.Series("is_baseline", found.is_baseline, dtype=pl.Boolean),
            pl.Series("is_beyond", (value > found.upper) | (value < found.lower), dtype=pl.Boolean),
        ]
    )
    return Verdict(
        metric=what.key,
        state=found.state,
        since=since,
        words=_words(found, since, judged_to),
        why=_why(found, days),
        chart=found.chart,
        judged_to=judged_to,
        weeks=final.height,
        is_seasonal=found.is_seasonal,
        false_alarms_a_year=found.false_alarms_a_year,
        points=points,
    )


def _calendar(final: pl.DataFrame) -> tuple[list[date], FloatArray, FloatArray, FloatArray]:
    """Mondays without holes, with value, numerator and denominator of each, nan where there are none.

    A week without units is a gap, not a neighbour less.
    """
    found = final["period_start"].to_list()
    places = [(day - found[0]).days // 7 for day in found]
    weeks = places[-1] + 1 if places else 0
    columns = []
    for name in ("value", "numerator", "denominator"):
        column = np.full(weeks, np.nan)
        column[places] = final[name].to_numpy()
        columns.append(column)
    days = [found[0] + timedelta(weeks=week) for week in range(weeks)]
    return days, columns[0], columns[1], columns[2]


def _judge(
    what: MetricDefinition, value: FloatArray, numerator: FloatArray, denominator: FloatArray
) -> Judgement:
    if what.kind == "proportion":
        return judge_proportions(np.nan_to_num(numerator), np.nan_to_num(denominator))
    if what.kind == "per_orders":
        return judge_rates(np.nan_to_num(numerator), np.nan_to_num(denominator))
    return judge_values(value)


def _words(found: Judgement, since: date | None, judged_to: date | None) -> str:
    if found.state == "early":
        return "too early to tell"
    if since is None or judged_to is None:
        return "unchanged"
    preposition = "in" if since == judged_to else "since"
    year = "" if since.year == judged_to.year else f" {since.year}"
    return f"real {found.state} {preposition} week of {since.day} {since:%B}{year}"


def _why(found: Judgement, days: Sequence[date]) -> str:
    if found.state == "early":
        return f"{found.why[:1].upper()}{found.why[1:]}."
    season = ", the season taken out" if found.is_seasonal else ""
    rule = {
        "run": "the newest eight weeks or more lie on one side of the level",
        "point": "the newest week lies beyond three standard deviations of the level",
        "none": "no rule is broken by the newest week",
    }[found.rule]
    wild = f"; out of its limits before: week of {days[found.past[-1]]:%-d %B}" if found.past else ""
    often = FALSE_ALARMS_A_YEAR.index(found.false_alarms_a_year)
    alarms = ("once a year", "once in two years")[often]
    return (
        f"{found.chart} chart to the week of {days[-1]:%-d %B}{season}: {rule}{wild}. "
        f"A metric at its level raises a false alarm about {alarms}."
    )
