"""A real browser on the real server, over a small simulated workspace that is loaded once."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
PATIENCE = 60_000
"""Milliseconds that a busy machine may take for one step."""


def plumbline(*words: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "pipelines", *words], check=True, capture_output=True, text=True, timeout=300
    )


@pytest.fixture(scope="session")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated retailer, loaded."""
    root = tmp_path_factory.mktemp("retailer")
    plumbline("simulate", "--workspace", str(root), "--contacts", "6000", "--seed", "7")
    plumbline("init", "--yes", "--workspace", str(root))
    plumbline("load", "--workspace", str(root))
    return root


class Served:
    """A running dashboard."""

    def __init__(self, root: Path, log: Path) -> None:
        self.root = root
        self._log = log.open("w")
        words = [sys.executable, "-m", "dashboard.server", "--workspace", str(root), "--port", "0"]
        self._process = subprocess.Popen(
            words,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            cwd=Path(__file__).parents[2],
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        assert self._process.stdout is not None
        said = self._process.stdout.readline()
        assert said.startswith("Plumbline is at "), log.read_text("utf-8")
        self.address = said.removeprefix("Plumbline is at ").strip()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(timeout=20)
        self._log.close()


@pytest.fixture(scope="session")
def served(workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The dashboard of the simulated retailer."""
    running = Served(workspace, tmp_path_factory.mktemp("log") / "server.log")
    yield running
    running.stop()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Chromium of this machine."""
    if CHROMIUM is None:
        pytest.skip("no chromium on this machine: 'make browser' installs it")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        yield started
        started.close()


class Visitor:
    """One browser tab, with a note of all that it complained of and asked for."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.address = address
        self.complaints: list[str] = []
        self.foreign: list[str] = []
        page.set_default_timeout(PATIENCE)
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", self._see)

    def _hear(self, message: Any) -> None:
        if message.type == "error":
            self.complaints.append(message.text)

    def _see(self, request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.hostname != "127.0.0.1":
            self.foreign.append(request.url)

    def open(self, path: str) -> Visitor:
        """Go to an address and wait until the page is drawn."""
        self.page.goto(self.address + path)
        return self.ready()

    def ready(self) -> Visitor:
        """Wait until the script has run."""
        self.page.wait_for_timeout(250)
        self.page.wait_for_selector("[data-testid=stApp][data-test-script-state=notRunning]")
        self.page.wait_for_selector(".pl-foot, .pl-state")
        return self

    def go(self, name: str) -> Visitor:
        """Follow the navigation to a page and wait until it is drawn."""
        before = self.page.locator(".pl-title h1").inner_text()
        self.page.get_by_test_id("stTopNavLink").filter(has_text=name).click()
        self.page.wait_for_function(
            "before => document.querySelector('.pl-title h1')?.innerText !== before", arg=before
        )
        return self.ready()

    @property
    def title(self) -> str:
        """The page's question."""
        return self.page.locator(".pl-title h1").inner_text()

    @property
    def query(self) -> str:
        """Query of the address bar."""
        return urlsplit(self.page.url).query


@pytest.fixture
def visitor(browser: Browser, served: Served) -> Iterator[Callable[..., Visitor]]:
    """Opens tabs, each in a context of its own, and closes them."""
    contexts = []

    def come(*, width: int = 1280, scheme: str = "light", address: str | None = None) -> Visitor:
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        contexts.append(context)
        return Visitor(context.new_page(), address or served.address)

    yield come
    for context in contexts:
        context.close()
