"""The structural gate: physical lines are exact and conserved, and a bad mark swallows no neighbour."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sources.gate import BLANK, NOT_UTF8, NUL, UNTERMINATED, Gate, join_cells, split_leniently


def look(body: bytes, fields: int, *, size: int = 0) -> tuple[list[list[str]], list[int], dict[int, str]]:
    """Records, their lines and the rejects of a body that comes in blocks of some bytes."""
    step = size or max(len(body), 1)
    blocks: Iterator[bytes] = (body[at : at + step] for at in range(0, len(body), step))
    text, lines, rejects, physical, embedded = b"", [], {}, 0, 0
    for found in Gate(separator=b",", fields=fields, first_line=2).records(blocks):
        text += found.text
        lines += found.lines.tolist()
        rejects |= {reject.line: reject.reason for reject in found.rejects}
        physical += found.physical
        embedded += found.embedded
    newlines = body.count(b"\n") + (not body.endswith(b"\n") and bool(body))
    assert physical == newlines == len(lines) + len(rejects) + embedded
    records = list(csv.reader(io.StringIO(text.decode("utf-8"), newline=""), strict=True))
    assert len(records) == len(lines)
    return records, lines, rejects


TROUBLE = (
    b"1,2,3\n"
    b'"a","b ""q"" x","c\nd"\n'
    b"\n"
    b"1,2\n"
    b"1,2,3,4\n"
    b'1,"never closed,3\n'
    b"4,5,6\n"
    b'7,5" screen,9\n'
    b'8,"two\nlines \xff",9\n'
    b"\xff,2,3\n"
    b"9,\0,1\n"
    b'10,"a,b",last'
)


@pytest.mark.parametrize("size", [0, 1, 2, 3, 7, 20, 64])
def test_every_line_is_told_apart_however_the_text_is_cut(size: int) -> None:
    records, lines, rejects = look(TROUBLE, 3, size=size)
    assert records == [
        ["1", "2", "3"],
        ["a", 'b "q" x', "c\nd"],
        ["4", "5", "6"],
        ["7", '5" screen', "9"],
        ["10", "a,b", "last"],
    ]
    assert lines == [2, 3, 9, 10, 15]
    assert rejects == {
        5: BLANK,
        6: "2 fields where the header has 3",
        7: "4 fields where the header has 3",
        8: UNTERMINATED,
        11: NOT_UTF8,
        13: NOT_UTF8,
        14: NUL,
    }


def test_two_unclosed_marks_near_each_other_do_not_swallow_the_lines_between() -> None:
    body = b'1,"a,c,d,e,f\n2,b,c,d,e,f\n3,b,c,d,e,f\n4,"a,c,d,e,f\n5,b,c,d,e,f\n'
    _, lines, rejects = look(body, 6)
    assert lines == [3, 4, 6]
    assert rejects == {2: UNTERMINATED, 5: UNTERMINATED}


def test_two_unclosed_marks_on_neighbouring_lines_are_two_rejects() -> None:
    _, lines, rejects = look(b'1,"a,c,d,e,f\n2,"a,c,d,e,f\n3,b,c,d,e,f\n', 6)
    assert lines == [4]
    assert set(rejects) == {2, 3}


@pytest.mark.parametrize("bad", [b'2,b,"', b'2,",c', b'",b,c'])
def test_marks_that_open_empty_fields_do_not_swallow_the_lines_between(bad: bytes) -> None:
    body = b"1,b,c\n" + bad + b'\n3,b,"c,c"\n4,b,c\n' + bad + b"\n6,b,c\n" + bad + b"\n" + bad + b"\n9,b,c\n"
    _, lines, rejects = look(body, 3)
    assert lines == [2, 4, 5, 7, 10]
    assert set(rejects) == {3, 6, 8, 9}


def test_a_text_that_ends_with_a_line_break_is_one_record() -> None:
    records, _, rejects = look(b'1,"a,b\nc,d\n",x\n2,"\nb,c",y\n', 3)
    assert records == [["1", "a,b\nc,d\n", "x"], ["2", "\nb,c", "y"]]
    assert rejects == {}


def test_a_long_text_with_line_breaks_and_blank_lines_is_one_record() -> None:
    text = "\n\n".join(f'paragraph {n}, "as they say"' for n in range(200))
    body = f'1,"{text.replace(chr(34), chr(34) * 2)}",c,d,e,f\n2,b,c,d,e,f\n'.encode()
    records, lines, rejects = look(body, 6, size=500)
    assert records[0][1] == text
    assert lines == [2, 2 + 399]
    assert rejects == {}


def test_a_mark_that_never_closes_at_the_end_of_the_file_is_one_reject() -> None:
    _, lines, rejects = look(b'1,b,c,d,e,f\n2,"b,c,d,e,f\n', 6)
    assert (lines, rejects) == ([2], {3: UNTERMINATED})


def test_one_column_needs_no_separator() -> None:
    records, lines, rejects = look(b"a\n\nb\n", 1)
    assert (records, lines, rejects) == ([["a"], ["b"]], [2, 4], {3: BLANK})


def test_text_behind_a_closing_mark_is_kept() -> None:
    assert split_leniently(b'"b" thick,c', b",") is None
    assert split_leniently(b'a,"b"x",c', b",") == [b"a", b'b"x', b"c"]
    assert join_cells([b'b"x', b"c,d"], b",") == b'"b""x","c,d"\n'


cells = st.text(st.sampled_from('ab", \n;é0'), max_size=6)


@given(st.lists(st.lists(cells, min_size=5, max_size=5), min_size=1, max_size=12), st.integers(1, 40))
def test_what_a_csv_writer_writes_comes_back(table: list[list[str]], size: int) -> None:
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(table)
    records, _, rejects = look(out.getvalue().encode(), 5, size=size)
    assert rejects == {}
    assert records == table


@given(st.binary(max_size=200), st.integers(1, 6), st.integers(1, 50))
def test_no_bytes_lose_a_line(body: bytes, fields: int, size: int) -> None:
    whole = look(body, fields) if _is_lf(body) else None
    if whole is not None:
        assert look(body, fields, size=size) == whole


def _is_lf(body: bytes) -> bool:
    # The gate is handed text whose line ends are LF already; a lone CR stays as a character of a cell.
    return b"\r" not in body and bool(body)


@pytest.mark.parametrize("more", [1 << 8, 1 << 16])
def test_separators_are_counted_beyond_what_a_narrow_number_holds(more: int) -> None:
    body = b"1,2,3\n" + b"," * (2 + more) + b"\n4,5,6\n"
    records, lines, rejects = look(body, 3)
    assert records == [["1", "2", "3"], ["4", "5", "6"]]
    assert lines == [2, 4]
    assert rejects == {3: f"{3 + more} fields where the header has 3"}


def test_a_header_of_more_columns_than_a_byte_can_count() -> None:
    cells = [str(number) for number in range(300)]
    body = ",".join(cells).encode() + b"\n1,2,3\n"
    records, lines, rejects = look(body, 300)
    assert records == [cells]
    assert (lines, rejects) == ([2], {3: "3 fields where the header has 300"})
    assert look(b"1,2,3\n", 300) == ([], [], {2: "3 fields where the header has 300"})


@given(
    st.lists(st.lists(st.text('ab "\t\v', max_size=4), min_size=3, max_size=3), min_size=1, max_size=4),
    st.booleans(),
)
def test_a_tidy_text_has_no_spaces_around_its_fields_and_no_empty_quotes(
    rows: list[list[str]], quoted: bool
) -> None:
    written = io.StringIO()
    style = csv.QUOTE_ALL if quoted else csv.QUOTE_MINIMAL
    csv.writer(written, lineterminator="\n", quoting=style).writerows(rows)
    text = written.getvalue()
    found = list(Gate(separator=b",", fields=3, first_line=2).records(iter([text.encode()])))
    plain = all(cell == cell.strip() and '"' not in cell for cells in rows for cell in cells)
    tidy = plain and not (quoted and any(not cell for cells in rows for cell in cells))
    assert all(one.tidy == tidy for one in found)
