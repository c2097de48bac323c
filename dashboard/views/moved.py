"""What moved: every metric's change in units of its own noise, so that unlike units stand side by side."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from dashboard import format as fmt
from dashboard.filters import Window
from dashboard.theme import Palette
from dashboard.views.chart import Chart, layout, wrapped
from dashboard.views.kpi import Card


def moved(cards: Sequence[Card], window: Window, colours: Palette) -> Chart | None:
    """Changes against the period before, strongest first; None where no change has an interval."""
    told = sorted(
        (card for card in cards if card.change.strength is not None),
        key=lambda card: abs(card.change.strength or 0),
    )
    if not told:
        return None
    table = pl.DataFrame(
        {
            "metric": [card.what.key for card in reversed(told)],
            "label": [card.what.label for card in reversed(told)],
            "change": [card.change.value for card in reversed(told)],
            "lower": [card.change.lower for card in reversed(told)],
            "upper": [card.change.upper for card in reversed(told)],
            "change_against_noise": [card.change.strength for card in reversed(told)],
            "verdict": [card.change.verdict for card in reversed(told)],
        }
    )
    labels = [wrapped(card.what.label) for card in told]
    strengths = [card.change.strength or 0.0 for card in told]
    tints = [colours.judged(card.judged) for card in told]
    texts = [fmt.change(card.what.unit, card.change.value) for card in told]
    far = max(2.0, max(abs(strength) for strength in strengths)) * 1.4
    figure = {
        "data": [
            {
                "type": "bar",
                "orientation": "h",
                "x": strengths,
                "y": labels,
                "marker": {"color": tints, "cornerradius": 4},
                "width": 0.52,
                "text": texts,
                "textposition": "outside",
                "textfont": {"color": colours.ink, "size": 13},
                "cliponaxis": False,
                "customdata": [card.what.label for card in told],
                "hovertemplate": "%{customdata}: %{text}<extra></extra>",
            }
        ],
        "layout": layout(colours, height=max(200, 60 + 40 * len(told))),
    }
    figure["layout"].update(
        shapes=[
            {
                "type": "rect",
                "x0": -1,
                "x1": 1,
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "fillcolor": colours.fade(colours.noise, 0.13),
                "line": {"width": 0},
                "layer": "below",
            },
            {
                "type": "line",
                "x0": 0,
                "x1": 0,
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "line": {"color": colours.muted, "width": 1.2},
            },
        ],
        annotations=[
            {
                "x": 0,
                "yref": "paper",
                "y": 0,
                "yanchor": "top",
                "yshift": -4,
                "text": "inside the noise",
                "showarrow": False,
                "font": {"color": colours.muted, "size": 12},
            }
        ],
    )
    figure["layout"]["margin"]["b"] = 28
    figure["layout"]["xaxis"].update(range=[-far, far], showgrid=False, showline=False, showticklabels=False)
    figure["layout"]["yaxis"].update(
        showgrid=False, showline=False, tickfont={"size": 13, "color": colours.ink}
    )
    beyond = [card for card in reversed(told) if card.change.verdict in ("rise", "fall")]
    if beyond:
        word = "rose" if beyond[0].change.verdict == "rise" else "fell"
        title = f"{beyond[0].what.label} {word} most; {len(beyond)} of {len(told)} moved beyond noise"
    else:
        title = f"None of {fmt.plural(len(told), 'metric')} moved beyond noise"
    return Chart(
        name="what-moved",
        title=title,
        subtitle=f"Change on {window.before_name}; a bar is as long as the change over its own noise",
        figure=figure,
        table=table,
        alt="Bars of change against noise. "
        + " ".join(
            f"{card.what.label} {text}, {card.change.verdict}."
            for card, text in zip(told, texts, strict=True)
        ),
    )
