"""Makes the import of Great Expectations quiet and quick; imports nothing of ours.

It pulls in Altair, to draw one expectation, and scipy.stats, for its statistical ones. We use none of these,
so they are put off until somebody asks them for something. It also imports SQLAlchemy and makes classes for
every kind of file and database that it can read; we hand it frames, so these are kept out. All together takes
half of the time.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import os
import pkgutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

_PUT_OFF = ("altair", "scipy.stats")
_OPTIONAL = "sqlalchemy"
_SOURCES = "great_expectations.datasource.fluent"
_SOURCES_NEEDED = ("invalid_datasource",)


def prepare() -> None:
    """Import Great Expectations; once it is imported, this does nothing.

    Analytics are off, whatever the environment says: nothing of a workspace leaves the machine.
    """
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    if "great_expectations" in sys.modules:
        return
    for name in _PUT_OFF:
        _put_off(name)
    is_collecting = gc.isenabled()
    gc.disable()  # an import makes what stays: looking through it for garbage costs a fifth of the time
    try:
        with _kept_out():
            importlib.import_module("great_expectations")
    finally:
        gc.freeze()  # nor is it looked through later, and not at the end, which takes a second
        if is_collecting:
            gc.enable()


def _put_off(name: str) -> None:
    """Put a module in a package's place that becomes the package when something in it is asked for.

    `importlib.util.LazyLoader` would not do: it loads as soon as the module is imported a second time.
    """
    spec = None if name in sys.modules else importlib.util.find_spec(name)
    if spec is None or spec.submodule_search_locations is None:
        return
    standing_in = ModuleType(name)
    standing_in.__spec__ = spec
    standing_in.__path__ = list(spec.submodule_search_locations)

    def load_and_get(attribute: str) -> Any:
        if sys.modules.get(name) is standing_in:
            del sys.modules[name]
        return getattr(importlib.import_module(name), attribute)

    standing_in.__dict__["__getattr__"] = load_and_get
    sys.modules[name] = standing_in


@contextmanager
def _kept_out() -> Iterator[None]:
    """Meanwhile let SQLAlchemy seem missing, as it may be, and every data source be an empty class."""
    kept_out: dict[str, ModuleType | None] = {}
    if _OPTIONAL not in sys.modules:
        kept_out[_OPTIONAL] = None
    kept_out |= {name: _of_empty_classes(name) for name in _data_sources()}
    sys.modules.update(kept_out)  # type: ignore[arg-type]  # None stands for a module that is missing
    try:
        yield
    finally:
        for name in kept_out:
            del sys.modules[name]


def _data_sources() -> list[str]:
    """Names of the modules of data sources; that package cannot be asked, since it would be imported."""
    spec = importlib.util.find_spec("great_expectations")
    folders = [] if spec is None else list(spec.submodule_search_locations or ())
    found = pkgutil.iter_modules([str(Path(folder) / "datasource" / "fluent") for folder in folders])
    return [
        f"{_SOURCES}.{module.name}"
        for module in found
        if (module.name.endswith("_datasource") or module.name == "fabric")
        and module.name not in _SOURCES_NEEDED
    ]


def _of_empty_classes(name: str) -> ModuleType:
    """A module that has a class of every name it is asked for, of which no object can be made."""
    standing_in = ModuleType(name)

    def empty_class(attribute: str) -> Any:
        if attribute.startswith("__"):
            raise AttributeError(attribute)

        def refuse(*_: Any, **__: Any) -> None:
            raise ImportError(f"{attribute} is kept out by pipelines.quality.importing: hand over a frame.")

        return type(attribute, (), {"__init__": refuse})

    standing_in.__dict__["__getattr__"] = empty_class
    return standing_in
