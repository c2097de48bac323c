"""What a `[[source]]` of plumbline.toml may say, as frozen objects; imports settings, presets, errors.

A source maps files to canonical tables. At its top:

    [[source]]
    name = "crm"                      # optional; shown in accounts, keeps the history of its volume
    files = "exports/tickets_*.csv"   # a glob, or a list of globs, relative to the workspace
    preset = "canonical"              # optional: a mapping that Plumbline ships
    format = "csv"                    # optional: csv | ndjson | parquet; seen from the bytes when not given
    delimiter = ";"                   # optional; seen from the header when not given
    encoding = "cp1252"               # optional; UTF-8, and UTF-16 with a byte order mark, need none

Mapping keys, at the top (for every part) or, when one file feeds several tables, under
`[source.tables.<part>]`:

    table = "contacts"                # the canonical table; a part's is its name unless given
    same_names = true                 # fields not spoken of come from the column of the same name
    zone = "Europe/London"            # timestamps without an offset are local times there
    decimal = ","                     # numbers like 1.234,50
    skip = "status = 'deleted'"       # rows that are deliberately none of this table; counted, not read
    record_path = "tickets"           # NDJSON: each line is a page that holds records in this list
    explode = "refunds.transactions"  # NDJSON: one row an item of the list (of each list along the path)

    [source.columns]                  # canonical field = their column; "" leaves the field empty
    contact_id = "Ticket ID"
    channel = "via.channel"           # NDJSON: a path; custom_fields[id=36].value finds an item of a list,
                                      # tags[0] the first one, tags[] joins a list of texts with spaces
    [source.values.channel]           # their word = ours; "" is an empty cell, "*" every other word
    phone = "voice"
    "*" = "other"

    [source.formats]                  # of timestamps and dates: strftime, "iso", "epoch_s", "epoch_ms",
    opened_at = "%d/%m/%Y %H:%M"      # or a list to be tried in turn
    [source.constants]                # field = the same value on every row
    program_id = "P1"
    [source.expressions]              # field = Polars SQL over their columns, all of them text;
    handle_seconds = "try_cast(\\"Minutes\\" as double) * 60"
    [source.prefix]                   # field = text put before every value, where two stores share ids
    order_id = "uk-"

    [source.unpivot]                  # score sheets with one column a criterion become one row a criterion
    columns = ["Q*", "Greeting"]      # their columns, * and ? allowed
    name = "criterion_id"             # the field that gets the column's name (`values` may rename it)
    value = "score"                   # the field that gets the cell; expressions see them as _name and _value
    empty = "skip"                    # keep (default): an empty cell is a row; skip: it is none

    [source.lookups.paid]             # columns of another file, by a key (see pipelines.sources.lookups)
    files = "payments.csv"
    key = "Order"
    sum = ["Paid"]                    # then columns.amount = "paid.Paid"
    [source.fold]                     # rows of one key become one row: field = sum, min, max, first or last;
    amount = "sum"                    # of other fields the first that is not empty

A field is spoken of once: by columns, constants, expressions or unpivot. Header names are matched without
regard to case and surrounding spaces. Expressions are strict about nothing: what cannot be cast is empty.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from pipelines.canonical import Table, tables
from pipelines.errors import UsageError, did_you_mean
from pipelines.settings import WORKSPACE_FILE, Workspace
from pipelines.sources.presets import presets

FORMAT_VERSION = 1
FORMATS = ("csv", "ndjson", "parquet")
SOURCE_KEYS = ("name", "files", "preset", "format", "delimiter", "encoding", "tables")
FIELD_KEYS = ("columns", "values", "formats", "constants", "expressions", "prefix")
PART_KEYS = (
    "table",
    "same_names",
    "zone",
    "decimal",
    "skip",
    "record_path",
    "explode",
    "unpivot",
    "lookups",
    "fold",
    *FIELD_KEYS,
)
UNPIVOT_KEYS = ("columns", "name", "value", "empty")
LOOKUP_KEYS = ("files", "key", "their_key", "columns", "sum")
FOLDS = ("sum", "min", "max", "first", "last")
EXPRESSION_NAMES = ("_name", "_value")
_DIRECTIVES = set("aAbBcdDeFfGgHIjklmMnPprRsSTtuUVwWxXyYzZ%:.#3695")
_STRICT_CAST = re.compile(r"(?i)(?<![a-z_])cast\s*\(")


@dataclass(frozen=True)
class Unpivot:
    """How one-column-a-criterion becomes one-row-a-criterion."""

    columns: tuple[str, ...]
    name: str
    value: str
    empty: str = "keep"


@dataclass(frozen=True)
class Lookup:
    """Columns of another file, found by a key; `paths` and `digest` are what it finds in the workspace."""

    files: tuple[str, ...]
    key: str
    their_key: str | None = None
    columns: tuple[str, ...] = ()
    sum: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    digest: str = ""


@dataclass(frozen=True)
class Part:
    """One table that a source's files feed, with everything that maps their columns to it.

    Attributes:
        name: Name of the part within its source.
        table: Canonical table; None when the file's name says it.
        columns: Canonical field to their column.
        values: Canonical field to (their word, in lower case, to ours).
        formats: Canonical field to the formats tried in turn.
        lookups: Name to the other file's columns.
        fold: Canonical field to how it is put together where rows of one key become one; None: they do not.
    """

    name: str
    table: str | None
    columns: Mapping[str, str]
    values: Mapping[str, Mapping[str, str]]
    formats: Mapping[str, tuple[str, ...]]
    constants: Mapping[str, str]
    expressions: Mapping[str, str]
    prefix: Mapping[str, str]
    unpivot: Unpivot | None = None
    lookups: Mapping[str, Lookup] = dataclasses.field(default_factory=dict)
    fold: Mapping[str, str] | None = None
    skip: str | None = None
    record_path: str | None = None
    explode: str | None = None
    zone: str | None = None
    decimal: str = "."
    same_names: bool = True
    left_empty: tuple[str, ...] = ()

    @property
    def is_computed(self) -> bool:
        """Whether cells may be other than what the file holds, give or take their case."""
        return bool(self.values or self.constants or self.expressions or self.lookups)


@dataclass(frozen=True)
class Source:
    """One `[[source]]`, checked."""

    name: str
    files: tuple[str, ...]
    parts: tuple[Part, ...]
    format: str | None = None
    delimiter: str | None = None
    encoding: str | None = None

    def mapping_hash(self, part: Part, table: str) -> str:
        """Hash of everything that decides how a part's rows look, but not of names and globs."""
        written = asdict(part)
        del written["name"]
        for lookup in written["lookups"].values():
            del lookup["paths"], lookup["files"]
        written |= {"table": table, "format": self.format, "delimiter": self.delimiter}
        written |= {"encoding": self.encoding, "version": FORMAT_VERSION}
        written["canonical"] = [
            (column.name, column.type, column.values, column.personal) for column in tables()[table].columns
        ]
        text = json.dumps(written, sort_keys=True, ensure_ascii=True)
        return hashlib.blake2b(text.encode("ascii"), digest_size=16).hexdigest()


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
        named.append(source if again == 1 else _renamed(source, f"{source.name} ({again})"))
    if problems:
        raise UsageError(f"{workspace.root / WORKSPACE_FILE}: " + " ".join(problems))
    return tuple(_located(source, workspace.root) for source in named)


def _located(source: Source, root: Path) -> Source:
    """A source whose lookups know their files; others as they are."""
    if not any(part.lookups for part in source.parts):
        return source
    from pipelines.sources.lookups import located  # which reads files, and imports this module

    parts = tuple(
        replace(part, lookups={name: located(lookup, root) for name, lookup in part.lookups.items()})
        for part in source.parts
    )
    return replace(source, parts=parts)


def _renamed(source: Source, name: str) -> Source:
    return Source(
        name=name,
        files=source.files,
        parts=source.parts,
        format=source.format,
        delimiter=source.delimiter,
        encoding=source.encoding,
    )


class _Problems:
    """Collects what is wrong in one source or preset, each sentence with where it stands."""

    def __init__(self, where: str, found: list[str]) -> None:
        self.where = where
        self.found = found

    def add(self, sentence: str) -> None:
        self.found.append(f"{self.where}: {sentence}")


def _source(number: int, written: object, found: list[str]) -> Source | None:
    where = f"source {number}"
    if not isinstance(written, Mapping):
        found.append(f"{where} must be written as a [[source]] table.")
        return None
    if isinstance(written.get("name"), str):
        where += f" ({written['name']})"
    problems = _Problems(where, found)
    before = len(found)
    known = (*SOURCE_KEYS, *PART_KEYS)
    for key in written:
        if key not in known:
            problems.add(f"unknown key '{key}'.{did_you_mean(key, known)}")
    files = _texts(written.get("files"), "files", problems, needed=True)
    preset = _preset_layers(written, problems)
    layers = _layers(preset, written, problems)
    options = {
        key: _text(written.get(key, preset.get(key)), key, problems)
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


def _preset_layers(written: Mapping[str, Any], problems: _Problems) -> Mapping[str, Any]:
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


Layers = list[Mapping[str, Any]]


def _layers(preset: Mapping[str, Any], written: Mapping[str, Any], problems: _Problems) -> dict[str, Layers]:
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


def _part(name: str, layers: Layers, written: Mapping[str, Any], problems: _Problems) -> Part | None:
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
    fields = _merge(layers, table, problems)
    unpivot = next((layer["unpivot"] for layer in reversed(layers) if "unpivot" in layer), None)
    same_names = plain.get("same_names", True)
    if not isinstance(same_names, bool):
        problems.add(f"same_names must be true or false, not {same_names!r}.")
    texts = {key: _text(plain.get(key), key, problems) for key in ("skip", "record_path", "explode", "zone")}
    if texts["zone"] is not None and not is_zone(texts["zone"]):
        problems.add(f"zone '{texts['zone']}' is no IANA time zone, such as 'Europe/London'.")
    if plain.get("decimal", ".") not in (".", ","):
        problems.add(f"decimal must be '.' or ',', not {plain['decimal']!r}.")
    part = Part(
        name=name,
        table=table_name,
        columns={k: v for k, v in fields["columns"].items() if v},
        values=_values(fields["values"], table, problems),
        formats=_formats(fields["formats"], table, problems),
        constants=fields["constants"],
        expressions={k: tolerant(v) for k, v in fields["expressions"].items()},
        prefix=fields["prefix"],
        unpivot=_unpivot(unpivot, table, problems) if unpivot is not None else None,
        lookups=_lookups(plain.get("lookups", {}), problems),
        fold=_fold(plain.get("fold"), table, problems),
        decimal=plain.get("decimal", "."),
        same_names=bool(same_names),
        left_empty=tuple(sorted(field for field, column in fields["columns"].items() if column == "")),
        **{key: tolerant(value) if key == "skip" and value else value for key, value in texts.items()},
    )
    _check_expressions(part, problems)
    return part


def spoken_of(part: Part) -> set[str]:
    """The canonical fields that a part's mapping speaks of by name."""
    fields = {*part.columns, *part.constants, *part.expressions, *part.left_empty}
    if part.unpivot:
        fields |= {part.unpivot.name, part.unpivot.value}
    return fields


def _merge(layers: Layers, table: Table | None, problems: _Problems) -> dict[str, dict[str, Any]]:
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


def constant_text(value: object) -> str:
    """A TOML value as the text a file would hold."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _check_used(written: Mapping[str, Any], parts: list[Part], problems: _Problems) -> None:
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


def _values(
    written: Mapping[str, Any], table: Table | None, problems: _Problems
) -> dict[str, dict[str, str]]:
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


def _formats(
    written: Mapping[str, Any], table: Table | None, problems: _Problems
) -> dict[str, tuple[str, ...]]:
    read: dict[str, tuple[str, ...]] = {}
    for field, formats in written.items():
        if table is not None and table[field].type not in ("timestamp", "date"):
            problems.add(f"formats.{field}: '{field}' is neither a timestamp nor a date.")
        read[field] = _texts(formats, f"formats.{field}", problems, needed=True)
        for text in read[field]:
            directives = re.findall(r"%(.?)", text)
            if text not in ("iso", "epoch_s", "epoch_ms") and (
                not directives or not set(directives) <= _DIRECTIVES
            ):
                problems.add(
                    f"formats.{field} '{text}' is no strftime format, nor 'iso', 'epoch_s' or 'epoch_ms'."
                )
    return read


def _unpivot(written: object, table: Table | None, problems: _Problems) -> Unpivot | None:
    if not isinstance(written, Mapping):
        problems.add("'unpivot' must be a table.")
        return None
    for key in written:
        if key not in UNPIVOT_KEYS:
            problems.add(f"unknown key 'unpivot.{key}'.{did_you_mean(key, UNPIVOT_KEYS)}")
    columns = _texts(written.get("columns"), "unpivot.columns", problems, needed=True)
    name, value = written.get("name", "criterion_id"), written.get("value", "score")
    for field in (name, value):
        if table is not None and field not in table.column_names:
            problems.add(f"unpivot: unknown field '{field}'.{did_you_mean(str(field), table.column_names)}")
    if written.get("empty", "keep") not in ("keep", "skip"):
        problems.add(f"unpivot.empty must be 'keep' or 'skip', not {written['empty']!r}.")
    return Unpivot(columns=columns, name=str(name), value=str(value), empty=str(written.get("empty", "keep")))


def _lookups(written: object, problems: _Problems) -> dict[str, Lookup]:
    if not isinstance(written, Mapping) or not all(isinstance(one, Mapping) for one in written.values()):
        problems.add("'lookups' must be written as [source.lookups.<name>].")
        return {}
    read: dict[str, Lookup] = {}
    for name, one in written.items():
        where = f"lookups.{name}"
        for key in one:
            if key not in LOOKUP_KEYS:
                problems.add(f"unknown key '{where}.{key}'.{did_you_mean(key, LOOKUP_KEYS)}")
        columns = _texts(one.get("columns"), f"{where}.columns", problems, needed=False)
        added = _texts(one.get("sum"), f"{where}.sum", problems, needed=False)
        if not columns and not added:
            problems.add(f"{where} says neither 'columns' nor 'sum', so it finds nothing.")
        files = _texts(one.get("files"), f"{where}.files", problems, needed=True)
        key, theirs = one.get("key"), one.get("their_key")
        if not isinstance(key, str) or not key:
            problems.add(f"{where}.key must name the column by which it is looked up.")
        read[str(name)] = Lookup(
            files=files,
            key=str(key),
            their_key=_text(theirs, f"{where}.their_key", problems),
            columns=columns,
            sum=added,
        )
    return read


def _fold(written: object, table: Table | None, problems: _Problems) -> dict[str, str] | None:
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


def _check_expressions(part: Part, problems: _Problems) -> None:
    import polars as pl

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


def is_zone(name: str) -> bool:
    """Whether a name is an IANA time zone."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _text(value: object, key: str, problems: _Problems) -> str | None:
    if value is None or (isinstance(value, str) and value):
        return value
    problems.add(f"{key} must be text, not {value!r}.")
    return None


def _texts(value: object, key: str, problems: _Problems, *, needed: bool) -> tuple[str, ...]:
    if isinstance(value, str) and value:
        return (value,)
    if isinstance(value, list) and value and all(isinstance(item, str) and item for item in value):
        return tuple(value)
    if value is not None or needed:
        problems.add(f"'{key}' must be text or a list of texts.")
    return ()
