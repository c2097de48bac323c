"""Tables of a revealed session: heat map, agreement, who is off on what, one contact side by side."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import Any

import polars as pl

from dashboard import format as fmt
from dashboard.theme import Palette
from dashboard.views import calibration as words
from dashboard.views import calibration_frames as frames
from dashboard.views.calibration_results import Results, interval_words
from pipelines.store import Criterion, SeenContact, SessionView

MOST_NAMED = 3
"""Criteria named of a grader who is out of tolerance; the side-by-side tables have all."""
SHADES = (0.0, 0.14, 0.26, 0.38, 0.52, 0.66, 0.8)


def heat_html(view: SessionView, found: Results, colours: Palette) -> str:
    """Criteria by contacts: how far apart the graders are, as a share of the scale, written and shaded."""
    cells = {(row["contact_id"], row["criterion_id"]): row for row in found.spread.iter_rows(named=True)}
    ids = [seen.contact.contact_id for seen in view.contacts]
    head = "".join(
        f'<th scope="col" title="{escape(name)}">{place}</th>' for place, name in enumerate(ids, 1)
    )
    body = "".join(
        f'<tr><th scope="row">{escape(item.label)}</th>'
        + "".join(_heat(cells.get((name, item.criterion_id)), item, colours) for name in ids)
        + "</tr>"
        for item in view.session.criteria
    )
    return _table("How far apart graders are", f'<th scope="col">Criterion</th>{head}', body, kind="cal-heat")


def agreement_html(found: Results) -> str:
    """Agreement on each criterion, section and the whole review, with the verdict and its reason."""
    rows = "".join(_agreement_row(row) for row in found.agreement.iter_rows(named=True))
    head = (
        _head("Criterion") + _head("Verdict") + _number("Alpha", "95%") + _number("AC1/AC2")
        + _number("All", "the same") + _number("All within", "tolerance")
    )  # fmt: skip
    return _table("Agreement by criterion", head, rows)


def graders_html(view: SessionView, found: Results) -> str:
    """Every grader against what was right: out of tolerance on what, harsher or milder."""
    labels = {item.criterion_id: item.label for item in view.session.criteria}
    rows = "".join(
        f'<tr><th scope="row">{escape(row["grader_id"])}{_reference(found, row["grader_id"])}</th>'
        f'<td class="cal-num"><b>{fmt.value("share", row["tolerance_share"])}</b>'
        f"<span>{row['n_criteria'] - row['n_out']} of {row['n_criteria']}</span></td>"
        f'<td class="cal-num">{fmt.value("share", row["alignment_score"])}</td>'
        f'<td class="cal-num">{_lean(row["lean"])}</td></tr>'
        f"{_because(_out_on(found.cells, row['grader_id'], labels), columns=4)}"
        for row in found.graders.sort(
            pl.col("grader_id") == (found.reference_name or ""), maintain_order=True
        ).iter_rows(named=True)
    )
    head = (
        _head("Grader, and what is out of tolerance") + _number("Within", "tolerance")
        + _number("Alignment", "score") + _number("Leans", "points of 100")
    )  # fmt: skip
    return _table("Graders against what was right", head, rows)


def side_html(view: SessionView, seen: SeenContact, found: Results) -> str:
    """One contact's scores side by side, apart ones shaded, those out of tolerance marked."""
    contact = seen.contact.contact_id
    given = frames.submissions(view, contact)
    right = {
        row["criterion_id"]: row
        for row in found.reference.filter(pl.col("contact_id") == contact).iter_rows(named=True)
    }
    off = {
        (row["grader_id"], row["criterion_id"])
        for row in found.cells.filter(pl.col("contact_id") == contact, ~pl.col("is_within")).iter_rows(
            named=True
        )
    }
    head = "".join(f'<th scope="col">{escape(name)}{_role(view, found, name)}</th>' for name in given)
    body = "".join(
        _side_row(item, given, right.get(item.criterion_id), off) for item in view.session.criteria
    )
    totals = {
        row["grader_id"]: row
        for row in found.reviews.filter(pl.col("contact_id") == contact).iter_rows(named=True)
    }
    right_score = next(
        (row["reference_score"] for row in totals.values() if row["reference_score"] is not None), None
    )
    meant = fmt.MISSING if right_score is None else f"{right_score:.0f}"
    body += (
        f'<tr class="cal-total"><th scope="row">Review, of 100</th>'
        f'{"".join(_total(totals.get(name)) for name in given)}<td class="cal-right">{meant}</td></tr>'
    )
    return _table("Scores side by side", _head("Criterion") + head + _head("Right"), body)


def comments_html(view: SessionView, seen: SeenContact) -> str:
    """What graders wrote on one contact; empty where nobody wrote anything."""
    labels = {item.criterion_id: item.label for item in view.session.criteria}
    said = []
    for grader, submission in frames.submissions(view, seen.contact.contact_id).items():
        if submission.comment:
            said.append((grader, "the whole contact", submission.comment))
        if submission.reason:
            said.append((grader, "why it was corrected", submission.reason))
        said += [
            (grader, labels.get(name, name), score.comment)
            for name, score in submission.scores.items()
            if score.comment
        ]
    return "".join(
        f'<p class="cal-said"><b>{escape(grader)}</b> <i>on {escape(about)}</i><br>{escape(text)}</p>'
        for grader, about, text in said
    )


def notes_html(view: SessionView, seen: SeenContact) -> str:
    """The discussion of one contact; empty where there is none."""
    labels = {item.criterion_id: item.label for item in view.session.criteria}
    return "".join(
        f'<p class="cal-said"><b>{escape(note.written_by)}</b> <i>{escape(fmt.moment(note.written_at))}'
        f"{', on ' + escape(labels.get(note.criterion_id, note.criterion_id)) if note.criterion_id else ''}"
        f"{', edited' if note.is_edited else ''}</i><br>{escape(note.body)}</p>"
        for note in seen.notes
    )


def agreed_html(view: SessionView, seen: SeenContact) -> str:
    """What was agreed on one contact, criterion by criterion; empty where nothing was."""
    lines = []
    for item in view.session.criteria:
        one = seen.consensus.get(item.criterion_id)
        if one is not None:
            why = f": {one.reason}" if one.reason else ""
            said = f"{item.label}: {words.level_word(item, one.score)}"
            by = f"{one.decided_by}, {fmt.moment(one.decided_at)}{why}"
            lines.append(f'<p class="cal-said"><b>{escape(said)}</b> <i>{escape(by)}</i></p>')
    return "".join(lines)


def _side_row(
    item: Criterion, given: Mapping[str, Any], right: Mapping[str, Any] | None, off: set[tuple[str, str]]
) -> str:
    scores = [
        one.scores[item.criterion_id].score for one in given.values() if item.criterion_id in one.scores
    ]
    is_apart = len(set(scores)) > 1
    cells = ""
    for grader, submission in given.items():
        score = submission.scores.get(item.criterion_id)
        shade = "cal-out" if (grader, item.criterion_id) in off else "cal-apart" if is_apart else ""
        text = fmt.MISSING if score is None else words.level_word(item, score.score)
        said = ' <span title="has a comment">commented</span>' if score is not None and score.comment else ""
        cells += f'<td class="{shade}">{escape(text)}{said}</td>'
    meant = fmt.MISSING if right is None else words.level_word(item, right["reference"])
    by = "" if right is None else f"<span>{escape(right['basis'])}</span>"
    right_cell = f'<td class="cal-right">{escape(meant)}{by}</td>'
    return f'<tr><th scope="row">{escape(item.label)}</th>{cells}{right_cell}</tr>'


def _total(row: Mapping[str, Any] | None) -> str:
    if row is None or row["score"] is None:
        return f"<td>{fmt.MISSING}</td>"
    fail = "<span>auto-fail</span>" if row["auto_failed"] else ""
    return f"<td>{row['score']:.0f}{fail}</td>"


def _reference(found: Results, name: str) -> str:
    return "<span>reference</span>" if name == found.reference_name else ""


def _role(view: SessionView, found: Results, name: str) -> str:
    if name == found.reference_name:
        return "<i>reference</i>"
    return "<i>you</i>" if name == view.viewer else ""


def _heat(cell: Mapping[str, Any] | None, item: Criterion, colours: Palette) -> str:
    if cell is None:
        return f'<td class="cal-quiet">{fmt.MISSING}</td>'
    shade = SHADES[round(cell["spread"] * (len(SHADES) - 1))]
    # light letters on a bright cell cannot be read
    ink = f";color:{colours.card}" if shade > 0.6 and colours.name == "dark" else ""
    ground = f' style="background:{colours.fade(colours.target, shade)}{ink}"' if shade else ""
    low, high = words.level_word(item, cell["low"]), words.level_word(item, cell["high"])
    text = "=" if cell["spread"] == 0 else "N/A?" if low == high else f"{low}–{high}"
    return f"<td{ground}>{escape(text)}</td>"


def _agreement_row(row: Mapping[str, Any]) -> str:
    total = ' class="cal-total"' if row["level"] == "review" else ""
    name = f"Section: {row['name']}" if row["level"] == "section" else row["name"]
    verdict = (
        f'<span class="cal-verdict cal-{row["verdict"]}">{row["verdict"]}</span>'
        if row["verdict"]
        else fmt.MISSING
    )
    why = " ".join(part for part in (row["why"], row["prevalence"]) if part)
    alpha, gwet = (fmt.value("points", row[name]) for name in ("alpha", "gwet"))
    sure = interval_words(row["alpha_lower"], row["alpha_upper"])
    shares = "".join(
        f'<td class="cal-num">{fmt.value("share", row[name])}</td>'
        for name in ("exact_share", "within_share")
    )
    numbers = f'<td class="cal-num">{alpha}<span>{sure}</span></td><td class="cal-num">{gwet}</td>{shares}'
    row_of = f'<tr{total}><th scope="row">{escape(name)}</th><td>{verdict}</td>{numbers}</tr>'
    return row_of + _because(why, columns=6)


def _out_on(cells: pl.DataFrame, grader: str, labels: Mapping[str, str]) -> str:
    """The criteria on which a grader is out of tolerance, the most frequent first, with the direction."""
    mine = cells.filter((pl.col("grader_id") == grader) & ~pl.col("is_within"))
    if mine.is_empty():
        return ""
    by = (
        mine.group_by("criterion_id")
        .agg(pl.len().alias("n"), pl.col("difference").mean().alias("lean"))
        .sort("n", "criterion_id", descending=[True, False])
    )
    said = [
        f"{labels.get(row['criterion_id'], row['criterion_id'])} ({row['n']}{_direction(row['lean'])})"
        for row in by.head(MOST_NAMED).iter_rows(named=True)
    ]
    more = by.height - MOST_NAMED
    return ", ".join(said) + (f" and {more} more" if more > 0 else "")


def _because(text: str, *, columns: int) -> str:
    """A line under a row, as wide as the table; empty without a text."""
    return (
        f'<tr class="cal-why"><td colspan="{columns}"><span>{escape(text)}</span></td></tr>' if text else ""
    )


def _direction(lean: float | None) -> str:
    if lean is None:
        return " N/A or not"
    return " both ways" if lean == 0 else " too high" if lean > 0 else " too low"


def _lean(points: float | None) -> str:
    if points is None:
        return fmt.MISSING
    said = "milder" if points > 0.5 else "harsher" if points < -0.5 else "even"
    return f"{fmt.change('score', points)}<span>{said}</span>"


def _head(text: str) -> str:
    return f'<th scope="col">{text}</th>'


def _number(text: str, under: str = "") -> str:
    below = f"<i>{under}</i>" if under else ""
    return f'<th scope="col" class="cal-num">{text}{below}</th>'


def _table(label: str, head: str, body: str, *, kind: str = "") -> str:
    return (
        f'<div class="pl-scroll" tabindex="0" role="region" aria-label="{label}">'
        f'<table class="cal-table {kind}"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>'
    )
