"""The shape in which every coefficient is answered."""

from __future__ import annotations

from dataclasses import dataclass, replace

MIN_UNITS = 5


@dataclass(frozen=True)
class Estimate:
    """A number with its 95 % interval, or the reason why there is none.

    Attributes:
        value: The coefficient; None where it cannot be computed.
        lower: Lower limit; None where there is no interval.
        upper: Upper limit; None where there is no interval.
        note: Why something is missing, or what to know before trusting it; empty otherwise.
        standard_error: Where the estimator has a published one.
    """

    value: float | None
    lower: float | None = None
    upper: float | None = None
    note: str = ""
    standard_error: float | None = None

    def with_note(self, note: str) -> Estimate:
        """The same numbers with another remark behind the one that stands."""
        return replace(self, note=f"{self.note}; {note}" if self.note else note)


def nothing(note: str) -> Estimate:
    """No number, and why."""
    return Estimate(None, note=note)
