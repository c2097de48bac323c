"""Presets: mappings of well-known exports, one TOML file each in this folder; imports errors only.

A preset file holds what a `[[source]]` could say itself (see `pipelines.sources.config`), as

    title = "Zendesk tickets, CSV export"        # shown by init
    description = "One sentence on where to get the file."
    same_names = false                           # do not take unmapped fields from columns of that name
    format = "ndjson"                            # optional: csv | ndjson | parquet; else seen from the bytes
    record_path = "tickets"                      # any mapping key may stand at the top, for all tables

    [recognise]                                  # for `plumbline init`: what such a file looks like
    columns = ["Ticket ID", "Requester id"]      # header names or JSON paths; more matches, more sure
    file_names = ["*tickets*"]                   # optional globs on the file's name

    [tables.contacts]                            # one mapping a part; `table` is the part's name unless given
    [tables.contacts.columns]                    # canonical field = their column
    contact_id = "Ticket ID"
    [tables.refunds]
    table = "order_outcomes"
    explode = "refunds.transactions"

A `[[source]]` that uses the preset may set any mapping key again: for all parts at its top, for one part
under `[source.tables.<part>]`. What it says about a field replaces what the preset says about that field.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from pipelines.errors import SourceError


@dataclass(frozen=True)
class Preset:
    """One preset as written.

    Attributes:
        name: File name without its ending; what `preset = "…"` names.
        title: Short name for people.
        description: Where the file comes from.
        recognise: What `plumbline init` compares a file with; keys `columns`, `file_names`.
        written: The mapping keys, as a source could write them.
    """

    name: str
    title: str
    description: str
    recognise: Mapping[str, Any]
    written: Mapping[str, Any]


@cache
def presets() -> dict[str, Preset]:
    """All presets by name, in alphabetical order.

    Raises:
        SourceError: If a preset file is not TOML.
    """
    found: dict[str, Preset] = {}
    for file in sorted(resources.files(__name__).iterdir(), key=lambda item: item.name):
        if not file.name.endswith(".toml"):
            continue
        name = file.name.removesuffix(".toml")
        try:
            written = tomllib.loads(file.read_text("utf-8"))
        except tomllib.TOMLDecodeError as error:
            raise SourceError(f"preset {name} is not valid TOML: {error}.") from None
        found[name] = Preset(
            name=name,
            title=str(written.pop("title", name)),
            description=str(written.pop("description", "")),
            recognise=written.pop("recognise", {}),
            written=written,
        )
    return found
