"""What is asked of the metrics: which, split by what, over which days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Literal, get_args

from pipelines.errors import UsageError, did_you_mean
from pipelines.metrics.catalogue import CONTACT_DIMENSIONS, MetricDefinition, definition

Grain = Literal["day", "week", "month", "quarter", "all"]
GRAINS: tuple[str, ...] = get_args(Grain)


@dataclass(frozen=True)
class MetricRequest:
    """A question to the metrics.

    Attributes:
        metrics: Keys, in the order in which rows are wanted.
        by: Dimensions to split by, in the order in which they are printed.
        grain: Length of the periods; all is one period without a date.
        start: First local day, included.
        end: Last local day, included.
        filters: Values to keep by dimension; None stands for unknown.
    """

    metrics: tuple[str, ...]
    by: tuple[str, ...] = ()
    grain: str = "all"
    start: date | None = None
    end: date | None = None
    filters: Mapping[str, Sequence[str | None]] = field(default_factory=dict)

    def definitions(self) -> tuple[MetricDefinition, ...]:
        """The metrics asked for.

        Raises:
            UsageError: If a metric, dimension or grain is unknown, or a metric lacks a dimension.
        """
        if not self.metrics:
            raise UsageError("no metric was asked for; name at least one.")
        if self.grain not in GRAINS:
            raise UsageError(f"unknown grain '{self.grain}'; it is one of {', '.join(GRAINS)}.")
        if self.start and self.end and self.start > self.end:
            raise UsageError(f"the first day {self.start} is after the last day {self.end}.")
        for name in (*self.by, *self.filters):
            if name not in CONTACT_DIMENSIONS:
                raise UsageError(
                    f"unknown dimension '{name}'; there are {', '.join(CONTACT_DIMENSIONS)}."
                    + did_you_mean(name, CONTACT_DIMENSIONS)
                )
        if len(set(self.by)) < len(self.by):
            raise UsageError("a dimension was named twice; name each once.")
        found = tuple(definition(key) for key in self.metrics)
        for metric in found:
            for name in (*self.by, *self.filters):
                if name not in metric.dimensions:
                    raise UsageError(
                        f"'{metric.key}' cannot be split by '{name}'; it has: {', '.join(metric.dimensions)}."
                    )
        return found
