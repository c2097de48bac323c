"""Whether a weekly series has left its level: a control chart on earlier weeks, read over the newest ones.

The level is set by weeks that end before the newest quarter of a year; two rules read what came after: the
newest week beyond three standard deviations, and the newest eight weeks on one side. Moving ranges set the
spread, so that a step within the earlier weeks does not widen it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from pipelines.stats.charts import D2, Chart, p_chart, runs, u_chart, xmr_chart
from pipelines.stats.ratings import FloatArray

RECENT = 13
"""Newest weeks, which are judged and set no level."""
LEAST_BASELINE = 12
LEAST_WEEKS = 20
MOST_BASELINE = 104
RUN = 8
SIGMAS = 3.0
WEEKS_A_YEAR = 365.25 / 7
LEAST_EXPECTED = 5.0
"""Expected count of the rarer outcome in a middling week below which limits by the normal curve mislead."""
SETTLED = 26
"""Weeks on a new level after which it sets the level alone, where the step to it is beyond doubt."""
STEP = 5.0
"""Standard errors that such a step has: the largest of a hundred possible places rarely reaches four."""
SEASON_AT = 0.01
"""A season is taken out where chance alone would show as much in fewer than this share of series."""

FALSE_ALARMS_A_YEAR = (1.0, 0.6)
"""Alarms that a series at its level raises in a year, judged each week, at most: while less than a year of
weeks sets the level, and after. Known limits would give 0.34; estimated ones give more. Simulated for every
kind of chart in tests/stats/test_weekly.py."""

State = Literal["unchanged", "rise", "fall", "early"]


@dataclass(frozen=True, eq=False)
class Judgement:
    """What a series' newest weeks say.

    Attributes:
        state: unchanged; rise or fall, where the newest weeks have left the level; early, where there are too
            few weeks, or too few counts in them, to tell.
        since: Position of the week in which it left the level; None if unchanged.
        rule: run, point or none.
        chart: Kind of chart: p, p′, u, u′, XmR, or none.
        center: Expected value of each week, season included; nan if early.
        lower: Lower limit of each week.
        upper: Upper limit of each week.
        is_baseline: Weeks that set the level.
        is_seasonal: A season was taken out.
        past: Recent weeks that were beyond their limits while the newest are not.
        why: In the early state, what is missing; empty otherwise.
    """

    state: State
    since: int | None
    rule: Literal["run", "point", "none"]
    chart: str
    center: FloatArray
    lower: FloatArray
    upper: FloatArray
    is_baseline: NDArray[np.bool_]
    is_seasonal: bool
    past: tuple[int, ...] = ()
    why: str = ""

    @property
    def false_alarms_a_year(self) -> float:
        """Alarms that a series at its level would raise in a year, at most."""
        return FALSE_ALARMS_A_YEAR[int(self.is_baseline.sum()) >= int(WEEKS_A_YEAR)]


def judge_proportions(successes: ArrayLike, trials: ArrayLike) -> Judgement:
    """Weeks of a proportion, by a p chart; by Laney's p′ where the weeks vary more than chance.

    Args:
        successes: Of each week, in order without gaps in time; a week without trials is a gap.
        trials: Of each week.
    """
    y, n = np.asarray(successes, dtype=np.float64), np.asarray(trials, dtype=np.float64)
    share = float(y.sum() / n.sum()) if n.sum() > 0 else 0.0
    middle = float(np.median(n[n > 0])) if bool((n > 0).any()) else 0.0
    if min(share, 1 - share) * middle < LEAST_EXPECTED:
        return _early(n.size, "too few a week to tell")
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(n > 0, y / n, np.nan)
    return _judged(value, n, "p", lambda adjusted, base: p_chart(
        np.clip(np.nan_to_num(adjusted) * n, 0, n), n, baseline=base, laney=True, sigmas=SIGMAS
    ))  # fmt: skip


def judge_rates(events: ArrayLike, exposure: ArrayLike) -> Judgement:
    """Weeks of events per exposure, by a u chart; by u′ where the weeks vary more than chance.

    Args:
        events: Of each week.
        exposure: Of each week; 0 is a gap.
    """
    y, n = np.asarray(events, dtype=np.float64), np.asarray(exposure, dtype=np.float64)
    if y.size == 0 or float(np.median(y)) < LEAST_EXPECTED:
        return _early(n.size, "too few a week to tell")
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(n > 0, y / n, np.nan)
    return _judged(value, n, "u", lambda adjusted, base: u_chart(
        np.maximum(np.nan_to_num(adjusted) * n, 0), n, baseline=base, laney=True, sigmas=SIGMAS
    ))  # fmt: skip


def judge_values(values: ArrayLike) -> Judgement:
    """Weeks of means, sums or percentiles, by a chart of individual values and their moving ranges.

    Args:
        values: One a week; nan is a gap.
    """
    x = np.asarray(values, dtype=np.float64)
    weight = np.where(np.isnan(x), 0.0, 1.0)
    return _judged(x, weight, "XmR", lambda adjusted, base: xmr_chart(
        np.where(weight > 0, adjusted, np.nan), baseline=base, sigmas=SIGMAS
    ))  # fmt: skip


def _judged(
    value: FloatArray,
    weight: FloatArray,
    name: str,
    chart_of: Callable[[FloatArray, NDArray[np.bool_]], Chart],
) -> Judgement:
    known = np.flatnonzero(weight > 0)
    if known.size < LEAST_WEEKS:
        return _early(value.size, f"{known.size} of {LEAST_WEEKS} final weeks")
    recent = min(RECENT, known.size - LEAST_BASELINE)
    baseline = np.zeros(value.size, dtype=bool)
    baseline[known[:-recent][-MOST_BASELINE:]] = True
    season, leverage = _season(value, weight, baseline)
    while (step := _step(value, baseline, season)) is not None:
        # what a step explains better than a season is a step; long past, it has made a level of its own
        season, leverage = np.zeros(value.size), np.full(value.size, 1 / baseline.sum())
        if not RUN <= step.sum() <= baseline.sum() - SETTLED:
            break
        baseline &= ~step
        season, leverage = _season(value, weight, baseline)
    is_seasonal = bool(season.any())
    chart = chart_of(value - season, baseline)
    # the level is itself an estimate: a new week strays from it by both errors
    sigma = chart.sigma * np.sqrt(1 + np.where(baseline, 0.0, leverage))
    chart = replace(chart, value=np.where(weight > 0, value - season, np.nan), sigma=sigma)
    z = (chart.value - chart.center) / np.where(sigma > 0, sigma, np.nan)
    state, since, rule = _read(z, runs(chart, length=RUN), known)
    outside = np.flatnonzero(np.abs(np.nan_to_num(z)) > SIGMAS)
    past = tuple(int(week) for week in outside if week in known[-recent:]) if state == "unchanged" else ()
    center = np.where(weight > 0, chart.center + season, np.nan)
    is_wide = name in ("p", "u") and chart.dispersion > 1
    lower, upper = center - SIGMAS * sigma, center + SIGMAS * sigma
    if name in ("p", "u"):
        lower = np.maximum(lower, 0.0)
    if name == "p":
        upper = np.minimum(upper, 1.0)
    return Judgement(
        state, since, rule, f"{name}′" if is_wide else name, center, lower, upper, baseline, is_seasonal, past
    )


def _read(
    z: FloatArray, in_run: NDArray[np.bool_], known: NDArray[np.int64]
) -> tuple[State, int | None, Literal["run", "point", "none"]]:
    """The two rules on the newest week; a run is dated by the likeliest week of a lasting step.

    Source: Samuel, Pignatiello and Calvin (1998), Quality Engineering 10:521-527, for the dating.
    """
    last = int(known[-1])
    way: State = "rise" if z[last] > 0 else "fall"
    if in_run[last]:
        side = np.sign(z[known])
        breaks = np.flatnonzero(side != side[-1])
        run = known[breaks[-1] + 1 :] if breaks.size else known
        # the likeliest beginning: a week of mere luck on that side may stand before the step
        tails = np.abs(z[run][::-1].cumsum()) / np.sqrt(np.arange(1, run.size + 1))
        return way, int(run[::-1][int(tails.argmax())]), "run"
    if abs(z[last]) > SIGMAS:
        beyond = np.abs(z[known]) > SIGMAS
        same = beyond & (np.sign(z[known]) == np.sign(z[last]))
        breaks = np.flatnonzero(~same)
        first = int(known[breaks[-1] + 1]) if breaks.size else int(known[0])
        return way, first, "point"
    return "unchanged", None, "none"


def _step(value: FloatArray, baseline: NDArray[np.bool_], season: FloatArray) -> NDArray[np.bool_] | None:
    """The earlier weeks before a step that is beyond doubt and no season; None where there is none."""
    weeks = np.flatnonzero(baseline)
    x = value[weeks]
    left = np.arange(3, weeks.size - 2)
    spread = float(np.abs(np.diff(x)).mean()) / D2
    sums = x.cumsum()
    gap = (sums[-1] - sums[left - 1]) / (weeks.size - left) - sums[left - 1] / left
    size = np.abs(gap) / np.sqrt(1 / left + 1 / (weeks.size - left))
    best = int(size.argmax())
    by_season = float(((x - x.mean()) ** 2).sum() - ((x - season[weeks] - x.mean()) ** 2).sum())
    if spread <= 0 or size[best] < STEP * spread or float(size[best]) ** 2 < by_season:
        return None
    before = np.zeros(value.size, dtype=bool)
    before[weeks[: left[best]]] = True
    return before


def _season(
    value: FloatArray, weight: FloatArray, baseline: NDArray[np.bool_]
) -> tuple[FloatArray, FloatArray]:
    """A yearly wave of the earlier weeks (two after two years), carried on; and how uncertain it is.

    Returns:
        The wave in each week, 0 throughout where there is less than a year or none beyond chance; and the
        leverage of each week, the variance of the level there in units of one week's variance.
    """
    week = np.arange(value.size, dtype=np.float64)
    count = int(baseline.sum())
    flat = np.zeros(value.size), np.full(value.size, 1 / count)
    if np.ptp(week[baseline]) + 1 < WEEKS_A_YEAR - 0.5:
        return flat
    waves = 2 if count >= 2 * WEEKS_A_YEAR - 1 else 1
    angle = 2 * np.pi * week / WEEKS_A_YEAR
    columns = [np.ones(value.size)]
    for wave in range(1, waves + 1):
        columns += [np.cos(wave * angle), np.sin(wave * angle)]
    x = np.column_stack(columns)
    root = np.sqrt(weight[baseline] / weight[baseline].mean())
    scaled = x[baseline] * root[:, None]
    inverse = np.linalg.inv(scaled.T @ scaled)
    y = value[baseline] * root
    coefficient = inverse @ (scaled.T @ y)
    level = float(root @ y) / float(root @ root)
    residual = float(((y - scaled @ coefficient) ** 2).sum())
    explained = float(((y - level * root) ** 2).sum()) - residual
    freedom = count - x.shape[1]
    if residual <= 0 or freedom <= 0:
        return flat
    ratio = (explained / (2 * waves)) / (residual / freedom)
    if stats.f.sf(ratio, 2 * waves, freedom) >= SEASON_AT:
        return flat
    wave_only = x[:, 1:] @ coefficient[1:]
    wave_only -= wave_only[baseline].mean()
    return wave_only, np.einsum("ij,jk,ik->i", x, inverse, x)


def _early(size: int, why: str) -> Judgement:
    nothing = np.full(size, np.nan)
    return Judgement(
        "early", None, "none", "none", nothing, nothing, nothing, np.zeros(size, bool), False, why=why
    )
