"""The sources of a workspace, read and checked; imports config, fields, presets and settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pipelines.canonical import tables
from pipelines.errors import UsageError, did_you_mean
from pipelines.settings import WORKSPACE_FILE, Workspace
from pipelines.sources.config import FIELD_KEYS, FORMATS, PART_KEYS, SOURCE_KEYS, Part, Source, is_zone
from pipelines.sources.fields import (
    Layers,
    Problems,
    check_expressions,
    fold_of,
    formats_of,
    lookups_of,
    merged_fields,
    text_of,
    texts_of,
    tolerant,
    unpivot_of,
    values_of,
)
from pipelines.sources.lookups import located
from pipelines.sources.presets import presets


def read_sources(workspace: Workspace) -> tuple[Source, ...]:
    """All sources of a workspace, in the order of the file.

    Raises:
        UsageError: If any of them says something unknown or impossible; all problems at once.
    """
    problems: list[str] = []
    sources = [
        source
        for number, written in enumerate(workspace.sources, start=1)
        if (source := _source(number, written, problems)) is not None
    ]
    seen: dict[str, int] = {}
    named = []
    for source in sources:
        seen[source.name] = seen.get(source.name, 0) + 1
        again = seen[source.name]
        named.append(source if again == 1 else replace(source, name=f"{source.name} ({again})"))
    if problems:
        raise UsageError(f"{workspace.root / WORKSPACE_FILE}: " + " ".join(problems))
    return tuple(_located(source, workspace.root) for source in named)


def _located(source: Source, root: Path) -> Source:
    """A source whose lookups know their files; others as they are."""
    if not any(part.lookups for part in source.parts):
        return source
    parts = tuple(
        replace(part, lookups={name: located(lookup, root) for name, lookup in part.lookups.items()})
        for part in source.parts
    )
    return replace(source, parts=parts)


def _source(number: int, written: object, found: list[str]) -> Source | None:
    where = f"source {number}"
    if not isinstance(written, Mapping):
        found.append(f"{where} must be written as a [[source]] table.")
        return None
    if isinstance(written.get("name"), str):
        where += f" ({written['name']})"
    problems = Problems(where, found)
    before = len(found)
    known = (*SOURCE_KEYS, *PART_KEYS)
    for key in written:
        if key not in known:
            problems.add(f"unknown key '{key}'.{did_you_mean(key, known)}")
    files = texts_of(written.get("files"), "files", problems, needed=True)
    preset = _preset_layers(written, problems)
    layers = _layers(preset, written, problems)
    options = {
        key: text_of(written.get(key, preset.get(key)), key, problems)
        for key in ("format", "delimiter", "encoding")
    }
    if options["format"] not in (None, *FORMATS):
        problems.add(f"format '{options['format']}' is none of {', '.join(FORMATS)}.")
    if options["delimiter"] is not None and len(options["delimiter"].encode()) != 1:
        problems.add(f"delimiter {options['delimiter']!r} must be one character.")
    if options["encoding"] is not None:
        try:
            "".encode(options["encoding"])
        except LookupError:
            problems.add(f"encoding '{options['encoding']}' is unknown; 'cp1252' and 'utf-16' are examples.")
    parts = [_part(name, stack, written, problems) for name, stack in layers.items()]
    _check_used(written, [part for part in parts if part], problems)
    if len(found) > before:
        return None
    name = written.get("name") or written.get("preset") or (files[0] if files else where)
    return Source(
        name=str(name), files=files, parts=tuple(part for part in parts if part is not None), **options
    )


def _preset_layers(written: Mapping[str, Any], problems: Problems) -> Mapping[str, Any]:
    name = written.get("preset")
    if name is None:
        return {}
    if name not in presets():
        problems.add(
            f"unknown preset '{name}'; there are: {', '.join(presets())}."
            f"{did_you_mean(str(name), tuple(presets()))}"
        )
        return {}
    return presets()[name].written


def _layers(preset: Mapping[str, Any], written: Mapping[str, Any], problems: Problems) -> dict[str, Layers]:
    """Per part the mappings that apply to it, weakest first."""
    own = written.get("tables", {})
    if not isinstance(own, Mapping) or not all(isinstance(layer, Mapping) for layer in own.values()):
        problems.add("'tables' must be written as [source.tables.<name>].")
        own = {}
    offered = preset.get("tables", {})
    top = {key: value for key, value in written.items() if key in PART_KEYS}
    base = {key: value for key, value in preset.items() if key in PART_KEYS}
    if offered:
        if "table" in written:
            problems.add(
                "'table' cannot be set beside a preset that feeds several; see [source.tables.<part>]."
            )
        for name in own:
            if name not in offered:
                problems.add(f"unknown part 'tables.{name}'.{did_you_mean(name, tuple(offered))}")
        return {
            name: [base, {"table": name, **layer}, top, own.get(name, {})] for name, layer in offered.items()
        }
    if own:
        return {name: [base, top, {"table": name, **layer}] for name, layer in own.items()}
    return {str(top.get("table", "")): [base, top]}


def _part(name: str, layers: Layers, written: Mapping[str, Any], problems: Problems) -> Part | None:
    for layer in layers:
        for key in layer:
            if key not in PART_KEYS:
                problems.add(f"unknown key 'tables.{name}.{key}'.{did_you_mean(key, PART_KEYS)}")
    plain: dict[str, Any] = {}
    for layer in layers:
        plain |= {key: value for key, value in layer.items() if key not in (*FIELD_KEYS, "unpivot")}
    table_name = plain.get("table")
    if table_name is not None and table_name not in tables():
        problems.add(f"unknown table '{table_name}'.{did_you_mean(str(table_name), tuple(tables()))}")
        return None
    if table_name is None and "preset" not in written:
        problems.add("it says neither 'table' nor 'preset'.")
        return None
    table = tables()[table_name] if table_name else None
    fields = merged_fields(layers, table, problems)
    unpivot = next((layer["unpivot"] for layer in reversed(layers) if "unpivot" in layer), None)
    same_names = plain.get("same_names", True)
    if not isinstance(same_names, bool):
        problems.add(f"same_names must be true or false, not {same_names!r}.")
    texts = {
        key: text_of(plain.get(key), key, problems) for key in ("skip", "record_path", "explode", "zone")
    }
    if texts["zone"] is not None and not is_zone(texts["zone"]):
        problems.add(f"zone '{texts['zone']}' is no IANA time zone, such as 'Europe/London'.")
    if plain.get("decimal", ".") not in (".", ","):
        problems.add(f"decimal must be '.' or ',', not {plain['decimal']!r}.")
    part = Part(
        name=name,
        table=table_name,
        columns={k: v for k, v in fields["columns"].items() if v},
        values=values_of(fields["values"], table, problems),
        formats=formats_of(fields["formats"], table, problems),
        constants=fields["constants"],
        expressions={k: tolerant(v) for k, v in fields["expressions"].items()},
        prefix=fields["prefix"],
        unpivot=unpivot_of(unpivot, table, problems) if unpivot is not None else None,
        lookups=lookups_of(plain.get("lookups", {}), problems),
        fold=fold_of(plain.get("fold"), table, problems),
        decimal=plain.get("decimal", "."),
        same_names=bool(same_names),
        left_empty=tuple(sorted(field for field, column in fields["columns"].items() if column == "")),
        **{key: tolerant(value) if key == "skip" and value else value for key, value in texts.items()},
    )
    check_expressions(part, problems)
    return part


def _check_used(written: Mapping[str, Any], parts: list[Part], problems: Problems) -> None:
    """Every field that the source itself names must exist in one of the tables it feeds."""
    known = list(
        dict.fromkeys(name for part in parts if part.table for name in tables()[part.table].column_names)
    )
    if not known:
        return
    own = written.get("tables", {})
    layers = [("", written, known)]
    if isinstance(own, Mapping):
        by_name = {part.name: part for part in parts}
        for name, layer in own.items():
            part = by_name.get(name)
            if part is not None and part.table and isinstance(layer, Mapping):
                layers.append((f"tables.{name}.", layer, list(tables()[part.table].column_names)))
    for prefix, layer, names in layers:
        for key in FIELD_KEYS:
            fields = layer.get(key, {})
            for field in fields if isinstance(fields, Mapping) else ():
                if field not in names:
                    problems.add(f"unknown field '{prefix}{key}.{field}'.{did_you_mean(field, names)}")
