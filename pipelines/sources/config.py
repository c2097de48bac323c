"""What a `[[source]]` of plumbline.toml may say, as frozen objects; imports canonical only.

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

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from zoneinfo import ZoneInfo

from pipelines.canonical import tables

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
    lookups: Mapping[str, Lookup] = field(default_factory=dict)
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

    @property
    def adds_text(self) -> bool:
        """Whether cells may hold text that stands in none of the file's records."""
        return self.is_computed or bool(self.prefix or self.unpivot)


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


def spoken_of(part: Part) -> set[str]:
    """The canonical fields that a part's mapping speaks of by name."""
    fields = {*part.columns, *part.constants, *part.expressions, *part.left_empty}
    if part.unpivot:
        fields |= {part.unpivot.name, part.unpivot.value}
    return fields


def constant_text(value: object) -> str:
    """A TOML value as the text a file would hold."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def is_zone(name: str) -> bool:
    """Whether a name is an IANA time zone."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
