"""The structural gate: which lines of a CSV text are records; imports nothing of ours.

A parser that meets one unterminated quote may swallow thousands of lines without a word. So every line is
looked at first, and the parser only ever sees records that are known to be sound. What is found out here is
exact in physical lines (the header is line 1) and conserves them:
records + rejects + lines embedded in quotes + header = lines.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

LF, QUOTE = 10, 34
MAX_EMBEDDED_LINES = 1000
RECORD, CONTINUED, REJECTED, DROPPED = range(4)

BLANK = "the line is blank"
UNTERMINATED = "a quotation mark is opened and never closed"
NOT_UTF8 = "the line is not UTF-8 text"
NUL = "the line holds a NUL byte"


@dataclass(frozen=True)
class LineReject:
    """A line that is no record."""

    line: int
    reason: str


@dataclass(frozen=True)
class Records:
    """Some consecutive lines of a file, told apart.

    Attributes:
        text: The sound records as CSV, one after another, each ending in LF.
        lines: Physical line on which each of them starts.
        rejects: The lines that are no record.
        physical: Physical lines looked at.
        embedded: Of these, lines inside a quoted field of a record that began earlier.
        quoted: Whether the text holds a quotation mark.
        tidy: Whether it surely holds no spaces around fields, and no empty field in quotation marks.
        at_signs: Whether it holds an @, and so perhaps an e-mail address.
    """

    text: bytes
    lines: np.ndarray
    rejects: tuple[LineReject, ...]
    physical: int
    embedded: int
    quoted: bool
    tidy: bool
    at_signs: bool


@dataclass
class _Lines:
    """The lines of one block and what is known of each.

    `state` is RECORD where a record starts, CONTINUED inside it, REJECTED and DROPPED likewise for a reject.
    """

    data: np.ndarray
    starts: np.ndarray
    ends: np.ndarray
    state: np.ndarray
    reasons: dict[int, str] = field(default_factory=dict)
    rewritten: dict[int, bytes] = field(default_factory=dict)

    def text(self, first: int, last: int) -> bytes:
        return self.data[self.starts[first] : self.ends[last]].tobytes()

    def join(self, first: int, last: int) -> None:
        self.state[first + 1 : last + 1] = CONTINUED

    def reject(self, line: int, reason: str) -> None:
        """Reject the record that a line is part of, with a reason seen on that line."""
        first = line
        while self.state[first] in (CONTINUED, DROPPED):
            first -= 1
        self.state[first] = REJECTED
        self.reasons.setdefault(first, reason)
        following = first + 1
        while following < len(self.state) and self.state[following] == CONTINUED:
            self.state[following] = DROPPED
            following += 1


class Gate:
    """Tells records from other lines in the body of a CSV text.

    Args:
        separator: One byte.
        fields: How many fields a record has.
        first_line: Physical line on which the body starts.
    """

    def __init__(self, *, separator: bytes, fields: int, first_line: int) -> None:
        self._separator = separator
        self._fields = fields
        self._line = first_line
        self._mask = np.empty(0, bool)
        self._spaces = [space for space in (b" ", b"\t", b"\r", b"\v", b"\f") if space != separator]
        name = re.escape(separator)
        cell = rb'(?:"(?:[^"]++|"")*+"|[^"\n' + name + rb"]*+)"
        self._strict = re.compile(cell + rb"(?:" + name + cell + rb"){%d}" % (fields - 1))

    def records(self, blocks: Iterator[bytes]) -> Iterator[Records]:
        """The records of a text that comes in blocks, which may be cut anywhere."""
        rest = b""
        for block in blocks:
            cut = block.rfind(b"\n") + 1
            if cut == 0:
                rest += block
                continue
            text, rest = rest + block[:cut], block[cut:]
            found, left = self._look(text, final=False)
            rest = left + rest
            if found.physical:
                yield found
        if rest:
            yield self._look(rest if rest.endswith(b"\n") else rest + b"\n", final=True)[0]

    def _look(self, text: bytes, *, final: bool) -> tuple[Records, bytes]:
        data = np.frombuffer(text, np.uint8)
        ends = self._places(data, LF)
        starts = np.empty_like(ends)
        starts[0] = 0
        starts[1:] = ends[:-1] + 1
        size = len(ends)
        lines = _Lines(data, starts, ends, np.full(size, RECORD, np.uint8))
        quoted = b'"' in text
        counts = self._count(data, starts)
        held = size
        if quoted:
            counts = counts.astype(np.int64)
            held = self._quotes(lines, counts, final=final)
        _check_bytes(text, lines, held)
        for line in np.flatnonzero(
            (counts != self._fields - 1)[:held] & (lines.state == RECORD)[:held]
        ).tolist():
            blank = not text[starts[line] : ends[line]].strip()
            lines.reject(line, BLANK if blank else self._miscounted(int(counts[line]) + 1))
        if self._fields == 1:
            for line in np.flatnonzero((ends == starts)[:held] & (lines.state == RECORD)[:held]).tolist():
                lines.reject(line, BLANK)
        left = b"" if held == size else text[starts[held] :]
        return self._collect(text, lines, held, quoted=quoted), left

    def _places(self, data: np.ndarray, byte: int) -> np.ndarray:
        return np.flatnonzero(self._where(data, byte))

    def _where(self, data: np.ndarray, byte: int) -> np.ndarray:
        """Where a byte stands, until asked again: fresh memory costs more than the comparison."""
        if len(self._mask) < len(data):
            self._mask = np.empty(len(data), bool)
        return np.equal(data, byte, out=self._mask[: len(data)])

    def _count(self, data: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Separators from each start to the next; added up in single bytes, unless one cannot say so many."""
        where = self._where(data, self._separator[0]).view(np.uint8)
        counts = np.add.reduceat(where, starts, dtype=np.uint8)
        if int(counts.sum(dtype=np.int64)) != int(np.count_nonzero(where[starts[0] :])):
            return np.add.reduceat(where, starts, dtype=np.int64)
        return counts

    def _quotes(self, lines: _Lines, counts: np.ndarray, *, final: bool) -> int:
        """Settle the lines with quotation marks; `counts` loses the separators inside them.

        Returns:
            Number of lines that are settled; the rest needs text that has not come yet.
        """
        data, starts = lines.data, lines.starts
        size = len(starts)
        quotes = self._places(data, QUOTE)
        first = np.searchsorted(quotes, starts)
        per_line = np.diff(first, append=len(quotes))
        odd = (per_line & 1).astype(bool)
        # Every other mark of a line opens, the first one to begin with.
        opens = (np.arange(len(quotes)) - np.repeat(first, per_line)) & 1 == 0

        # What is inside reaches from a mark that opens to the next one, or to the line's end.
        following = np.append(quotes[1:], 0)
        following[(first + per_line - 1)[odd]] = lines.ends[odd]
        turns = np.column_stack((quotes[opens], following[opens])).ravel()
        inside = self._count(data, turns)[::2].astype(np.int64)
        marked = np.flatnonzero(per_line)
        n_opened = (per_line[marked] + 1) // 2
        counts[marked] -= np.add.reduceat(inside, np.cumsum(n_opened) - n_opened)

        # A mark that opens must follow a separator, a line's start or a mark; one that closes must come
        # before a separator, a line's end or a mark. Lines of which this is not true are read one by one.
        beside = np.where(opens, quotes - 1, quotes + 1)
        neighbour = data[np.clip(beside, 0, len(data) - 1)]
        fine = (neighbour == self._separator[0]) | (neighbour == LF) | (neighbour == QUOTE) | (beside < 0)
        irregular = np.zeros(size, bool)
        irregular[np.searchsorted(lines.ends, quotes[~fine])] = True

        held = self._join(lines, odd, counts, final=final)
        for line in np.flatnonzero((irregular & ~odd & (lines.state == RECORD))[:held]).tolist():
            self._read_leniently(lines, line, counts)
        return held

    def _join(self, lines: _Lines, odd: np.ndarray, counts: np.ndarray, *, final: bool) -> int:
        """Join lines that a quoted line break cut, and reject marks that are never closed."""
        size = len(odd)
        settled = -1
        odd_lines = np.flatnonzero(odd)
        for position, first in enumerate(odd_lines.tolist()):
            if first <= settled:
                continue
            last = int(odd_lines[position + 1]) if position + 1 < len(odd_lines) else size
            if last == size and not final and size - first <= MAX_EMBEDDED_LINES:
                return first
            if last < size and last - first <= MAX_EMBEDDED_LINES:
                # Only a record that keeps every rule is joined: where a mark was left open, the next mark,
                # which opens a field of its own, is followed by text and cannot be the one that closes.
                whole = bool((counts[first + 1 : last] == self._fields - 1).all())
                stray = whole and self._is_stray(lines, first) and self._is_stray(lines, last)
                if not stray and self._strict.fullmatch(lines.text(first, last)):
                    lines.join(first, last)
                    counts[first] = self._fields - 1
                    settled = last
                    continue
            self._read_leniently(lines, first, counts)
        return size

    def _is_stray(self, lines: _Lines, line: int) -> bool:
        """Whether a line is a whole record but for one mark that opens an empty field and stays open.

        Two such lines, and the whole records between them, would also pass as one long quoted field.
        """
        text = lines.text(line, line)
        if self._fields == 1 or text.count(b'"') != 1 or text.count(self._separator) != self._fields - 1:
            return False
        place = text.index(b'"')
        return place == 0 or text[place - 1 : place] == self._separator

    def _read_leniently(self, lines: _Lines, line: int, counts: np.ndarray) -> None:
        """Read a line whose marks break the rules as people mean it, or reject it.

        A mark inside a field that does not begin with one is text, as in `5" screen`.
        """
        cells = split_leniently(lines.text(line, line), self._separator)
        if cells is None:
            lines.reject(line, UNTERMINATED)
        elif len(cells) == self._fields:
            lines.rewritten[line] = join_cells(cells, self._separator)
            counts[line] = self._fields - 1
        else:
            lines.reject(line, self._miscounted(len(cells)))

    def _miscounted(self, found: int) -> str:
        return f"{found} field{'s' if found != 1 else ''} where the header has {self._fields}"

    def _collect(self, text: bytes, lines: _Lines, held: int, *, quoted: bool) -> Records:
        first_line = self._line
        self._line += held
        state = lines.state[:held]
        numbers = np.flatnonzero(state == RECORD) + first_line
        rejects = tuple(
            LineReject(line + first_line, lines.reasons[line])
            for line in np.flatnonzero(state == REJECTED).tolist()
        )
        out = state >= REJECTED
        changed = sorted({*np.flatnonzero(out).tolist(), *(line for line in lines.rewritten if line < held)})
        end = int(lines.ends[held - 1]) + 1 if held else 0
        if changed:
            pieces, position = [], 0
            for line in changed:
                pieces.append(text[position : lines.starts[line]])
                if not out[line]:
                    pieces.append(lines.rewritten[line])
                position = int(lines.ends[line]) + 1
            pieces.append(text[position:end])
            sound = b"".join(pieces)
        else:
            sound = text if end == len(text) else text[:end]
        return Records(
            text=sound,
            lines=numbers,
            rejects=rejects,
            physical=held,
            embedded=int(((state == CONTINUED) | (state == DROPPED)).sum()),
            quoted=quoted,
            tidy=self._is_tidy(sound, quoted=quoted),
            at_signs=b"@" in sound,
        )

    def _is_tidy(self, text: bytes, *, quoted: bool) -> bool:
        if not text.isascii() or any(self._is_beside(space, text, quoted=quoted) for space in self._spaces):
            return False
        # two marks side by side are an empty field, which would be no missing one, or a mark within text
        return not quoted or not (np.diff(self._places(np.frombuffer(text, np.uint8), QUOTE)) == 1).any()

    def _is_beside(self, space: bytes, text: bytes, *, quoted: bool) -> bool:
        """Whether a kind of space begins or ends any field."""
        if space not in text:
            return False
        data = np.frombuffer(text, np.uint8)
        places = self._places(data, space[0])
        # the text ends with a line: what stands before its first byte is looked for there
        edges = (self._separator[0], LF, *([QUOTE] if quoted else []))
        return any(
            bool((beside == edge).any()) for beside in (data[places - 1], data[places + 1]) for edge in edges
        )


def _check_bytes(text: bytes, lines: _Lines, held: int) -> None:
    """Reject the lines that are not UTF-8 or hold a NUL byte, and the whole record that they are part of."""
    suspects: dict[int, str] = {}
    if b"\0" in text:
        for position in np.flatnonzero(lines.data == 0):
            suspects.setdefault(int(np.searchsorted(lines.ends, position)), NUL)
    if not text.isascii():
        try:
            text.decode("utf-8")
        except UnicodeDecodeError:
            high = np.flatnonzero(lines.data >= 128)
            for line in np.unique(np.searchsorted(lines.ends, high)).tolist():
                try:
                    lines.text(line, line).decode("utf-8")
                except UnicodeDecodeError:
                    suspects[line] = NOT_UTF8
    for line, reason in sorted(suspects.items()):
        if line < held:
            lines.reject(line, reason)


def split_leniently(line: bytes, separator: bytes) -> list[bytes] | None:
    """The fields of one line, or None when a field opens a quotation mark and never closes it."""
    cells: list[bytes] = []
    position, size = 0, len(line)
    while True:
        if line[position : position + 1] == b'"':
            cell, position = _quoted_cell(line, position + 1, separator)
            if position < 0:
                return None
        else:
            end = line.find(separator, position)
            end = size if end < 0 else end
            cell, position = line[position:end], end
        cells.append(cell)
        if position >= size:
            return cells
        position += 1


def _quoted_cell(line: bytes, position: int, separator: bytes) -> tuple[bytes, int]:
    """Text of a quoted field and where it ends (-1: never). Text after the closing mark is kept."""
    parts: list[bytes] = []
    while True:
        mark = line.find(b'"', position)
        if mark < 0:
            return b"", -1
        parts.append(line[position:mark])
        following = line[mark + 1 : mark + 2]
        if following == b'"':
            parts.append(b'"')
            position = mark + 2
        elif following in (separator, b""):
            return b"".join(parts), mark + 1
        else:
            parts.append(b'"')
            position = mark + 1


def join_cells(cells: list[bytes], separator: bytes) -> bytes:
    """One line of CSV that every reader understands alike."""
    return (
        separator.join(
            b'"' + cell.replace(b'"', b'""') + b'"' if b'"' in cell or separator in cell else cell
            for cell in cells
        )
        + b"\n"
    )
