"""Targets with their dates: the running quarter against them, as a sentence and a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from dashboard import format as fmt
from dashboard.views.compare import name_of
from pipelines.explain import Progress

LIKELY = 0.9
"""Chance from which on it is coloured as good as met; below its complement as good as missed."""

Labels = Mapping[str, str]


def title(found: Sequence[Progress]) -> str:
    """How many targets the running quarter will likely meet, in one line."""
    known = [each.outlook.chance for each in found if each.outlook]
    quarter = f"the quarter to {fmt.day(found[0].end)}"
    if not known:
        return f"Targets of {quarter}: too early for a chance"
    likely = sum(chance >= 0.5 for chance in known)
    verb = "is" if likely == 1 else "are"
    return f"{fmt.count(likely)} of {fmt.plural(len(known), 'target')} {verb} likely to be met in {quarter}"


def html(found: Sequence[Progress], labels: Labels, *, currency: str | None) -> str:
    """One row a target: what it is and since when, the chance, the quarter so far, and where it will end."""
    head = "".join(
        f'<th scope="col">{word}</th>'
        for word in ("Figure", "Target", "Chance to meet it", "Quarter so far", "Ends at")
    )
    body = "".join(_row(each, labels, currency) for each in found)
    return (
        '<div class="pl-scroll" role="region" aria-label="Targets of the running quarter" tabindex="0">'
        f'<table class="pl-table"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )


def _row(each: Progress, labels: Labels, currency: str | None) -> str:
    unit, goal, so_far = each.what.unit, each.goal, each.measured
    of = f"<span>{escape(name_of(goal.program, labels))}</span>" if goal.program is not None else ""
    dated = f"since {fmt.day(goal.since)}"
    if goal.next_from and goal.next_target is not None and goal.next_from <= each.end:
        dated += f"; {fmt.value(unit, goal.next_target, currency=currency)} from {fmt.day(goal.next_from)}"
    basis = [f"n {fmt.count(so_far.denominator or 0)}"]
    if so_far.lower is not None:
        basis.insert(0, fmt.interval(unit, so_far.lower, so_far.upper))
    if so_far.pending:
        basis.append(f"{fmt.count(so_far.pending)} pending")
    sign = {"met": "✓ met", "missed": "✗ missed", "open": "too close to tell"}.get(each.state, "")
    state = f'<i class="pl-target-{each.state}">{sign}{" so far" if sign else ""}</i>'
    value = fmt.value(unit, so_far.value, currency=currency)
    is_open = ' class="pl-open"' if so_far.status == "provisional" and so_far.value is not None else ""
    chance, end = _outlook(each, currency)
    target = escape(fmt.value(unit, goal.target, currency=currency))
    return (
        f'<tr><th scope="row">{escape(each.what.label)}{of}</th>'
        f"<td><b>{target}</b><span>{escape(dated)}</span></td>{chance}"
        f"<td{is_open}><b>{escape(value)}</b>{state}<span>{escape(' · '.join(basis))}</span></td>{end}</tr>"
    )


def _outlook(each: Progress, currency: str | None) -> tuple[str, str]:
    """The cells of the chance and of where the quarter will end."""
    if each.outlook is None:
        missing = f"{fmt.MISSING}<span>{escape(each.why)}</span>"
        return f'<td class="pl-quiet">{missing}</td>', f'<td class="pl-quiet">{fmt.MISSING}</td>'
    found, unit = each.outlook, each.what.unit
    judged = "better" if found.chance >= LIKELY else "worse" if found.chance <= 1 - LIKELY else "neither"
    ends = escape(fmt.value(unit, found.value, currency=currency))
    return (
        f'<td class="pl-is-{judged}"><b>{fmt.chance(found.chance)}</b></td>',
        f"<td><b>{ends}</b><span>{fmt.interval(unit, found.lower, found.upper)}</span></td>",
    )
