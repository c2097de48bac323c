"""Parts of the report's page: targets, why the first figure moved, the refund ledger, programs and sites."""

from __future__ import annotations

from html import escape
from typing import Any

import polars as pl

from pipelines import insight
from pipelines.explain import Effect, Explanation, Progress
from pipelines.metrics import MetricDefinition, definition
from pipelines.metrics.ledger import FIGURES as LEDGER
from pipelines.report import svg, words
from pipelines.report.content import Report

MOST_BARS = 8
PLURALS = {"program_id": "programs", "tenure": "tenure bands"}
LABELS = {each.key: each.label for each in LEDGER}


def why(report: Report) -> str:
    if not report.explained:
        return ""
    lead, what = report.explained[0], definition(report.explained[0].metric)
    rows = "".join(_why_row(found, what, report) for found in report.explained)
    drawn = lead.parts.head(MOST_BARS).to_dicts()
    chart = svg.bars(
        [
            svg.Bar(
                _group(row[lead.by[0]], report),
                0.0,
                row["effect"],
                words.change(what.unit, row["effect"]),
                svg.judged(_judged(Effect(row["effect"], row["effect_lower"], row["effect_upper"]), what)),
                row["effect_lower"],
                row["effect_upper"],
            )
            for row in drawn
        ],
        f"Effect of each of the {_plural(lead.by[0])} on {what.label}",
    )
    warning = "".join(
        f'<p class="note"><b>Simpson’s reversal</b> by {_plural(found.by[0])}: every group moved one way, '
        "the whole the other; only the mix made it so.</p>"
        for found in report.explained
        if found.reversal and found.has_rates_to_compare
    )
    size = words.change(what.unit, lead.change.value)
    return (
        f'<div class="two"><section><h2>Why {escape(words.in_sentence(what.label))} moved by {size}</h2>'
        "<p>Mix and rates within add up to the change in every line.</p><table><thead><tr><th>Split by</th>"
        f"<th>Mix</th><th>Rates within</th><th>Weighs most</th></tr></thead><tbody>{rows}</tbody></table>"
        f"{warning}</section><section><h2>Effect of each of the {_plural(lead.by[0])}</h2>"
        f"<p>Mix and rate together, with 95% interval; grey is inside the noise.</p>{chart}</section></div>"
    )


def _why_row(found: Explanation, what: MetricDefinition, report: Report) -> str:
    top = found.parts.row(0, named=True)
    rate = _effect(found.rate, what) if found.has_rates_to_compare else "<td>not compared</td>"
    name = _plural(found.by[0])
    return (
        f"<tr><th>{name[:1].upper()}{name[1:]}</th>{_effect(found.mix, what)}{rate}"
        f"<td>{escape(_group(top[found.by[0]], report))}"
        f"<span>{words.change(what.unit, top['effect'])}</span></td></tr>"
    )


def _effect(effect: Effect, what: MetricDefinition) -> str:
    limits = words.change_interval(what.unit, effect.lower, effect.upper)
    return (
        f'<td><b class="{_judged(effect, what)}">{words.change(what.unit, effect.value)}</b>'
        f"<span>{limits}</span></td>"
    )


def _judged(effect: Effect, what: MetricDefinition) -> str:
    if not effect.is_told or what.better not in ("higher", "lower"):
        return "neither"
    return "better" if (effect.value > 0) == (what.better == "higher") else "worse"


def targets(report: Report) -> str:
    if not report.progress:
        return ""
    start, end = report.progress[0].start, report.progress[0].end
    rows = "".join(_target_row(each, report) for each in report.progress)
    return (
        f"<section><h2>Targets of the quarter</h2><p>{words.days(start, end)}: counted so far, and where it "
        "ends if the rest goes as the recent final weeks went; * is provisional.</p><table><thead><tr>"
        "<th>Figure</th><th>Target</th><th>Chance to meet it</th><th>Quarter so far</th><th>Ends at</th>"
        f"</tr></thead><tbody>{rows}</tbody></table></section>"
    )


def _target_row(each: Progress, report: Report) -> str:
    unit, goal, so_far, found = each.what.unit, each.goal, each.measured, each.outlook
    of = "" if goal.program is None else f"<span>{escape(_group(goal.program, report))}</span>"
    star = "*" if so_far.status == "provisional" and so_far.value is not None else ""
    state = {"met": "met so far", "missed": "missed so far", "open": "too close to tell"}.get(each.state, "")
    basis = (words.interval(unit, so_far.lower, so_far.upper), f"n {words.count(so_far.denominator or 0)}")
    chance, ends, limits = (words.MISSING, words.MISSING, each.why)
    if found is not None:
        chance, ends = words.chance(found.chance), words.value(unit, found.value, currency=report.currency)
        limits = words.interval(unit, found.lower, found.upper)
    return (
        f"<tr><th>{escape(each.what.label)}{of}</th>"
        f"<td>{escape(words.value(unit, goal.target, currency=report.currency))}"
        f"<span>since {words.day(goal.since)}</span></td><td>{chance}</td>"
        f"<td>{escape(words.value(unit, so_far.value, currency=report.currency))}{star}"
        f"<span>{escape(' · '.join(part for part in (state, *basis) if part))}</span></td>"
        f"<td>{escape(ends)}<span>{escape(limits)}</span></td></tr>"
    )


def money(report: Report) -> str:
    settled = report.ledger.filter(pl.col("n_stakes") > 0)
    return "".join(_ledger(row) for row in settled.iter_rows(named=True))


def _ledger(row: dict[str, Any]) -> str:
    currency = row["currency"]

    def bar(key: str, start: float, amount: float, colour: str) -> svg.Bar:
        return svg.Bar(LABELS[key], start, start + amount, words.money(amount, currency), colour)

    steps = svg.bars(
        [
            bar("at_stake", 0.0, row["at_stake"], svg.ACCENT),
            bar("refunds", row["at_stake"], -row["refunds"], svg.NOISE),
            bar("chargebacks", row["at_stake"] - row["refunds"], -row["chargebacks"], svg.NOISE),
            bar("retained", 0.0, row["retained"], svg.ACCENT),
            bar("concessions", row["retained"], -row["concessions"], svg.NOISE),
            bar("net", 0.0, row["net"], svg.ACCENT),
            bar("claw_backs", row["net"], -row["claw_backs"], svg.TARGET),
        ],
        "Steps of the refund ledger",
        left=110,
    )
    colours = {"healthy": svg.BETTER, "deflected": svg.WORSE, "undecided": svg.NOISE, "partly": svg.LINE}
    kept = svg.bars(
        [bar(key, 0.0, row[key], colour) for key, colour in colours.items()],
        "How what was retained was kept",
    )
    pending = (
        f" {words.count(row['n_pending'])} more wait for their window, with "
        f"{words.money(row['pending'], currency)} at stake."
        if row["n_pending"]
        else ""
    )
    share = row["retained"] / row["at_stake"] if row["at_stake"] else None
    return (
        f'<div class="two"><section><h2>{words.money(row["net"], currency)} kept after concessions</h2>'
        f"<p>{words.count(row['n_stakes'])} asks for a refund whose window is over, in {escape(currency)}; "
        f"{words.value('share', share)} of what was at stake was retained.{pending} What was clawed back "
        f"later is shown, never folded in.</p>{steps}</section><section><h2>How it was kept</h2>"
        "<p>In health: the customer neither came back, charged back nor rated 1–2.</p>"
        f"{kept}</section></div>"
    )


def every_metric(report: Report) -> str:
    """An appendix: each metric of the handbook with its interval, what it rests on and its status."""
    rows = [(definition(row["metric"]), row) for row in report.every.iter_rows(named=True)]
    half = -(-len(rows) // 2)
    columns = "".join(
        "<table><thead><tr><th>Metric</th><th>Value</th><th>Rests on</th></tr></thead><tbody>"
        + "".join(_metric_row(what, row, report) for what, row in part)
        + "</tbody></table>"
        for part in (rows[:half], rows[half:])
    )
    return (
        '<section class="appendix"><h2>Every metric</h2><p>Over the same period; with 95% interval where '
        "the metric carries one. A value that has nothing mature is a dash.</p>"
        f'<div class="two">{columns}</div></section>'
    )


def _metric_row(what: MetricDefinition, row: dict[str, Any], report: Report) -> str:
    found = insight.Measured.of(row)
    waiting = f" · {words.count(found.pending)} pending" if found.pending else ""
    return (
        f'<tr data-metric-row="{what.key}"><th>{escape(what.label)}</th>'
        f"<td>{escape(words.value(what.unit, found.value, currency=report.currency))}"
        f"<span>{escape(words.interval(what.unit, found.lower, found.upper))}</span></td>"
        f"<td>{found.status}<span>n {words.count(found.denominator or 0)}{waiting}</span></td></tr>"
    )


def groups(report: Report) -> str:
    tables = (("Program", "program_id", report.by_program), ("Site", "site", report.by_site))
    return "".join(
        _group_table(title, by, rows, report) for title, by, rows in tables if rows[by].n_unique() > 1
    )


def _group_table(title: str, by: str, rows: pl.DataFrame, report: Report) -> str:
    cells = {(row["metric"], row[by]): row for row in rows.iter_rows(named=True)}
    names = rows[by].unique().sort(nulls_last=True).to_list()
    head = "".join(f"<th>{escape(line.what.label)}</th>" for line in report.lines)
    body = "".join(
        f"<tr><th>{escape(_group(name, report))}</th>"
        + "".join(_group_cell(line.what, cells.get((line.what.key, name)), report) for line in report.lines)
        + "</tr>"
        for name in names
    )
    return (
        f"<section><h2>By {title.lower()}</h2><p>Values with their 95% interval; raw, not adjusted for the "
        f"mix of contacts.</p><table><thead><tr><th>{title}</th>{head}</tr></thead>"
        f"<tbody>{body}</tbody></table></section>"
    )


def _group_cell(what: MetricDefinition, row: dict[str, Any] | None, report: Report) -> str:
    measured = insight.Measured() if row is None else insight.Measured.of(row)
    said = words.value(what.unit, measured.value, currency=report.currency)
    limits = words.interval(what.unit, measured.lower, measured.upper)
    star = "*" if measured.status == "provisional" and measured.value is not None else ""
    return f"<td>{escape(said)}{star}<span>{escape(limits)}</span></td>"


def _group(value: str | None, report: Report) -> str:
    return report.labels.get(value, words.name_of(value)) if value is not None else words.name_of(None)


def _plural(dimension: str) -> str:
    return PLURALS.get(dimension, f"{dimension.replace('_', ' ')}s")
