"""A chart with everything it must come with, and the layout that all figures share."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

import polars as pl

from dashboard.theme import FONT, Palette

Figure = dict[str, Any]


@dataclass(frozen=True)
class Chart:
    """One chart.

    Attributes:
        name: File name of its table's download, without ending; unique on its page.
        title: The finding, in words.
        subtitle: Measure, unit and what is drawn.
        figure: Plotly figure as a dict; empty where `html` is drawn instead.
        table: What is drawn, in full precision, as shown and as downloaded.
        alt: What the chart shows, for those who cannot see it.
        note: A remark under the chart, or empty.
        html: A chart that is a table of HTML, which reads, scrolls and prints better than a figure of cells.
    """

    name: str
    title: str
    subtitle: str
    figure: Figure
    table: pl.DataFrame
    alt: str
    note: str = ""
    html: str = ""


def wrapped(label: str, width: int = 23) -> str:
    """A label in lines that leave a narrow screen room for the chart."""
    return "<br>".join(textwrap.wrap(label, width)) or label


def layout(colours: Palette, *, height: int, left: int = 12, right: int = 16, top: int = 8) -> Figure:
    """The layout of a figure: quiet grid, our font, nothing that drags or zooms under a finger."""
    axis = {
        "fixedrange": True,
        "gridcolor": colours.faint,
        "linecolor": colours.line,
        "zeroline": False,
        "ticks": "",
        "tickfont": {"size": 12.5, "color": colours.muted},
        "automargin": True,
        "title": {"text": ""},
    }
    return {
        "height": height,
        "autosize": True,
        "margin": {"l": left, "r": right, "t": top, "b": 8, "pad": 4},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "font": {"family": FONT, "size": 13, "color": colours.ink},
        "showlegend": False,
        "dragmode": False,
        "hovermode": "closest",
        "hoverlabel": {
            "bgcolor": colours.card,
            "bordercolor": colours.line,
            "font": {"family": FONT, "size": 13, "color": colours.ink},
        },
        "legend": {
            "orientation": "h",
            "x": 0,
            "xanchor": "left",
            "y": 1.0,
            "yanchor": "bottom",
            "font": {"size": 12.5, "color": colours.ink},
        },
        "xaxis": dict(axis),
        "yaxis": dict(axis),
    }


def ticks(unit: str) -> Figure:
    """Number format of an axis in a metric's unit."""
    if unit == "share":
        return {"tickformat": ".0%"}
    if unit == "money":
        return {"tickformat": "~s"}
    return {"tickformat": ",~r"} if unit != "points" else {"tickformat": ".1f"}
