"""The text of a commented plumbline.toml from guesses; imports guess and look of this package, canonical."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pipelines.canonical import tables
from pipelines.sources.guess import FieldGuess, Guess, unmapped_words
from pipelines.sources.look import Look
from pipelines.sources.presets import presets

_INDENT = "#    "


@dataclass(frozen=True)
class Program:
    """A program to write down, guessed where nobody has described it."""

    program_id: str
    name: str
    timezone: str
    currency: str


@dataclass(frozen=True)
class Taken:
    """Files that are to be read in one way.

    Attributes:
        name: Name of the source.
        globs: What the source's `files` will say.
        guess: How they are read.
        look: What one of them looks like; None where nothing had to be looked at.
    """

    name: str
    globs: tuple[str, ...]
    guess: Guess
    look: Look | None = None


def workspace_text(name: str, taken: Sequence[Taken], programs: Sequence[Program]) -> str:
    """A whole plumbline.toml: what was found is active, what cannot be loaded yet is commented out."""
    blocks = [_head(name)]
    blocks += [source_text(one, programs) for one in taken]
    if programs:
        blocks.append(_programs(programs))
    blocks.append(_tail())
    return "\n\n".join(block.strip("\n") for block in blocks) + "\n"


def _head(name: str) -> str:
    return f"""
# The workspace: which files are read, and how. Written by `plumbline init`; edit it freely.
# `plumbline check` says what would be loaded, `plumbline load` loads it.

[workspace]
name = {_text(name)}

# [settings]                       # windows and limits; what is not set keeps its default
# fcr_window_days = 7
# refund_window_days = 30"""


def source_text(one: Taken, programs: Sequence[Program] = ()) -> str:
    """One `[[source]]` block, commented out as a whole where a required field is missing."""
    found = one.guess
    files = _texts(one.globs) if len(one.globs) > 1 else _text(one.globs[0])
    lines = ["[[source]]", f"name = {_text(one.name)}", f"files = {files}"]
    if one.look is not None and one.look.encoding:
        lines.append(f"encoding = {_text(one.look.encoding)}          # it is not UTF-8; this is a guess")
    if found.kind == "canonical":
        lines.append(f"table = {_text(found.name)}")
        return "\n".join(lines)
    if found.kind == "preset":
        return "\n".join([f"# {_told(one)}", *lines, *_preset_lines(found, programs)])
    body = [*lines, *_mapping_lines(one, programs)]
    if not found.missing:
        return "\n".join([f"# {_told(one)}", *body])
    why = f"# Not loaded yet: {_told(one)}"
    todo = f"# but no column was found for {', '.join(found.missing)}. Fill that in and uncomment the block."
    return "\n".join([why, todo, *(f"# {line}".rstrip() for line in body)])


def _told(one: Taken) -> str:
    return f"{', '.join(one.globs)}: {one.guess.confidence} to be {one.guess.name}, {one.guess.why}."


def _preset_lines(found: Guess, programs: Sequence[Program]) -> list[str]:
    preset = presets()[found.name]
    lines = [f"preset = {_text(found.name)}          # {preset.title}"]
    if preset.written.get("table") == "contacts" and found.name.endswith("_csv"):
        lines.append(
            '# zone = "America/New_York"        # of the times in the file; the program\'s when not set'
        )
    if programs:
        lines += ["[source.constants]", _program_constant(programs)]
    if found.name.startswith("zendesk"):
        lines += [
            "# [source.columns]                # name the custom fields that hold these, where you have them",
            '# order_id = "Order number [text]"',
            '# issue = "Contact reason [list]"',
            "# [source.values.issue]           # their word = ours",
            '# "where is my order" = "wismo"',
            '# "*" = "other"',
        ]
    return lines


def _mapping_lines(one: Taken, programs: Sequence[Program]) -> list[str]:
    found, table = one.guess, tables()[one.guess.name]
    lines = [f"table = {_text(found.name)}", "same_names = false"]
    if any(field.reading.decimal == "," for field in found.fields):
        lines.append('decimal = ","')
    if one.look is not None and one.look.record_path:
        lines.append(f"record_path = {_text(one.look.record_path)}")
    if table.zone and not any(field.field == "program_id" for field in found.fields):
        lines.append(
            '# zone = "America/New_York"        # of times without an offset; the program\'s when not set'
        )
    plain = [field for field in found.fields if _expression(field) is None]
    lines.append("[source.columns]")
    lines += [f"{field.field} = {_text(field.column)}{_remark(field)}" for field in plain]
    if found.missing:
        lines += [f'{name} = ""          # required: which column?' for name in found.missing]
    computed = [(field, text) for field in found.fields if (text := _expression(field)) is not None]
    if computed:
        lines.append("[source.expressions]")
        lines += [f"{field.field} = {_text(text)}{_remark(field)}" for field, text in computed]
    formats = [field for field in found.fields if field.reading.format]
    if formats:
        lines.append("[source.formats]")
        lines += [
            f"{field.field} = {_text(_whole_format(field))}"
            + (
                "          # day and month could be the other way round: check"
                if field.reading.is_ambiguous
                else ""
            )
            for field in formats
        ]
    constants = [
        f"{name} = {_text(value)}          # no column says it" for name, value in found.assumed.items()
    ]
    if found.needs_program and programs:
        constants.insert(0, _program_constant(programs))
    if constants:
        lines += ["[source.constants]", *constants]
    for field in found.fields:
        if table[field.field].values and one.look is not None:
            lines += _value_lines(
                field, table[field.field].values, unmapped_words(one.look, table[field.field], field)
            )
    if found.unused:
        shown = ", ".join(found.unused[:20]) + (", …" if len(found.unused) > 20 else "")
        lines.append(f"# not used: {shown}")
    return lines


def _value_lines(field: FieldGuess, allowed: Sequence[str], unmapped: Sequence[str]) -> list[str]:
    translated: Mapping[str, str] = {k: v for k, v in field.values.items() if k.lower() != v}
    if not translated and not unmapped:
        return []
    lines = [f"[source.values.{field.field}]"]
    if unmapped:
        shown = ", ".join(_text(word) for word in unmapped)
        lines.append(f"# words of theirs that say none of {', '.join(allowed)}: {shown}")
    lines += [f"{_text(theirs)} = {_text(ours)}" for theirs, ours in sorted(translated.items())]
    if unmapped and "other" in allowed:
        lines.append('"*" = "other"')
    elif unmapped:
        lines.append('"*" = ""                        # left empty')
    # Once "*" is said, words that are ours already must be said too.
    if unmapped:
        lines += [
            f"{_text(word)} = {_text(word.lower())}"
            for word in sorted(field.values)
            if word not in translated
        ]
    return lines


def _expression(field: FieldGuess) -> str | None:
    """The SQL for a field whose column cannot be taken as it is."""
    column = _name(field.column)
    if field.time_column is not None:
        return f"{column} || ' ' || {_name(field.time_column)}"
    if field.reading.is_duration:
        hours, minutes, seconds = (
            f"try_cast(split_part({column}, ':', {place}) as double)" for place in (1, 2, 3)
        )
        return f"{hours} * 3600 + {minutes} * 60 + coalesce({seconds}, 0)"
    return None


def _whole_format(field: FieldGuess) -> str:
    """The format of the day, with the time of day where it comes from a column of its own."""
    written = field.reading.format or ""
    return f"{written} %H:%M:%S" if field.time_column is not None else written


def _remark(field: FieldGuess) -> str:
    if field.reading.is_duration:
        return f"          # written as {field.reading.example}"
    return "" if field.score >= 0.7 else "          # unsure"


def _program_constant(programs: Sequence[Program]) -> str:
    others = ", ".join(one.program_id for one in programs[1:])
    remark = f"          # or {others}" if others else ""
    return f"program_id = {_text(programs[0].program_id)}{remark}"


def _programs(programs: Sequence[Program]) -> str:
    lines = [
        "# No file describes the programs. Please look at the timezone and the currency: they are guesses."
    ]
    for one in programs:
        lines += [
            "[[program]]",
            f"program_id = {_text(one.program_id)}",
            f"program_name = {_text(one.name)}",
            f"timezone = {_text(one.timezone)}          # IANA name, such as America/New_York",
            f"currency = {_text(one.currency)}",
            '# operating_model = "in_house"   # in_house, outsourced or hybrid',
            '# partner = ""                   # the company that runs it, where it is outsourced',
        ]
    return "\n".join(lines)


def _tail() -> str:
    return """
# [[target]]                       # what a metric should reach, from a day on
# metric = "fcr"
# valid_from = 2026-01-01
# target = 0.75"""


def _name(column: str) -> str:
    return '"' + column.replace('"', '""') + '"'


def _text(value: str) -> str:
    """A TOML basic string; its escapes are JSON's."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _texts(values: Sequence[str]) -> str:
    return "[" + ", ".join(_text(value) for value in values) + "]"
