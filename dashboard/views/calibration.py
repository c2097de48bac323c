"""Calibration sessions as words and HTML: states, cards, what a grader may know of a contact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from html import escape
from typing import Any

from dashboard import format as fmt
from dashboard.views.compare import name_of
from pipelines.store import Criterion, Session, SessionView, Submission

NOT_APPLICABLE = "N/A"
MOST_LEVELS = 11
"""A criterion with more levels than these is typed, not clicked."""

RULES = {
    "random": "Random",
    "stratified": "Stratified by channel and issue",
    "widest": "Aimed at the widest intervals",
    "picked": "Picked by hand only",
}
_STATE_WORDS = {"open": "Open", "due": "Due", "revealed": "Revealed", "closed": "Closed"}


def state(session: Session, today: date) -> str:
    """open, due (its date has come), revealed or closed: the furthest of them."""
    if session.is_closed:
        return "closed"
    if session.is_revealed:
        return "revealed"
    return "due" if session.due_on is not None and session.due_on <= today else "open"


def badge(session: Session, today: date) -> str:
    """The state as a small label."""
    found = state(session, today)
    return f'<span class="cal-state cal-{found}">{_STATE_WORDS[found]}</span>'


def due_words(session: Session, today: date) -> str:
    """When a session is due, as far as that still matters; empty where it does not."""
    if session.due_on is None or session.is_closed or session.is_revealed:
        return ""
    days = (session.due_on - today).days
    if days < 0:
        return f"was due {fmt.plural(-days, 'day')} ago"
    if days == 0:
        return "due today"
    return f"due in {fmt.plural(days, 'day')}" if days <= 14 else f"due {fmt.day(session.due_on)}"


def card_html(view: SessionView, today: date, *, agreement: str) -> str:
    """A session in the list: name, state, size, how far it is, and how far graders agree.

    Args:
        view: As the visitor may see it.
        today: Today.
        agreement: A phrase such as "79% of pairs agree"; empty before the reveal.
    """
    session = view.session
    parts = [
        fmt.plural(len(session.contacts), "contact"),
        fmt.plural(len(session.graders), "grader"),
        due_words(session, today),
        f"led by {session.created_by}",
    ]
    about = " · ".join(escape(part) for part in parts if part)
    done, all_of = scored(view)
    said = f"<b>{escape(agreement)}</b>" if agreement else f"{done} of {all_of} reviews in"
    return (
        f'<article class="cal-session"><div><h3>{escape(session.name)} {badge(session, today)}</h3>'
        f'<p>{about}</p></div><div class="cal-far"><p>{said}</p>{bar(done, all_of)}</div></article>'
    )


def exported_html(view: SessionView, agreement: str) -> str:
    """A session of the exports in the list."""
    session = view.session
    parts = [
        fmt.plural(len(session.contacts), "contact"),
        fmt.plural(len(session.graders), "grader"),
        f"{session.scorecard_id}, version {session.version}",
        f"last scored {fmt.day(session.created_at.date())}",
    ]
    about = " · ".join(escape(part) for part in parts)
    return (
        f'<article class="cal-session"><div><h3>{escape(session.name)}</h3><p>{about}</p></div>'
        f'<div class="cal-far"><p><b>{escape(agreement)}</b></p></div></article>'
    )


def scored(view: SessionView) -> tuple[int, int]:
    """Reviews submitted, and reviews there will be."""
    return sum(view.progress.values()), len(view.session.graders) * len(view.session.contacts)


def bar(done: int, all_of: int) -> str:
    """How much of something is done, as a bar."""
    share = 100 * done / all_of if all_of else 0
    said = f'role="img" aria-label="{done} of {all_of}"'
    return f'<div class="cal-bar" {said}><i style="width:{share:.0f}%"></i></div>'


def progress_html(view: SessionView) -> str:
    """How far each grader is: counts, never scores."""
    contacts = len(view.session.contacts)
    finished = sum(done >= contacts for done in view.progress.values())
    rows = "".join(
        f"<dt>{escape(grader)}{' (you)' if grader == view.viewer else ''}"
        f"{' <i>reference</i>' if grader == view.session.reference_grader else ''}</dt>"
        f"<dd>{bar(done, contacts)}<span>{done} of {contacts}</span></dd>"
        for grader, done in view.progress.items()
    )
    return (
        f'<div class="pl-chart-head"><h2>{finished} of {fmt.plural(len(view.session.graders), "grader")} '
        f'finished</h2><p>Counts only: nobody sees another\'s scores before the reveal.</p></div>'
        f'<dl class="cal-progress">{rows}</dl>'
    )  # fmt: skip


def rule_html(session: Session) -> str:
    """How a session was made, for everyone to read."""
    facts = [
        ("Contacts", f"{RULES.get(session.rule, session.rule)}: {session.rule_detail}"),
        ("Seed", str(session.seed)),
        ("Scorecard", f"{session.scorecard_id}, version {session.version}"),
        ("Tolerance", tolerance_words(session.tolerance)),
        ("Reference", session.reference_grader or "none: the median of the graders stands in"),
        ("Hidden", hidden_words(session)),
        ("Made", f"by {session.created_by}, {fmt.moment(session.created_at)}"),
    ]
    rows = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in facts)
    return f'<dl class="pl-facts">{rows}</dl>'


def tolerance_words(tolerance: float) -> str:
    """A session's tolerance in words."""
    if tolerance == 0:
        return "only the same score agrees"
    return f"scores {tolerance:g} {'point' if tolerance == 1 else 'points'} apart still agree"


def hidden_words(session: Session) -> str:
    """What a session hides, in words."""
    hidden = ["each other's scores until the reveal"]
    if session.hides_agent:
        hidden.append("the agent until one has submitted")
    if session.hides_graders:
        hidden.append("who gave which score, for good")
    return fmt.listing(hidden)


def contact_html(
    facts: Mapping[str, Any] | None, contact_id: str, agent: Mapping[str, Any] | None, *, hidden: bool
) -> str:
    """What a grader may know of a contact.

    Args:
        facts: A row of `reader.contact_facts`; None where the warehouse does not know the contact.
        contact_id: The contact.
        agent: A row of `reader.contact_agents`, where the agent may be seen.
        hidden: Whether the agent is hidden from this person now.
    """
    head = f'<p class="cal-id">Find it in your own system by its id <code>{escape(contact_id)}</code></p>'
    if facts is None:
        return (
            f'{head}<p class="pl-note">The warehouse does not know this contact (any more), so there is '
            "nothing to say of it here.</p>"
        )
    rows = "".join(
        f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>"
        for name, text in _facts(facts, agent, hidden=hidden)
        if text
    )
    return f'{head}<dl class="pl-facts cal-facts">{rows}</dl>'


def contact_title(facts: Mapping[str, Any] | None, contact_id: str) -> str:
    """A contact as a heading: channel and issue."""
    if facts is None:
        return f"Contact {contact_id}"
    return f"{name_of(facts['channel'])}: {fmt.in_sentence(name_of(facts['issue']))}"


def levels(criterion: Criterion) -> tuple[float, ...] | None:
    """The scores that can be clicked, the lowest first; None where there are too many and one is typed."""
    whole = float(criterion.min).is_integer() and float(criterion.max).is_integer()
    if not whole or criterion.max - criterion.min + 1 > MOST_LEVELS:
        return None
    return tuple(float(level) for level in range(int(criterion.min), int(criterion.max) + 1))


def level_word(criterion: Criterion, score: float | None) -> str:
    """A score as a person reads it: yes and no where there are only these two."""
    if score is None:
        return NOT_APPLICABLE
    if (criterion.min, criterion.max) == (0, 1) and score in (0, 1):
        return "Yes" if score else "No"
    return f"{score:g}"


def criterion_words(criterion: Criterion) -> str:
    """What is said under a criterion: its scale, its weight, and whether it fails the review."""
    parts = [f"{criterion.min:g} to {criterion.max:g}"] if (criterion.min, criterion.max) != (0, 1) else []
    parts.append(f"weight {criterion.weight:g}")
    if criterion.auto_fail:
        parts.append(f"auto-fail: {level_word(criterion, criterion.min)} makes the review 0")
    return " · ".join(parts)


def review_html(criteria: Sequence[Criterion], submission: Submission) -> str:
    """One's own submitted scores."""
    rows = "".join(
        f'<tr><th scope="row">{escape(item.label)}</th><td>{escape(level_word(item, given.score))}</td>'
        f"<td>{escape(given.comment or '')}</td></tr>"
        for item in criteria
        if (given := submission.scores.get(item.criterion_id)) is not None
    )
    whole = f'<p class="pl-note">{escape(submission.comment)}</p>' if submission.comment else ""
    return (
        '<table class="pl-table cal-mine"><thead><tr><th scope="col">Criterion</th><th scope="col">Score</th>'
        f'<th scope="col">Comment</th></tr></thead><tbody>{rows}</tbody></table>{whole}'
    )


def _facts(
    facts: Mapping[str, Any], agent: Mapping[str, Any] | None, *, hidden: bool
) -> list[tuple[str, str]]:
    amount = facts["order_amount"]
    who = "hidden until you submit" if hidden else ""
    if agent is not None:
        who = " · ".join(str(agent[name]) for name in ("agent_name", "team", "site") if agent[name])
    return [
        ("Agent", who),
        ("Program", facts["program_name"] or facts["program_id"]),
        ("Channel", f"{name_of(facts['channel'])}, {facts['direction'] or 'inbound'}"),
        ("Issue", name_of(facts["issue"])),
        ("Opened", f"{fmt.day(facts['opened_local'].date())}, {facts['opened_local']:%H:%M} local"),
        ("Open for", _span(facts["open_seconds"])),
        ("Waited", _span(facts["wait_seconds"])),
        ("Handled", _span(facts["handle_seconds"])),
        ("Transfers", "" if not facts["transfers"] else str(facts["transfers"])),
        ("Reopened", "" if not facts["reopens"] else fmt.plural(facts["reopens"], "time")),
        ("Escalation", "" if facts["escalation"] in (None, "none") else name_of(facts["escalation"])),
        ("Ended as", "" if facts["resolution"] is None else name_of(facts["resolution"])),
        ("Order", "" if amount is None else fmt.money(float(amount), facts["currency"])),
    ]


def _span(seconds: float | None) -> str:
    """A span of time in the unit that fits.

    >>> _span(42), _span(600), _span(7300), _span(200_000), _span(None)
    ('42 s', '10 min', '2.0 h', '2.3 days', '')
    """
    if seconds is None:
        return ""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    if seconds < 129_600:
        return f"{seconds / 3600:.1f} h"
    return f"{seconds / 86_400:.1f} days"
