"""`plumbline doctor`: each thing that can be wrong is said with what to do."""

import json
import re
from collections import namedtuple
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from pipelines.cli import doctor, main
from pipelines.fence import cage
from pipelines.settings import read_workspace


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace that was loaded once."""
    (tmp_path / "plumbline.toml").write_text('[workspace]\nname = "shop"\n')
    folder = tmp_path / ".plumbline" / "warehouse"
    folder.mkdir(parents=True)
    with duckdb.connect(str(folder / "warehouse-1.duckdb")) as connection:
        connection.execute("create table contacts as select 1 as n")
    (folder / "current.json").write_text(json.dumps({"build_id": "1", "file": "warehouse-1.duckdb"}))
    key = tmp_path / ".plumbline" / "key"
    key.write_text("secret")
    key.chmod(0o600)
    return tmp_path


def found(root: Path) -> dict[str, doctor.Finding]:
    return {finding.check: finding for finding in doctor.examine(root)}


def test_a_sound_workspace_has_no_failure(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--workspace", str(root)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert "ok    workspace: shop, 0 sources\n" in out and "ok    warehouse: opens, 1 tables" in out
    assert all(line.split()[0] in ("ok", "warn") for line in out.splitlines())


def test_json_has_the_same_lines(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--workspace", str(root), "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["check"] for row in rows} >= {"python", "libraries", "SQL fence", "warehouse", "key"}
    assert set(rows[0]) == {"check", "status", "found", "todo"}


def test_without_a_workspace_it_looks_at_the_machine(tmp_path: Path) -> None:
    findings = found(tmp_path)
    assert findings["workspace"].status == "warn" and "plumbline init" in findings["workspace"].todo
    assert "key" not in findings and findings["python"].status == "ok"


def test_a_key_that_others_can_read_fails(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (root / ".plumbline" / "key").chmod(0o644)
    assert main(["doctor", "--workspace", str(root)]) == 1
    out, err = capsys.readouterr()
    assert "can be read by others (mode 0644) → run: chmod 600" in out
    assert "1 of " in err and "secret" not in out


def test_a_lost_key_fails_once_something_was_landed(root: Path) -> None:
    (root / ".plumbline" / "key").unlink()
    assert found(root)["key"].status == "ok"
    (root / ".plumbline" / "landing" / "contacts").mkdir(parents=True)
    (root / ".plumbline" / "landing" / "contacts" / "1.json").write_text("{}")
    assert found(root)["key"].status == "fail"


def test_a_broken_workspace_file_fails(root: Path) -> None:
    (root / "plumbline.toml").write_text("[workspce]\n")
    assert found(root)["workspace"].status == "fail"
    assert "Did you mean 'workspace'" in found(root)["workspace"].found


def test_a_pointer_to_nothing_fails(root: Path) -> None:
    (root / ".plumbline" / "warehouse" / "warehouse-1.duckdb").unlink()
    assert found(root)["pointer"].status == "fail" and "warehouse" not in found(root)


def test_a_damaged_warehouse_fails(root: Path) -> None:
    (root / ".plumbline" / "warehouse" / "warehouse-1.duckdb").write_bytes(b"no database" * 1000)
    assert found(root)["warehouse"].status == "fail" and "plumbline load" in found(root)["warehouse"].todo


def test_a_workspace_never_loaded_is_told_to_load(root: Path) -> None:
    (root / ".plumbline" / "warehouse" / "current.json").unlink()
    assert found(root)["warehouse"] == doctor.Finding(
        "warehouse", "warn", "nothing was loaded yet", f"run 'plumbline load --workspace {root}'"
    )


def test_a_damaged_app_store_fails(root: Path) -> None:
    (root / ".plumbline" / "app.db").write_bytes(b"x" * 5000)
    assert found(root)["app store"].status == "fail"


Usage = namedtuple("Usage", "free")


@pytest.mark.parametrize(("free", "status"), [(10 * 2**30, "ok"), (2**30, "warn"), (2**20, "fail")])
def test_the_disk_needs_room(free: int, status: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: Usage(free))
    assert doctor.disk(tmp_path).status == status


def test_a_state_folder_that_cannot_be_written_fails(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", refuse)
    assert doctor.state_folder(read_workspace(root)).status == "fail"


@pytest.mark.parametrize(
    ("version", "allowed", "status"), [(7, "", "ok"), (2, "", "warn"), (0, "", "warn"), (0, "1", "warn")]
)
def test_the_kernel_is_asked_for_its_cage(
    version: int, allowed: str, status: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cage, "landlock_version", lambda: version)
    monkeypatch.setenv("PLUMBLINE_ALLOW_UNCAGED_SQL", allowed)
    finding = doctor.landlock()
    assert finding.status == status
    assert version >= 4 or finding.todo


def test_no_browser_means_no_pdf() -> None:
    assert doctor.browser(lambda _: None).status == "warn"
    assert doctor.browser(lambda name: f"/usr/bin/{name}").found == "/usr/bin/chromium"


def test_a_clock_before_the_software_was_made_is_wrong() -> None:
    assert doctor.clock(datetime(1970, 1, 1, tzinfo=UTC)).status == "fail"


@pytest.mark.parametrize(
    ("need", "problem"),
    [
        ("polars<3,>=2.1", None),
        ("polars>=99", "polars is .*, needed is >=99"),
        ("polars<2.1", "polars is .*, needed is <2.1"),
        ("no-such-library>=1", "no-such-library is missing"),
        ("tzdata", None),
        ('duckdb>=2.0.1; python_version >= "3.11"', None),
    ],
)
def test_versions_are_compared_as_numbers(need: str, problem: str | None) -> None:
    said = doctor._library_problem(need)
    assert said is None if problem is None else said is not None and re.fullmatch(problem, said)


def test_ten_is_more_than_nine() -> None:
    assert doctor._compared("1.10", "1.9") == 1 and doctor._compared("2.0.0rc1", "2") == 0
