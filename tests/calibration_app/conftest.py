"""A loaded shop, once for all tests here; each test works on a copy of its own."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
from streamlit.runtime.pages_manager import PagesManager
from streamlit.testing.v1 import AppTest

from dashboard import deps
from pipelines.settings import read_workspace
from pipelines.store import Store
from pipelines.warehouse import load
from tests.calibration_app.shop import store_of, write_shop

APP = Path(__file__).parents[2] / "dashboard" / "app.py"


@pytest.fixture(scope="session")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A loaded shop, to be read or copied."""
    root = write_shop(tmp_path_factory.mktemp("shop") / "shop")
    load(read_workspace(root))
    return root


@pytest.fixture
def shop(loaded: Path, tmp_path: Path) -> Path:
    """A loaded shop of the test's own."""
    shutil.copytree(loaded, tmp_path / "shop", copy_function=shutil.copy2)
    return tmp_path / "shop"


class Visit:
    """One visitor's session on the calibration page."""

    def __init__(self, app: AppTest, name: str | None) -> None:
        self.app, self.name = app, name

    def open(self, **places: str) -> Visit:
        """Go to a place of the page."""
        self.app.query_params.clear()
        for key, value in {**({"grader": self.name} if self.name else {}), **places}.items():
            self.app.query_params[key] = value
        self.app.run()
        return self

    @property
    def html(self) -> str:
        """Everything written as HTML, style sheets left out."""
        bodies = [element.proto.body for element in self.app.get("html")]
        return "\n".join(body for body in bodies if not body.startswith("<style>"))

    @property
    def sent(self) -> str:
        """Everything that was sent to the browser, as text."""
        return "".join(str(node.proto) for node in self.app._tree if getattr(node, "proto", None) is not None)

    @property
    def text(self) -> str:
        """The page as a person reads it, its boxes of advice included."""
        said = [self.html]
        for kind in ("info", "warning", "error", "toast"):
            said += [element.value for element in getattr(self.app, kind)]
        return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", "\n".join(said))))

    @property
    def places(self) -> dict[str, str]:
        """What the address bar says."""
        said = self.app.query_params.items()
        return {key: value if isinstance(value, str) else value[0] for key, value in said}

    def press(self, key: str) -> Visit:
        """Press the button of a key, or the first whose key starts so."""
        next(one for one in self.app.button if _is_meant(one.key or "", key)).click().run()
        assert not self.app.exception
        return self

    def choose(self, key: str, value: Any) -> Visit:
        """Set the field of a key, or the first whose key starts so."""
        self.field(key).set_value(value).run()
        assert not self.app.exception
        return self

    def answer(self, number: int, value: Any, *, contact: str = "K1", kind: str = "score") -> Visit:
        """Fill in a criterion's field of a contact."""
        return self.choose(f"{kind}-*-{contact}-{number}", value)

    def field(self, key: str) -> Any:
        """The field of a key, or the first whose key starts so."""
        fields = [one for kind in KINDS for one in getattr(self.app, kind) if one.key]
        exact = [one for one in fields if one.key == key]
        return exact[0] if exact else next(one for one in fields if _is_meant(one.key, key))

    def has(self, key: str) -> bool:
        """Whether there is a button of that key."""
        return any(_is_meant(one.key or "", key) for one in self.app.button)


KINDS = (
    "button_group", "selectbox", "multiselect", "radio", "toggle", "text_input", "text_area", "number_input",
    "checkbox", "date_input",
)  # fmt: skip


def _is_meant(key: str, pattern: str) -> bool:
    first, star, last = pattern.partition("*")
    return key.startswith(first) and (not star or key.endswith(last))


@pytest.fixture
def _calm(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(PagesManager, "uses_pages_directory", False)
    st.cache_resource.clear()
    yield
    st.cache_resource.clear()


@pytest.fixture
def store(shop: Path) -> Iterator[Store]:
    """The shop's app store, at the same moment for the page and the test."""
    opened = store_of(shop)
    yield opened
    opened.close()


@pytest.fixture
def visit(_calm: None, shop: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Visit]:
    """A visitor of a name who comes to a place of the calibration page."""
    monkeypatch.setenv(deps.WORKSPACE_VARIABLE, str(shop))
    monkeypatch.setattr(deps, "store", lambda: store)

    def come(name: str | None = None, **places: str) -> Visit:
        app = AppTest.from_file(str(APP), default_timeout=60)
        app.run()
        app.switch_page("pages/calibration.py")
        seen = Visit(app, name).open(**places)
        assert not seen.app.exception
        return seen

    return come
