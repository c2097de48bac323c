"""The catalogue of metrics: a SELECT and a page of meaning each, from `sql/metrics/`; imports errors only."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.definitions import parsed
from pipelines.errors import ModelError, UsageError, did_you_mean

METRICS_FOLDER = Path(__file__).resolve().parents[2] / "sql" / "metrics"

PROGRAM_DIMENSIONS = ("program_id", "operating_model")
CONTACT_DIMENSIONS = (
    "program_id",
    "site",
    "team",
    "agent_id",
    "channel",
    "issue",
    "region",
    "operating_model",
)
_DIMENSIONS = {"contact": CONTACT_DIMENSIONS, "program": PROGRAM_DIMENSIONS}
_INTERVALS = {"proportion": "wilson", "mean": "normal", "survival": "greenwood"}
_WORDS = {
    "unit": ("share", "score", "points", "minutes", "money", "per_100_orders"),
    "better": ("higher", "lower", "neither"),
    "kind": ("proportion", "mean", "percentile", "sum", "per_orders", "pairs", "survival"),
    "dimensions": tuple(_DIMENSIONS),
}


@dataclass(frozen=True)
class MetricDefinition:
    """One metric: what it means, and the SELECT that says which units count.

    Attributes:
        kind: proportion (units in the numerator / units), mean and percentile (of `value`), sum (of
            `value`, never over currencies), per_orders (100 × rows / orders), pairs (agreeing pairs),
            survival (Kaplan–Meier probability that `is_failure` has not come by the window's end).
        dimensions: Names by which it can be split and filtered.
        once: Columns of which each combination counts once in every printed row, at its first contact.
        percentile: Share at which a percentile is read.
        complement: For survival: the value is the probability that the failure does come, 1 − survival.
        interval: wilson, normal, greenwood or none.
    """

    key: str
    label: str
    unit: str
    better: str
    kind: str
    anchor: str
    window: str
    maturity: str
    definition: str
    numerator: str
    denominator: str
    source: str
    dimensions: tuple[str, ...]
    sql: str
    once: tuple[str, ...] = ()
    percentile: float | None = None
    complement: bool = False

    @property
    def interval(self) -> str:
        """Kind of the 95 % interval that the metric carries."""
        return _INTERVALS.get(self.kind, "none")


def read_definition(path: Path) -> MetricDefinition:
    """The metric whose page of meaning is at `path`, with the SELECT beside it.

    Raises:
        ModelError: If the page has an unknown, missing or wrong key; all are named.
    """
    written: dict[str, Any] = parsed(path.read_text("utf-8"))
    known = [item.name for item in fields(MetricDefinition) if item.name != "sql"]
    problems = [f"unknown key '{key}'.{did_you_mean(key, known)}" for key in written if key not in known]
    optional = ("once", "percentile", "complement")
    problems += [f"no '{key}'." for key in known if key not in written and key not in optional]
    problems += [
        f"'{key}' is '{written[key]}', but it must be one of {', '.join(words)}."
        for key, words in _WORDS.items()
        if key in written and written[key] not in words
    ]
    if written.get("key") != path.stem:
        problems.append(f"key '{written.get('key')}' is not the file's name.")
    if problems:
        raise ModelError(f"{path.name}: " + " ".join(problems))
    return MetricDefinition(
        **{
            **written,
            "dimensions": _DIMENSIONS[written["dimensions"]],
            "once": tuple(written.get("once", ())),
            "sql": path.with_suffix(".sql").read_text("utf-8"),
        }
    )


@cache
def catalogue() -> tuple[MetricDefinition, ...]:
    """All metrics, by key."""
    return tuple(read_definition(path) for path in sorted(METRICS_FOLDER.glob("*.yml")))


def definition(key: str) -> MetricDefinition:
    """The metric of a key.

    Raises:
        UsageError: If there is none; the nearest key is offered.
    """
    for metric in catalogue():
        if metric.key == key:
            return metric
    keys = [metric.key for metric in catalogue()]
    raise UsageError(
        f"unknown metric '{key}'.{did_you_mean(key, keys)} 'plumbline metrics --list' names all of them."
    )
