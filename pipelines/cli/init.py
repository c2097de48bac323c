"""`plumbline init`: looks at the files of a folder, writes its plumbline.toml; imports sources, landing."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl

from pipelines.canonical import tables
from pipelines.cli import add_workspace
from pipelines.cli._print import FORMATS, print_rows
from pipelines.errors import DataRefusedError, UsageError
from pipelines.landing.found import files_of, table_of_file
from pipelines.settings import WORKSPACE_FILE, read_workspace
from pipelines.sources import presets, read_sources
from pipelines.sources.draft import Program, Taken, workspace_text
from pipelines.sources.guess import Guess, guess, guess_table, programs_named
from pipelines.sources.look import Look, look_at

EPILOG = """
examples:
  plumbline init --workspace exports        look, ask where unsure, write exports/plumbline.toml
  plumbline init --yes                      take the best guess everywhere

Files named like a canonical table (contacts.csv, orders_2026-01.csv.gz, qa_ratings.ndjson) need no question.
For others it tries the presets, then the names and values of their columns.
"""

_TABULAR = {".csv", ".tsv", ".txt", ".ndjson", ".jsonl", ".json", ".parquet", ".pq"}
_PACKED = {".gz", ".zst", ".zstd"}
_DEPTH = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Say what the command takes."""
    add_workspace(parser)
    parser.add_argument("--yes", action="store_true", help="take the best guess without asking")
    parser.add_argument("--force", action="store_true", help="write plumbline.toml anew though there is one")
    parser.add_argument("--format", choices=FORMATS, default="table", help="how to print what was found")
    parser.epilog = EPILOG


def run(args: argparse.Namespace) -> int:
    """Write a workspace's plumbline.toml, or say what an existing one leaves out."""
    root: Path = args.workspace
    if not root.is_dir():
        raise UsageError(f"there is no folder {root}; make it and put the exported files there.")
    target = root / WORKSPACE_FILE
    files = tuple(_files(root))
    if target.exists() and not args.force:
        return _already_there(root, files)
    if not files:
        raise UsageError(
            f"no CSV, Parquet or NDJSON file in {root}; put the exports there or name another folder "
            "with --workspace."
        )
    taken, left_out = _take(root, files, ask=None if args.yes else _asker())
    if not taken:
        reasons = "; ".join(f"{path}: {why}" for path, why in left_out)
        raise UsageError(f"none of the files in {root} could be understood ({reasons}).")
    programs = () if any(one.guess.name == "programs" for one in taken) else _programs(root, taken)
    text = workspace_text(_title(root), taken, programs)
    target.write_text(text, "utf-8")
    read_sources(read_workspace(root))  # what was written must be readable, or we say so now
    print_rows(_summary(taken, left_out), format=args.format)
    _say(f"\nwrote {target}")
    if programs:
        _say("look at its [[program]] block: timezone and currency are guesses.")
    if any(one.guess.missing for one in taken):
        _say("blocks that lack a required column are commented out in it.")
    _say(f"next: plumbline load --workspace {root}")
    return 0


def _files(root: Path) -> Iterator[Path]:
    """The files that may hold a table, relative to the workspace; nothing hidden, no other workspace's."""
    folders = [(root, 0)]
    while folders:
        folder, depth = folders.pop(0)
        for path in sorted(folder.iterdir()):
            # what `plumbline simulate` says of itself is no export
            if path.name.startswith(".") or path.name == "truth.json":
                continue
            if path.is_dir():
                is_other = (path / WORKSPACE_FILE).exists() or (path / "pyvenv.cfg").exists()
                if depth + 1 < _DEPTH and not is_other and path.name != "node_modules":
                    folders.append((path, depth + 1))
            elif _tabular(path):
                yield path.relative_to(root)


def _tabular(path: Path) -> bool:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    while suffixes and suffixes[-1] in _PACKED:
        suffixes.pop()
    return bool(suffixes) and suffixes[-1] in _TABULAR


def _already_there(root: Path, files: Sequence[Path]) -> int:
    """Say which files plumbline.toml leaves out; 0 when it reads, or at least names, all of them."""
    workspace = read_workspace(root)
    written = (root / WORKSPACE_FILE).read_text("utf-8")
    covered = {path.resolve() for source in read_sources(workspace) for path in files_of(source, root)}
    # A file named in a comment was left out on purpose.
    open_files = [
        path for path in files if (root / path).resolve() not in covered and path.as_posix() not in written
    ]
    tabular = [path for path in open_files if _looks_like_a_table(root, path)]
    if not tabular:
        _say(f"{root / WORKSPACE_FILE} is there already and reads every file; nothing to do.")
        return 0
    _say(f"{root / WORKSPACE_FILE} is there already and was left as it is. It does not read:")
    for path in tabular:
        _say(f"  {path}")
    _say("add a [[source]] for them, or let init write the file anew with --force.")
    return 1


def _looks_like_a_table(root: Path, path: Path) -> bool:
    try:
        look = look_at(root, path)
    except DataRefusedError:
        return False
    return table_of_file(path.name) is not None or guess(look).kind != "unknown"


def _take(
    root: Path, files: Sequence[Path], *, ask: Asker | None
) -> tuple[list[Taken], list[tuple[Path, str]]]:
    taken: list[Taken] = []
    left_out: list[tuple[Path, str]] = []
    named = [path for path in files if table_of_file(path.name)]
    for table in tables():
        group = [path for path in named if table_of_file(path.name) == table]
        if group:
            certain = Guess(kind="canonical", name=table, sure=1.0, why="named like the table")
            look = _canonical_look(root, group[0])
            taken.append(Taken(name=table, globs=_canonical_globs(table, group), guess=certain, look=look))
    for pattern, group in _alike([path for path in files if path not in named]).items():
        try:
            look = look_at(root, group[0])
        except DataRefusedError as error:
            left_out += [(path, str(error)) for path in group]
            continue
        found = guess(look)
        if ask is not None:
            found = ask.about(pattern, look, found)
        if found.kind == "unknown":
            left_out += [(path, found.why) for path in group]
        else:
            taken.append(Taken(name=_source_name(pattern), globs=(pattern,), guess=found, look=look))
    return taken, left_out


def _canonical_look(root: Path, path: Path) -> Look | None:
    """A look at a canonical file, for its programs and its encoding; landing says what is wrong with it."""
    try:
        return look_at(root, path)
    except DataRefusedError:
        return None


def _canonical_globs(table: str, group: Sequence[Path]) -> tuple[str, ...]:
    """The files themselves, and tomorrow's like them: `contacts.csv`, `contacts_*.csv`."""
    globs: dict[str, None] = {}
    for path in group:
        folder = "" if path.parent == Path() else f"{_escaped(path.parent.as_posix())}/"
        stem, ending = path.name[: len(table)], path.name[path.name.index(".") :]
        mark = path.name[len(table)]
        more = "" if mark == "." else "[0-9]*" if mark.isdigit() else f"{mark}*"
        globs[f"{folder}{stem}{more}{ending}"] = None
    return tuple(globs)


def _alike(files: Sequence[Path]) -> dict[str, list[Path]]:
    """Files that differ in digits only, such as the months of one export, under a glob of theirs."""
    groups: dict[str, list[Path]] = {}
    for path in files:
        groups.setdefault(re.sub(r"\d+(?:[-_]\d+)*", "*", path.as_posix()), []).append(path)
    return {
        (pattern if len(group) > 1 else _escaped(group[0].as_posix())): group
        for pattern, group in groups.items()
    }


def _escaped(name: str) -> str:
    return re.sub(r"([\[\]*?])", r"[\1]", name)


def _source_name(pattern: str) -> str:
    stem = Path(pattern).name.split(".")[0]
    return re.sub(r"[\[\]*?_\-\s]+", "_", stem).strip("_") or "files"


def _title(root: Path) -> str:
    return root.resolve().name.replace("_", " ").replace("-", " ").strip().capitalize() or "Workspace"


def _programs(root: Path, taken: Sequence[Taken]) -> tuple[Program, ...]:
    """A guess at the programs, since no file describes them."""
    seen = [one for one in taken if one.look is not None]
    looks = [one.look for one in seen if one.look is not None]
    ids = programs_named(looks, [_column_of(one, "program_id") for one in seen])
    slug = re.sub(r"[^a-z0-9]+", "_", root.resolve().name.lower()).strip("_") or "program"
    currency = _currency(seen)
    if not ids:
        return (Program(program_id=slug, name=_title(root), timezone="UTC", currency=currency),)
    return tuple(Program(program_id=one, name=one, timezone="UTC", currency=currency) for one in ids)


def _column_of(one: Taken, field: str) -> str | None:
    if one.guess.kind == "canonical":
        return field if one.look is not None and field in one.look.columns else None
    return next((found.column for found in one.guess.fields if found.field == field), None)


def _currency(taken: Sequence[Taken]) -> str:
    """The currency that most rows name, else U.S. dollars."""
    for one in taken:
        column = _column_of(one, "currency")
        if one.guess.kind == "preset":
            column = (
                next((name for name in ("Currency", "currency") if name in one.look.columns), None)
                if one.look
                else None
            )
        if one.look is not None and column in one.look.sample.columns:
            codes = one.look.sample[column].drop_nulls().str.to_uppercase()
            codes = codes.filter(codes.str.contains("^[A-Z]{3}$"))
            if len(codes):
                return str(codes.mode().sort()[0])
    return "USD"


def _summary(taken: Sequence[Taken], left_out: Sequence[tuple[Path, str]]) -> pl.DataFrame:
    rows: list[dict[str, str | None]] = [
        {
            "files": ", ".join(one.globs),
            "taken_as": one.guess.name,
            "sure": one.guess.confidence,
            "why": one.guess.why if not one.guess.missing else f"lacks {', '.join(one.guess.missing)}",
        }
        for one in taken
    ]
    rows += [{"files": str(path), "taken_as": None, "sure": None, "why": why} for path, why in left_out]
    schema = {"files": pl.String, "taken_as": pl.String, "sure": pl.String, "why": pl.String}
    return pl.DataFrame(rows, schema=schema)


class Asker:
    """Asks on the terminal about files that are not certain."""

    def about(self, pattern: str, look: Look, found: Guess) -> Guess:
        """What the person says a file is; the guess when she agrees.

        Raises:
            UsageError: If there is no terminal to ask on.
        """
        if not (sys.stdin.isatty() and sys.stderr.isatty()):
            raise UsageError(
                f"{pattern} has to be asked about, but there is no terminal; "
                "use --yes to take the best guess, or write plumbline.toml yourself."
            )
        if found.kind == "unknown":
            _say(f"\n{pattern}: {found.why}. Columns: {', '.join(look.columns[:12])}")
            question, default = "table or preset (Enter leaves the file out): ", "skip"
        else:
            _say(f"\n{pattern}: {found.confidence} to be {found.name}, {found.why}.")
            question, default = f"use {found.name}? [Y, skip, or another table or preset]: ", "yes"
        while True:
            print(question, end="", file=sys.stderr, flush=True)
            answer = (sys.stdin.readline().strip() or default).lower()
            if answer in ("y", "yes"):
                return found
            if answer in ("s", "skip", "n", "no"):
                return Guess(kind="unknown", name="", sure=0, why="left out as you said")
            if answer in tables():
                return guess_table(look, tables()[answer])
            if answer in presets():
                return Guess(kind="preset", name=answer, sure=1, why="as you said", needs_program=True)
            _say(f"neither a table ({', '.join(tables())}) nor a preset ({', '.join(presets())}).")


def _asker() -> Asker:
    return Asker()


def _say(text: str) -> None:
    print(text, file=sys.stderr)
