"""The two cards on loyalty: repeat purchase by what came of a contact, and ratings by concession."""

from __future__ import annotations

from datetime import date

import streamlit as st

from dashboard import deps
from dashboard import format as fmt
from dashboard.components import chart_card, filter_bar, page
from dashboard.filters import DIMENSIONS
from dashboard.views import loyalty
from pipelines.explain import concession_csat, repurchase_groups
from pipelines.reader import Reader

Question = tuple[date, date, tuple[tuple[str, tuple[str | None, ...]], ...]]


def show(reader: Reader, scope: filter_bar.Scope, question: Question) -> None:
    """Draw both cards side by side."""
    left, right = st.columns(2, gap="small")
    with left:
        _repurchase(reader, scope, question)
    with right:
        _concessions(reader, question)


def _repurchase(reader: Reader, scope: filter_bar.Scope, question: Question) -> None:
    without = deps.answer(reader, "repurchase_without_contact", *question)
    groups = repurchase_groups(deps.answer(reader, "repurchase", *question), without)
    part = [name for name in DIMENSIONS if name != "program" and scope.filters.values(name)]
    note = (
        f"Customers without contact have no {fmt.listing(part)}: they are those of the whole program. "
        if part
        else ""
    )
    chart = loyalty.repurchase(
        groups,
        page.palette(),
        note=f"{note}They differ in more than the contact: an order with trouble is not any order.",
    )
    if chart is None:
        waiting = int(groups.row(0, named=True)["pending"])
        chart_card.missing(
            "repurchase",
            "Whether they order again is too early to say",
            f"{fmt.plural(waiting, 'customer')} wait for the end of the window; choose a longer period."
            if waiting
            else "No customer had a handled contact in this period.",
        )
        return
    chart_card.show(chart, unit="share")


def _concessions(reader: Reader, question: Question) -> None:
    found = concession_csat(deps.answer(reader, "concession_cells", *question))
    with st.container(key="card-concessions", height="stretch"):
        chart_card.head(
            loyalty.concession_title(found),
            "Handled contacts about an order that were rated: with a store credit, discount, replacement, "
            "reshipment or exchange in the window after them, and without; then both at the same issues and "
            "channels",
        )
        if not found.given.n and not found.none.n:
            st.html('<p class="pl-note">No rated contact about an order is mature under these filters.</p>')
            return
        st.html(loyalty.concession_html(found))
        st.html(f'<p class="pl-note">{loyalty.concession_note(found)}</p>')
        chart_card.table_fold("concessions", found.cells)
