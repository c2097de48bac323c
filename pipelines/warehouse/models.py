"""The SQL models of `sql/`, ordered by what they read; imports errors only."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import sqlglot
from sqlglot import exp

from pipelines.errors import ModelError

SQL_FOLDER = Path(__file__).resolve().parents[2] / "sql"
LAYERS = ("staging", "intermediate", "marts")
# Marts that are not tables of the contract: pages and metrics read them, analysts need not.
INTERNAL_MARTS = ("event_customers",)
# Read twice, once for a few columns: to write it down would cost more than to read the landed rows again.
VIEWS = ("stg_contacts",)


@dataclass(frozen=True)
class Model:
    """One SELECT of `sql/`; its file name is its name, its folder its layer.

    Attributes:
        grain: What one row is, from the first line of the file.
        reads: Names of the tables it selects from, models and others.
    """

    name: str
    layer: str
    sql: str
    grain: str
    what: str
    reads: frozenset[str]

    @property
    def schema(self) -> str:
        """Schema of the built table; staging and intermediate ones are temporary."""
        if self.layer != "marts":
            return "temp"
        return "internal" if self.name in INTERNAL_MARTS else "main"

    @property
    def is_view(self) -> bool:
        """Whether it is computed anew for each model that reads it."""
        return self.name in VIEWS


def tables_read(sql: str) -> frozenset[str]:
    """Names of the tables that a SELECT reads, common table expressions left out."""
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    own = {cte.alias_or_name for cte in tree.find_all(exp.CTE)}
    return frozenset(table.name for table in tree.find_all(exp.Table) if table.name not in own)


def read_model(path: Path) -> Model:
    """The model in one file.

    Raises:
        ModelError: If the file lacks the grain and what lines of its header.
    """
    sql = path.read_text("utf-8")
    header = dict(
        line[3:].split(":", 1) for line in sql.splitlines()[:4] if line.startswith("-- ") and ":" in line
    )
    if not {"grain", "what"} <= header.keys():
        raise ModelError(f"{path.name} does not open with its '-- grain:' and '-- what:' lines; add them.")
    return Model(
        name=path.stem,
        layer=path.parent.name,
        sql=sql,
        grain=header["grain"].strip(),
        what=header["what"].strip(),
        reads=tables_read(sql),
    )


@cache
def models() -> tuple[Model, ...]:
    """All models, each after those that it reads.

    Raises:
        ModelError: If two models read each other.
    """
    found = [read_model(path) for layer in LAYERS for path in sorted((SQL_FOLDER / layer).glob("*.sql"))]
    by_name = {model.name: model for model in found}
    graph = {model.name: sorted(model.reads & by_name.keys() - {model.name}) for model in found}
    try:
        order = list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise ModelError(f"these models read each other in a circle: {' -> '.join(error.args[1])}.") from None
    return tuple(by_name[name] for name in order)
