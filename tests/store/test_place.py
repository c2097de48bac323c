"""Where the app store is: said in plumbline.toml or by the environment, and never with a password on disk."""

from __future__ import annotations

from pathlib import Path

import pytest
from store_samples import new_session

from dashboard import deps
from pipelines.cli import doctor
from pipelines.errors import UsageError
from pipelines.settings import STORE_VARIABLE, read_workspace
from pipelines.store import create_session, new_id, open_store, sessions


@pytest.fixture(autouse=True)
def no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(STORE_VARIABLE, raising=False)


def workspace(folder: Path, text: str):
    folder.mkdir(exist_ok=True)
    (folder / "plumbline.toml").write_text('[workspace]\nname = "Shop"\n' + text, "utf-8")
    return read_workspace(folder)


def test_without_a_word_it_is_in_the_workspace(tmp_path: Path) -> None:
    assert workspace(tmp_path, "").store.address() is None


def test_the_environment_has_the_last_word(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(STORE_VARIABLE, "sqlite:///elsewhere.db")
    named = workspace(tmp_path, '[store]\nurl = "postgresql://me@db/x"\npassword_env = "NOT_SET"\n')
    assert named.store.address() == "sqlite:///elsewhere.db"


def test_a_password_comes_from_the_environment_whatever_it_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sqlalchemy.engine import make_url

    named = workspace(
        tmp_path,
        '[store]\nurl = "postgresql://me@db.example:5433/x?sslmode=require"\npassword_env = "SHOP_DB"\n',
    )
    monkeypatch.delenv("SHOP_DB", raising=False)
    with pytest.raises(UsageError, match=r"SHOP_DB, which store\.password_env"):
        named.store.address()
    monkeypatch.setenv("SHOP_DB", "p@ss/w:rd é%")
    url = make_url(named.store.address() or "")
    assert url.password == "p@ss/w:rd é%"
    assert (url.username, url.host, url.port, url.database) == ("me", "db.example", 5433, "x")
    assert url.query == {"sslmode": "require"}


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ('url = "postgresql://me:hunter2@db/x"', "'store.url' holds a password"),
        ('url = "postgresql://db/x?user=me&password=hunter2"', "'store.url' holds a password"),
        ('password_env = "hunter2!"', "must be the name of an environment variable"),
        ('url = "mysql://me:hunter2@db/x"', "must be postgresql://user@host/database or sqlite:///file"),
        ("url = 5", "must be postgresql://user@host/database or sqlite:///file"),
        ('url = "postgresql://db/x"\npassword_env = "SHOP_DB"', "needs a 'store.url' with a user"),
        ('ulr = "postgresql://me@db/x"', "unknown key 'store.ulr'. Did you mean 'url'?"),
    ],
    ids=[
        "password",
        "password in the query",
        "password for a name",
        "other database",
        "number",
        "no user",
        "typo",
    ],
)
def test_what_is_wrong_is_told_in_one_sentence_that_repeats_no_secret(
    tmp_path: Path, written: str, said: str
) -> None:
    with pytest.raises(UsageError) as told:
        workspace(tmp_path, f"[store]\n{written}\n")
    assert said in str(told.value)
    assert "hunter2" not in str(told.value)


def test_the_dashboard_and_the_doctor_use_a_real_postgresql_named_in_the_file(
    postgresql: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    name = f"place{new_id()[:8]}"
    with psycopg.connect(postgresql, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    url = postgresql.replace("/postgres", f"/{name}")
    monkeypatch.setenv("SHOP_DB", "not looked at by a server that trusts this machine")
    named = workspace(tmp_path / "shop", f'[store]\nurl = "{url}"\npassword_env = "SHOP_DB"\n')
    monkeypatch.setenv(deps.WORKSPACE_VARIABLE, str(named.root))
    deps.forget()
    try:
        store = deps.store()
        assert not store.is_sqlite
        create_session(store, new_session(), by="lead", submit_key=new_id())
        again = open_store(named.state, url=named.store.address())
        assert len(sessions(again)) == 1
        again.close()
        store.close()
    finally:
        deps.forget()
    assert not (named.state / "app.db").exists()
    found = doctor.app_store(named)
    assert found.status == "ok"
    assert "not looked at" not in found.found


def test_a_database_that_does_not_answer_fails_the_doctor(tmp_path: Path) -> None:
    pytest.importorskip("psycopg", reason="psycopg is not installed (pip install 'plumbline[postgresql]')")
    named = workspace(tmp_path, '[store]\nurl = "postgresql://me@127.0.0.1:1/x?connect_timeout=2"\n')
    found = doctor.app_store(named)
    assert found.status == "fail"
    assert "does not answer" in found.found
