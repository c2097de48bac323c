"""First-contact resolution under every definition at once, and what makes two definitions differ.

A repeat is a pair of contacts, and a pair matters to a window only through its gap: the later one's opening
less the earlier one's closing. So pairs are found once, within the longest window; of each contact only the
place of its smallest gap among the windows is kept, looking forward (was it repeated?) and back (is it a
repeat, and so no first contact?). Contacts alike in all of these are counted together, and every cell and
every difference between two cells is a sum over those counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import duckdb
import numpy as np
import polars as pl

from pipelines.metrics.catalogue import CONTACT_DIMENSIONS
from pipelines.metrics.fcr_definitions import EXCLUSIONS, RULES, Definition, windows
from pipelines.metrics.query import Query
from pipelines.metrics.request import MetricRequest
from pipelines.stats.intervals import FloatArray, wilson

STATES = ("repeat", "pending", "failed", "resolved")
"""What a contact is under one definition: no first contact, or one that waits, failed or did not fail."""

ASPECTS = ("window", "rule", "exclusion")
EXAMPLES = 3
"""Contacts kept of each kind, the newest."""

_MATCHES = {
    "issue": "same_issue",
    "issue_not_other": "same_issue and not both_other",
    "order": "same_order",
    "any": "true",
}
_LATER = {"inbound": "is_inbound", "handled": "is_handled", "all": "true"}
_LATER_OF = {"not_abandoned": "handled", "with_outbound": "all"}


@dataclass(frozen=True, eq=False)
class FcrLab:
    """Counts from which every definition's value follows.

    Attributes:
        own: The workspace's window in microseconds.
        windows: Windows on offer, shortest first.
        counts: One row a kind of contact: n; `back_…` and `next_…`, the place of the first window that its
            gap lies within (the number of windows where none does); n_closed, how many windows are over;
            is_reopened (or unresolved), is_transferred; examples, newest contact ids.
    """

    own: int
    windows: tuple[int, ...]
    counts: pl.DataFrame

    @property
    def in_use(self) -> Definition:
        """The contract's definition with the workspace's window."""
        return Definition(self.own)

    def definitions(self) -> tuple[Definition, ...]:
        """Every definition of the grid: by exclusion, rule, then window."""
        return tuple(
            Definition(window, rule.key, exclusion.key)
            for exclusion in EXCLUSIONS
            for rule in RULES
            for window in self.windows
        )

    def grid(self) -> pl.DataFrame:
        """One row a definition.

        Returns:
            exclusion, rule, window (microseconds), value, lower, upper (Wilson, 95 %), numerator,
            denominator, pending, status as of a metric over all days, first_contacts, is_in_use. value,
            lower and upper are null where nothing is mature.
        """
        asked = self.definitions()
        n = self.counts["n"].to_numpy()
        sums = np.array([np.bincount(self._states(each), weights=n, minlength=4) for each in asked])
        counted = np.rint(sums).astype(np.int64)
        pending, resolved = counted[:, 1], counted[:, 3]
        mature = counted[:, 2] + resolved
        return pl.DataFrame(
            {
                "exclusion": [each.exclusion for each in asked],
                "rule": [each.rule for each in asked],
                "window": [each.window for each in asked],
                **_measures(resolved, mature),
                "pending": pending,
                "status": [
                    "provisional" if waiting else "final" if units else "empty"
                    for waiting, units in zip(pending.tolist(), mature.tolist(), strict=True)
                ],
                "first_contacts": mature + pending,
                "is_in_use": [each == self.in_use for each in asked],
            }
        )

    def reconcile(self, first: Definition, second: Definition) -> pl.DataFrame:
        """Why two definitions differ: each contact that is not the same in both, in one row.

        The reason is the smallest set of aspects (window, rule, exclusion) that, changed alone in the first
        definition, makes the contact what it is in the second. Aspects that are needed together are joined
        by `+`, sets of which each is enough by `|`.

        Args:
            first: One definition.
            second: The other.

        Returns:
            before, after (of `STATES`), reason, contacts, denominator, numerator, pending (what the row adds
            to those of the first definition to make the second's), examples; largest first. Nothing where
            both are alike.
        """
        differing = [name for name in ASPECTS if getattr(first, name) != getattr(second, name)]
        before, after = self._states(first), self._states(second)
        reason, names = self._reasons(first, second, differing, after)
        rows = (
            self.counts.select("n", "examples")
            .with_columns(
                before=pl.Series(before), after=pl.Series(after), reason=pl.Series(reason, dtype=pl.Int64)
            )
            .filter(pl.col("before") != pl.col("after"))
            .group_by("before", "after", "reason")
            .agg(
                pl.col("n").sum().alias("contacts"),
                pl.col("examples").list.explode(empty_as_null=False, keep_nulls=False),
            )
        )
        entered, left = pl.col("after"), pl.col("before")

        def added(*states: str) -> pl.Expr:
            places = [STATES.index(state) for state in states]
            moved = entered.is_in(places).cast(pl.Int64) - left.is_in(places).cast(pl.Int64)
            return moved * pl.col("contacts")

        newest = pl.col("examples").list.eval(
            pl.element().sort_by(
                pl.element().struct.field("opened_at"),
                pl.element().struct.field("contact_id"),
                descending=True,
            )
        )
        return (
            rows.with_columns(pl.col("contacts").cast(pl.Int64))
            .select(
                "before", "after", "reason", "contacts",
                added("failed", "resolved").alias("denominator"),
                added("resolved").alias("numerator"),
                added("pending").alias("pending"),
                newest.list.head(EXAMPLES).list.eval(pl.element().struct.field("contact_id"))
                .alias("examples"),
            )
            .sort("contacts", "before", "after", "reason", descending=[True, False, False, False])
            .with_columns(
                pl.col("before", "after").replace_strict(dict(enumerate(STATES)), return_dtype=pl.String),
                pl.col("reason").replace_strict(names, return_dtype=pl.String),
            )
        )  # fmt: skip

    def both(self, first: Definition, second: Definition) -> int:
        """First contacts, mature or pending, that both definitions have."""
        shared = (self._states(first) > 0) & (self._states(second) > 0)
        return int(self.counts["n"].to_numpy()[shared].sum())

    def _states(self, asked: Definition) -> np.ndarray:
        """Place in `STATES` of each kind of contact under a definition."""
        place = self.windows.index(asked.window)
        is_repeat = self._gap("back", asked) <= place
        is_pending = self.counts["n_closed"].to_numpy() <= place
        fails = self._gap(f"next_{_LATER_OF.get(asked.exclusion, 'inbound')}", asked) <= place
        if asked.exclusion != "repeats_only":
            fails |= self.counts["is_reopened"].to_numpy()
        if asked.exclusion == "transfers_fail":
            fails |= self.counts["is_transferred"].to_numpy()
        return np.select([is_repeat, is_pending, fails], [0, 1, 2], default=3)

    def _gap(self, side: str, asked: Definition) -> np.ndarray:
        issue = "issue_not_other" if asked.exclusion == "not_other" else "issue"
        matches = {
            "issue": (issue,),
            "order": ("order",),
            "any": ("any",),
            "issue_or_order": (issue, "order"),
        }
        columns = [self.counts[f"{side}_{match}"].to_numpy() for match in matches[asked.rule]]
        return np.minimum.reduce(columns)

    def _reasons(
        self, first: Definition, second: Definition, differing: Sequence[str], after: np.ndarray
    ) -> tuple[np.ndarray, dict[int, str]]:
        """The reason of each kind of contact as a number, and the numbers' names."""
        names: dict[int, str] = {}
        numbers: dict[tuple[int, ...], int] = {}
        reason = np.full(after.size, -1)
        for size in range(1, len(differing) + 1):
            sets = list(combinations(differing, size))
            enough = np.array([self._states(_changed(first, second, each)) == after for each in sets])
            codes = (enough * (1 << np.arange(len(sets)))[:, None]).sum(axis=0)
            for code in np.unique(codes[(reason < 0) & (codes > 0)]).tolist():
                chosen = [each for bit, each in enumerate(sets) if code >> bit & 1]
                number = numbers.setdefault((size, code), len(numbers))
                names[number] = "|".join("+".join(each) for each in chosen)
                reason[(reason < 0) & (codes == code)] = number
        return reason, names


def fcr_lab(con: duckdb.DuckDBPyConnection, request: MetricRequest) -> FcrLab:
    """Count contacts by what each definition could make of them.

    Args:
        con: A cursor on a published warehouse.
        request: Days and filters, of the contacts that may be first contacts; what repeats them, or what
            they repeat, may lie outside. The rest is not looked at.

    Raises:
        UsageError: If the request cannot be answered.
    """
    own = con.sql(
        "select date_diff('microsecond', timestamp '2000-01-01', timestamp '2000-01-01' + fcr_window) "
        "from internal.build"
    ).fetchall()[0][0]
    offered = windows(own)
    asked = MetricRequest(
        metrics=("fcr",), start=request.start, end=request.end, filters=dict(request.filters)
    )
    asked.definitions()
    query = Query(asked)
    where = query.where(CONTACT_DIMENSIONS)
    # a pair with one end in the days asked for ends no earlier than they begin, and begins before they end
    within = " and ".join(
        condition
        for condition in (
            "later.opened_date >= $start" if request.start else "",
            "earlier.opened_date <= $end" if request.end else "",
        )
        if condition
    )
    sql = _sql(offered, where, within or "true")
    return FcrLab(own, offered, con.sql(sql, params=query.parameters).pl())


def _sql(offered: Sequence[int], where: str, within: str) -> str:
    """One row a kind of contact; `offered` are numbers of ours, the conditions hold parameters only."""
    none = len(offered)
    place = "".join(f" when gap <= {window} then {index}" for index, window in enumerate(offered))
    back = {f"back_{name}": match for name, match in _MATCHES.items()}
    forth = {
        f"next_{kind}_{name}": f"({match}) and {later}"
        for kind, later in _LATER.items()
        for name, match in _MATCHES.items()
    }

    def smallest(columns: dict[str, str]) -> str:
        return ", ".join(f"min(place) filter (where {match}) as {name}" for name, match in columns.items())

    kinds = [f"coalesce({name}, {none})::tinyint as {name}" for name in (*back, *forth)]
    n_closed = " + ".join(
        f"(contacts.closed_at + to_microseconds({window}) <= build.as_of)::tinyint" for window in offered
    )
    return f"""
        with pairs as materialized (
            select earlier.rowid as earlier_row, later.rowid as later_row, later.is_inbound, later.is_handled,
                later.issue = earlier.issue as same_issue,
                later.issue = earlier.issue and earlier.issue = 'other' as both_other,
                coalesce(later.order_id = earlier.order_id, false) as same_order,
                date_diff('microsecond', earlier.closed_at, later.opened_at) as gap,
                (case{place} end)::tinyint as place
            from contacts as earlier
            inner join contacts as later
                on later.program_id = earlier.program_id
                and later.customer_id = earlier.customer_id
                and later.opened_at > earlier.opened_at
                and later.opened_at <= earlier.closed_at + to_microseconds({offered[-1]})
            where earlier.is_handled and earlier.closed_at is not null and {within}
        ),
        back as (select later_row, {smallest(back)} from pairs group by later_row),
        forth as (select earlier_row, {smallest(forth)} from pairs group by earlier_row),
        units as (
            select contact_id, program_id, agent_id, channel, issue, opened_date as event_date, opened_at,
                {", ".join(kinds)}, ({n_closed})::tinyint as n_closed,
                reopens > 0 or coalesce(resolution = 'unresolved', false) as is_reopened,
                transfers > 0 as is_transferred
            from contacts
            cross join internal.build as build
            left join back on back.later_row = contacts.rowid
            left join forth on forth.earlier_row = contacts.rowid
            where is_handled and closed_at is not null and customer_id is not null
        )
        select {", ".join((*back, *forth))}, n_closed, is_reopened, is_transferred, count(*) as n,
            max({{'opened_at': metric_rows.opened_at, 'contact_id': metric_rows.contact_id}}, {EXAMPLES})
                as examples
        from units as metric_rows
        left join programs on programs.program_id = metric_rows.program_id
        left join agents on agents.agent_id = metric_rows.agent_id
        where {where}
        group by all
    """


def _measures(resolved: np.ndarray, mature: np.ndarray) -> dict[str, Any]:
    units: FloatArray = mature.astype(float)
    hits: FloatArray = resolved.astype(float)
    lower, upper = wilson(hits, units)
    with np.errstate(invalid="ignore"):
        value = np.where(units > 0, hits / np.where(units > 0, units, 1.0), np.nan)
    return {
        **{
            name: pl.Series(name, numbers, nan_to_null=True)
            for name, numbers in (("value", value), ("lower", lower), ("upper", upper))
        },
        "numerator": resolved,
        "denominator": mature,
    }


def _changed(first: Definition, second: Definition, aspects: Sequence[str]) -> Definition:
    return Definition(
        second.window if "window" in aspects else first.window,
        second.rule if "rule" in aspects else first.rule,
        second.exclusion if "exclusion" in aspects else first.exclusion,
    )
