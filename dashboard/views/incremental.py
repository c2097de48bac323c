"""The incremental part of refund avoidance as a table: claimed with its interval, or not, and why."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

import polars as pl

from dashboard import format as fmt
from dashboard.views.compare import name_of
from pipelines.explain import Caused


def html(each: Mapping[str | None, Caused], noun: str, labels: Mapping[str, str] | None) -> str:
    """The incremental part of each group: observed, expected elsewhere, difference, money; or why not."""
    head = "".join(
        f'<th scope="col">{word}</th>'
        for word in (noun.capitalize(), "Avoided", "Expected elsewhere", "Incremental", "Money because of it")
    )
    body = "".join(_row(name_of(value, labels), found) for value, found in each.items())
    return (
        '<div class="pl-scroll" tabindex="0" role="region" '
        f'aria-label="Incremental refund avoidance by {escape(noun)}">'
        f'<table class="pl-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _row(name: str, found: Caused) -> str:
    first = f'<th scope="row">{escape(name)}<span>n {fmt.count(found.stakes)}</span></th>'
    if not found.is_claimed or found.total is None:
        why = f"Not claimed<span>{escape(found.refusal)}</span>"
        return f'<tr>{first}<td class="pl-quiet" colspan="4">{why}</td></tr>'
    avoided = found.avoided
    state = "neither" if not found.is_told else "better" if (avoided.value or 0) > 0 else "worse"
    kind = "" if state == "neither" else f' class="pl-is-{state}"'
    low, high = (fmt.change("share", end) for end in (avoided.lower, avoided.upper))
    total, least, most = (fmt.change("money", amount, currency=found.currency) for amount in found.total)
    return (
        f"<tr>{first}<td>{fmt.value('share', avoided.observed)}</td>"
        f"<td>{fmt.value('share', avoided.counterfactual)}"
        f"<span>n {fmt.count(found.elsewhere)} elsewhere</span></td>"
        f"<td{kind}><b>{fmt.change('share', avoided.value)}</b><span>{low} to {high}</span></td>"
        f"<td>{escape(total)}<span>{escape(least)} to {escape(most)}</span></td></tr>"
    )


def table(each: Mapping[str | None, Caused], by: str) -> pl.DataFrame:
    """The same as rows, in full precision."""
    parts = ("value", "lower", "upper", "observed", "counterfactual")
    return pl.DataFrame(
        [
            {
                by: value,
                "stakes": found.stakes,
                "elsewhere": found.elsewhere,
                **{f"avoided_{part}": getattr(found.avoided, part) for part in parts},
                **{f"money_{part}": getattr(found.money, part) for part in parts},
                "currency": found.currency,
                "effective_elsewhere": found.comparability.effective if found.comparability else None,
                "largest_imbalance": found.comparability.imbalance if found.comparability else None,
                "not_claimed_because": found.refusal or None,
            }
            for value, found in each.items()
        ],
        infer_schema_length=None,
    )
