"""What each rule finds: the state of every group it watches, and the words for it.

Only final periods are judged, so that no alert is taken back by a window that closes; and a value is beyond a
limit or a target only where its whole interval is.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

import polars as pl

from pipelines import insight, wording
from pipelines.alert_settings import AlertRule
from pipelines.errors import UsageError
from pipelines.explain import verdict
from pipelines.metrics import MetricDefinition, MetricRequest

if TYPE_CHECKING:
    from pipelines.reader import Reader

ALARMS = ("rise", "fall", "beyond", "missed")


@dataclass(frozen=True)
class Finding:
    """The state of one group under one rule.

    Attributes:
        key: Names rule and group; another one where the rule's meaning has changed.
        rule: The rule.
        group: Value of the rule's split, or None where it has none; None of a split is unknown.
        state: rise, fall or unchanged; beyond or within; missed or kept; None where nothing can be said yet.
        sentence: What is found, in words; no person is named.
        facts: metric, label, unit, period_start, value, lower, upper, denominator, target or limit.
    """

    key: str
    rule: AlertRule
    group: str | None
    state: str | None
    sentence: str
    facts: dict[str, Any]

    @property
    def is_alarm(self) -> bool:
        """Whether somebody is to be told."""
        return self.state in ALARMS


def evaluate(reader: Reader, rules: Sequence[AlertRule]) -> list[Finding]:
    """What the rules find in the published warehouse.

    Args:
        reader: On the warehouse.
        rules: The rules.

    Raises:
        UsageError: If a rule names a metric or a split that there is not.
    """
    check_rules(rules)
    return [finding for rule in rules for finding in _found(reader, rule)]


def check_rules(rules: Sequence[AlertRule]) -> None:
    """Refuse rules that cannot be judged whatever was loaded.

    Args:
        rules: The rules.

    Raises:
        UsageError: If one names a metric that there is not, or a split that its metric lacks.
    """
    for rule in rules:
        try:
            _request(rule).definitions()
        except UsageError as error:
            raise UsageError(f"the alert '{rule.name}' cannot be judged: {error}") from None


def _request(rule: AlertRule) -> MetricRequest:
    return MetricRequest(
        metrics=(rule.metric,), by=(rule.by,) if rule.by else (), grain=rule.over, filters=rule.only
    )


def _found(reader: Reader, rule: AlertRule) -> Iterator[Finding]:
    what = reader.definition(rule.metric)
    rows = reader.metrics(_request(rule))
    groups = rows[rule.by].unique().sort(nulls_last=True).to_list() if rule.by else [None]
    first, _ = reader.period()
    for group in groups:
        own = rows.filter(pl.col(rule.by).eq_missing(pl.lit(group, dtype=pl.String))) if rule.by else rows
        if rule.when == "signal":
            state, words, facts = _signal(what, own, first)
        else:
            state, words, facts = _newest(reader, rule, what, own, group)
        yield Finding(
            key=_key(rule, group),
            rule=rule,
            group=group,
            state=state,
            sentence=f"{what.label}{_scope(reader, rule, group)}: {words}.",
            facts={"metric": what.key, "label": what.label, "unit": what.unit, **facts},
        )


def _signal(
    what: MetricDefinition, rows: pl.DataFrame, first: date
) -> tuple[str | None, str, dict[str, Any]]:
    said = verdict(what, rows, first=first)
    state = None if said.state == "early" else said.state
    last = rows.filter(pl.col("period_start") == said.judged_to) if said.judged_to else rows.head(0)
    facts = _facts(last.row(0, named=True)) if last.height else {}
    since = said.since.isoformat() if said.since else None
    return state, f"{said.words} ({said.why.removesuffix('.')})", {**facts, "since": since}


def _newest(
    reader: Reader, rule: AlertRule, what: MetricDefinition, rows: pl.DataFrame, group: str | None
) -> tuple[str | None, str, dict[str, Any]]:
    """The newest final period against a limit or a target."""
    final = rows.filter((pl.col("status") == "final") & pl.col("value").is_not_null()).sort("period_start")
    if final.height == 0:
        return None, "no period is final yet", {}
    row = final.row(-1, named=True)
    measured = insight.Measured.of(row)
    spread = (
        "" if measured.lower is None else f"{wording.interval(what.unit, measured.lower, measured.upper)}, "
    )
    value = f"{wording.value(what.unit, measured.value)} ({spread}n {wording.count(measured.denominator)})"
    said = f"{value} in the {rule.over} of {wording.day(row['period_start'])}"
    if rule.when == "misses_target":
        target = _target(reader, rule, what, row["period_start"], group)
        if target is None:
            return None, f"{said}; no target is in force", _facts(row)
        verdict_ = insight.against_target(what.kind, measured, target, what.better)
        state = {"missed": "missed", "none": None}.get(verdict_, "kept")
        aim = wording.value(what.unit, target)
        return state, f"{said}, target {aim} {verdict_}", {**_facts(row), "target": target}
    limit = rule.value or 0.0
    low = measured.value if measured.lower is None else measured.lower
    high = measured.value if measured.upper is None else measured.upper
    is_beyond = low > limit if rule.when == "above" else high < limit  # type: ignore[operator]  # has a value
    words = f"{said}, {'' if is_beyond else 'not '}{rule.when} {wording.value(what.unit, limit)}"
    return "beyond" if is_beyond else "within", words, {**_facts(row), "limit": limit}


def _target(
    reader: Reader, rule: AlertRule, what: MetricDefinition, day: date, group: str | None
) -> float | None:
    """The target that the watched programs share on a day; a split by program has each its own."""
    programs = list(rule.only.get("program_id", ())) or reader.programs()["program_id"].to_list()
    if rule.by == "program_id":
        programs = [] if group is None else [group]
    return insight.targets_for(reader.targets(day), programs).get(what.key) if programs else None


def _facts(row: dict[str, Any]) -> dict[str, Any]:
    kept = ("value", "lower", "upper", "denominator")
    return {"period_start": row["period_start"].isoformat(), **{name: row[name] for name in kept}}


def _scope(reader: Reader, rule: AlertRule, group: str | None) -> str:
    """Which part of the data is meant, in words."""
    parts = []
    if rule.by:
        parts.append(f"{_word(rule.by)} {_named(reader, rule.by, group)}")
    for name, values in rule.only.items():
        parts.append(f"{_word(name)} {wording.listing([_named(reader, name, value) for value in values])}")
    return f" of {', '.join(parts)}" if parts else ""


def _word(dimension: str) -> str:
    return dimension.removesuffix("_id").replace("_", " ")


def _named(reader: Reader, dimension: str, value: str | None) -> str:
    return wording.name_of(value, reader.labels(dimension) if dimension == "program_id" else None)


def _key(rule: AlertRule, group: str | None) -> str:
    meaning = {name: value for name, value in asdict(rule).items() if name not in ("name", "to")}
    text = json.dumps([meaning, rule.name, group], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()
