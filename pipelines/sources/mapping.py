"""From a file's own columns to the canonical ones, not yet cast; imports config and reading."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

import polars as pl

from pipelines.canonical import Table
from pipelines.errors import DataRefusedError
from pipelines.sources.config import EXPRESSION_NAMES, Part, spoken_of
from pipelines.sources.reading import LINE, Header, same_name

Expressions = Mapping[str, pl.Expr]
UNUSED_NAMED = 10


@dataclass(frozen=True)
class FileWarning:
    """Something to know of a file that stopped no row: `count` rows, or columns where it is about columns."""

    note: str
    count: int


@dataclass(frozen=True)
class Plan:
    """How the columns of one file become those of one table.

    Attributes:
        table: The canonical table.
        part: The mapping.
        reads: Names of the file's columns to read.
        fields: Canonical field to the file's column that it is taken from.
        expressions: Canonical field to an expression over the file's columns.
        unpivoted: The file's columns that become rows.
        warnings: What was not understood or not there, in words.
    """

    table: Table
    part: Part
    reads: tuple[str, ...]
    fields: Mapping[str, str]
    expressions: Expressions
    unpivoted: tuple[str, ...] = ()
    warnings: tuple[FileWarning, ...] = ()


def plan(part: Part, table: Table, header: Header) -> Plan:
    """How a file with this header is mapped.

    Raises:
        DataRefusedError: If a required field cannot come from the file.
    """
    found = _Found(table, header)
    fields = dict(part.columns)
    if part.same_names:
        fields |= _same_named(part, table, header)
    fields = {field: column for field, column in fields.items() if found.column(field, column)}
    expressions = {field: pl.sql_expr(text) for field, text in part.expressions.items()}
    expressions = {field: text for field, text in expressions.items() if found.expression(field, text)}
    unpivoted = _unpivoted(part, header)
    if part.unpivot and not unpivoted:
        found.missing.append(f"{' or '.join(part.unpivot.columns)} (for {part.unpivot.value})")
    spoken = spoken_of(part)
    for column in table.columns:
        if column.required and column.name not in spoken and column.name not in fields:
            found.missing.append(f"'{column.name}'{header.suggestion(column.name)}")
    if found.missing:
        columns = "columns" if len(found.missing) > 1 else "column"
        raise DataRefusedError(f"it lacks the required {columns} {'; '.join(found.missing)} of {table.name}")
    computed = [*expressions.values(), *([pl.sql_expr(part.skip)] if part.skip else [])]
    roots = [name for expression in computed for name in _roots(expression)]
    reads = tuple(dict.fromkeys([*fields.values(), *roots, *unpivoted]))
    return Plan(
        table=table,
        part=part,
        reads=reads,
        fields=fields,
        expressions=expressions,
        unpivoted=unpivoted,
        warnings=(*found.warnings, *_unused(header, reads)),
    )


class _Found:
    """Looks for the columns that a mapping names, and keeps what is missing, in words."""

    def __init__(self, table: Table, header: Header) -> None:
        self._table = table
        self._header = header
        self.missing: list[str] = []
        self.warnings: list[FileWarning] = []

    def column(self, field: str, column: str) -> bool:
        """Whether a field's column is there."""
        if _is_there(column, self._header):
            return True
        wanted = f"'{column}'" + (f" (for {field})" if column != field else "")
        self._lacks(field, wanted + self._header.suggestion(column))
        return False

    def expression(self, field: str, expression: pl.Expr) -> bool:
        """Whether a field's expression can be computed; of its columns some may be absent."""
        roots = _roots(expression)
        absent = [name for name in roots if not _is_there(name, self._header)]
        if roots and len(absent) == len(roots):
            names = ", ".join(f"'{name}'{self._header.suggestion(name)}" for name in absent)
            self._lacks(field, f"{names} (for {field})")
            return False
        self.warnings += [
            FileWarning(f"column '{name}' is not in the file; {field} reads it as empty", 1)
            for name in absent
        ]
        return True

    def _lacks(self, field: str, wanted: str) -> None:
        if self._table[field].required:
            self.missing.append(wanted)
        else:
            self.warnings.append(FileWarning(f"column {wanted} is not in the file; {field} stays empty", 1))


def _roots(expression: pl.Expr) -> list[str]:
    names = dict.fromkeys(expression.meta.root_names())
    return [name for name in names if name not in EXPRESSION_NAMES]


def _is_there(column: str, header: Header) -> bool:
    return header.names is None or header.find(column) is not None


def _same_named(part: Part, table: Table, header: Header) -> dict[str, str]:
    spoken = spoken_of(part)
    wanted = [name for name in table.column_names if name not in spoken]
    if header.names is None:
        return {name: name for name in wanted}
    written: dict[str, list[str]] = {}
    for name in header.names:
        written.setdefault(same_name(name), []).append(name)
    for name in wanted:
        if len(written.get(name, ())) > 1:
            raise DataRefusedError(
                f"column '{name}' stands {len(written[name])} times in the header; name it once"
            )
    return {name: written[name][0] for name in wanted if name in written}


def _unpivoted(part: Part, header: Header) -> tuple[str, ...]:
    if part.unpivot is None or header.names is None:
        return part.unpivot.columns if part.unpivot else ()
    taken = {name.casefold() for name in part.columns.values()}
    patterns = [pattern.strip().casefold() for pattern in part.unpivot.columns]
    matched = []
    for name in header.names:
        plain = name.casefold()
        for pattern in patterns:
            wild = ("*" in pattern or "?" in pattern) and plain not in taken
            if plain == pattern or (wild and fnmatchcase(plain, pattern)):
                matched.append(name)
                break
    return tuple(dict.fromkeys(matched))


def _unused(header: Header, reads: tuple[str, ...]) -> list[FileWarning]:
    """A warning of the columns that nothing uses."""
    if header.names is None:
        return []
    used = {header.find(name) for name in reads}
    unused = [
        f"'{name}'" if name else "one without a name"
        for index, name in enumerate(header.names)
        if index not in used
    ]
    if not unused:
        return []
    more = f" and {len(unused) - UNUSED_NAMED} more" if len(unused) > UNUSED_NAMED else ""
    note = f"columns that nothing uses: {', '.join(unused[:UNUSED_NAMED])}{more}"
    return [FileWarning(note, len(unused))]


def apply(plan_: Plan, frame: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """The canonical columns that the file gives, as they are written, with `_line`.

    Returns:
        The rows, and how many were skipped on purpose.
    """
    part = plan_.part
    absent = [name for name in plan_.reads if name not in frame.columns]
    frame = frame.with_columns(pl.lit(None, pl.String).alias(name) for name in absent)
    skipped = 0
    if part.unpivot:
        frame = _melt(frame, plan_.unpivoted)
        if part.unpivot.empty == "skip":
            kept = frame.filter(pl.col("_value").cast(pl.String).str.strip_chars().fill_null("") != "")
            skipped += frame.height - kept.height
            frame = kept
    if part.skip:
        kept = frame.filter(~pl.sql_expr(part.skip).fill_null(False))
        skipped += frame.height - kept.height
        frame = kept
    outputs = [pl.col(LINE)]
    for column in plan_.table.columns:
        expression = _source_of(column.name, plan_)
        if expression is not None:
            words = _with_values(expression, part.values.get(column.name))
            outputs.append(_with_prefix(words, part.prefix.get(column.name)).alias(column.name))
    try:
        return frame.select(outputs), skipped
    except pl.exceptions.PolarsError as error:
        # Polars quotes the values it failed on, which are nobody's to see.
        reason = re.sub(r"(:? \[|: \").*", "", str(error).splitlines()[0])
        raise DataRefusedError(f"an expression of {plan_.table.name} cannot be computed: {reason}") from None


def _melt(frame: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    name, value = EXPRESSION_NAMES
    return (
        frame.with_row_index("_order")
        .with_columns(pl.col(column).cast(pl.String) for column in columns)
        .unpivot(
            on=list(columns),
            index=["_order", *(other for other in frame.columns if other not in columns)],
            variable_name=name,
            value_name=value,
        )
        .sort("_order", maintain_order=True)
        .drop("_order")
    )


def _source_of(field: str, plan_: Plan) -> pl.Expr | None:
    part = plan_.part
    if field in plan_.expressions:
        return plan_.expressions[field]
    if field in part.constants:
        return pl.lit(part.constants[field], pl.String)
    if field in plan_.fields:
        return pl.col(plan_.fields[field])
    if part.unpivot and field in (part.unpivot.name, part.unpivot.value):
        return pl.col(EXPRESSION_NAMES[0] if field == part.unpivot.name else EXPRESSION_NAMES[1])
    return None


def _with_prefix(expression: pl.Expr, prefix: str | None) -> pl.Expr:
    if not prefix:
        return expression
    text = expression.cast(pl.String).str.strip_chars()
    return pl.when(text != "").then(pl.concat_str(pl.lit(prefix), text))


def _with_values(expression: pl.Expr, words: Mapping[str, str] | None) -> pl.Expr:
    """Their words replaced by ours; "*" is every word that is not named, "" an empty cell."""
    if not words:
        return expression
    text = expression.cast(pl.String)
    plain = text.str.strip_chars().str.to_lowercase().fill_null("")
    named = {theirs: ours or None for theirs, ours in words.items() if theirs != "*"}
    other: pl.Expr = pl.lit(words["*"] or None, pl.String) if "*" in words else text
    if "*" in words and "" not in named:
        other = pl.when(plain != "").then(other)
    if not named:
        return other
    return plain.replace_strict(
        pl.Series(list(named), dtype=pl.String),
        pl.Series(list(named.values()), dtype=pl.String),
        default=other,
        return_dtype=pl.String,
    )
