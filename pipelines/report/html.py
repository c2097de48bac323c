"""The report as one HTML file: styles and charts inside, no script, nothing fetched."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from pathlib import Path

from pipelines import insight
from pipelines.metrics import MetricDefinition
from pipelines.report import sections, svg, words
from pipelines.report.content import Line, Report

STYLE = Path(__file__).with_name("report.css")
MARK = (
    '<svg viewBox="0 0 24 24" role="img" aria-label="Plumbline"><rect width="24" height="24" rx="6" '
    'fill="#0B5C8C"/><path d="M12 3.2v5.2" stroke="#fff" stroke-width="1.6" stroke-linecap="round"/>'
    '<path d="M8.2 8.6h7.6l.6 2.3c.2.9.1 1.5-.3 2.3L12 21l-4.1-7.8c-.4-.8-.5-1.4-.3-2.3z" fill="#fff"/>'
    '<path d="M7.6 11.6h8.8" stroke="#F2B134" stroke-width="1.5"/></svg>'
)


def html_of(report: Report, *, paper: str = "A4") -> str:
    """The report as HTML.

    Args:
        report: What it says.
        paper: Size of the paper it is printed on, as CSS names it.
    """
    title = f"{report.workspace}: {report.program or 'all programs'}, {words.days(report.start, report.end)}"
    style = STYLE.read_text("utf-8").replace("@page {", f"@page {{ size: {paper};", 1)
    body = "".join(
        (
            _header(report),
            _sentence(report),
            _cards(report),
            _trend(report),
            sections.targets(report),
            sections.why(report),
            sections.money(report),
            sections.groups(report),
            sections.every_metric(report),
            _footer(report),
        )
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "style-src 'unsafe-inline'; img-src data:\">"
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body>{body}</body></html>\n"
    )


def sentence(report: Report) -> tuple[str, str]:
    """What the report says in one sentence, as its main clause and the rest."""
    lead = report.lead
    if lead.measured.value is None:
        return "Nothing can be said yet", ": no figure has a mature value in this period."
    unit, currency = lead.what.unit, report.currency
    main = f"{lead.what.label} is {words.value(unit, lead.measured.value, currency=currency)}"
    if lead.change.verdict in ("rise", "fall"):
        way = "up" if lead.change.verdict == "rise" else "down"
        size = words.change(unit, lead.change.value, currency=currency).lstrip("+" + words.MINUS)
        main += f", {way} {size} on {report.before_name}"
    elif lead.change.verdict == "noise":
        main += f", no different from {report.before_name} beyond noise"
    if lead.target_state in ("met", "missed", "open"):
        said = words.value(unit, lead.target, currency=currency)
        main += {
            "met": f", meeting its target of {said}",
            "missed": f", missing its target of {said}",
            "open": f", too close to its target of {said} to call",
        }[lead.target_state]
    others = [line for line in report.lines if line is not lead]
    clauses = []
    for word in ("worse", "better"):
        moved = [line for line in others if line.change.judged(line.what.better) == word]
        if moved:
            clauses.append(f"{words.listing([_moved(line, currency) for line in moved])} got {word}")
    if not clauses and report.before:
        clauses.append("nothing else moved beyond noise")
    signals = [line for line in report.lines if line.verdict.is_signal]
    if signals:
        clauses.append(
            "the weekly charts show "
            + words.listing(
                [f"a {line.verdict.words} in {words.in_sentence(line.what.label)}" for line in signals]
            )
        )
    return main, "".join(f"; {clause}" for clause in clauses) + "."


def _moved(line: Line, currency: str | None) -> str:
    size = words.change(line.what.unit, line.change.value, currency=currency)
    return f"{words.in_sentence(line.what.label)} ({size})"


def _header(report: Report) -> str:
    who = report.program or "All programs"
    against = f", against {words.days(*report.before)}" if report.before else ""
    return (
        f"<header><div><h1>{MARK}{escape(report.workspace)}</h1>"
        f'<p class="sub">{escape(who)} · {words.days(report.start, report.end)}{against}</p></div>'
        f'<p class="right">data as of {words.moment(report.as_of)}<br>'
        f"build {escape(report.build_id)}</p></header>"
    )


def _sentence(report: Report) -> str:
    main, rest = sentence(report)
    mood = report.lead.change.judged(report.lead.what.better)
    return f'<p class="say {mood}"><strong>{escape(main)}</strong>{escape(rest)}</p>'


def _cards(report: Report) -> str:
    return f'<div class="cards">{"".join(_card(line, report) for line in report.lines)}</div>'


def _card(line: Line, report: Report) -> str:
    what, measured = line.what, line.measured
    unit, currency = what.unit, report.currency
    mood = line.change.judged(what.better)
    status = "" if measured.status == "empty" else measured.status
    pill = f'<span class="status {status}">{status}</span>' if status else ""
    moves = []
    if line.change.value is not None:
        moves.append(
            f'<span class="{mood}">{escape(words.change(unit, line.change.value, currency=currency))}</span>'
        )
    if line.target is not None:
        sign = {"met": "✓ ", "missed": "✗ "}.get(line.target_state, "")
        moves.append(f"{sign}target {escape(words.value(unit, line.target, currency=currency))}")
    basis = [
        part
        for part in (
            _interval(what, measured),
            f"n {words.count(measured.denominator)}" if measured.denominator is not None else "",
            f"{words.count(measured.pending)} pending" if measured.pending else "",
        )
        if part
    ]
    if line.estimate.value is not None:
        limits = words.interval(unit, line.estimate.lower, line.estimate.upper)
        basis.append(f"open windows estimated: {words.value(unit, line.estimate.value)} ({limits})")
    spark = svg.sparkline(line.weeks, svg.judged(mood), f"{what.label} by week")
    return (
        f'<article class="card" data-metric="{escape(what.key)}">'
        f'<p class="label"><span>{escape(what.label)}</span>{pill}</p>'
        f'<p class="value">{escape(words.value(unit, measured.value, currency=currency))}</p>'
        f'<p class="moves">{" · ".join(moves)}</p>'
        f'<p class="verdict">Weekly: {escape(line.verdict.words)}</p>{spark}'
        f'<p class="basis">{escape(" · ".join(basis))}</p>'
        f'<p class="means">{escape(_window(what))}</p></article>'
    )


def _interval(what: MetricDefinition, measured: insight.Measured) -> str:
    said = words.interval(what.unit, measured.lower, measured.upper)
    return f"95%: {said}" if said else ""


def _window(what: MetricDefinition) -> str:
    return what.denominator if what.window == "none" else f"{what.denominator} Window: {what.window}."


def _trend(report: Report) -> str:
    lead = report.lead
    label = f"{lead.what.label} by week"
    chart = svg.trend(lead.weeks, lead.what.unit, lead.target, label, report.currency)
    if not chart:
        return ""
    return (
        f"<section><h2>{escape(label)}</h2><p>Shaded is the 95% interval; hollow and dotted is provisional. "
        f"{escape(lead.verdict.why)}</p>{chart}</section>"
    )


def _footer(report: Report) -> str:
    return (
        f"<footer><p>Build {escape(report.build_id)} · data as of {words.moment(report.as_of)} · days in "
        "each program’s own time zone · 95% intervals · * provisional: a window is still open, or the period "
        "runs · a change inside its interval is noise.</p>"
        f"<p>{_definitions(line.what for line in report.lines)}</p></footer>"
    )


def _definitions(metrics: Iterable[MetricDefinition]) -> str:
    return " ".join(f"<b>{escape(what.label)}</b>: {escape(what.definition)}" for what in metrics)
