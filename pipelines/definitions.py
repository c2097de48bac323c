"""Reads what is defined in YAML: tables, columns, metrics, estimates."""

from __future__ import annotations

from typing import Any

import yaml

# libyaml's parser takes a seventh of the time; every command reads all definitions before it does anything
_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def parsed(text: str) -> dict[str, Any]:
    """The mapping that a page of definitions holds; only plain values, as of `yaml.safe_load`.

    Raises:
        yaml.YAMLError: If the text is no YAML.
    """
    mapping: dict[str, Any] = yaml.load(text, _Loader)
    return mapping
