"""What an undescribed file most likely is: a canonical file, a preset's, or a table with a mapping.

Names of columns are compared with those in guess.toml, and a name only counts if the values under it look
like the field: dates like dates, words like the allowed words. Imports canonical, presets and look.
"""

from __future__ import annotations

import dataclasses
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import Any, Literal

import polars as pl

from pipelines.canonical import Column, Table, tables
from pipelines.sources.look import Look
from pipelines.sources.plausible import Reading, read_as
from pipelines.sources.presets import presets

Kind = Literal["canonical", "preset", "mapping", "unknown"]

# What may be assumed where no column says it, so that the rest of the file can be used.
_ASSUMED: Mapping[str, Mapping[str, str]] = {
    "contacts": {"channel": "other", "issue": "other"},
    "qa_ratings": {"scorecard_id": "scorecard", "version": "1"},
    "scorecards": {"version": "1", "weight": "1"},
    "signals": {"name": "signal"},
    "events": {"kind": "other"},
}
_PRESET_SHARE = 0.6
_TABLE_SHARE = 0.5
_EXACT, _SYNONYM, _PART = 1.0, 0.9, 0.5


@dataclass(frozen=True)
class FieldGuess:
    """One canonical field and the column that seems to hold it.

    Attributes:
        time_column: A second column with the time of day, where `column` holds only the day.
        score: Between 0 and 1, how well name and values fit.
        values: Their word to ours, where the field has allowed words.
        reading: How the values are to be read.
    """

    field: str
    column: str
    score: float
    reading: Reading
    values: Mapping[str, str] = dataclasses.field(default_factory=dict)
    time_column: str | None = None


@dataclass(frozen=True)
class Guess:
    """The best guess about one file.

    Attributes:
        kind: Whether it is a canonical file, one of a preset, one to be mapped, or nothing we know.
        name: Table or preset.
        sure: Between 0 and 1.
        why: In words.
        fields: The mapping, for kind `mapping`.
        assumed: Fields that no column holds, with a value that stands in.
        missing: Required fields that nothing fills; such a file cannot be loaded as it is.
        needs_program: Whether no column says which program a row belongs to.
        unused: Columns that the mapping leaves out.
    """

    kind: Kind
    name: str
    sure: float
    why: str
    fields: tuple[FieldGuess, ...] = ()
    assumed: Mapping[str, str] = dataclasses.field(default_factory=dict)
    missing: tuple[str, ...] = ()
    needs_program: bool = False
    unused: tuple[str, ...] = ()

    @property
    def confidence(self) -> str:
        """How sure, in a word: certain, sure, likely or unsure."""
        if self.kind == "canonical":
            return "certain"
        return "sure" if self.sure >= 0.85 else "likely" if self.sure >= 0.65 else "unsure"


def guess(look: Look) -> Guess:
    """The best guess about a file whose name does not say already what it is."""
    by_preset = _best_preset(look)
    by_table = max((guess_table(look, table) for table in tables().values()), key=_rank)
    if by_preset is not None and by_preset.sure >= _PRESET_SHARE:
        return by_preset
    if by_table.sure >= _TABLE_SHARE and by_table.fields:
        return by_table
    return Guess(kind="unknown", name="", sure=0, why="its columns are like those of no table")


def _rank(found: Guess) -> tuple[bool, float]:
    return (not found.missing, found.sure)


def _best_preset(look: Look) -> Guess | None:
    have = {_plain(column) for column in look.columns}
    found = []
    for preset in presets().values():
        wanted = [_plain(column) for column in preset.recognise.get("columns", ())]
        if not wanted or (preset.written.get("format") == "ndjson") != (look.kind == "ndjson"):
            continue
        matches = sum(
            column in have or any(name.startswith(f"{column} ") for name in have) for column in wanted
        )
        found.append(
            Guess(
                kind="preset",
                name=preset.name,
                sure=matches / len(wanted),
                why=f"{matches} of {len(wanted)} of the columns that {preset.title} is known by",
                needs_program=True,
            )
        )
    return max(found, key=lambda one: one.sure, default=None)


def guess_table(look: Look, table: Table) -> Guess:
    """The best mapping of a file to one table, however poor."""
    candidates = [
        found
        for column in table.columns
        for name in look.columns
        if name in look.sample.columns and (found := _field(look, table, column, name)) is not None
    ]
    chosen: dict[str, FieldGuess] = {}
    taken: set[str] = set()
    for candidate in sorted(candidates, key=lambda one: -one.score):
        if candidate.field not in chosen and candidate.column not in taken:
            chosen[candidate.field] = candidate
            taken.add(candidate.column)
    for name in table.timestamps:
        time = _time_beside(look, chosen[name].column, taken) if name in chosen else None
        if time is not None:
            chosen[name] = replace(chosen[name], time_column=time)
            taken.add(time)
    chosen = _one_order_of_day_and_month(chosen)
    required = [column.name for column in table.columns if column.required and column.name != "program_id"]
    open_fields = [name for name in required if name not in chosen]
    assumed = {k: v for k, v in _ASSUMED.get(table.name, {}).items() if k in open_fields}
    missing = tuple(name for name in open_fields if name not in assumed)
    weights = {name: 0.4 if name in _ASSUMED.get(table.name, {}) else 1.0 for name in required}
    covered = sum(weights[name] * chosen[name].score for name in required if name in chosen)
    share = covered / sum(weights.values()) if weights else 0.0
    optional = sum(one.score for name, one in chosen.items() if name not in required)
    words = set(_plain(look.path.name.split(".")[0]).split())
    named = bool(words & set(_knowledge()["files"].get(table.name, ())))
    sure = 0.75 * share + 0.15 * min(1.0, optional / 4) + 0.1 * named
    names = {column.name for column in table.columns}
    return Guess(
        kind="mapping",
        name=table.name,
        sure=round(sure, 3),
        why=f"{len(chosen)} of {len(names)} fields of {table.name} recognised by name and values",
        fields=tuple(chosen[name] for name in table.column_names if name in chosen),
        assumed=assumed,
        missing=missing,
        needs_program="program_id" in names and "program_id" not in chosen,
        unused=tuple(name for name in look.columns if name not in taken),
    )


def _one_order_of_day_and_month(chosen: dict[str, FieldGuess]) -> dict[str, FieldGuess]:
    """Formats that could be read both ways follow those of the same file that cannot."""
    certain = [
        one.reading.format[:2]
        for one in chosen.values()
        if one.reading.format and not one.reading.is_ambiguous
    ]
    first = next((start for start in certain if start in ("%d", "%m")), None)
    if first is None:
        return chosen
    return {
        name: replace(one, reading=one.reading.with_first(first)) if one.reading.is_ambiguous else one
        for name, one in chosen.items()
    }


def _field(look: Look, table: Table, column: Column, name: str) -> FieldGuess | None:
    score = _name_score(table.name, column.name, name)
    if score == 0:
        return None
    cells = look.sample[name].drop_nulls()
    values: dict[str, str] = {}
    if column.values:
        values = _words(column, cells.unique().sort().to_list())
        known = cells.is_in(list(values)).mean() if len(cells) else None
        fit = 0.5 if known is None else float(known)  # type: ignore[arg-type]
        # A free text that happens to hold a known word is not a field of words.
        if cells.n_unique() > 60 or fit < 0.2:
            return None
        score *= 0.6 + 0.4 * fit
    reading = read_as(column, cells)
    if reading is None:
        return None
    if (column.name,) == table.key and len(cells) > 20:
        repeats = 1 - cells.n_unique() / len(cells)
        score *= 1 - repeats
    if column.required and len(cells) < len(look.sample) * 0.5:
        score *= 0.5
    if score < 0.3:
        return None
    return FieldGuess(field=column.name, column=name, score=score, reading=reading, values=values)


def _time_beside(look: Look, column: str, taken: set[str]) -> str | None:
    """The column with the time of day that belongs to a column of days, such as `Time` to `Date`."""
    days = look.sample[column].drop_nulls()
    if days.is_empty() or days.str.contains(":").any():
        return None
    wanted = {"time", _plain(column).replace("date", "time"), f"{_plain(column)} time"}
    for name in look.sample.columns:
        if name not in taken and _plain(name) in wanted:
            times = look.sample[name].drop_nulls()
            if len(times) and times.str.contains(r"^\d{1,2}:\d{2}(:\d{2})?$").mean() == 1.0:
                return name
    return None


def _name_score(table: str, field_name: str, column: str) -> float:
    known = _knowledge()["fields"]
    theirs = _plain(column)
    ours = _plain(field_name)
    if theirs == ours:
        return _EXACT
    synonyms = [*known.get(table, {}).get(field_name, ()), *known["any"].get(field_name, ())]
    if theirs in synonyms:
        # The earlier in the list the better: `id` is a contact's id, and a later word a weaker sign.
        return _SYNONYM - 0.1 * synonyms.index(theirs) / len(synonyms)
    tokens = set(theirs.split())
    parts = [set(word.split()) for word in (ours, *synonyms)]
    if any(len(part) > 1 and part <= tokens for part in parts):
        return _PART
    return 0.0


def _words(column: Column, theirs: Sequence[str]) -> dict[str, str]:
    """Their words that can be told to be one of ours."""
    known: Mapping[str, Sequence[str]] = _knowledge()["words"].get(column.name, {})
    to_ours = {_plain(word): ours for ours, words in known.items() if ours in column.values for word in words}
    to_ours |= {_plain(ours): ours for ours in column.values}
    return {word: to_ours[_plain(word)] for word in theirs if _plain(word) in to_ours}


def unmapped_words(look: Look, column: Column, found: FieldGuess, *, limit: int = 12) -> list[str]:
    """Words of a column that the guess could not translate, the most frequent first."""
    counts = look.sample[found.column].drop_nulls().value_counts(sort=True)
    return [word for word in counts[found.column].to_list() if word not in found.values][:limit]


def programs_named(looks: Sequence[Look], columns: Sequence[str | None]) -> list[str]:
    """The programs that the files name, most frequent first, by the column of each that names them."""
    named = [
        look.sample[column].drop_nulls().alias("program_id")
        for look, column in zip(looks, columns, strict=True)
        if column is not None and column in look.sample.columns
    ]
    if not named:
        return []
    return pl.concat(named).value_counts(sort=True)["program_id"].to_list()


def _plain(name: str) -> str:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", name) if not name.isupper() else name
    return " ".join(re.findall(r"[a-z0-9]+", spaced.casefold()))


@cache
def _knowledge() -> Mapping[str, Any]:
    text = resources.files("pipelines.sources").joinpath("guess.toml").read_text("utf-8")
    return tomllib.loads(text)
