"""The field maps of a source as written, checked: values, formats, unpivot, lookups, folds, expressions.

Each reader takes what TOML holds, adds what is wrong with it to the problems, and gives back what is right.
Imports config and errors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import polars as pl

from pipelines.canonical import Table
from pipelines.errors import did_you_mean
from pipelines.sources.config import (
    FIELD_KEYS,
    FOLDS,
    LOOKUP_KEYS,
    UNPIVOT_KEYS,
    Lookup,
    Part,
    Unpivot,
    constant_text,
)

_DIRECTIVES = set("aAbBcdDeFfGgHIjklmMnPprRsSTtuUVwWxXyYzZ%:.#3695")
_STRICT_CAST = re.compile(r"(?i)(?<![a-z_])cast\s*\(")
Layers = list[Mapping[str, Any]]


class Problems:
    """Collects what is wrong in one source, each sentence with where it stands."""

    def __init__(self, where: str, found: list[str]) -> None:
        self.where = where
        self.found = found

    def add(self, sentence: str) -> None:
        """Add one sentence."""
        self.found.append(f"{self.where}: {sentence}")


def merged_fields(layers: Layers, table: Table | None, problems: Problems) -> dict[str, dict[str, Any]]:
    """The field maps of all layers; a later layer's word about a field replaces the earlier ones'."""
    merged: dict[str, dict[str, Any]] = {key: {} for key in FIELD_KEYS}
    giving = ("columns", "constants", "expressions")
    for layer in layers:
        given: dict[str, str] = {}
        for key in FIELD_KEYS:
            fields = layer.get(key, {})
            if not isinstance(fields, Mapping):
                problems.add(f"'{key}' must be a table of field = value.")
                continue
            for field, value in fields.items():
                if table is not None and field not in table.column_names:
                    continue
                if key in giving:
                    if field in given:
                        problems.add(f"field '{field}' is given by {given[field]} and by {key}.")
                    given[field] = key
                    for other in giving:
                        merged[other].pop(field, None)
                if key in ("columns", "expressions", "prefix") and not isinstance(value, str):
                    problems.add(f"{key}.{field} must be text, not {value!r}.")
                    continue
                merged[key][field] = constant_text(value) if key == "constants" else value
    return merged


def values_of(
    written: Mapping[str, Any], table: Table | None, problems: Problems
) -> dict[str, dict[str, str]]:
    """Per field their words, in lower case, and ours."""
    read: dict[str, dict[str, str]] = {}
    for field, words in written.items():
        if not isinstance(words, Mapping):
            problems.add(f"values.{field} must be a table of their word = ours.")
            continue
        read[field] = {str(theirs).strip().lower(): constant_text(ours) for theirs, ours in words.items()}
        allowed = table[field].values if table is not None else ()
        for ours in read[field].values() if allowed else ():
            if ours and ours not in allowed:
                problems.add(
                    f"values.{field} gives '{ours}', which is none of {', '.join(allowed)}."
                    f"{did_you_mean(ours, allowed)}"
                )
    return read


def formats_of(
    written: Mapping[str, Any], table: Table | None, problems: Problems
) -> dict[str, tuple[str, ...]]:
    """Per timestamp or date the formats to try in turn."""
    read: dict[str, tuple[str, ...]] = {}
    for field, formats in written.items():
        if table is not None and table[field].type not in ("timestamp", "date"):
            problems.add(f"formats.{field}: '{field}' is neither a timestamp nor a date.")
        read[field] = texts_of(formats, f"formats.{field}", problems, needed=True)
        for text in read[field]:
            directives = re.findall(r"%(.?)", text)
            if text not in ("iso", "epoch_s", "epoch_ms") and (
                not directives or not set(directives) <= _DIRECTIVES
            ):
                problems.add(
                    f"formats.{field} '{text}' is no strftime format, nor 'iso', 'epoch_s' or 'epoch_ms'."
                )
    return read


def unpivot_of(written: object, table: Table | None, problems: Problems) -> Unpivot | None:
    """How one column a criterion becomes one row a criterion."""
    if not isinstance(written, Mapping):
        problems.add("'unpivot' must be a table.")
        return None
    for key in written:
        if key not in UNPIVOT_KEYS:
            problems.add(f"unknown key 'unpivot.{key}'.{did_you_mean(key, UNPIVOT_KEYS)}")
    columns = texts_of(written.get("columns"), "unpivot.columns", problems, needed=True)
    name, value = written.get("name", "criterion_id"), written.get("value", "score")
    for field in (name, value):
        if table is not None and field not in table.column_names:
            problems.add(f"unpivot: unknown field '{field}'.{did_you_mean(str(field), table.column_names)}")
    if written.get("empty", "keep") not in ("keep", "skip"):
        problems.add(f"unpivot.empty must be 'keep' or 'skip', not {written['empty']!r}.")
    return Unpivot(columns=columns, name=str(name), value=str(value), empty=str(written.get("empty", "keep")))


def lookups_of(written: object, problems: Problems) -> dict[str, Lookup]:
    """The lookups by name, not yet located."""
    if not isinstance(written, Mapping) or not all(isinstance(one, Mapping) for one in written.values()):
        problems.add("'lookups' must be written as [source.lookups.<name>].")
        return {}
    read: dict[str, Lookup] = {}
    for name, one in written.items():
        where = f"lookups.{name}"
        for key in one:
            if key not in LOOKUP_KEYS:
                problems.add(f"unknown key '{where}.{key}'.{did_you_mean(key, LOOKUP_KEYS)}")
        columns = texts_of(one.get("columns"), f"{where}.columns", problems, needed=False)
        added = texts_of(one.get("sum"), f"{where}.sum", problems, needed=False)
        if not columns and not added:
            problems.add(f"{where} says neither 'columns' nor 'sum', so it finds nothing.")
        files = texts_of(one.get("files"), f"{where}.files", problems, needed=True)
        key, theirs = one.get("key"), one.get("their_key")
        if not isinstance(key, str) or not key:
            problems.add(f"{where}.key must name the column by which it is looked up.")
        read[str(name)] = Lookup(
            files=files,
            key=str(key),
            their_key=text_of(theirs, f"{where}.their_key", problems),
            columns=columns,
            sum=added,
        )
    return read


def fold_of(written: object, table: Table | None, problems: Problems) -> dict[str, str] | None:
    """How rows of one key are put together, None if they are not."""
    if written is None:
        return None
    if not isinstance(written, Mapping):
        problems.add("'fold' must be a table of field = sum, min, max, first or last.")
        return None
    for name, how in written.items():
        if how not in FOLDS:
            problems.add(f"fold.{name} must be one of {', '.join(FOLDS)}, not {how!r}.")
        if table is not None and name not in table.column_names:
            problems.add(f"unknown field 'fold.{name}'.{did_you_mean(str(name), table.column_names)}")
        elif table is not None and how == "sum" and not table[name].is_numeric:
            problems.add(f"fold.{name}: '{name}' holds no numbers to add up.")
    return {str(name): str(how) for name, how in written.items()}


def check_expressions(part: Part, problems: Problems) -> None:
    """Check that every expression of a part can be read."""

    written = {f"expressions.{field}": text for field, text in part.expressions.items()}
    if part.skip:
        written["skip"] = part.skip
    for where, text in written.items():
        try:
            pl.sql_expr(text)
        except pl.exceptions.PolarsError as error:
            reason = str(error).splitlines()[0] if str(error) else "unknown"
            problems.add(f"{where} is no SQL expression that Polars knows: {reason}.")


def tolerant(expression: str) -> str:
    """An expression whose casts give an empty value where a strict one would stop the file."""
    return _STRICT_CAST.sub("try_cast(", expression)


def text_of(value: object, key: str, problems: Problems) -> str | None:
    """A text that may be left out."""
    if value is None or (isinstance(value, str) and value):
        return value
    problems.add(f"{key} must be text, not {value!r}.")
    return None


def texts_of(value: object, key: str, problems: Problems, *, needed: bool) -> tuple[str, ...]:
    """One text or several, as a tuple."""
    if isinstance(value, str) and value:
        return (value,)
    if isinstance(value, list) and value and all(isinstance(item, str) and item for item in value):
        return tuple(value)
    if value is not None or needed:
        problems.add(f"'{key}' must be text or a list of texts.")
    return ()
