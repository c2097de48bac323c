"""The pages in process, over a reader in memory."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from dashboard import deps
from tests.dashboard.fake_reader import FakeReader

APP = Path(__file__).parents[2] / "dashboard" / "app.py"


class Visit:
    """One visitor's session."""

    def __init__(self, app: AppTest) -> None:
        self.app = app

    @property
    def html(self) -> str:
        """Everything written as HTML, the style sheet left out."""
        bodies = [element.proto.body for element in self.app.get("html")]
        return "\n".join(body for body in bodies if not body.startswith("<style>"))

    @property
    def text(self) -> str:
        """The same as a person reads it."""
        return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", self.html)))

    @property
    def charts(self) -> list[Any]:
        """Charts as sent, in order."""
        return [element.proto for element in self.app.get("plotly_chart")]

    @property
    def params(self) -> dict[str, list[str]]:
        """What the address bar says."""
        said = self.app.query_params.items()
        return {key: [values] if isinstance(values, str) else list(values) for key, values in said}

    @property
    def keys(self) -> list[str]:
        """Names of what this session holds."""
        return [str(key) for key in self.app.session_state._state.filtered_state]

    def go(self, page: str) -> Visit:
        """The same visitor on another page."""
        self.app.switch_page(f"pages/{page}.py").run()
        return self


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setattr(PagesManager, "uses_pages_directory", False)
    monkeypatch.setenv(deps.WORKSPACE_VARIABLE, str(tmp_path))
    deps.forget()
    yield
    deps.forget()


@pytest.fixture
def visit(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Visit]:
    """A visitor who comes to a page with some query parameters."""

    def come(page: str = "overview", *, reader: Any = None, **params: Any) -> Visit:
        given = FakeReader() if reader is None else reader

        def open_reader(root: Path) -> Any:
            return given() if callable(given) else given

        monkeypatch.setattr(deps, "open_reader", open_reader)
        app = AppTest.from_file(str(APP), default_timeout=30)
        for key, value in params.items():
            app.query_params[key] = value
        app.run()
        seen = Visit(app)
        return seen if page == "overview" else seen.go(page)

    return come


@pytest.fixture
def fenced(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A fence that runs nothing and remembers what it was asked."""
    import pyarrow as pa

    asked: list[str] = []

    def query(path: Path, sql: str, **options: Any) -> Any:
        asked.append(sql)
        table = pa.table({"channel": ["chat", "voice"], "n": [3, 4]})
        return SimpleNamespace(table=table, truncated=False, seconds=0.012)

    monkeypatch.setattr(deps, "fence", lambda: SimpleNamespace(query=query))
    return asked
