"""Which files a source finds in a workspace, and which table each is for; imports canonical and sources."""

from __future__ import annotations

import re
from pathlib import Path

from pipelines.canonical import Table, tables
from pipelines.errors import DataRefusedError
from pipelines.settings import WORKSPACE_FILE
from pipelines.sources.config import Part, Source


def table_of_file(name: str) -> str | None:
    """The canonical table that a file is named after: `contacts_2024-05.csv.gz` is contacts."""
    stem = re.split(r"\.", name, maxsplit=1)[0].lower().replace("-", "_")
    for table in sorted(tables(), key=len, reverse=True):
        if stem == table or re.match(rf"{table}[_ (\d]", stem):
            return table
    return None


def _natural(path: Path) -> list[tuple[int, int | str]]:
    """A sort key in which part_2 comes before part_10."""
    pieces = re.split(r"(\d+)", path.as_posix().lower())
    return [(0, int(piece)) if piece.isdigit() else (1, piece) for piece in pieces if piece]


def files_of(source: Source, root: Path) -> list[Path]:
    """The files that a source's globs match, each once, in natural order; hidden ones never."""
    found: dict[Path, None] = {}
    for pattern in source.files:
        plain = Path(pattern)
        if plain.is_absolute():
            base, pattern = Path(plain.anchor), str(plain.relative_to(plain.anchor))
        else:
            base = root
        for path in sorted(base.glob(pattern), key=_natural):
            pieces = path.relative_to(base).parts
            is_hidden = any(piece.startswith(".") and piece != ".." for piece in pieces)
            if path.is_file() and not is_hidden and path != root / WORKSPACE_FILE:
                found[path] = None
    return list(found)


def table_of(part: Part, path: Path) -> Table:
    if part.table is not None:
        return tables()[part.table]
    name = table_of_file(path.name)
    if name is None:
        raise DataRefusedError(
            f"its name says none of the tables {', '.join(tables())}; rename it or set 'table' of its source"
        )
    return tables()[name]
