"""What agreement means in words: clear, watch or rewrite, which levels are confused and by whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pipelines.stats.agreement import Agreement
from pipelines.stats.ratings import Ratings

CLEAR, WATCH, REWRITE = "clear", "watch", "rewrite"
# Krippendorff's customary limits: rely on .800, draw tentative conclusions down to .667.
RELIABLE, TENTATIVE = 0.800, 0.667
# Where so many scores are one and the same, chance-corrected alpha has little left to explain.
PREVALENT = 0.75
# From fewer contacts no criterion is called rewrite: a bootstrap of so few knows too little.
FEW_UNITS = 10
_PARADOX_GAP = 0.15
_PARADOX_EXACT = 0.70


@dataclass(frozen=True)
class Verdict:
    """A word and its reason; the word is None where there is too little to say."""

    word: str | None
    why: str


@dataclass(frozen=True)
class Confusion:
    """The two levels that graders of one contact mix up most.

    Attributes:
        low: The lower (or first) level.
        high: The other.
        times: Disagreements between the two, over pairs of graders.
        share: Of all disagreements.
        grader: Who stands out: gives one where the others give the other.
        gives: What this grader gives.
        cases: How often against `of`, pairs in which it could have gone either way.
        of: Pairs of this grader with others in which one gave low or high and the other too.
    """

    low: object
    high: object
    times: int
    share: float
    grader: object
    gives: object
    cases: int
    of: int

    @property
    def sentence(self) -> str:
        """One sentence for a person."""
        low, high, gives = (_shown(level) for level in (self.low, self.high, self.gives))
        other = high if gives == low else low
        return (
            f"Levels {low} and {high} are confused most ({self.share:.0%} of the disagreements), above all "
            f"by {self.grader}, who gives {gives} where another gives {other} in {self.cases} of {self.of} "
            "cases."
        )


def verdict(one: Agreement, *, ordered: bool, confusion: Confusion | None = None) -> Verdict:
    """Whether graders read a criterion alike.

    Alpha decides, or Gwet's coefficient where nearly all scores are one and the same. Clear: .800 or more.
    Rewrite: below .667, and even the upper limit does not reach .800, on 10 contacts or more. Watch: between,
    or too uncertain to tell.

    Args:
        one: The coefficients.
        ordered: Whether the scale has an order (only words depend on it).
        confusion: The levels confused most, named when the verdict is not clear.
    """
    alpha, gwet = one.krippendorff_alpha, one.gwet_ac
    if alpha.value is None:
        if one.percent_exact.value == 1.0:
            return Verdict(None, f"Every score is the same: {alpha.note}.")
        return Verdict(None, f"Too little to say: {alpha.note}.")
    paradox = is_paradox(one)
    deciding = gwet if paradox else alpha
    assert deciding.value is not None
    name = ("AC2" if ordered else "AC1") if paradox else "alpha"
    number = f"{name} {_coefficient(deciding.value)}"
    if deciding.value >= RELIABLE:
        return Verdict(CLEAR, f"Graders read it alike ({number}).")
    upper = deciding.upper
    surely = upper is not None and upper < RELIABLE and one.units >= FEW_UNITS
    if deciding.value < TENTATIVE and surely:
        word, why = REWRITE, f"Graders read it differently ({number}, at most {_coefficient(upper)})."
    elif deciding.value < TENTATIVE:
        word, why = WATCH, f"Graders may read it differently ({number}), on too few contacts to be sure."
    else:
        word, why = WATCH, f"Graders read it alike only in part ({number})."
    return Verdict(word, f"{why} {confusion.sentence}" if confusion is not None else why)


def is_paradox(one: Agreement) -> bool:
    """High agreement but low alpha, as most scores are one and the same (Feinstein and Cicchetti 1990)."""
    alpha, gwet, exact = one.krippendorff_alpha.value, one.gwet_ac.value, one.percent_exact.value
    if alpha is None or gwet is None or exact is None:
        return False
    return alpha < RELIABLE and gwet - alpha >= _PARADOX_GAP and exact >= _PARADOX_EXACT


def prevalence_sentence(ratings: Ratings, one: Agreement) -> str:
    """The prevalence paradox in one sentence; empty where there is none."""
    if not is_paradox(one):
        return ""
    share = np.bincount(ratings.level) / ratings.n_ratings
    top = int(share.argmax())
    if share[top] < PREVALENT:
        return ""
    alpha, gwet, exact = one.krippendorff_alpha.value, one.gwet_ac.value, one.percent_exact.value
    assert alpha is not None and gwet is not None and exact is not None
    name = "AC1" if one.scale == "nominal" else "AC2"
    return (
        f"All graders agree on {exact:.0%} of the contacts, but {share[top]:.0%} of the scores are "
        f"{_shown(ratings.levels[top])}, so that alpha ({_coefficient(alpha)}) asks who can find the rare "
        f"rest, while {name} ({_coefficient(gwet)}) says how often graders agree beyond guessing."
    )


def most_confused(ratings: Ratings) -> Confusion | None:
    """The two levels behind most disagreements between graders of one contact; None without disagreement."""
    left, right = _pairs(ratings)
    a, b = ratings.level[left], ratings.level[right]
    differ = a != b
    if not bool(differ.any()):
        return None
    q, n = len(ratings.levels), len(ratings.raters)
    low, high = np.minimum(a, b), np.maximum(a, b)
    counts = np.bincount(low[differ] * q + high[differ], minlength=q * q)
    top = int(counts.argmax())
    first, second = divmod(top, q)
    rater_a, rater_b = ratings.rater[left], ratings.rater[right]
    # Pairs in which both gave one of the two levels: there each grader could have gone either way.
    both = np.isin(a, (first, second)) & np.isin(b, (first, second))
    met = np.bincount(rater_a[both], minlength=n) + np.bincount(rater_b[both], minlength=n)
    best, best_cases, gives, stand_out = 0, 0, first, -1.0
    for level, other in ((first, second), (second, first)):
        alone = np.bincount(rater_a[(a == level) & (b == other)], minlength=n)
        alone = alone + np.bincount(rater_b[(b == level) & (a == other)], minlength=n)
        # Share, held back where a grader was met in few such pairs.
        excess = alone / (met + 5.0)
        if float(excess.max()) > stand_out:
            stand_out, best = float(excess.max()), int(excess.argmax())
            gives, best_cases = level, int(alone[best])
    return Confusion(
        low=ratings.levels[first],
        high=ratings.levels[second],
        times=int(counts[top]),
        share=float(counts[top] / differ.sum()),
        grader=ratings.raters[best],
        gives=ratings.levels[gives],
        cases=best_cases,
        of=int(met[best]),
    )


def _pairs(ratings: Ratings) -> tuple[np.ndarray, np.ndarray]:
    """Positions of every two ratings of one unit."""
    n = ratings.n_ratings
    end = np.searchsorted(ratings.unit, ratings.unit, side="right")
    later = end - np.arange(n) - 1
    left = np.repeat(np.arange(n), later)
    offset = np.arange(left.size) - np.repeat(np.cumsum(later) - later, later)
    return left, left + 1 + offset


def _shown(level: object) -> str:
    return f"{level:g}" if isinstance(level, float) else str(level)


def _coefficient(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
