"""The report as a workbook: every number in full precision, a sheet a question."""

from __future__ import annotations

import polars as pl

from pipelines import export
from pipelines.explain import progress_table
from pipelines.metrics.ledger import FIGURES as LEDGER
from pipelines.report.content import Line, Report


def workbook_of(report: Report) -> bytes:
    """An XLSX file; a sheet each for figures, weeks, signals, targets, why, ledger, programs, sites,
    and one of every metric."""
    sheets = {
        "Summary": pl.DataFrame([_summary(line) for line in report.lines], infer_schema_length=None),
        "Weeks": pl.concat([line.weeks for line in report.lines]).drop("grain"),
        "Signals": pl.DataFrame([_signal(line) for line in report.lines], infer_schema_length=None),
        "Targets": progress_table(report.progress) if report.progress else pl.DataFrame(),
        "Why": _why(report),
        "Why by group": _why_groups(report),
        "Ledger": _ledger(report),
        "Programs": report.by_program.drop("grain", "period_start"),
        "Sites": report.by_site.drop("grain", "period_start"),
        "Every metric": report.every.drop("grain", "period_start"),
        "About": _about(report),
    }
    return export.to_workbook({name: table for name, table in sheets.items() if table.height})


def _summary(line: Line) -> dict[str, object]:
    measured, change = line.measured, line.change
    return {
        "metric": line.what.key,
        "label": line.what.label,
        "unit": line.what.unit,
        "value": measured.value,
        "lower": measured.lower,
        "upper": measured.upper,
        "numerator": measured.numerator,
        "denominator": measured.denominator,
        "pending": measured.pending,
        "status": measured.status,
        "estimate": line.estimate.value,
        "estimate_lower": line.estimate.lower,
        "estimate_upper": line.estimate.upper,
        "change": change.value,
        "change_lower": change.lower,
        "change_upper": change.upper,
        "change_verdict": change.verdict,
        "target": line.target,
        "target_state": line.target_state,
        "weekly_verdict": line.verdict.words,
        "definition": line.what.definition,
        "window": line.what.window,
    }


def _signal(line: Line) -> dict[str, object]:
    found = line.verdict
    return {
        "metric": found.metric,
        "verdict": found.words,
        "since": found.since,
        "judged_to": found.judged_to,
        "weeks": found.weeks,
        "chart": found.chart,
        "season_taken_out": found.is_seasonal,
        "false_alarms_a_year": found.false_alarms_a_year,
        "why": found.why,
    }


def _why(report: Report) -> pl.DataFrame:
    return pl.DataFrame(
        [
            {
                "metric": found.metric,
                "split_by": found.by[0],
                "before": found.before,
                "after": found.after,
                **{
                    f"{name}{end}": getattr(effect, part)
                    for name, effect in (("change", found.change), ("mix", found.mix), ("rate", found.rate))
                    for end, part in (("", "value"), ("_lower", "lower"), ("_upper", "upper"))
                },
                "shared": found.shared,
                "simpsons_reversal": found.reversal,
            }
            for found in report.explained
        ]
    )


def _why_groups(report: Report) -> pl.DataFrame:
    parts = [
        found.parts.select(
            pl.lit(found.by[0]).alias("split_by"), pl.col(found.by[0]).alias("group"), pl.exclude(found.by[0])
        )
        for found in report.explained
    ]
    return pl.concat(parts) if parts else pl.DataFrame()


def _ledger(report: Report) -> pl.DataFrame:
    rows = [
        {
            "currency": row["currency"],
            "figure": each.key,
            "label": each.label,
            "amount": row[each.key],
            "meaning": each.meaning,
        }
        for row in report.ledger.iter_rows(named=True)
        for each in LEDGER
    ]
    return pl.DataFrame(rows)


def _about(report: Report) -> pl.DataFrame:
    facts = {
        "workspace": report.workspace,
        "program": report.program or "all programs",
        "first day": report.start.isoformat(),
        "last day": report.end.isoformat(),
        "compared with": "" if report.before is None else f"{report.before[0]} to {report.before[1]}",
        "build": report.build_id,
        "as of": report.as_of.isoformat(),
    }
    return pl.DataFrame({"fact": list(facts), "value": list(facts.values())})
