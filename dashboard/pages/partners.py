"""What partners promised and delivered by contract period, and how they compare on the same contacts."""

from __future__ import annotations

from html import escape
from typing import Any

import polars as pl
import streamlit as st

from dashboard import deps
from dashboard.components import chart_card, choice, filter_bar, page, states
from dashboard.pages.money import filters
from dashboard.pages.programs import shown_programs
from dashboard.views import partners as views
from pipelines.metrics.scorecard import PERIODS, SCORECARD
from pipelines.partners import Fair, fair, judged
from pipelines.reader import Reader

COMPARED = (
    "fcr",
    "csat",
    "refund_avoidance",
    "escalation_rate",
    "abandonment_rate",
    "handle_minutes_median",
    "qa_score",
)
GROUPS = {"operation": "in-house and partners", "site": "sites"}
NOUNS = {"operation": "partner", "site": "site"}
SHOWN = 4
"""Contract periods side by side, the newest ones; the download has all."""


def render(reader: Reader) -> None:
    """Draw the page."""
    scope = filter_bar.show(reader, "Do partners deliver what was agreed?", subtitle=reader.build.workspace)
    with st.container(gap="small"):
        _scorecards(reader, scope)
        _compared(reader, scope)


def _scorecards(reader: Reader, scope: filter_bar.Scope) -> None:
    with st.container(key="controls-partners", horizontal=True, vertical_alignment="bottom", gap="medium"):
        grain = choice.select("contract", "Contract period", PERIODS, format=str.capitalize, width=160)
    grain = grain or PERIODS[0]
    programs = shown_programs(reader, scope)
    rows = deps.remembered(
        ("scorecards", reader.build.build_id, grain),
        lambda: judged(
            deps.answer(reader, "contract_periods", grain),
            reader.catalogue,
            lambda day: deps.answer(reader, "targets", day),
        ),
    ).filter(pl.col("program_id").is_in(programs["program_id"].to_list()))
    if rows.height == 0:
        states.empty("No program has a contract period with a contact yet.")
        return
    names = deps.answer(reader, "labels", "program_id")
    st.html(views.headline(rows, grain, names))
    definitions = [what for key in SCORECARD for what in reader.catalogue if what.key == key]
    # partners beside each other, in-house first
    ordered = programs.sort("partner", "program_name", nulls_last=False).iter_rows(named=True)
    for program in ordered:
        own = rows.filter(pl.col("program_id") == program["program_id"])
        if own.height:
            _scorecard(own, program, definitions, grain, names)


def _scorecard(
    own: pl.DataFrame, program: dict[str, Any], definitions: list[Any], grain: str, names: dict[str, str]
) -> None:
    newest = own["period_start"].unique().sort().tail(SHOWN)
    shown = own.filter(pl.col("period_start").is_in(newest.to_list()))
    key = program["program_id"]
    by = f", by {program['partner']}" if program["partner"] else ""
    with st.container(key=f"card-scorecard-{key}"):
        chart_card.head(
            f"{program['program_name']}{by}",
            "All contacts of the program, whatever the filters above; a dashed edge is provisional, a final "
            "number stays as it was first printed, a target is met or missed only by the whole interval",
        )
        st.html(
            views.scorecard_html(
                shown,
                definitions,
                grain,
                name=program["program_name"],
                currency=program["currency"],
            )
        )
        if said := views.provenance(shown, grain):
            st.html(f'<p class="pl-note">{escape(said)}</p>')
        table = views.scorecard_table(own, names)
        chart_card.table_fold(f"scorecard-{key}-{grain}", table)


def _compared(reader: Reader, scope: filter_bar.Scope) -> None:
    with st.container(key="card-fair"):
        chart_card.head(
            "Compared on the same contacts",
            f"What each would show {scope.window.name} if all had the same mix of issues and channels, with "
            "95% interval; coloured where the difference from the others leaves out 0; raw values beneath",
        )
        group = choice.select("groups", "Compare", list(GROUPS), format=GROUPS.__getitem__) or "operation"
        compared = deps.remembered(
            ("fair", reader.build.build_id, group, str(scope.window), scope.filters),
            lambda: _found(reader, scope, group),
        )
        names = sorted({name for *_, found in compared for name in found.groups["group"].to_list()})
        if len(names) < 2:
            what = "operation" if group == "operation" else "site"
            st.html(f'<p class="pl-note">There is one {what} under these filters: nothing to compare.</p>')
            return
        st.html(views.fair_html(compared, names, NOUNS[group]))
        st.html(
            '<p class="pl-note">Mature units only. The common mix is that of all groups together; what one '
            "of them lacks is left out of it for everyone. One comparison in twenty differs by chance.</p>"
        )
        chart_card.table_fold(f"fair-{group}", views.fair_table(compared, NOUNS[group]))


def _found(reader: Reader, scope: filter_bar.Scope, group: str) -> list[tuple[Any, str, Fair]]:
    window, refused = scope.window, page.refusals(reader, scope.filters)
    compared = []
    for key in COMPARED:
        what = next((each for each in reader.catalogue if each.key == key), None)
        # an abandoned contact has no agent, so no site to count it at
        if what is None or key in refused or (group == "site" and key == "abandonment_rate"):
            continue
        cells = deps.answer(reader, "mix", key, group, window.start, window.end, filters(scope))
        label = "Handle minutes, mean" if what.kind == "percentile" else what.label
        kind = "proportion" if what.kind == "proportion" else "mean"
        compared.append((what, label, fair(cells, group, kind)))
    return compared


if __name__ == "__main__":
    page.run(render)
