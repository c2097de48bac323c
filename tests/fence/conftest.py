"""A small warehouse, and secrets beside it that no query may see."""

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from pipelines.fence import cage


@pytest.fixture(scope="session", autouse=True)
def _needs_landlock() -> None:
    if cage.landlock_version() == 0:
        pytest.skip("this kernel has no Landlock, so the fence refuses to start")


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with warehouse.duckdb, and files of every kind that hold the word TOPSECRET."""
    folder = tmp_path_factory.mktemp("house")
    with duckdb.connect(str(folder / "warehouse.duckdb")) as connection:
        connection.execute(
            "create table contacts as select range as n, 'c' || range as contact_id from range(1000)"
        )
        connection.execute("create table orders (order_id text, amount decimal(18, 4))")
        connection.execute("insert into orders values ('o1', 12.3456), ('o2', null)")
        connection.execute("create schema internal")
        connection.execute("create view busy as select * from contacts where n > 10")
    with duckdb.connect(str(folder / "other.duckdb")) as connection:
        connection.execute("create table t as select 'TOPSECRET' as word")
        connection.execute(f"copy t to '{folder}/secret.parquet'")
        connection.execute(f"copy t to '{folder}/secret.json'")
    (folder / "secret.txt").write_text("TOPSECRET\n")
    (folder / "secret.csv").write_text("a,b\nTOPSECRET,1\n")
    return folder


@pytest.fixture(scope="session")
def warehouse(house: Path) -> Path:
    """The file that queries may read."""
    return house / "warehouse.duckdb"


@pytest.fixture
def untouched(house: Path) -> Iterator[None]:
    """Fails when anything in the folder changed, appeared or went away."""
    before = _state(house)
    yield
    assert _state(house) == before


def _state(folder: Path) -> dict[str, tuple[int, int, int]]:
    return {
        str(path): (path.stat().st_size, path.stat().st_mtime_ns, path.stat().st_mode)
        for path in sorted(folder.rglob("*"))
    }
