"""A change of an overall rate or mean as mix and rate, group by group, every part with its standard error.

Kitagawa's split for groups of one kind; for groups crossed from two kinds (channel × issue) the mix is
divided further between the two. Parts add up to the change but for rounding.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from pipelines.stats.ratings import FloatArray

STEP = 1e-6
"""Half-width of the central differences; what is differentiated is a low polynomial of shares and rates."""


@dataclass(frozen=True, eq=False)
class Groups:
    """One side of a change: units counted by group.

    Attributes:
        n: Units.
        mean: Mean outcome; nan where a group has no unit.
        variance: Variance of one unit's outcome within the group; nan where a group has no unit.
    """

    n: FloatArray
    mean: FloatArray
    variance: FloatArray

    @property
    def weight(self) -> FloatArray:
        """Share of all units."""
        return self.n / self.n.sum()


@dataclass(frozen=True, eq=False)
class Part:
    """An effect, or one of each group, in the outcome's unit, with its standard error."""

    value: FloatArray
    error: FloatArray


@dataclass(frozen=True, eq=False)
class Split:
    """A change and its parts.

    Attributes:
        before: Overall mean before.
        after: Overall mean after.
        change: After less before.
        mix: Effect of each group's change of weight, against the average overall mean.
        rate: Effect of each group's change of mean.
        together: mix + rate of each group.
        mix_total: Of all groups, one element.
        rate_total: Of all groups, one element.
        shared: Share of the units, on the side where it is smaller, that lie in groups both sides have.
        reversal: Every shared group moved one way (or stayed) and the whole the other: Simpson.
        masked: The whole moved one way and the rates together the other, without every group doing so.
    """

    before: float
    after: float
    change: float
    mix: Part
    rate: Part
    together: Part
    mix_total: Part
    rate_total: Part
    shared: float
    reversal: bool
    masked: bool


def proportion_groups(successes: ArrayLike, trials: ArrayLike) -> Groups:
    """Groups of a proportion.

    The variance is of the share moved a little to the middle, (y + 1)/(n + 2), so that 0 of 5 is not certain.

    Raises:
        ValueError: If a count is negative, or successes exceed trials, or there is no trial at all.
    """
    y, n = _counted(successes, trials)
    if bool((y < 0).any()) or bool((y > n).any()):
        raise ValueError("successes must lie between 0 and trials")
    moved = (y + 1) / (n + 2)
    return Groups(n, _divided(y, n), np.where(n > 0, moved * (1 - moved), np.nan))


def mean_groups(total: ArrayLike, squares: ArrayLike, n: ArrayLike) -> Groups:
    """Groups of a mean, from the sums of values and of their squares.

    A group with one unit has no variance of its own; it takes that within the other groups.

    Raises:
        ValueError: If there is no unit at all.
    """
    s, size = _counted(total, n)
    mean = _divided(s, size)
    inner = np.maximum(np.asarray(squares, dtype=np.float64) - np.where(size > 0, s * mean, 0.0), 0.0)
    freedom = np.maximum(size - 1, 0)
    within = float(inner[freedom > 0].sum() / freedom.sum()) if freedom.sum() > 0 else np.nan
    own = _divided(inner, freedom)
    return Groups(size, mean, np.where(size > 0, np.where(freedom > 0, own, within), np.nan))


def split_change(before: Groups, after: Groups) -> Split:
    """Kitagawa's split of a change into mix and rate by group.

    A group's mix part is its change of weight times how far its average rate lies from the average overall
    rate: growing a group that is better than the rest counts as gain, and the parts do not depend on the
    level. A group that only one side has gives no rates to compare: its rate stands for the missing one, and
    all its effect is mix. Standard errors are by the delta method, the units of each side being a sample:
    their shares over the groups multinomial, their means independent.

    Args:
        before: One side.
        after: The other, the same groups in the same order.

    Raises:
        ValueError: If the sides differ in their number of groups.

    Source: Kitagawa (1955), JASA 50:1168-1194; Das Gupta (1993), Standardization and Decomposition of Rates,
    US Census P23-186, Example 5.1; Wang et al. (2000), Social Forces 79:339-350 for sampling errors.
    """
    if before.n.size != after.n.size:
        raise ValueError("both sides need the same groups")
    w0, w1 = before.weight, after.weight
    r0, r1 = _filled(before, after)
    d, a = w1 - w0, (w0 + w1) / 2
    overall0, overall1 = float(w0 @ r0), float(w1 @ r1)
    middle = (r0 + r1) / 2 - (overall0 + overall1) / 2
    move = r1 - r0
    eye = np.eye(w0.size)
    mix_slopes = (
        -eye * middle - np.outer(d, r0) / 2,
        eye * d / 2 - np.outer(d, w0) / 2,
        eye * middle - np.outer(d, r1) / 2,
        eye * d / 2 - np.outer(d, w1) / 2,
    )
    rate_slopes = (eye * move / 2, -eye * a, eye * move / 2, eye * a)
    together = tuple(mix + rate for mix, rate in zip(mix_slopes, rate_slopes, strict=True))

    def part(value: FloatArray, slopes: tuple[FloatArray, ...]) -> Part:
        return Part(value, _errors(before, after, slopes))

    def total(value: FloatArray, slopes: tuple[FloatArray, ...]) -> Part:
        summed = tuple(slope.sum(axis=0, keepdims=True) for slope in slopes)
        return part(np.array([value.sum()]), summed)

    mix, rate = d * middle, a * move
    change = overall1 - overall0
    both = (before.n > 0) & (after.n > 0)
    reversal = _is_reversed(change, move[both])
    return Split(
        before=overall0,
        after=overall1,
        change=change,
        mix=part(mix, mix_slopes),
        rate=part(rate, rate_slopes),
        together=part(mix + rate, together),
        mix_total=total(mix, mix_slopes),
        rate_total=total(rate, rate_slopes),
        shared=min(float(w0[both].sum()), float(w1[both].sum())),
        reversal=reversal,
        masked=not reversal and change * float(rate.sum()) < 0,
    )


def split_mix(before: Groups, after: Groups, shape: tuple[int, int]) -> tuple[Part, Part]:
    """The mix total of crossed groups, divided between the two kinds of group.

    The weight of a cell is the product of Das Gupta's two structure factors, √(n_ij/n_.j · n_i./n) for the
    first kind and √(n_ij/n_i. · n_.j/n) for the second, made to add up to 1 where they come from different
    sides; the mix's effect is averaged over both orders in which they could have changed, before and after
    the rates did (Owen's value of the two within the mix). So the two add up to the `mix_total` of
    `split_change`.

    Args:
        before: Cells row by row.
        after: The same cells.
        shape: Numbers of groups of the first and of the second kind.

    Source: Das Gupta (1993), chapter 4; Owen (1977), Values of games with a priori unions.
    """
    if before.n.size != shape[0] * shape[1]:
        raise ValueError(f"{before.n.size} cells do not fill a table of {shape[0]} by {shape[1]}")
    r0, r1 = _filled(before, after)

    def effects(w0: FloatArray, r_before: FloatArray, w1: FloatArray, r_after: FloatArray) -> FloatArray:
        rate = (r_before + r_after) / 2
        first = [_structure(w.reshape(shape), axis=0) for w in (w0, w1)]
        second = [_structure(w.reshape(shape), axis=1) for w in (w0, w1)]
        value = [[_mixed(first[i] * second[j], rate) for j in range(2)] for i in range(2)]
        of_first = (value[1][0] - value[0][0] + value[1][1] - value[0][1]) / 2
        of_second = (value[0][1] - value[0][0] + value[1][1] - value[1][0]) / 2
        return np.array([of_first, of_second])

    point = (before.weight, r0, after.weight, r1)
    found = effects(*point)
    errors = _errors(before, after, tuple(_slopes(effects, point, place) for place in range(4)))
    return Part(found[:1], errors[:1]), Part(found[1:], errors[1:])


def _structure(weight: FloatArray, *, axis: int) -> FloatArray:
    """Das Gupta's factor of one kind of group; 0 in cells without units."""
    own = weight.sum(axis=1 - axis, keepdims=True)
    other = weight.sum(axis=axis, keepdims=True)
    within = np.divide(weight, other, out=np.zeros_like(weight), where=other > 0)
    return np.sqrt(np.maximum(within * own, 0.0))


def _mixed(weight: FloatArray, rate: FloatArray) -> float:
    """Mean rate under weights; where two sides share no cell, the average of all rates."""
    total = float(weight.sum())
    return float(weight.ravel() @ rate) / total if total > 0 else float(rate.mean())


def _slopes(function: Callable[..., FloatArray], point: tuple[FloatArray, ...], place: int) -> FloatArray:
    """Derivatives of a function's values by one of its arrays, results × elements."""
    columns = []
    for element in range(point[place].size):
        ends = []
        # one-sided where a share is 0: there is no share below it
        lowest = -STEP if place % 2 or point[place][element] > STEP else 0.0
        for shift in (lowest, STEP):
            moved = list(point)
            moved[place] = point[place].copy()
            moved[place][element] += shift
            ends.append(function(*moved))
        columns.append((ends[1] - ends[0]) / (STEP - lowest))
    return np.array(columns).T


def _errors(before: Groups, after: Groups, slopes: tuple[FloatArray, ...]) -> FloatArray:
    """Standard errors of values whose slopes by weights and means of both sides are given."""
    by_w0, by_r0, by_w1, by_r1 = slopes
    only_after, only_before = before.n == 0, after.n == 0
    # a mean that stands for a missing one moves both
    by_r0, by_r1 = (
        np.where(only_after, 0.0, by_r0 + np.where(only_before, by_r1, 0.0)),
        np.where(only_before, 0.0, by_r1 + np.where(only_after, by_r0, 0.0)),
    )
    variance = np.zeros(by_w0.shape[0])
    for side, by_weight, by_mean in ((before, by_w0, by_r0), (after, by_w1, by_r1)):
        weight = side.weight
        spread = (by_weight**2) @ weight - (by_weight @ weight) ** 2
        noise = np.where(side.n > 0, side.variance / np.where(side.n > 0, side.n, 1.0), 0.0)
        variance += np.maximum(spread, 0.0) / side.n.sum() + (by_mean**2) @ noise
    return np.sqrt(variance)


def _filled(before: Groups, after: Groups) -> tuple[FloatArray, FloatArray]:
    r0 = np.where(before.n > 0, before.mean, np.where(after.n > 0, after.mean, 0.0))
    return r0, np.where(after.n > 0, after.mean, r0)


def _is_reversed(change: float, moves: FloatArray) -> bool:
    if not bool((moves != 0).any()):
        return False
    return bool((change < 0 and (moves >= 0).all()) or (change > 0 and (moves <= 0).all()))


def _counted(total: ArrayLike, n: ArrayLike) -> tuple[FloatArray, FloatArray]:
    sums, sizes = np.asarray(total, dtype=np.float64), np.asarray(n, dtype=np.float64)
    if sums.shape != sizes.shape or bool((sizes < 0).any()) or not float(sizes.sum()) > 0:
        raise ValueError("a side of a change needs a total and a count for each group, and at least one unit")
    return sums, sizes


def _divided(part: FloatArray, whole: FloatArray) -> FloatArray:
    return np.divide(part, whole, out=np.full(part.shape, np.nan), where=whole > 0)
