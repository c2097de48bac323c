"""Colours by meaning and the page's own style sheet; imports nothing of ours.

The palettes are those of `.streamlit/config.toml`; they were checked for colour blindness. Better is teal,
worse is orange-red, noise is grey, a target is amber (marks only: it is too light for small text).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

FONT = '"Source Sans", "Source Sans 3", "Segoe UI", Helvetica, Arial, sans-serif'


@dataclass(frozen=True)
class Palette:
    """Colours of one theme, by what they mean."""

    name: str
    ink: str
    muted: str
    faint: str
    ground: str
    card: str
    line: str
    accent: str
    better: str
    worse: str
    noise: str
    target: str
    target_text: str
    series: tuple[str, ...]
    sequential: tuple[str, ...]

    def judged(self, judgement: str) -> str:
        """The colour of better, worse or neither."""
        return {"better": self.better, "worse": self.worse}.get(judgement, self.noise)

    def fade(self, colour: str, alpha: float) -> str:
        """A colour of the palette made translucent."""
        red, green, blue = (int(colour[place : place + 2], 16) for place in (1, 3, 5))
        return f"rgba({red},{green},{blue},{alpha})"


LIGHT = Palette(
    name="light",
    ink="#17212B",
    muted="#5B6773",
    faint="#E6EAEE",
    ground="#F5F7F9",
    card="#FFFFFF",
    line="#DEE3E8",
    accent="#0B5C8C",
    better="#0B7A75",
    worse="#C2410C",
    noise="#64707C",
    target="#E08A00",
    target_text="#8F5200",
    series=("#0B5C8C", "#E08A00", "#2A9D8F", "#1B2A41", "#A23B00", "#7A5195"),
    sequential=("#EEF5FA", "#D6E7F2", "#BAD6E8", "#98C1DC", "#74AACE", "#5192BE", "#3279AB", "#1B6495"),
)

DARK = Palette(
    name="dark",
    ink="#E7ECF1",
    muted="#A3B0BC",
    faint="#24303B",
    ground="#0E141A",
    card="#172029",
    line="#2A3641",
    accent="#5AB0E2",
    better="#3CC2B4",
    worse="#FB8B4B",
    noise="#93A1AE",
    target="#F2B134",
    target_text="#F5C466",
    series=("#5AB0E2", "#F2B134", "#B0E0C8", "#FFE08A", "#FB8B4B", "#C7A6E0"),
    sequential=("#14304A", "#173F61", "#1C5079", "#246391", "#3178A9", "#4A8FC0", "#6BA8D3", "#94C4E5"),
)


def palette(name: str | None) -> Palette:
    """The palette of a theme's name; light unless it is dark."""
    return DARK if name == "dark" else LIGHT


@cache
def style(name: str) -> str:
    """The style sheet with one theme's colours as custom properties; on paper always the light ones."""
    sheet = (Path(__file__).parent / "style.css").read_text("utf-8")
    printing = ""
    if name == "dark":
        # figures and grids are drawn in the dark theme's colours; turned over, they read on paper
        drawn = '.js-plotly-plot, [data-testid="stDataFrame"], [data-testid="stCode"]'
        turned = "filter: invert(1) hue-rotate(180deg)"
        printing = f"@media print {{ :root {{ {_properties(LIGHT)} }} {drawn} {{ {turned} }} }}"
    return f"<style>:root {{ {_properties(palette(name))} }}\n{sheet}{printing}</style>"


def _properties(colours: Palette) -> str:
    solid = (
        *("ink", "muted", "faint", "ground", "card", "line", "accent"),
        *("better", "worse", "noise", "target", "target_text"),
    )
    tints = {"better": 0.13, "worse": 0.13, "noise": 0.13, "target": 0.16, "accent": 0.12}
    said = {name.replace("_", "-"): getattr(colours, name) for name in solid}
    said |= {f"{name}-tint": colours.fade(getattr(colours, name), alpha) for name, alpha in tints.items()}
    return "".join(f"--pl-{name}:{colour};" for name, colour in said.items())
