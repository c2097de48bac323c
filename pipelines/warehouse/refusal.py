"""The newest load that was refused, kept so that people who look at the last good warehouse are told.

Imports errors only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipelines.errors import DataRefusedError, ModelError

FILE = "refused.json"


@dataclass(frozen=True)
class Refusal:
    """A load that published nothing.

    Attributes:
        at: When it was refused, aware, UTC.
        sentence: Why, as the command said it.
    """

    at: datetime
    sentence: str


@contextmanager
def remembered(state: Path) -> Iterator[None]:
    """Write down a refusal on its way out; a load that goes through makes the last one forgotten."""
    try:
        yield
    except (DataRefusedError, ModelError) as error:
        # the refusal itself is what must be heard, whatever becomes of the note about it
        with suppress(OSError):
            _write(state / FILE, str(error))
        raise
    (state / FILE).unlink(missing_ok=True)


def last_refusal(state: Path) -> Refusal | None:
    """The refusal since the last load that went through, or None."""
    try:
        written = json.loads((state / FILE).read_text("utf-8"))
        return Refusal(datetime.fromisoformat(written["at"]), written["sentence"])
    except (OSError, ValueError, KeyError):
        return None


def _write(path: Path, sentence: str) -> None:
    beside = path.with_name(f".{path.name}.tmp")
    beside.write_text(json.dumps({"at": datetime.now(UTC).isoformat(), "sentence": sentence}) + "\n", "utf-8")
    beside.replace(path)
