"""A file of contacts with bad rows of many kinds among good ones, and what must be said of each."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from pipelines.canonical import tables

COLUMNS = tables()["contacts"].column_names
Row = dict[str, str]


@dataclass(frozen=True)
class Bad:
    """A bad row: the physical line it starts on, the column and words of the reason that it must be given."""

    line: int
    kind: str
    column: str | None
    reason: str


@dataclass(frozen=True)
class BadFile:
    """The file, its bad rows, and the ids of the good ones in order."""

    content: bytes
    bad: tuple[Bad, ...]
    good: tuple[str, ...]


def _cells(**changes: str) -> Callable[[Row], bytes]:
    return lambda row: write({**row, **changes})


def _raw(change: Callable[[bytes], bytes]) -> Callable[[Row], bytes]:
    return lambda row: change(write(row))


def write(row: Row) -> bytes:
    """One line of CSV."""
    quoted = [
        '"' + cell.replace('"', '""') + '"' if any(mark in cell for mark in '",\n') else cell
        for cell in (row[name] for name in COLUMNS)
    ]
    return ",".join(quoted).encode() + b"\n"


_FIELDS = f"fields where the header has {len(COLUMNS)}"
KINDS: dict[str, tuple[Callable[[Row], bytes], str | None, str]] = {
    "a field too many": (_raw(lambda line: line[:-1] + b",more\n"), None, _FIELDS),
    "a field too few": (_raw(lambda line: line[: line.rindex(b",")] + b"\n"), None, _FIELDS),
    "another delimiter": (_raw(lambda line: line.replace(b",", b";")), None, "1 field where"),
    "cut in the middle": (_raw(lambda line: line[:40].rstrip(b"\n") + b"\n"), None, _FIELDS),
    "a quote never closed": (_raw(lambda line: line.replace(b",", b',"', 1)), None, "never closed"),
    "a quote in an empty field": (_raw(lambda line: line.replace(b",,", b',",', 1)), None, "never closed"),
    "not UTF-8": (_raw(lambda line: b"caf\xe9" + line), None, "not UTF-8"),
    "a NUL byte": (_raw(lambda line: line.replace(b",", b"\0,", 1)), None, "NUL"),
    "a blank line": (lambda row: b"\n", None, "blank"),
    "a line of spaces": (lambda row: b"   \t \n", None, "blank"),
    "no contact": (_cells(contact_id=""), "contact_id", "required"),
    "no program": (_cells(program_id="  "), "program_id", "required"),
    "no channel": (_cells(channel=""), "channel", "required"),
    "no issue": (_cells(issue=""), "issue", "required"),
    "no opening": (_cells(opened_at=""), "opened_at", "required"),
    "month 13": (_cells(opened_at="2024-13-01T00:00:00Z"), "opened_at", "not a timestamp"),
    "an American date": (_cells(opened_at="01/31/2024 10:00"), "opened_at", "not a timestamp"),
    "a date in words": (_cells(closed_at="yesterday"), "closed_at", "not a timestamp"),
    "a date that never was": (_cells(csat_at="0001-01-01T00:00:00Z"), "csat_at", "between 1900"),
    "closed before opened": (_cells(closed_at="2023-12-31T00:00:00Z"), "closed_at", "before opened_at"),
    "answered before opened": (
        _cells(first_response_at="2023-12-31T00:00:00Z"),
        "first_response_at",
        "before opened_at",
    ),
    "an unknown channel": (_cells(channel="telepathy"), "channel", "not one of voice"),
    "an unknown direction": (_cells(direction="sideways"), "direction", "not one of inbound"),
    "an unknown issue": (_cells(issue="weather"), "issue", "not one of wismo"),
    "an unknown escalation": (_cells(escalation="police"), "escalation", "not one of none"),
    "an unknown resolution": (_cells(resolution="magic"), "resolution", "not one of answered"),
    "a negative wait": (_cells(wait_seconds="-1"), "wait_seconds", "negative"),
    "seconds in words": (_cells(handle_seconds="long"), "handle_seconds", "not a number"),
    "a decimal comma": (_cells(handle_seconds="1,5"), "handle_seconds", "not a number"),
    "not a number": (_cells(wait_seconds="NaN"), "wait_seconds", "not a number"),
    "maybe abandoned": (_cells(abandoned="maybe"), "abandoned", "neither true nor false"),
    "half a transfer": (_cells(transfers="1.5"), "transfers", "not a whole number"),
    "negative reopens": (_cells(reopens="-2"), "reopens", "negative"),
    "a rating above its scale": (_cells(csat_score="6", csat_min="", csat_max=""), "csat_score", "above 5"),
    "a rating below its scale": (
        _cells(csat_score="0", csat_min="1", csat_max="10"),
        "csat_score",
        "below csat_min",
    ),
    "a scale upside down": (
        _cells(csat_score="5", csat_min="5", csat_max="5"),
        "csat_max",
        "not above csat_min",
    ),
    "an address as order": (_cells(order_id="ann.lee@example.com"), "order_id", "e-mail address"),
    "an older state of a contact": (
        _cells(contact_id="good-0", updated_at="2020-01-01T00:00:00Z"),
        "contact_id",
        "the same contact_id again on line",
    ),
}


def good_row(number: int, rng: random.Random) -> Row:
    """A row that nothing is wrong with; some have texts that make a parser think."""
    row = dict.fromkeys(COLUMNS, "")
    day = f"2024-01-{number % 28 + 1:02d}T{number % 24:02d}:30:00Z"
    row |= {
        "contact_id": f"good-{number}",
        "program_id": "P1",
        "customer_id": f"customer{rng.randrange(500)}@example.com",
        "order_id": rng.choice(["", f"o-{number}", 'o "big"', "o,comma", "o\nbroken", "Größe 5"]),
        "channel": rng.choice(["voice", "chat", "Email"]),
        "issue": rng.choice(["wismo", "refund"]),
        "opened_at": day,
        "closed_at": day.replace("2024-01", "2024-02"),
        "wait_seconds": str(rng.randrange(100)),
        "abandoned": rng.choice(["", "true", "No"]),
        "transfers": rng.choice(["0", "1", "2.0"]),
        "csat_score": rng.choice(["", "1", "5"]),
        "updated_at": "2024-03-01T00:00:00Z",
    }
    return row


def make(bad_rows: int, good_rows: int, seed: int = 5) -> BadFile:
    """A file with so many bad rows, kinds in turn, spread at random among so many good ones."""
    rng = random.Random(seed)
    kinds = [list(KINDS)[number % len(KINDS)] for number in range(bad_rows)]
    order = [None] * (good_rows - 1) + kinds
    rng.shuffle(order)
    pieces, bad, good, line = [",".join(COLUMNS).encode() + b"\n"], [], [], 2
    for number, kind in enumerate([None, *order]):
        row = good_row(number, rng)
        if kind is None:
            good.append(row["contact_id"])
            piece = write(row)
        else:
            # A broken record must not be one that a line break in a quoted cell spreads over several lines.
            make_bad, column, reason = KINDS[kind]
            piece = make_bad({**row, "contact_id": f"bad-{number}", "order_id": "plain"})
            bad.append(Bad(line, kind, column, reason))
        pieces.append(piece)
        line += piece.count(b"\n")
    return BadFile(b"".join(pieces), tuple(bad), tuple(good))
