"""Stated chances against what happens, in seeded worlds whose level may have moved before the quarter.

The whole way is walked: weeks are judged by their chart, those since a real rise or fall are taken, and the
quarter is then played to its end.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from pipelines.explain import Goal, progress, verdict
from pipelines.metrics import definition
from pipelines.stats.intervals import Z95

MONDAY = date(2025, 6, 30)
BEFORE, QUARTER = 39, 13
WORLDS = 450
POINTS_WITHIN = 12.0
"""Standard deviation of one review's score within a week."""


@dataclass(frozen=True)
class Kind:
    """A metric with how its weeks are drawn; levels and rates are per unit, values in the metric's unit."""

    key: str
    scale: float

    def unit_variance(self, level: float) -> float:
        return {
            "csat": level * (1 - level),
            "contacts_per_100_orders": level,
            "qa_score": POINTS_WITHIN**2,
        }[self.key]

    def totals(
        self, random: np.random.Generator, levels: np.ndarray, stray: float, sizes: np.ndarray
    ) -> np.ndarray:
        rates = random.normal(levels, stray)
        if self.key == "csat":
            return random.binomial(sizes, np.clip(rates, 0.0, 1.0)).astype(float)
        if self.key == "contacts_per_100_orders":
            return random.poisson(sizes * np.clip(rates, 0.0, None)).astype(float)
        return sizes * random.normal(rates, POINTS_WITHIN / np.sqrt(sizes))


def play(random: np.random.Generator, kind: Kind) -> tuple[float, bool, bool] | None:
    """The chance stated in a quarter, whether it came true, and whether the interval held; None unsaid."""
    weeks = BEFORE + QUARTER
    done, volume = int(random.integers(3, 11)), random.uniform(80, 500)
    level = random.uniform(70, 85) if kind.key == "qa_score" else random.uniform(0.1, 0.85)
    sizes = np.maximum(10, random.negative_binomial(30, 30 / (30 + volume), weeks))
    levels = np.full(weeks, level)
    step = random.uniform(0.02, 0.08) * random.choice([-1, 1]) * (100 if kind.key == "qa_score" else 1)
    levels[int(random.integers(20, BEFORE)) :] += step
    spread = kind.unit_variance(level)
    totals = kind.totals(random, levels, float(np.sqrt(spread / volume)), sizes)
    values = kind.scale * totals / sizes
    arm = Z95 * POINTS_WITHIN / np.sqrt(sizes) if kind.key == "qa_score" else np.zeros(weeks)
    known = BEFORE + done
    rows = pl.DataFrame(
        {
            "period_start": [MONDAY + timedelta(weeks=week) for week in range(known)],
            "value": values[:known],
            "lower": (values - arm)[:known],
            "upper": (values + arm)[:known],
            "numerator": totals[:known],
            "denominator": sizes[:known],
            "status": ["final"] * known,
        }
    )
    so_far = pl.DataFrame(
        {
            "period_start": [date(2026, 4, 1)],
            "value": [kind.scale * totals[BEFORE:known].sum() / sizes[BEFORE:known].sum()],
            "numerator": [totals[BEFORE:known].sum()],
            "denominator": [int(sizes[BEFORE:known].sum())],
            "pending": [0],
            "status": ["provisional"],
        }
    )
    final = kind.scale * totals[BEFORE:].sum() / sizes[BEFORE:].sum()
    noise = kind.scale * np.sqrt(2 * spread / sizes[BEFORE:].sum())
    target = kind.scale * levels[-1] + random.uniform(-4, 4) * noise
    what = definition(kind.key)
    found = progress(
        what,
        Goal(kind.key, None, float(target), date(2026, 1, 1)),
        so_far,
        rows,
        as_of=datetime(2026, 4, 1, tzinfo=UTC) + timedelta(weeks=done),
        level=verdict(what, rows),
    )
    if found.outlook is None:
        return None
    is_met = final >= target if what.better == "higher" else final <= target
    return found.outlook.chance, bool(is_met), found.outlook.lower <= final <= found.outlook.upper


@pytest.mark.parametrize(
    "kind",
    [Kind("csat", 1.0), Kind("contacts_per_100_orders", 100.0), Kind("qa_score", 1.0)],
    ids=lambda kind: kind.key,
)
def test_a_quarter_meets_its_target_as_often_as_is_said(kind: Kind):
    random = np.random.default_rng(20260415)
    told = [found for found in (play(random, kind) for _ in range(WORLDS)) if found is not None]
    assert len(told) > 0.85 * WORLDS
    chance, met, held = np.array(told, dtype=float).T
    for low, high in ((0.0, 0.2), (0.2, 0.8), (0.8, 1.0)):
        here = (chance >= low) & (chance <= high)
        stated = chance[here].mean()
        room = 3 * np.sqrt(stated * (1 - stated) / here.sum()) + 0.01
        assert met[here].mean() == pytest.approx(stated, abs=room), (low, high, int(here.sum()))
    assert 0.91 <= held.mean() <= 0.985
