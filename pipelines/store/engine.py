"""The store's database: opening, migrations, and the two kinds of transaction; imports errors only.

SQLite allows one writer at a time, and a transaction that turns from reading to writing half-way may fail.
So a writing transaction says so at its start (BEGIN IMMEDIATE), and the threads of this process queue at a
lock, which is fairer than the database's own waiting. PostgreSQL needs neither.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from pipelines.errors import StateError, UsageError

_BUSY_MILLISECONDS = 15_000
# Any number will do that nobody else uses: processes that open the store at once migrate one after the other.
_MIGRATION_LOCK = 7_204_113

logger = logging.getLogger(__name__)


class ConflictError(StateError):
    """Somebody else changed what was being edited; the message says who and what to do."""


class Store:
    """App state: what people typed in. Safe to share between threads.

    Args:
        url: `sqlite:///…` or `postgresql+psycopg://…`.
        clock: What says the time, aware; tests pass their own.
    """

    def __init__(self, url: str, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.engine = _engine(url)
        self.clock = clock
        self.is_sqlite = self.engine.dialect.name == "sqlite"
        self._turn: threading.Lock | nullcontext[None] = threading.Lock() if self.is_sqlite else nullcontext()
        self._writing = self.engine.execution_options(writes=True)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database and writes nothing."""
        with self.engine.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is alone in writing (SQLite) and is kept whole or not at all."""
        with self._turn, self._writing.connect() as connection, connection.begin():
            yield connection

    def close(self) -> None:
        """Let go of the database's connections."""
        self.engine.dispose()


def open_store(state: Path, *, url: str | None = None) -> Store:
    """The store of a workspace, with its tables as this version needs them.

    Args:
        state: The workspace's state folder; SQLite keeps app.db there.
        url: A database's address instead, as `Workspace.store` gives it.

    Raises:
        UsageError: If the address is none.
        StateError: If the database cannot be reached, or was made by a newer version.
    """
    if url is None:
        state.mkdir(parents=True, exist_ok=True)
        url = f"sqlite:///{(state / 'app.db').resolve()}"
    store = Store(url)
    try:
        migrate(store)
    except SQLAlchemyError as error:
        store.close()
        raise StateError(
            f"the app store {store.engine.url.render_as_string(hide_password=True)} cannot be opened "
            f"({type(error).__name__}); see that it is reachable and writable."
        ) from error
    return store


def migrate(store: Store) -> None:
    """Bring the tables to this version, each step in a transaction of its own, each once.

    Raises:
        StateError: If the store was made by a newer version.
    """
    steps = migrations()
    with store.write() as connection:
        if not store.is_sqlite:
            connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
        connection.execute(
            text(
                "create table if not exists migrations "
                "(number integer primary key, name text not null, applied_at text not null)"
            )
        )
    for number, (name, statements) in steps.items():
        with store.write() as connection:
            if not store.is_sqlite:
                connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _MIGRATION_LOCK})
            done = set(connection.execute(text("select number from migrations")).scalars())
            if max(done, default=0) > max(steps):
                raise StateError("the app store was made by a newer Plumbline; update this one.")
            if number in done:
                continue
            for statement in statements:
                connection.exec_driver_sql(statement)
            connection.execute(
                text("insert into migrations values (:number, :name, :at)"),
                {"number": number, "name": name, "at": store.clock().isoformat()},
            )
            logger.info("migrated the app store number=%s name=%s", number, name)


def migrations() -> dict[int, tuple[str, list[str]]]:
    """The numbered steps: name and statements of each, in order."""
    folder = resources.files("pipelines.store").joinpath("migrations")
    found = {}
    for file in sorted(folder.iterdir(), key=lambda file: file.name):
        if file.name.endswith(".sql"):
            number, _, name = file.name.removesuffix(".sql").partition("_")
            lines = [line for line in file.read_text("utf-8").splitlines() if not line.startswith("--")]
            statements = [part.strip() for part in "\n".join(lines).split(";") if part.strip()]
            found[int(number)] = (name, statements)
    return found


def new_id() -> str:
    """A key that no other row has, wherever it is made."""
    return uuid.uuid4().hex


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
            return create_engine(parsed, pool_size=10, max_overflow=20, pool_pre_ping=True)
        if parsed.get_backend_name() != "sqlite":
            raise ArgumentError
        engine = create_engine(parsed, connect_args={"timeout": _BUSY_MILLISECONDS / 1000})
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError) as error:
        need = " (install plumbline[postgresql])" if isinstance(error, ModuleNotFoundError) else ""
        raise UsageError(
            f"the app store's address must be sqlite:///… or postgresql://…{need}; look at [store] in "
            "plumbline.toml and at PLUMBLINE_STORE_URL."
        ) from None
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: Any, _: Any) -> None:
    # The driver would open transactions by itself, too late and of the wrong kind.
    connection.isolation_level = None
    # What is deleted (drafts; contacts of an erased customer) is overwritten, not only forgotten.
    for pragma in ("journal_mode = wal", "synchronous = full", "foreign_keys = on", "secure_delete = on"):
        connection.execute(f"pragma {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("begin immediate" if writes else "begin")
