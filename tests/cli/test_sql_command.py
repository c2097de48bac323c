"""`plumbline sql` from the shell's point of view: what goes where, and how it ends."""

import csv
import io
import json
from pathlib import Path

import duckdb
import polars as pl
import pytest

from pipelines.cli import main
from pipelines.fence import cage


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if cage.landlock_version() == 0:
        pytest.skip("this kernel has no Landlock, so the fence refuses to start")
    root = tmp_path_factory.mktemp("shop")
    folder = root / ".plumbline" / "warehouse"
    folder.mkdir(parents=True)
    with duckdb.connect(str(folder / "warehouse-1.duckdb")) as connection:
        connection.execute("create table contacts as select range as n, '=' || range as word from range(5)")
    (folder / "current.json").write_text(json.dumps({"build_id": "1", "file": "warehouse-1.duckdb"}))
    return root


Said = tuple[int, str, str]


@pytest.fixture
def sql(workspace: Path, capsys: pytest.CaptureFixture[str]):
    def said(*words: str) -> Said:
        code = main(["sql", *words, "--workspace", str(workspace)])
        return (code, *capsys.readouterr())

    return said


def test_json_goes_to_standard_output(sql) -> None:
    code, out, err = sql("select n, n / 3 as third from contacts order by n", "--format", "json")
    assert (code, err) == (0, "")
    assert json.loads(out)[1] == {"n": 1, "third": 1 / 3}


def test_a_cut_result_is_said_on_standard_error(sql) -> None:
    code, out, err = sql("select n from contacts order by n", "--format", "csv", "--max-rows", "2")
    assert code == 0 and out == "n\n0\n1\n"
    assert "cut after 2 rows" in err


def test_standard_output_has_the_data_as_they_are_and_a_file_is_safe(sql, tmp_path: Path) -> None:
    _, out, _ = sql("select word from contacts where n = 1", "--format", "csv")
    assert list(csv.reader(io.StringIO(out))) == [["word"], ["=1"]]
    code, out, err = sql("select word from contacts where n = 1", "--output", str(tmp_path / "x.csv"))
    assert (code, out) == (0, "") and "1 rows written" in err
    assert list(csv.reader((tmp_path / "x.csv").open())) == [["word"], ["'=1"]]


@pytest.mark.parametrize("ending", ["parquet", "xlsx"])
def test_files_of_other_kinds(sql, tmp_path: Path, ending: str) -> None:
    file = tmp_path / f"x.{ending}"
    assert sql("select n from contacts order by n", "--output", str(file))[0] == 0
    if ending == "parquet":
        assert pl.read_parquet(file)["n"].to_list() == [0, 1, 2, 3, 4]
    else:
        assert file.read_bytes()[:2] == b"PK"


@pytest.mark.parametrize(
    ("words", "code", "message"),
    [
        (
            ["select * from contcts"],
            2,
            "plumbline sql: there is no table 'contcts'. Did you mean 'contacts'?",
        ),
        (["drop table contacts"], 2, "the fence only reads"),
        (["select 1", "--output", "x.doc"], 2, "cannot tell the kind of file of 'x.doc'"),
        (["select 1", "--max-rows", "0"], 2, "the row limit is 0"),
        (["select 1", "--timeout", "0"], 2, "--timeout is 0"),
        (["select 1", "--memory", "1"], 2, "--memory is 1"),
        (["select 1", "--output", "/no/such/folder/x.csv"], 1, "cannot write /no/such/folder/x.csv"),
    ],
)
def test_mistakes_end_with_their_code_and_a_sentence(sql, words: list[str], code: int, message: str) -> None:
    ended, out, err = sql(*words)
    assert (ended, out) == (code, "")
    assert message in err and "Traceback" not in err


def test_a_query_from_standard_input(sql, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("select 7 as n"))
    assert json.loads(sql("-", "--format", "json")[1]) == [{"n": 7}]


def test_a_workspace_never_loaded_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["sql", "select 1", "--workspace", str(tmp_path)]) == 1
    assert "nothing was loaded yet" in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"file": "../../secret.duckdb"}'])
def test_a_damaged_pointer_says_what_to_do(
    tmp_path: Path, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / ".plumbline" / "warehouse"
    folder.mkdir(parents=True)
    (folder / "current.json").write_text(text)
    assert main(["sql", "select 1", "--workspace", str(tmp_path)]) == 1
    assert "run 'plumbline load" in capsys.readouterr().err
