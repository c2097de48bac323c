"""Why a number moved, as a sentence and a table of dimensions; computed, never written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import polars as pl

from dashboard import format as fmt
from dashboard.views.compare import name_of
from pipelines.explain import Effect, Explanation

Labels = Mapping[str, Mapping[str, str]]
PLURALS = {"program_id": "programs", "agent_id": "agents", "tenure": "tenure bands", "region": "regions"}


@dataclass(frozen=True)
class Sides:
    """What is held against what, in words.

    Attributes:
        now: The one, as in "over the last 13 weeks" or "Home care".
        before: The other, as in "the 13 weeks before" or "Active care".
        are_programs: Two programs rather than two periods.
    """

    now: str
    before: str
    are_programs: bool = False


def groups_word(by: Sequence[str]) -> str:
    """Groups of a dimension, as a sentence says them."""
    words = [PLURALS.get(name, f"{name.replace('_', ' ')}s") for name in by]
    return fmt.listing(words) if len(words) == 1 else " × ".join(words)


def group_name(row: Mapping[str, Any], by: Sequence[str], labels: Labels) -> str:
    """The name of a group, of two dimensions joined."""
    return ", ".join(name_of(row[name], labels.get(name)) for name in by)


def judged(effect: Effect, better: str) -> str:
    """better, worse or neither: neither where it is not told from noise."""
    if not effect.is_told or better not in ("higher", "lower"):
        return "neither"
    return "better" if (effect.value > 0) == (better == "higher") else "worse"


def sentence(found: Explanation, what: Any, sides: Sides, labels: Labels) -> tuple[str, str]:
    """What moved and what made it, as a main clause and the rest."""
    size = fmt.change(what.unit, found.change.value).lstrip("+" + fmt.MINUS)
    now = fmt.value(what.unit, found.after)
    before = fmt.value(what.unit, found.before)
    if sides.are_programs:
        than = "higher" if found.change.value > 0 else "lower"
        main = (
            f"{what.label} is {size} {than} in {sides.now} ({now}) than in {sides.before} ({before})"
            if found.change.is_told
            else f"{what.label} of {sides.now} ({now}) and {sides.before} ({before}) cannot be told apart"
        )
    else:
        word = "rose" if found.change.value > 0 else "fell"
        main = (
            f"{what.label} {word} {size}, from {before} to {now}, against {sides.before}"
            if found.change.is_told
            else f"{what.label} is {now}, no different from {sides.before} ({before}) beyond noise"
        )
    parts = [_part(found.mix, f"the mix of {groups_word(found.by)}", what)]
    if found.has_rates_to_compare:
        parts.append(_part(found.rate, f"rates within {groups_word(found.by)}", what))
        top = found.parts.row(0, named=True)
        effect = fmt.change(what.unit, top["effect"])
        parts.append(f"most of it in {group_name(top, found.by, labels)} ({effect})")
    else:
        shared = fmt.value("share", found.shared)
        parts.append(f"only {shared} lie in {groups_word(found.by)} that both have, so no rates are compared")
    return main, f": {'; '.join(parts)}."


def _part(effect: Effect, name: str, what: Any) -> str:
    told = "" if effect.is_told else ", inside the noise"
    return f"{fmt.change(what.unit, effect.value)} from {name}{told}"


def headline(found: Explanation, what: Any, sides: Sides, labels: Labels) -> str:
    """The sentence as HTML, with Simpson's reversal called out under it where there is one."""
    main, rest = sentence(found, what, sides, labels)
    mood = judged(found.change, what.better)
    return (
        f'<section class="pl-headline pl-edge-{mood}" aria-label="In one sentence">'
        f'<p class="pl-sentence"><strong>{escape(main)}</strong>{escape(rest)}</p>'
        f"{_warning(reversal(found, sides))}</section>"
    )


def reversal(found: Explanation, sides: Sides) -> str:
    """Simpson's reversal, or rates that the mix hides, in words; empty where there is neither."""
    if not (found.reversal or found.masked) or not found.has_rates_to_compare:
        return ""
    fell, rose = ("is lower", "is higher") if sides.are_programs else ("fell", "rose")
    whole, other = (fell, rose) if found.change.value < 0 else (rose, fell)
    one = groups_word(found.by).removesuffix("s") if len(found.by) == 1 else "cell"
    hedge = "" if found.rate.is_told and found.change.is_told else " Chance alone could do this here."
    if found.reversal:
        return (
            f"Simpson's reversal: in no {one} the rate {whole}, yet the whole {whole}, by the mix alone."
            f"{hedge}"
        )
    return (
        f"The mix hides it: taken together, the rate within each {one} {other}, yet the whole {whole}.{hedge}"
    )


def _warning(text: str) -> str:
    return f'<p class="pl-warning" role="note">{escape(text)}</p>' if text else ""


def dimensions_html(every: Sequence[Explanation], what: Any, labels: Labels, links: Mapping[str, str]) -> str:
    """The same change by each dimension, that with the largest mix first; each opens its own charts."""
    body = []
    for found in every:
        name = escape(groups_word(found.by))
        link = f'<a href="{escape(links[found.by[0]])}" target="_self">{name[:1].upper() + name[1:]}</a>'
        top = found.parts.row(0, named=True)
        largest = Effect(top["effect"], top["effect_lower"], top["effect_upper"])
        rate = (
            _cell(found.rate, what)
            if found.has_rates_to_compare
            else '<td class="pl-quiet">not compared<span>hardly any in common</span></td>'
        )
        body.append(
            f'<tr><th scope="row">{link}</th>{_cell(found.mix, what)}{rate}'
            f"<td>{escape(group_name(top, found.by, labels))}<span>{fmt.change(what.unit, largest.value)}"
            f"{'' if largest.is_told else ', noise'}</span></td></tr>"
        )
    return (
        '<div class="pl-scroll" tabindex="0" role="region" aria-label="The change by each dimension">'
        '<table class="pl-table"><thead><tr><th scope="col">Split by</th><th scope="col">Mix</th>'
        '<th scope="col">Rates within</th><th scope="col">Weighs most</th></tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def dimensions_table(every: Sequence[Explanation]) -> pl.DataFrame:
    """The same as rows, in full precision."""
    return pl.DataFrame(
        [
            {
                "split_by": found.by[0],
                **{
                    f"{name}{end}": getattr(effect, part)
                    for name, effect in (("change", found.change), ("mix", found.mix), ("rate", found.rate))
                    for end, part in (("", "value"), ("_lower", "lower"), ("_upper", "upper"))
                },
                "shared": found.shared,
            }
            for found in every
        ]
    )


def _cell(effect: Effect, what: Any) -> str:
    state = judged(effect, what.better)
    kind = "" if state == "neither" else f' class="pl-is-{state}"'
    limits = f"{fmt.change(what.unit, effect.lower)} to {fmt.change(what.unit, effect.upper)}"
    return f"<td{kind}><b>{fmt.change(what.unit, effect.value)}</b><span>{limits}</span></td>"


def first_up(words: str) -> str:
    return words[:1].upper() + words[1:]
