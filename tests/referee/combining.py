"""How units become the numbers of a printed row."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from fractions import Fraction
from itertools import combinations
from typing import Any

from tests.referee.reading import Data
from tests.referee.units import Unit

Z = 1.959963984540054


@dataclass(frozen=True)
class Result:
    """The cells of a printed row beside metric, grain, period and dimensions."""

    value: Any = None
    lower: float | None = None
    upper: float | None = None
    numerator: Any = None
    denominator: int = 0
    pending: int = 0
    counted: tuple[Unit, ...] | None = None  # where not every unit given counts


def first_of_each(units: list[Unit]) -> list[Unit]:
    """FP 12: an order or customer counts once in a row, at its first handled contact there; others pass."""
    seen = set()
    kept = []
    for unit in sorted(units, key=lambda unit: unit.rank or (datetime.min.replace(tzinfo=UTC), "")):
        if unit.once is None or unit.once not in seen:
            kept.append(unit)
        seen.add(unit.once)
    return kept


def wilson(hits: int, trials: int) -> tuple[float | None, float | None]:
    """Wilson's interval without continuity correction (FP 6)."""
    if trials == 0:
        return None, None
    share = hits / trials
    middle = share + Z * Z / (2 * trials)
    half = Z * math.sqrt(share * (1 - share) / trials + Z * Z / (4 * trials * trials))
    return (middle - half) / (1 + Z * Z / trials), (middle + half) / (1 + Z * Z / trials)


def proportion(units: list[Unit], _: Data) -> Result:
    """Hits over mature units (FP 6)."""
    mature = [unit for unit in units if unit.mature]
    hits, trials = sum(bool(unit.value) for unit in mature), len(mature)
    lower, upper = wilson(hits, trials)
    return Result(
        value=Fraction(hits, trials) if trials else None,
        lower=lower,
        upper=upper,
        numerator=hits,
        denominator=trials,
        pending=len(units) - trials,
    )


def mean(units: list[Unit], _: Data) -> Result:
    """Sum over number, with the normal interval, which needs two units (FP 26)."""
    values = [Fraction(unit.value) for unit in units]
    count, total = len(values), sum(values, Fraction(0))
    if not count:
        return Result(numerator=Fraction(0))
    value = total / count
    lower = upper = None
    if count >= 2:
        variance = sum((item - value) ** 2 for item in values) / (count - 1)
        half = Z * math.sqrt(float(variance) / count)
        lower, upper = float(value) - half, float(value) + half
    return Result(value=value, lower=lower, upper=upper, numerator=total, denominator=count)


def money(units: list[Unit], data: Data) -> Result:
    """The sum over mature units, never over currencies (FP 7)."""
    mature = [unit for unit in units if unit.mature]
    currencies = {data.programs[unit.program_id]["currency"] for unit in mature}
    total = None if len(currencies) > 1 else sum((unit.value for unit in mature), Decimal(0))
    return Result(
        value=total if mature else None,
        numerator=total,
        denominator=len(mature),
        pending=len(units) - len(mature),
    )


def percentile(share: Fraction) -> Callable[[list[Unit], Data], Result]:
    """A percentile with linear interpolation; its numerator is empty (FP 17, FP 25)."""

    def combine(units: list[Unit], _: Data) -> Result:
        values = sorted(unit.value for unit in units)
        if not values:
            return Result()
        place = share * (len(values) - 1)
        below = math.floor(place)
        above = min(below + 1, len(values) - 1)
        value = values[below] + (place - below) * (values[above] - values[below])
        return Result(value=value, denominator=len(values))

    return combine


median = percentile(Fraction(1, 2))
p90 = percentile(Fraction(9, 10))


def per_orders(units: list[Unit], _: Data) -> Result:
    """100 x contacts / orders (FP 13); without orders the numerator stands (FP 27)."""
    contacts = sum(unit.role == "contact" for unit in units)
    orders = sum(unit.role == "order" for unit in units)
    return Result(
        value=Fraction(100 * contacts, orders) if orders else None, numerator=contacts, denominator=orders
    )


def pairs(units: list[Unit], _: Data) -> Result:
    """Sum of n x p over sum of n, over strata with a pair of different agents (FP 15)."""
    strata: dict[Any, list[Unit]] = {}
    for unit in units:
        strata.setdefault(unit.stratum, []).append(unit)
    numerator, counted = Fraction(0), []
    for members in strata.values():
        different = [(one, two) for one, two in combinations(members, 2) if one.agent != two.agent]
        if different:
            equal = sum(one.value == two.value for one, two in different)
            numerator += Fraction(len(members) * equal, len(different))
            counted += members
    return Result(
        value=numerator / len(counted) if counted else None,
        numerator=numerator,
        denominator=len(counted),
        counted=tuple(counted),
    )


def kaplan_meier(units: list[Unit], _: Data) -> Result:
    """Probability of no failure at the window's end, Greenwood's interval on the log-log scale (FP 23)."""
    survival, greenwood = Fraction(1), Fraction(0)
    for time in sorted({unit.time for unit in units if unit.value}):  # type: ignore[type-var]
        at_risk = sum(unit.time >= time for unit in units)  # type: ignore[operator]
        failed = sum(unit.time == time and unit.value for unit in units)
        survival *= Fraction(at_risk - failed, at_risk)
        if failed < at_risk:
            greenwood += Fraction(failed, at_risk * (at_risk - failed))
    lower = upper = None
    if 0 < survival < 1:
        spread = Z * math.sqrt(greenwood) / math.log(survival)
        lower, upper = sorted((float(survival) ** math.exp(spread), float(survival) ** math.exp(-spread)))
    return Result(
        value=survival if units else None,
        lower=lower,
        upper=upper,
        denominator=len(units),
        pending=sum(not unit.mature for unit in units),
    )
