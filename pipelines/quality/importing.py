"""Makes the import of Great Expectations quiet and quick; imports nothing of ours.

It pulls in Altair, to draw one expectation, and scipy.stats, for its statistical ones. We use none of these,
and together they take a quarter of the time. So both are put off until somebody asks them for something.
"""

from __future__ import annotations

import gc
import importlib
import importlib.util
import os
import sys
from types import ModuleType
from typing import Any

_PUT_OFF = ("altair", "scipy.stats")


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
