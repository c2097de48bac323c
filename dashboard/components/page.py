"""How every page starts and ends: the reader or the state that explains its absence, and the foot."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from html import escape
from urllib.parse import urlencode

import streamlit as st

from dashboard import deps, theme
from dashboard import format as fmt
from dashboard.components import states
from dashboard.filters import Filters
from dashboard.views.compare import ADDITIVE
from pipelines import insight
from pipelines.errors import PlumblineError, StateError, UsageError
from pipelines.reader import Reader


def run(render: Callable[[Reader], None]) -> None:
    """Render a page, or what stands in its place: never loaded, warehouse gone, a question that fails."""
    folder = str(deps.workspace_root())
    try:
        reader = deps.reader()
    except (StateError, UsageError) as error:
        if deps.was_ever_loaded():
            states.broken(error, folder)
        else:
            states.never_loaded(folder, deps.refusal())
        return
    if (refusal := deps.refusal()) is not None:
        states.refused(refusal)
    try:
        # says so only where it takes a while
        with st.spinner("Reading the warehouse…", show_time=True):
            render(reader)
    except PlumblineError as error:
        states.broken(error, folder)
        return
    foot(reader)


def palette() -> theme.Palette:
    """Colours of the theme this visitor sees."""
    return theme.palette(st.context.theme.type)


def foot(reader: Reader) -> None:
    """What every page ends with: which build, as of when."""
    build = reader.build
    st.html(
        f'<p class="pl-foot">Build {escape(build.build_id)} · data as of {fmt.moment(build.as_of)} · '
        f"published {fmt.moment(build.published_at)} · days in each program's own time zone · 95% intervals; "
        "a change inside its interval is grey.</p>"
    )


def targets(reader: Reader, filters: Filters, programs: Sequence[str] = ()) -> dict[str, float]:
    """Targets by metric of some programs taken together; of those under the filters where none is named."""
    shown = [program for program in filters.values("program") if program is not None]
    together = programs or shown or deps.answer(reader, "programs")["program_id"].to_list()
    held = insight.targets_for(deps.answer(reader, "targets", reader.build.as_of.date()), together)
    if not set(filters.by_dimension) - {"program_id", "operating_model"}:
        return held
    # a part of the contacts per 100 orders is no contact rate of its own to hold against the whole's target
    additive = {what.key for what in reader.catalogue if what.kind in ADDITIVE}
    return {key: target for key, target in held.items() if key not in additive}


def currency(reader: Reader, filters: Filters) -> str | None:
    """The currency of the programs shown, or None where they have several."""
    programs = deps.answer(reader, "programs")
    shown = filters.values("program")
    return insight.common_currency(
        [row["currency"] for row in programs.iter_rows(named=True) if not shown or row["program_id"] in shown]
    )


def refusals(reader: Reader, filters: Filters) -> Mapping[str, str]:
    """Metrics that lack a dimension of the filters, with the sentence that says so."""
    asked = set(filters.by_dimension)
    return {
        what.key: f"Has no {fmt.listing(sorted(map(word, lacking)))}; clear that filter to see it."
        for what in reader.catalogue
        if (lacking := asked - set(what.dimensions))
    }


def word(dimension: str) -> str:
    """A dimension as a sentence says it."""
    return dimension.removesuffix("_id").replace("_", " ")


def link(page: str, filters: Filters, **others: str) -> str:
    """The address of another page with the same filters."""
    return f"{page}?{urlencode({**filters.params(), **others}, doseq=True)}"
