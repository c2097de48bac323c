"""`plumbline check`: the account on stdout, the reasons on stderr, the exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines.cli import main

CONTACTS = (
    "contact_id,program_id,channel,issue,opened_at\nc1,P1,chat,wismo,2024-01-01\nc2,P1,fax,wismo,2024-01-01\n"
)


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "plumbline.toml").write_text('[[source]]\nfiles = "*.csv"\npreset = "canonical"\n')
    (tmp_path / "contacts.csv").write_text(CONTACTS)
    return tmp_path


def test_the_account_of_a_file(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "--workspace", str(workspace)]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[2].split() == ["contacts.csv", "contacts", "2", "1", "1"]
    assert "1 row of contacts rejected, the first on line 3: channel: not one of voice" in err
    assert not (workspace / ".plumbline").exists()


def test_a_refused_file_ends_with_3(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (workspace / "orders.csv").write_text("order_id\n1\n")
    assert main(["check", "--workspace", str(workspace), "--format", "json"]) == 3
    out, _ = capsys.readouterr()
    found = json.loads(out)
    assert [(f["file"], f["read"], f["good"], f["rejected"]) for f in found["files"]] == [
        ("contacts.csv", 2, 1, 1)
    ]
    assert found["refused"][0]["file"] == "orders.csv"
    assert "lacks the required columns" in found["refused"][0]["reason"]


def test_a_wrong_mapping_ends_with_2(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (workspace / "plumbline.toml").write_text('[[source]]\nfile = "*.csv"\npreset = "canonical"\n')
    assert main(["check", "--workspace", str(workspace)]) == 2
    assert "unknown key 'file'. Did you mean 'files'?" in capsys.readouterr().err
