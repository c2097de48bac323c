"""Grader severity over time: a control chart for each grader, and alerts for those who change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from scipy import special

from pipelines.calibration.coding import require
from pipelines.calibration.model import ReviewModel
from pipelines.stats.charts import Chart, runs
from pipelines.stats.multiplicity import benjamini_hochberg
from pipelines.stats.ratings import FloatArray

RUN = 8
SIGMAS = 3.0
FALSE_ALERTS = 0.01
"""Share of false alerts allowed in one look: people are named by them, and looked at every month."""
FALSE_ALARMS_A_YEAR = 0.1
"""False alarms that a team of steady graders raises in a year of monthly looks, at most; simulated in
tests/calibration/test_severity_time.py."""
LEAST_REVIEWS = 8
"""Reviews in a period from which it is judged: scores are skewed, and one auto-fail is no change of heart."""
# What all graders show counts like so many degrees of freedom of one grader's own; fewer while there are few
# periods to show it.
_PRIOR = 20.0


@dataclass(frozen=True)
class SeverityOverTime:
    """Control charts of graders and who changed.

    Attributes:
        points: One row a grader and period: grader_id, period_start, n_reviews, severity, center, lower,
            upper, signal (empty, "outside" or "run").
        drift: One row a grader with two periods or more: grader_id, n_periods, per_30_days (points), lower,
            upper, p_value, last_change (points that the newest period with enough reviews differs from all
            before it; null where there are none), last_p_value, alert (words, empty when there is none).
            Both p-values are adjusted over all graders and both questions.
    """

    points: pl.DataFrame
    drift: pl.DataFrame


def severity_over_time(
    model: ReviewModel,
    *,
    every: str = "1mo",
    run_length: int = RUN,
    false_discovery: float = FALSE_ALERTS,
) -> SeverityOverTime:
    """What each grader's reviews lose against agent and mix, period by period.

    Args:
        model: From `fit_reviews`, whose reviews have reviewed_at.
        every: Length of a period, in Polars' words.
        run_length: Periods on one side of the centre that are a signal.
        false_discovery: Share of wrong alerts allowed.

    Raises:
        ValueError: If the reviews have no reviewed_at.
    """
    require(model.rows, ["reviewed_at"], "reviews")
    expected = model.home_part + model.mix_part + model.agents.value[model.agent.code]
    lost = model.rows.select(
        grader_id=pl.col("grader_id").cast(pl.String),
        reviewed_at=pl.col("reviewed_at").cast(pl.Datetime("us")),
        lost=pl.Series(expected - model.score),
    )
    return over_time(lost, every=every, run_length=run_length, false_discovery=false_discovery)


def over_time(
    lost: pl.DataFrame,
    *,
    every: str = "1mo",
    run_length: int = RUN,
    false_discovery: float = FALSE_ALERTS,
) -> SeverityOverTime:
    """Charts and alerts from what each review lost.

    A grader's spread is that of their own reviews within periods, since strict graders meet more auto-fails
    and spread more; periods that scatter more than that widen everything. Both are drawn towards what all
    graders show (moderated variances, all graders counting like 20 degrees of freedom at most), so that
    twelve months of one grader need not stand alone. Two questions are asked of each grader, whether they
    move steadily and whether their newest period differs from all before it, and all answers are adjusted
    together. A point's signal is not: limits are 3 standard errors, a run is 8 periods on one side.

    Args:
        lost: grader_id, reviewed_at, lost (points; above 0 is strict), one row a review.
        every: Length of a period, in Polars' words.
        run_length: Periods on one side of the centre that are a signal.
        false_discovery: Share of wrong alerts allowed.

    Source: Smyth (2004), Stat. Appl. Genet. Mol. Biol. 3(1):3, for moderated variances; Benjamini and
    Hochberg (1995).
    """
    periods = (
        lost.filter(pl.col("reviewed_at").is_not_null())
        .with_columns(period_start=pl.col("reviewed_at").dt.truncate(every).dt.date())
        .group_by("grader_id", "period_start")
        .agg(
            n_reviews=pl.len(),
            severity=pl.col("lost").mean(),
            squares=((pl.col("lost") - pl.col("lost").mean()) ** 2).sum(),
            at=pl.col("reviewed_at").mean(),
        )
        .sort("grader_id", "period_start")
    )
    histories = [
        _history(str(name), rows) for (name,), rows in periods.group_by("grader_id", maintain_order=True)
    ]
    spread = _spreads(histories)
    typical = _typical(histories, spread)
    charts, found = [], []
    for one, sd in zip(histories, spread, strict=True):
        charts.append(_points(one, sd, _excess(one, sd, typical, trend=True)[0], run_length))
        if one.n.size >= 2:
            found.append((one, _trend(one, sd, typical), _last(one, sd, typical)))
    points = pl.concat(charts) if charts else pl.DataFrame(schema=_POINTS)
    return SeverityOverTime(points, _drift(found, false_discovery))


_POINTS = {
    "grader_id": pl.String,
    "period_start": pl.Date,
    "n_reviews": pl.UInt32,
    **dict.fromkeys(("severity", "center", "lower", "upper"), pl.Float64),
    "signal": pl.String,
}


@dataclass(frozen=True, eq=False)
class _History:
    """One grader's periods: first days, reviews, means, days since the first; squares around the means."""

    grader: str
    start: pl.Series
    n: FloatArray
    value: FloatArray
    squares: float
    day: FloatArray


@dataclass(frozen=True)
class _Told:
    """A difference from 0 with its error, and its p-value by Student's t with these degrees of freedom."""

    value: float
    error: float
    degrees: float

    @property
    def p_value(self) -> float:
        return (
            float(2 * special.stdtr(self.degrees, -abs(self.value) / self.error))
            if self.error > 0
            else np.nan
        )

    @property
    def arm(self) -> float:
        return float(special.stdtrit(self.degrees, 0.975)) * self.error


def _history(grader: str, rows: pl.DataFrame) -> _History:
    return _History(
        grader=grader,
        start=rows["period_start"],
        n=rows["n_reviews"].to_numpy().astype(np.float64),
        value=rows["severity"].to_numpy(),
        squares=float(rows["squares"].sum()),
        day=(rows["at"] - rows["at"].min()).dt.total_seconds().to_numpy() / 86_400,
    )


def _spreads(histories: list[_History]) -> list[float]:
    """Standard deviation of one review of each grader within periods, drawn towards that of all."""
    squares = np.array([one.squares for one in histories])
    degrees = np.array([one.n.sum() - one.n.size for one in histories])
    of_all = squares.sum() / degrees.sum() if degrees.sum() > 0 else np.nan
    return np.sqrt((_PRIOR * of_all + squares) / (_PRIOR + degrees)).tolist()


def _scatter(one: _History, sd: float, *, trend: bool) -> tuple[float, int]:
    """Chi-square of periods about their mean (or their line), and its degrees of freedom."""
    degrees = one.n.size - (2 if trend else 1)
    if degrees < 1 or not sd > 0:
        return 0.0, 0
    rest = one.value - (one.n @ one.value) / one.n.sum()
    if trend:
        slope, _ = _line(one)
        rest = rest - slope * (one.day - (one.n @ one.day) / one.n.sum())
    return float(one.n @ rest**2) / sd**2, degrees


def _line(one: _History) -> tuple[float, float]:
    """Slope a day by weighted least squares, and the weighted sum of squares of the days."""
    centred = one.day - (one.n @ one.day) / one.n.sum()
    size = float(one.n @ centred**2)
    return (float(one.n @ (centred * one.value)) / size if size > 0 else 0.0), size


@dataclass(frozen=True)
class _Typical:
    """By how much variances of periods exceed chance in the middling grader, and what that is worth."""

    excess: float
    degrees: float


def _typical(histories: list[_History], spread: list[float]) -> _Typical:
    """The median over graders, so that one who changes does not excuse the others' change; at least 1."""
    scatter = [_scatter(one, sd, trend=True) for one, sd in zip(histories, spread, strict=True)]
    ratios = [
        chi_square / (2 * special.gammaincinv(degrees / 2, 0.5)) for chi_square, degrees in scatter if degrees
    ]
    # A median tells about as much as the mean of half as many.
    worth = sum(degrees for _, degrees in scatter) / 2
    return _Typical(max(1.0, float(np.median(ratios))) if ratios else 1.0, min(_PRIOR, max(worth, 1.0)))


def _excess(one: _History, sd: float, typical: _Typical, *, trend: bool) -> tuple[float, float]:
    """Excess variance of one grader's periods, drawn towards the typical, and its degrees of freedom."""
    chi_square, degrees = _scatter(one, sd, trend=trend)
    total = typical.degrees + degrees
    return max(1.0, (typical.degrees * typical.excess + chi_square) / total), total


def _points(one: _History, sd: float, excess: float, run_length: int) -> pl.DataFrame:
    center = float((one.n @ one.value) / one.n.sum())
    sigma = sd * np.sqrt(excess / one.n)
    half = SIGMAS * sigma
    chart = Chart(one.value, center, sigma, center - half, center + half, float(np.sqrt(excess)))
    outside, in_run = chart.outside & (one.n >= LEAST_REVIEWS), runs(chart, length=run_length)
    signal = ["outside" if out else "run" if run else "" for out, run in zip(outside, in_run, strict=True)]
    return pl.DataFrame(
        {
            "grader_id": [one.grader] * one.n.size,
            "period_start": one.start,
            "n_reviews": one.n,
            "severity": one.value,
            "center": [center] * one.n.size,
            "lower": chart.lower,
            "upper": chart.upper,
            "signal": signal,
        },
        schema_overrides=_POINTS,
    )


def _trend(one: _History, sd: float, typical: _Typical) -> _Told:
    slope, size = _line(one)
    excess, degrees = _excess(one, sd, typical, trend=True)
    return _Told(30 * slope, 30 * sd * float(np.sqrt(excess / size)) if size > 0 else np.inf, degrees)


def _last(one: _History, sd: float, typical: _Typical) -> _Told | None:
    """The newest period with enough reviews against all before it."""
    judged = np.flatnonzero(one.n >= LEAST_REVIEWS)
    if judged.size == 0 or judged[-1] == 0:
        return None
    last = int(judged[-1])
    before = _History(one.grader, one.start[:last], one.n[:last], one.value[:last], 0.0, one.day[:last])
    excess, degrees = _excess(before, sd, typical, trend=False)
    center = float((before.n @ before.value) / before.n.sum())
    error = sd * float(np.sqrt(excess * (1 / one.n[last] + 1 / before.n.sum())))
    return _Told(float(one.value[last]) - center, error, degrees)


def _drift(found: list[tuple[_History, _Told, _Told | None]], false_discovery: float) -> pl.DataFrame:
    asked = [trend.p_value for _, trend, _ in found] + [
        np.nan if last is None else last.p_value for *_, last in found
    ]
    adjusted = benjamini_hochberg(asked)
    rows = []
    for (one, trend, last), p, p_last in zip(found, adjusted, adjusted[len(found) :], strict=False):
        rows.append(
            {
                "grader_id": one.grader,
                "n_periods": one.n.size,
                "per_30_days": trend.value,
                "lower": trend.value - trend.arm,
                "upper": trend.value + trend.arm,
                "p_value": p,
                "last_change": None if last is None else last.value,
                "last_p_value": None if last is None else p_last,
                "alert": _alert(trend, p, last, p_last, false_discovery),
            }
        )
    return pl.DataFrame(rows, schema=_DRIFT)


_DRIFT = {
    "grader_id": pl.String,
    "n_periods": pl.Int64,
    **dict.fromkeys(("per_30_days", "lower", "upper", "p_value", "last_change", "last_p_value"), pl.Float64),
    "alert": pl.String,
}


def _alert(trend: _Told, p: float, last: _Told | None, p_last: float, false_discovery: float) -> str:
    if p <= false_discovery:
        word = "stricter" if trend.value > 0 else "more lenient"
        return f"grows {word} by {abs(trend.value):.1f} points a month"
    if last is not None and p_last <= false_discovery:
        word = "stricter" if last.value > 0 else "more lenient"
        return f"was {abs(last.value):.1f} points {word} than before in the newest period"
    return ""
