"""The list of pages, run by `dashboard.server`; one more is a line in `PAGES` and a file in `pages/`."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from dashboard import brand, theme
from dashboard.components import filter_bar

HERE = Path(__file__).parent

PAGES = (
    ("overview", "Overview", "monitoring"),
    ("programs", "Programs", "storefront"),
    ("partners", "Partners", "handshake"),
    ("agents", "Agents", "groups"),
    ("why", "Why", "account_tree"),
    ("fcr_lab", "FCR lab", "science"),
    ("money", "Money", "payments"),
    ("calibration", "Calibration", "balance"),
    ("graders", "Graders", "rate_review"),
    ("handbook", "Metric handbook", "menu_book"),
    ("data_health", "Data health", "fact_check"),
    ("sql", "SQL", "database"),
)
"""File name in `pages/` and in the URL, name in the navigation, icon."""


def main() -> None:
    """Draw the frame and the page that was asked for."""
    st.set_page_config(page_title=brand.NAME, page_icon=brand.MARK, layout="wide")
    theme_name = st.context.theme.type or "light"
    st.html(theme.style(theme_name))
    st.logo(brand.MARK)
    pages = [
        st.Page(
            HERE / "pages" / f"{name}.py",
            title=title,
            icon=f":material/{icon}:",
            url_path=name.replace("_", "-"),
            default=place == 0,
        )
        for place, (name, title, icon) in enumerate(PAGES)
    ]
    chosen = st.navigation(pages, position="top")
    filter_bar.restore()
    chosen.run()


main()
