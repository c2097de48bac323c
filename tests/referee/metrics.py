"""Every metric of the contract in plain Python: a dull second implementation to hold the product against.

It imports nothing of the product, so that the two can only agree by both being right. "FP n" in a comment is
fine print n of the contract's section 5. Loops are quadratic and nothing is clever, on purpose.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from tests.referee.combining import (
    Result,
    first_of_each,
    kaplan_meier,
    mean,
    median,
    money,
    p90,
    pairs,
    per_orders,
    proportion,
)
from tests.referee.facts import Facts, is_handled, normalised
from tests.referee.reading import Data, Row, local_date, read_files
from tests.referee.units import (
    Unit,
    chargeback_units,
    consistency_units,
    first_contacts,
    handled,
    has_handle_time,
    has_service_level,
    in_abandonment,
    inbound_known,
    informed_units,
    is_closed_handled,
    is_escalated,
    is_one_touch,
    is_rated,
    is_resolved,
    is_within_service_level,
    minutes_to_first_response,
    of_contacts,
    of_stakes,
    per_orders_units,
    provisional_units,
    quality_units,
    repeat_purchase_units,
    responded,
)

GRAINS = ("day", "week", "month", "quarter", "all")
PROGRAM_DIMENSIONS = ("program_id", "operating_model")
CONTACT_DIMENSIONS = ("site", "region", "team", "agent_id", "channel", "issue")
DIMENSIONS = PROGRAM_DIMENSIONS + CONTACT_DIMENSIONS


class Referee:
    """One workspace at one as-of.

    Args:
        paths: (table, file) in the order in which they were loaded.
        as_of: Aware moment; None takes the newest timestamp in the data.
    """

    def __init__(self, paths: Iterable[tuple[str, Path]], as_of: datetime | None = None) -> None:
        self.data = Data(read_files(paths), as_of)
        self.facts = Facts(self.data)
        self._units: dict[str, list[Unit]] = {}

    def units(self, metric: str) -> list[Unit]:
        """Everything the metric counts, mature or pending."""
        if metric not in self._units:
            self._units[metric] = METRICS[metric][0](self.facts)
        return self._units[metric]

    def rows(
        self,
        metric: str,
        by: tuple[str, ...] = (),
        grain: str = "all",
        start: date | None = None,
        end: date | None = None,
    ) -> list[Row]:
        """The printed rows, ordered by period and dimensions, unknown last (FP 28)."""
        chosen = [
            unit
            for unit in self.units(metric)
            if (start is None or start <= unit.day) and (end is None or unit.day <= end)  # FP 21
        ]
        groups: dict[tuple[date | None, tuple[str | None, ...]], list[Unit]] = {}
        if grain == "all" and not by:
            groups[(None, ())] = []  # FP 4
        for unit in chosen:
            key = (period_start(unit.day, grain), tuple(unit.dims.get(name) for name in by))
            groups.setdefault(key, []).append(unit)
        if METRICS[metric][1] is per_orders and any(name in CONTACT_DIMENSIONS for name in by):
            groups = self._with_all_orders(groups, by)
        combine: Callable[..., Result] = METRICS[metric][1]
        rows = []
        for (period, dims), units in groups.items():
            units = first_of_each(units)
            result = combine(units, self.data)
            if result.counted is not None:
                units = list(result.counted)
                if not units and (grain != "all" or by):
                    continue  # no mature unit: no row (FP 4)
            rows.append(
                {
                    "metric": metric,
                    "grain": grain,
                    "period_start": period,
                    **dict(zip(by, dims, strict=True)),
                    "value": result.value,
                    "lower": result.lower,
                    "upper": result.upper,
                    "numerator": result.numerator,
                    "denominator": result.denominator,
                    "pending": result.pending,
                    "status": self._status(units, result, period, grain),
                }
            )
        return sorted(
            rows,
            key=lambda row: (
                row["period_start"] or date.min,
                [(row[name] is None, row[name] or "") for name in by],
            ),
        )

    def _status(self, units: list[Unit], result: Result, period: date | None, grain: str) -> str:
        """FP 5, FP 27, FP 28."""
        if result.denominator == 0 and result.pending == 0:
            return "empty"
        if result.pending:
            return "provisional"
        if period is not None:
            last = period_end(period, grain)
            for program_id in {unit.program_id for unit in units}:
                zone = self.data.programs[program_id]["timezone"]
                if local_date(self.data.as_of, zone) <= last:
                    return "provisional"
        return "final"

    def _with_all_orders(self, groups: dict[Any, list[Unit]], by: tuple[str, ...]) -> dict[Any, list[Unit]]:
        """A group of contacts against all orders of its period and program (FP 13, 27)."""
        of_program = [index for index, name in enumerate(by) if name in PROGRAM_DIMENSIONS]
        orders: dict[Any, list[Unit]] = {}
        for (period, dims), units in groups.items():
            key = (period, tuple(dims[index] for index in of_program))
            orders.setdefault(key, []).extend(unit for unit in units if unit.role == "order")
        filled = {}
        for (period, dims), units in groups.items():
            contacts = [unit for unit in units if unit.role == "contact"]
            if contacts:
                filled[(period, dims)] = contacts + orders[(period, tuple(dims[i] for i in of_program))]
        return filled


def read_referee(paths: Iterable[tuple[str, Path]], as_of: str | None = None) -> Referee:
    """A referee of these files; an as-of without an offset is UTC (FP 1)."""
    moment = None
    if as_of is not None:
        moment = datetime.fromisoformat(as_of)
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    return Referee(paths, moment)


def period_start(day: date, grain: str) -> date | None:
    """First local date of the period; None for grain all (FP 4)."""
    if grain == "all":
        return None
    if grain == "day":
        return day
    if grain == "week":
        return day - timedelta(days=day.weekday())  # Monday first
    if grain == "month":
        return day.replace(day=1)
    return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)


def period_end(start: date, grain: str) -> date:
    """Last local date of the period that starts on this date."""
    day = start
    while period_start(day + timedelta(days=1), grain) == start:
        day += timedelta(days=1)
    return day


METRICS: dict[str, tuple[Callable[[Facts], list[Unit]], Callable[..., Result]]] = {
    "fcr": (first_contacts(is_resolved), proportion),
    "fcr_provisional": (provisional_units, kaplan_meier),
    "one_touch": (first_contacts(is_one_touch), proportion),
    "repeat_contact_rate": (of_contacts(inbound_known, Facts.is_repeat), proportion),
    "repeat_other_share": (of_contacts(Facts.is_repeat, Facts.rests_on_other), proportion),
    "contacts_per_100_orders": (per_orders_units(lambda contact: True), per_orders),
    "wismo_rate": (per_orders_units(lambda contact: contact["issue"] == "wismo"), per_orders),
    "refund_avoidance": (of_stakes(lambda s: s.is_avoided, lambda s: s.is_mature), proportion),
    "value_retained": (of_stakes(lambda s: s.at_stake - s.refunded, lambda s: s.is_mature), money),
    "net_value_retained": (
        of_stakes(lambda s: s.at_stake - s.refunded - s.concessions, lambda s: s.is_mature),
        money,
    ),
    "healthy_avoidance": (of_stakes(lambda s: s.is_healthy, lambda s: s.is_healthy_mature), proportion),
    "deflection": (
        of_stakes(lambda s: s.is_avoided and not s.is_healthy, lambda s: s.is_healthy_mature),
        proportion,
    ),
    "csat": (of_contacts(is_rated, lambda facts, contact: normalised(contact) >= 4), proportion),
    "csat_mean": (of_contacts(is_rated, lambda facts, contact: normalised(contact)), mean),
    "csat_response_rate": (
        of_contacts(lambda facts, contact: bool(contact.get("csat_sent")), is_rated),
        proportion,
    ),
    "escalation_rate": (of_contacts(handled, is_escalated), proportion),
    "external_escalation_rate": (
        of_contacts(handled, lambda facts, contact: contact.get("escalation") == "external"),
        proportion,
    ),
    "chargeback_rate": (chargeback_units, proportion),
    "repeat_purchase_rate": (repeat_purchase_units, proportion),
    "abandonment_rate": (of_contacts(in_abandonment, lambda f, contact: not is_handled(contact)), proportion),
    "informed_within_2h": (informed_units, proportion),
    "answer_consistency": (consistency_units, pairs),
    "qa_score": (quality_units, mean),
    "first_response_minutes_median": (of_contacts(responded, minutes_to_first_response), median),
    "first_response_minutes_p90": (of_contacts(responded, minutes_to_first_response), p90),
    "handle_minutes_median": (of_contacts(has_handle_time, lambda f, c: c["handle_seconds"] / 60), median),
    "handle_minutes_p90": (of_contacts(has_handle_time, lambda f, c: c["handle_seconds"] / 60), p90),
    "transfer_rate": (of_contacts(handled, lambda f, contact: bool(contact.get("transfers"))), proportion),
    "reopen_rate": (
        of_contacts(is_closed_handled, lambda f, contact: bool(contact.get("reopens"))),
        proportion,
    ),
    "service_level": (
        of_contacts(has_service_level, is_within_service_level),
        proportion,
    ),
}


def dimensions_of(metric: str) -> tuple[str, ...]:
    """What a metric can be split by (FP 8)."""
    return PROGRAM_DIMENSIONS if metric == "informed_within_2h" else DIMENSIONS
