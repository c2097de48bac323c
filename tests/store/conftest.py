"""A store on SQLite and one on a PostgreSQL server of the test's own."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from store_samples import new_session

from pipelines.store import (
    Session,
    Store,
    create_session,
    new_id,
    open_store,
)


def _binaries() -> Path | None:
    """Folder of PostgreSQL's server programs, the newest."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).parent if initdb else None


def _other_user() -> dict[str, object]:
    """How to run as somebody else where the tests run as root, for whom PostgreSQL refuses to start."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        try:
            person = pwd.getpwnam(name)
        except KeyError:
            continue
        return {"user": person.pw_uid, "group": person.pw_gid, "extra_groups": []}
    pytest.skip("no unprivileged user (postgres, nobody) to run PostgreSQL as")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """Address of a fresh PostgreSQL server on a free port of this machine; ends with the tests."""
    binaries = _binaries()
    if binaries is None:
        pytest.skip("PostgreSQL's server is not installed (Debian: apt-get install postgresql)")
    pytest.importorskip("psycopg", reason="psycopg is not installed (pip install 'plumbline[postgresql]')")
    person = _other_user()
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    # Not pytest's folder: the other user may not enter it.
    with tempfile.TemporaryDirectory(prefix="plumbline-pg-") as folder:
        data = Path(folder) / "data"
        data.mkdir()
        if person:
            os.chown(folder, int(str(person["user"])), int(str(person["group"])))
            os.chown(data, int(str(person["user"])), int(str(person["group"])))

        def run(program: str, *words: str) -> None:
            subprocess.run(
                [str(binaries / program), *words], check=True, cwd=folder, stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE, timeout=120, **person,  # type: ignore[call-overload]  # user, group
            )  # fmt: skip

        run("initdb", "-D", str(data), "-U", "plumb", "-A", "trust", "-E", "UTF8", "--locale=C", "-N")
        options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
        run(
            "pg_ctl",
            "-D",
            str(data),
            "-w",
            "-t",
            "60",
            "-l",
            str(Path(folder) / "log"),
            "-o",
            options,
            "start",
        )
        try:
            yield f"postgresql://plumb@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-D", str(data), "-w", "-m", "immediate", "stop")


@pytest.fixture(params=["sqlite", "postgresql"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str | None:
    """Address of an empty store: None is SQLite in the state folder."""
    if request.param == "sqlite":
        return None
    server: str = request.getfixturevalue("postgresql")
    import psycopg

    name = f"s{new_id()[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f"create database {name}")
    return server.replace("/postgres", f"/{name}")


@pytest.fixture
def opened(address: str | None, tmp_path: Path) -> Iterator[Callable[[], Store]]:
    """Opens the store; each call is a connection of its own, as another process would have."""
    stores: list[Store] = []

    def again() -> Store:
        stores.append(open_store(tmp_path / "state", url=address))
        return stores[-1]

    yield again
    for store in stores:
        store.close()


@pytest.fixture
def store(opened: Callable[[], Store]) -> Store:
    """An empty store whose clock ticks a second a look."""
    store = opened()
    ticks = iter(range(10**9))
    store.clock = lambda: datetime(2026, 3, 1, 8, tzinfo=UTC) + timedelta(seconds=next(ticks))
    return store


@pytest.fixture
def march(store: Store) -> Session:
    """A session of three graders and two contacts."""
    return create_session(store, new_session(), by="lead", submit_key=new_id())
