"""Files as they come: encodings, compression, delimiters, headers, Parquet, NDJSON; lines stay exact."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from pipelines.errors import DataRefusedError
from pipelines.sources.config import Part, Source
from pipelines.sources.files import text_blocks
from pipelines.sources.ndjson import parse_path, value_at
from pipelines.sources.reading import LINE, read_chunks, read_header

TEXT = "id,name,amount\n1,Zoë,2.50\n2,日本,3\n"
ROWS = [(2, "1", "Zoë", "2.50"), (3, "2", "日本", "3")]


def part(**options: str) -> Part:
    return Part(
        name="",
        table=None,
        columns={},
        values={},
        formats={},
        constants={},
        expressions={},
        prefix={},
        **options,
    )


def read(
    path: Path, *names: str, mapping: Part | None = None, **options: str
) -> tuple[pl.DataFrame, dict[int, str]]:
    """All records of a file and its rejects by line."""
    source = Source(name="test", files=(path.name,), parts=(), **options)
    header = read_header(path, source)
    asked = names or tuple(header.names or ())
    chunks = list(read_chunks(path, source, mapping or part(), header, asked))
    frame = pl.concat([chunk.frame.with_columns(pl.col(asked).cast(pl.String)) for chunk in chunks])
    return frame, {reject.line: reject.reason for chunk in chunks for reject in chunk.rejects}


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("plain.csv", TEXT.encode()),
        ("mark.csv", b"\xef\xbb\xbf" + TEXT.encode()),
        ("utf16.csv", TEXT.encode("utf-16")),
        ("utf16be.csv", b"\xfe\xff" + TEXT.encode("utf-16-be")),
        ("crlf.csv", TEXT.replace("\n", "\r\n").encode()),
        ("mac.csv", TEXT.replace("\n", "\r").encode()),
        ("open_end.csv", TEXT.rstrip("\n").encode()),
        ("packed.csv.gz", gzip.compress(TEXT.encode())),
        ("packed_utf16.csv.gz", gzip.compress(TEXT.encode("utf-16"))),
        ("packed.csv.zst", pa.compress(TEXT.encode(), codec="zstd", asbytes=True)),
        ("misnamed.csv", gzip.compress(TEXT.encode())),
        ("semicolon.csv", TEXT.replace(",", ";").encode()),
        ("tab.tsv", TEXT.replace(",", "\t").encode()),
        ("pipe.txt", TEXT.replace(",", "|").encode()),
        ("excel.csv", b"sep=;\n" + TEXT.replace(",", ";").encode()),
        (
            "quoted.csv",
            b'"id","name","amount"\n"1","Zo\xc3\xab","2.50"\n"2","\xe6\x97\xa5\xe6\x9c\xac","3"\n',
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_same_table_however_it_is_written(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    frame, rejects = read(tmp_path / name)
    shift = 1 if name == "excel.csv" else 0
    assert frame.rows() == [(line + shift, *cells) for line, *cells in ROWS]
    assert rejects == {}


def test_a_declared_encoding_is_used(tmp_path: Path) -> None:
    (tmp_path / "old.csv").write_bytes("id,name\n1,Zoë €\n".encode("cp1252"))
    frame, _ = read(tmp_path / "old.csv", encoding="cp1252")
    assert frame["name"].to_list() == ["Zoë €"]


def test_a_line_in_another_encoding_is_a_reject_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "mixed.csv").write_bytes(b"id,name\n1,Zo\xc3\xab\n2,Zo\xeb\n3,x\n")
    frame, rejects = read(tmp_path / "mixed.csv")
    assert frame[LINE].to_list() == [2, 4]
    assert rejects == {3: "the line is not UTF-8 text"}


def test_lines_stay_exact_behind_line_breaks_in_quotes_with_crlf(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b'id,note\r\n1,"a\r\n\r\nb"\r\n2,x\r\n3\r\n4,y\r\n')
    frame, rejects = read(tmp_path / "a.csv")
    assert frame.rows() == [(2, "1", "a\n\nb"), (5, "2", "x"), (7, "4", "y")]
    assert rejects == {6: "1 field where the header has 2"}


def test_a_header_may_hold_line_breaks(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text('id,"the\nnote"\n1,x\n')
    frame, _ = read(tmp_path / "a.csv")
    assert frame.rows() == [(3, "1", "x")]


def test_many_blocks_give_the_same_as_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    body = "".join(f'{n},"text {n}\nmore",{n}\n' if n % 7 == 0 else f"{n},plain,{n}\n" for n in range(500))
    (tmp_path / "a.csv").write_text("id,note,value\n" + body)
    whole, _ = read(tmp_path / "a.csv")
    monkeypatch.setattr("pipelines.sources.files.BLOCK_BYTES", 97)
    cut, rejects = read(tmp_path / "a.csv")
    assert rejects == {}
    assert cut.equals(whole)


def test_a_carriage_return_at_the_end_of_a_block_is_no_character(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.csv").write_bytes(b"a,b\r\n1,2\r\n3,4\r\n")
    for size in range(1, 12):
        monkeypatch.setattr("pipelines.sources.files.BLOCK_BYTES", size)
        assert b"".join(text_blocks(tmp_path / "a.csv", None)) == b"a,b\n1,2\n3,4\n"


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.csv", b"", "the file is empty"),
        ("a.csv", b"\n\n", "no header"),
        ("a.csv", b"PK\x03\x04...", "Excel workbook"),
        ("a.csv", b"%PDF-1.7", "a PDF"),
        ("a.csv", b"id,na\xffme\n1,2\n", "header is not UTF-8"),
        ("a.csv", b'id,"name\n1,2\n', "never closes"),
        ("a.csv", b"id\0,name\n1,2\n", "NUL"),
        ("a.csv.gz", gzip.compress(TEXT.encode() * 5000)[:-200], "cut short"),
        ("a.csv.zst", pa.compress(TEXT.encode() * 5000, codec="zstd", asbytes=True)[:-20], "cut short"),
        ("a.parquet", b"PAR1 and then nothing", "Parquet"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataRefusedError, match=said):
        read(tmp_path / name)


def test_a_file_that_is_not_what_it_declares_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("id,name\n1,Zoë\n".encode("cp1252"))
    with pytest.raises(DataRefusedError, match="not utf-16 text all through"):
        read(tmp_path / "a.csv", encoding="utf-16")


def test_columns_are_found_by_name_without_regard_to_case_and_spaces(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(" Ticket ID ,NAME,name2\n1,x,y\n")
    frame, _ = read(tmp_path / "a.csv", "ticket id", "Name")
    assert frame.rows() == [(2, "1", "x")]


def test_a_column_that_stands_twice_cannot_be_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id,name,Name \n1,x,y\n")
    assert read(tmp_path / "a.csv", "id")[0].rows() == [(2, "1")]
    with pytest.raises(DataRefusedError, match="'NAME' stands 2 times"):
        read(tmp_path / "a.csv", "NAME")


def test_parquet_keeps_its_types_and_counts_rows(tmp_path: Path) -> None:
    pl.DataFrame({"id": [1, 2], "price": [1.5, None], "note": ["x", ""]}).write_parquet(
        tmp_path / "a.parquet"
    )
    frame, _ = read(tmp_path / "a.parquet")
    assert frame.rows() == [(1, "1", "1.5", "x"), (2, "2", None, "")]


ORDERS = [
    {"id": 1, "total": 10.10, "refunds": []},
    {
        "id": 12345678901234567890,
        "total": 1e3,
        "paid": True,
        "note": None,
        "via": {"channel": "web"},
        "tags": ["a", "b"],
        "fields": [{"id": 7, "value": "x"}, {"id": 8, "value": None}],
        "refunds": [
            {"at": "d1", "transactions": [{"amount": "1.00"}, {"amount": "2.00"}]},
            {"at": "d2", "transactions": [{"amount": "3.00"}]},
            {"at": "d3", "transactions": []},
        ],
    },
]


def ndjson(path: Path, *records: object) -> Path:
    path.write_text("\n".join(json.dumps(record) for record in records) + "\n")
    return path


def test_json_paths_reach_into_records_and_numbers_keep_their_digits(tmp_path: Path) -> None:
    path = tmp_path / "a.ndjson"
    path.write_text('{"id": 12345678901234567890, "total": 10.10, "paid": true, "list": [1], "none": null}\n')
    frame, _ = read(path, "id", "total", "paid", "list", "none", "absent.deep")
    assert frame.rows() == [(1, "12345678901234567890", "10.10", "true", '["1"]', None, None)]


def test_json_paths(tmp_path: Path) -> None:
    record = ORDERS[1]
    assert value_at(record, parse_path("via.channel")) == "web"
    assert value_at(record, parse_path("tags[]")) == "a b"
    assert value_at(record, parse_path("tags[1]")) == "b"
    assert value_at(record, parse_path("tags[2]")) is None
    assert value_at(record, parse_path("fields[id=7].value")) == "x"
    assert value_at(record, parse_path("fields[id=9].value")) is None
    assert value_at(record, parse_path("total.deeper")) is None


def test_a_list_is_exploded_through_all_levels(tmp_path: Path) -> None:
    path = ndjson(tmp_path / "a.ndjson", *ORDERS)
    names = ("id", "refunds.at", "refunds.transactions.amount")
    frame, _ = read(path, *names, mapping=part(explode="refunds.transactions"))
    assert [row[0] for row in frame.rows()] == [2, 2, 2]
    assert frame["refunds.at"].to_list() == ["d1", "d1", "d2"]
    assert frame["refunds.transactions.amount"].to_list() == ["1.00", "2.00", "3.00"]


def test_pages_of_records_are_opened_and_plain_records_among_them_too(tmp_path: Path) -> None:
    path = ndjson(
        tmp_path / "a.ndjson", {"tickets": [{"id": 1}, {"id": 2}], "count": 2}, {"id": 3}, {"tickets": []}
    )
    frame, _ = read(path, "id", mapping=part(record_path="tickets"))
    assert frame.rows() == [(1, "1"), (1, "2"), (2, "3")]


def test_lines_that_are_no_object_are_rejects(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b'{"id": 1}\n\n[1]\n{"id": \n{"id": NaN}\n{"id": "\xff"}\n{"id": 2}')
    frame, rejects = read(path, "id")
    assert frame.rows() == [(1, "1"), (7, "2")]
    assert rejects == {
        2: "the line is blank",
        3: "the line is no JSON object",
        4: "the line is no JSON object",
        5: "the line is no JSON object",
        6: "the line is not UTF-8 text",
    }
