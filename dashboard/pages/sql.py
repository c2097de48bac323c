"""Questions of one's own: one read-only query at a time, run inside the fence."""

from __future__ import annotations

from html import escape
from typing import Any

import streamlit as st

from dashboard import deps
from dashboard import format as fmt
from dashboard.components import chart_card, filter_bar, page
from pipelines import export
from pipelines.errors import PlumblineError
from pipelines.fence import FenceResult
from pipelines.reader import Reader

PARAMETER = "sql"
STATE = "sql-text"
ANSWER = "sql-answer"
EXAMPLE = """select channel, issue, count(*) as contacts
from contacts
group by channel, issue
order by contacts desc"""
LONGEST_LINK = 4_000
MAX_ROWS = 50_000
SECONDS = 10


def render(reader: Reader) -> None:
    """Draw the page."""
    filter_bar.title(
        "What do the rows say?",
        f"Read-only · stops after {SECONDS} s · first {fmt.count(MAX_ROWS)} rows",
    )
    _fill()
    with st.container(key="sql-split"):
        left, right = st.columns([1, 3], gap="small")
    with left:
        _schema(reader)
    with right:
        _editor(reader)
        _answer()


def _fill() -> None:
    """Take the text of a shared link, once; it is shown and never run by itself."""
    linked = st.query_params.get(PARAMETER)
    if linked and st.session_state.get("sql-linked") != linked:
        st.session_state["sql-linked"] = linked
        st.session_state[STATE] = linked
        st.session_state.pop(ANSWER, None)
    st.session_state.setdefault(STATE, EXAMPLE)


def _schema(reader: Reader) -> None:
    with st.container(key="card-tables"):
        st.html('<div class="pl-chart-head"><h2>Tables</h2></div>')
        for table in deps.answer(reader, "tables"):
            with st.expander(f"{table.name} · {fmt.count(table.rows)}", type="compact"):
                columns = "".join(
                    f"<dt><code>{escape(column.name)}</code> <i>{escape(column.type.lower())}</i></dt>"
                    f"<dd>{escape(column.comment or '')}</dd>"
                    for column in table.columns
                )
                about = f'<p class="pl-note">{escape(table.comment or "")}</p>'
                st.html(f'{about}<dl class="pl-columns">{columns}</dl>')
                st.button(
                    "Look at its rows",
                    key=f"look-{table.name}",
                    on_click=_write,
                    args=(f"select *\nfrom {table.name}\nlimit 100",),
                )


def _write(text: str) -> None:
    st.session_state[STATE] = text


def _editor(reader: Reader) -> None:
    with st.container(key="card-editor"), st.form("sql-form", border=False, enter_to_submit=True):
        text = st.text_area(
            "SQL",
            key=STATE,
            height=190,
            help="One SELECT over the tables beside it.",
            persist_state="session",
        )
        with st.container(horizontal=True, vertical_alignment="center"):
            is_asked = st.form_submit_button("Run", type="primary", icon=":material/play_arrow:")
            st.html('<p class="pl-note">Ctrl+Enter runs; the link in the address bar holds the query</p>')
        if is_asked:
            _run(reader, text or "")


def _run(reader: Reader, text: str) -> None:
    st.session_state["sql-linked"] = text
    if len(text) <= LONGEST_LINK:
        st.query_params[PARAMETER] = text
    elif PARAMETER in st.query_params:
        del st.query_params[PARAMETER]
    with st.spinner("Running…", show_time=True):
        try:
            answer: FenceResult | str = deps.fence().query(
                reader.build.path, text, max_rows=MAX_ROWS, timeout_seconds=SECONDS
            )
        except PlumblineError as error:
            answer = str(error)
    st.session_state[ANSWER] = answer


def _answer() -> None:
    answer: Any = st.session_state.get(ANSWER)
    if answer is None:
        return
    with st.container(key="card-answer"):
        if isinstance(answer, str):
            st.error(answer)
            return
        rows = answer.table
        cut = ", the first of more; narrow the query or take fewer columns" if answer.truncated else ""
        with st.container(horizontal=True, vertical_alignment="center", key="answer-head"):
            said = f"<b>{fmt.plural(rows.num_rows, 'row')}</b> in {answer.seconds * 1000:,.0f} ms{cut}"
            st.html(f'<p class="pl-found" role="status">{said}</p>', width="stretch")
            _downloads(rows)
        st.dataframe(rows, hide_index=True, height=480 if rows.num_rows > 12 else "auto")


def _downloads(rows: Any) -> None:
    kinds = (
        ("CSV", "csv", "text/csv", export.to_csv),
        ("Parquet", "parquet", "application/vnd.apache.parquet", export.to_parquet),
        ("Excel", "xlsx", chart_card.XLSX, export.to_xlsx),
    )
    for label, ending, mime, write in kinds:
        st.download_button(
            label,
            data=lambda write=write: write(rows),
            file_name=f"plumbline-query.{ending}",
            mime=mime,
            key=f"download-{ending}",
            on_click="ignore",
            icon=":material/download:",
        )


if __name__ == "__main__":
    page.run(render)
