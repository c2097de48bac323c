"""The model estimates that stand beside the metrics: a page of meaning each, from `sql/estimates/`.

A metric counts; an estimate assumes. So each says its formula, its assumptions and its source, what it can be
split by, and what it needs to be split by. Imports errors and the metrics' own request only.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cache
from pathlib import Path
from typing import Any

from pipelines.definitions import parsed
from pipelines.errors import ModelError, UsageError, did_you_mean
from pipelines.metrics.catalogue import METRICS_FOLDER, catalogue, definition
from pipelines.metrics.request import MetricRequest

ESTIMATES_FOLDER = METRICS_FOLDER.parent / "estimates"


@dataclass(frozen=True)
class EstimateDefinition:
    """One model estimate and what it rests on.

    Attributes:
        key: As asked for on the command line.
        label: As shown.
        unit: As of a metric.
        better: higher, lower or neither.
        base: Key of the metric that it corrects or stands beside.
        answer: Which of the reader's answers gives it.
        by: Dimensions that it can be split and filtered by.
        needs: Dimensions that it must be split by.
        grains: Lengths of period that it can be asked for.
        formula: How it is computed.
        assumptions: What must hold for it to mean what it says.
        interval: What its interval is.
        source: Where the method is from.
    """

    key: str
    label: str
    unit: str
    better: str
    base: str
    answer: str
    by: tuple[str, ...]
    needs: tuple[str, ...]
    grains: tuple[str, ...]
    formula: str
    assumptions: str
    interval: str
    source: str


def read_estimate(path: Path) -> EstimateDefinition:
    """The estimate whose page of meaning is at `path`.

    Raises:
        ModelError: If the page has an unknown or missing key.
    """
    written: dict[str, Any] = parsed(path.read_text("utf-8"))
    known = [item.name for item in fields(EstimateDefinition)]
    problems = [f"unknown key '{key}'.{did_you_mean(key, known)}" for key in written if key not in known]
    problems += [f"no '{key}'." for key in known if key not in written]
    if written.get("key") != path.stem:
        problems.append(f"key '{written.get('key')}' is not the file's name.")
    if problems:
        raise ModelError(f"{path.name}: " + " ".join(problems))
    definition(written["base"])
    lists = {name: tuple(written[name]) for name in ("by", "needs", "grains")}
    return EstimateDefinition(**{**written, **lists})


@cache
def estimates() -> tuple[EstimateDefinition, ...]:
    """All model estimates, by key."""
    return tuple(read_estimate(path) for path in sorted(ESTIMATES_FOLDER.glob("*.yml")))


def is_estimate(key: str) -> bool:
    """Whether a key is an estimate's."""
    return any(estimate.key == key for estimate in estimates())


def estimate(key: str) -> EstimateDefinition:
    """The estimate of a key.

    Raises:
        UsageError: If there is neither an estimate nor a metric of it; the nearest key is offered.
    """
    for found in estimates():
        if found.key == key:
            return found
    keys = [*(metric.key for metric in catalogue()), *(one.key for one in estimates())]
    raise UsageError(
        f"unknown metric '{key}'.{did_you_mean(key, keys)} 'plumbline metrics --list' names all of them."
    )


def check_question(request: MetricRequest) -> None:
    """Refuse what metrics and estimates cannot answer, before anything is computed.

    Raises:
        UsageError: If a key, dimension or grain is unknown, or one of the keys lacks what is asked.
    """
    known = {metric.key for metric in catalogue()}
    asked = [None if key in known else estimate(key) for key in request.metrics]
    # Days, dimensions and grain are looked at once, an estimate standing for the metric that it rests on.
    bases = [key if one is None else one.base for key, one in zip(request.metrics, asked, strict=True)]
    replace(request, metrics=tuple(bases)).definitions()
    for one in asked:
        if one is not None:
            _check_estimate(one, request)


def _check_estimate(asked: EstimateDefinition, request: MetricRequest) -> None:
    for name in request.by:
        if name not in asked.by:
            raise UsageError(
                f"'{asked.key}' is a model estimate that cannot be split by '{name}'; "
                f"it has: {', '.join(asked.by)}."
            )
    for name in asked.needs:
        if name not in request.by:
            raise UsageError(
                f"'{asked.key}' is a model estimate for each {name.removesuffix('_id')}; "
                f"add --by {','.join((*request.by, name))}."
            )
    if request.grain not in asked.grains:
        raise UsageError(
            f"'{asked.key}' is a model estimate over the whole period; ask for it with --grain "
            f"{' or '.join(asked.grains)}, and --from and --to."
        )
    if asked.answer == "caused" and len(request.by) != 1:
        raise UsageError(
            f"'{asked.key}' compares the groups of one dimension; add --by with one of {', '.join(asked.by)}."
        )
