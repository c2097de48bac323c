"""What is said of the data itself: accounts, rejects, checks."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from datetime import datetime
from html import escape

import polars as pl

from dashboard import format as fmt
from dashboard.theme import Palette
from dashboard.views.chart import Chart, Figure, layout

MOST_REASONS = 10


def sentence(totals: Mapping[str, int], *, holds: bool, checks: pl.DataFrame) -> tuple[str, str]:
    """Whether the newest load can be trusted, in one sentence: its main clause and the rest."""
    failed = checks.filter(~pl.col("success")).height
    read = fmt.plural(totals["rows_read"], "row")
    main = (
        f"All {read} of the newest load are accounted for"
        if holds
        else f"The accounts of the newest load do not add up over its {read}"
    )
    rest = (
        f": {fmt.count(totals['rows_loaded'])} loaded, {fmt.count(totals['rows_known'])} already known, "
        f"{fmt.count(totals['rows_rejected'])} rejected; "
    )
    if failed:
        return main, rest + f"{fmt.count(failed)} of {fmt.plural(checks.height, 'check')} found something."
    return main, rest + f"all {fmt.plural(checks.height, 'check')} passed."


def html(main: str, rest: str, *, is_well: bool, aside: str) -> str:
    """The sentence as a headline."""
    mood = "better" if is_well else "worse"
    return (
        f'<section class="pl-headline pl-edge-{mood}" aria-label="In one sentence">'
        f'<p class="pl-aside"><span>{escape(aside)}</span></p>'
        f'<p class="pl-sentence"><strong>{escape(main)}</strong>{escape(rest)}</p></section>'
    )


def figures_html(figures: Mapping[str, tuple[str, str]]) -> str:
    """Plain figures as cards: name to value and remark."""
    cards = "".join(
        f'<article class="pl-card"><div class="pl-card-head"><h3>{escape(name)}</h3></div>'
        f'<p class="pl-value">{escape(value)}</p><p class="pl-basis">{escape(remark)}</p></article>'
        for name, (value, remark) in figures.items()
    )
    return f'<section class="pl-cards" aria-label="Key figures">{cards}</section>'


def figures(
    *, as_of: datetime, published_at: datetime, now: datetime, totals: Mapping[str, int], checks: pl.DataFrame
) -> dict[str, tuple[str, str]]:
    """Freshness, rows and checks as figures."""
    failed = checks.filter(~pl.col("success")).height
    return {
        "Data as of": (fmt.day(as_of.date()), f"{as_of:%H:%M} UTC, {fmt.age(now - as_of)}"),
        "Newest load": (fmt.age(now - published_at), f"published {fmt.moment(published_at)}"),
        "Rows read": (
            fmt.count(totals["rows_read"]),
            f"{fmt.count(totals['rows_loaded'])} loaded ({fmt.count(totals['rows_updated'])} updates) · "
            f"{fmt.count(totals['rows_known'])} known · {fmt.count(totals['rows_rejected'])} rejected",
        ),
        "Checks passed": (
            f"{fmt.count(checks.height - failed)} of {fmt.count(checks.height)}",
            "see below what was found" if failed else "nothing was found",
        ),
    }


def accounts_chart(files: pl.DataFrame, colours: Palette) -> Chart | None:
    """Rows of each file, loaded, known and rejected, as one bar; None without files."""
    if files.height == 0:
        return None
    twice = set(files.filter(pl.col("file").is_duplicated())["file"])
    names = [
        f"{row['file']} → {row['table_name']}" if row["file"] in twice else row["file"]
        for row in files.iter_rows(named=True)
    ]
    shares = {
        "loaded": ("rows_loaded", colours.accent),
        "already known": ("rows_known", colours.fade(colours.noise, 0.45)),
        "rejected": ("rows_rejected", colours.worse),
    }
    data: list[Figure] = [
        {
            "type": "bar",
            "orientation": "h",
            "name": word,
            "x": files[column].to_list(),
            "y": [_short(name) for name in names],
            "marker": {"color": colour},
            "width": 0.55,
            "hovertemplate": f"%{{y}}<br>%{{x:,}} {word}<extra></extra>",
        }
        for word, (column, colour) in shares.items()
    ]
    figure: Figure = {
        "data": data,
        "layout": layout(colours, height=max(180, 74 + 34 * files.height), top=34),
    }
    figure["layout"].update(barmode="stack", showlegend=True)
    figure["layout"]["legend"]["traceorder"] = "normal"
    figure["layout"]["xaxis"].update(
        tickformat="~s", nticks=5, range=[0, 1.3 * max([1, *files["rows_read"].to_list()])]
    )
    figure["layout"]["yaxis"].update(
        showgrid=False, showline=False, autorange="reversed", tickfont={"size": 12.5, "color": colours.ink}
    )
    figure["layout"]["annotations"] = [
        {
            "x": row["rows_read"],
            "y": _short(name),
            "text": fmt.count(row["rows_read"]),
            "showarrow": False,
            "xanchor": "left",
            "xshift": 5,
            "font": {"size": 12.5, "color": colours.muted},
        }
        for name, row in zip(names, files.iter_rows(named=True), strict=True)
    ]
    rejected = int(files["rows_rejected"].sum())
    worst = files.sort("rows_rejected", descending=True).row(0, named=True)
    title = (
        "Nothing was rejected"
        if not rejected
        else f"{fmt.plural(rejected, 'row')} rejected, most of them in {worst['file']}"
    )
    return Chart(
        name="accounts",
        title=title,
        subtitle="Rows read of each file in the newest load: loaded, already known, rejected",
        figure=figure,
        table=files,
        alt="Bars of rows by file. "
        + " ".join(
            f"{name}: {fmt.count(row['rows_read'])} read, {fmt.count(row['rows_rejected'])} rejected."
            for name, row in zip(names, files.iter_rows(named=True), strict=True)
        ),
    )


def reasons_chart(reasons: pl.DataFrame, colours: Palette) -> Chart | None:
    """Why rows were rejected, most first; None where none was."""
    if reasons.height == 0:
        return None
    drawn = reasons.head(MOST_REASONS)
    names = [
        f"{row['table_name']}{'.' + row['column_name'] if row['column_name'] else ''}: {row['reason']}"
        for row in drawn.iter_rows(named=True)
    ]
    figure: Figure = {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "x": drawn["rows"].to_list(),
                "y": list(range(drawn.height)),
                "marker": {"color": colours.worse, "cornerradius": 3},
                "width": 0.26,
                "text": [fmt.count(number) for number in drawn["rows"]],
                "textposition": "outside",
                "cliponaxis": False,
                "customdata": names,
                "hovertemplate": "%{customdata}<br>%{x:,} rows<extra></extra>",
            }
        ],
        "layout": layout(colours, height=max(180, 40 + 64 * drawn.height), top=20, right=56),
    }
    figure["layout"]["xaxis"].update(showgrid=False, showticklabels=False, showline=False)
    figure["layout"]["yaxis"].update(
        autorange="reversed", showgrid=False, showline=False, showticklabels=False
    )
    figure["layout"]["annotations"] = [
        {
            "x": 0,
            "y": place - 0.14,
            "text": "<br>".join(escape(line) for line in textwrap.wrap(name, 46)[:2]),
            "align": "left",
            "showarrow": False,
            "xanchor": "left",
            "yanchor": "bottom",
            "font": {"size": 12.5, "color": colours.ink},
        }
        for place, name in enumerate(names)
    ]
    return Chart(
        name="rejects-by-reason",
        title=f"Most often: {drawn['reason'][0]}",
        subtitle="Rejected rows by table, column and reason",
        figure=figure,
        table=reasons,
        alt="Bars of rejected rows by reason. "
        + " ".join(f"{name}: {fmt.count(n)}." for name, n in zip(names, drawn["rows"], strict=True)),
    )


def _short(text: str, most: int = 34) -> str:
    return text if len(text) <= most else f"…{text[-(most - 1) :]}"
