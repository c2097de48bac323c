"""The report on paper: a browser without a window prints the HTML, so charts stay vectors."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from pipelines.errors import StateError

PAPERS = {"a4": "A4", "letter": "Letter"}
BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "chrome",
    "microsoft-edge",
)
FLAGS = (
    "--headless",
    "--disable-gpu",
    "--disable-extensions",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--no-pdf-header-footer",
)
PATIENCE_SECONDS = 180


def browser() -> str | None:
    """The first browser on this machine that can print, or None."""
    return next((found for name in BROWSERS if (found := shutil.which(name))), None)


def pdf_of(html: str) -> bytes:
    """A PDF of a page that needs nothing else; its paper is what its own style says.

    Raises:
        StateError: If there is no browser, or it prints nothing.
    """
    program = browser()
    if program is None:
        raise StateError(
            "a PDF is printed by Chromium or Chrome, and there is none on this machine; install chromium, "
            "or write HTML or XLSX."
        )
    with tempfile.TemporaryDirectory(prefix="plumbline-") as folder:
        page, printed = Path(folder) / "report.html", Path(folder) / "report.pdf"
        page.write_text(html, "utf-8")
        # as root a browser starts only without its sandbox; the page is our own and holds no script
        unboxed = ("--no-sandbox",) if hasattr(os, "geteuid") and os.geteuid() == 0 else ()
        command = [
            program,
            *FLAGS,
            *unboxed,
            f"--user-data-dir={folder}/profile",
            f"--print-to-pdf={printed}",
            page.as_uri(),
        ]
        try:
            subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE_SECONDS)
        except (OSError, subprocess.SubprocessError) as error:
            raise StateError(
                f"the browser {program} did not print the report ({type(error).__name__}); "
                "try again, or write HTML."
            ) from None
        if not printed.exists():
            raise StateError(f"the browser {program} printed nothing; try again, or write HTML.")
        return printed.read_bytes()
