"""From landed Parquet to one current row a key: zones, references, updates, and the account of each.

For every canonical table T this makes, as temporary views or tables,
`landed_T` (every landed row, all times in UTC), `problem_T` (rows that cannot be used yet) and
`src_T` (the winning row of each key). The models of `sql/` start from `src_T`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import duckdb

from pipelines.canonical import DUCKDB_TYPES, Table, tables
from pipelines.landing import Batch
from pipelines.warehouse.insert import insert_rows
from pipelines.warehouse.models import SQL_FOLDER
from pipelines.warehouse.zones import utc_offsets, wall_clock_offsets

log = logging.getLogger(__name__)

# Each after the tables that its checks and zones refer to.
ORDER = (
    "programs",
    "fx_rates",
    "agents",
    "scorecards",
    "orders",
    "contacts",
    "order_outcomes",
    "qa_ratings",
    "events",
    "staffing",
    "signals",
    "targets",
)


@dataclass(frozen=True)
class BatchAccount:
    """What became of a batch's landed rows in a build.

    Attributes:
        waiting: Rows that refer to something not there yet, or break a rule that needs it.
        known: Rows equal to, or older than, what earlier files had said.
        updated: Rows that replaced what an earlier file had said; part of the loaded.
    """

    seq: int
    waiting: int
    known: int
    updated: int


def prepare(con: duckdb.DuckDBPyConnection, batches: Sequence[Batch]) -> dict[int, BatchAccount]:
    """Make `src_T` of every canonical table T.

    Args:
        con: A connection on which temporary tables may be made.
        batches: What was landed, in order of landing.

    Returns:
        The account of each batch by its `seq`.
    """
    assert set(ORDER) == set(tables())
    con.execute(
        "create temp table zone_offsets (timezone varchar, local_from timestamp, local_to timestamp, "
        "seconds double)"
    )
    con.execute(
        "create temp table utc_offsets (timezone varchar, year bigint, starts_at timestamp, "
        "ends_at timestamp, utc_offset interval)"
    )
    # years that utc_offsets does not list are asked of DuckDB, which takes eight times as long
    con.execute(
        "create temp macro local_date(moment, timezone, utc_offset) as coalesce("
        "cast(moment + utc_offset as date), "
        "cast(moment at time zone 'UTC' at time zone timezone as date))"
    )
    accounts: dict[int, BatchAccount] = {}
    for name in ORDER:
        table = tables()[name]
        mine = [batch for batch in batches if batch.table == name]
        _landed(con, table, mine)
        _problems(con, name)
        changes = _winners(con, table, several_files=len(mine) > 1)
        waiting = dict(con.sql(f"select _seq, count(*) from problem_{name} group by _seq").fetchall())
        for batch in mine:
            known, updated = changes.get(batch.seq, (0, 0))
            accounts[batch.seq] = BatchAccount(batch.seq, waiting.get(batch.seq, 0), known, updated)
        if name == "programs":
            _zone_offsets(con)
        if name == "fx_rates":
            con.execute(
                f"create temp view fx_spans as {(SQL_FOLDER / 'sources/fx_spans.sql').read_text('utf-8')}"
            )
    return accounts


def _zone_offsets(con: duckdb.DuckDBPyConnection) -> None:
    zones = con.sql("select distinct timezone from src_programs").fetchall()
    insert_rows(
        con,
        "zone_offsets",
        ((timezone, *span) for (timezone,) in zones for span in wall_clock_offsets(timezone)),
    )
    insert_rows(
        con,
        "utc_offsets",
        (
            (timezone, year, starts_at, ends_at, timedelta(seconds=seconds))
            for (timezone,) in zones
            for year, starts_at, ends_at, seconds in utc_offsets(timezone)
        ),
    )


def _columns(names: Iterable[str], *, of: str = "") -> str:
    return ", ".join(f'{of}"{name}"' for name in names)


def _landed(con: duckdb.DuckDBPyConnection, table: Table, batches: Sequence[Batch]) -> None:
    if not batches:
        typed = ", ".join(f'cast(null as {DUCKDB_TYPES[c.type]}) as "{c.name}"' for c in table.columns)
        con.execute(
            f"create temp view landed_{table.name} as select {typed}, "
            "cast(null as bigint) as _line, cast(null as bigint) as _seq where false"
        )
        return
    paths = sql_list(batch.data for batch in batches)
    numbers = ", ".join(str(batch.seq) for batch in batches)
    view = f"raw_{table.name}"
    # DuckDB numbers the files of a scan as they are listed; to join by their names would cost every scan
    con.execute(
        f"create temp view {view} as select {_columns(table.column_names)}, _line, _local_mask, "
        f"cast([{numbers}][cast(file_index as bigint) + 1] as bigint) as _seq from read_parquet({paths})"
    )
    has_local = (
        bool(table.timestamps)
        and con.sql(
            f"select coalesce(bool_or(_local_mask <> 0), false) from read_parquet({paths})"
        ).fetchall()[0][0]
    )
    select = _in_utc(table, view) if has_local else _plain(table, view)
    con.execute(f"create temp view landed_{table.name} as {select}")


def _plain(table: Table, view: str) -> str:
    return f"select {_columns(table.column_names)}, _line, _seq from {view}"


def _in_utc(table: Table, view: str) -> str:
    """A SELECT that reads local wall times in the zone of the row's program, order or contact."""
    cells, joins = [], [_ZONE_JOINS[table.zone or "program"]]
    for column in table.columns:
        if column.type != "timestamp":
            cells.append(f'rows."{column.name}"')
            continue
        bit = table.timestamps.index(column.name)
        zone = f"zone_{bit}"
        is_local = f"(rows._local_mask >> {bit}) & 1 = 1"
        cells.append(
            f"case when {is_local} "
            f'then rows."{column.name}" - to_microseconds(cast(1000000 * {zone}.seconds as bigint)) '
            f'else rows."{column.name}" end as "{column.name}"'
        )
        joins.append(
            f"left join zone_offsets as {zone} on {zone}.timezone = home.timezone and {is_local} "
            f'and rows."{column.name}" >= {zone}.local_from and rows."{column.name}" < {zone}.local_to'
        )
    return f"select {', '.join(cells)}, rows._line, rows._seq from {view} as rows {' '.join(joins)}"


_ZONE_JOINS = {
    "program": "left join src_programs as home on home.program_id = rows.program_id",
    "order": "left join src_orders as owner on owner.order_id = rows.order_id "
    "left join src_programs as home on home.program_id = owner.program_id",
    "contact": "left join src_contacts as owner on owner.contact_id = rows.contact_id "
    "left join src_programs as home on home.program_id = owner.program_id",
}


def _problems(con: duckdb.DuckDBPyConnection, name: str) -> None:
    path = SQL_FOLDER / "checks" / f"{name}.sql"
    con.execute(
        f"create temp table problem_{name} "
        "(_seq bigint, _line bigint, column_name varchar, value varchar, reason varchar)"
    )
    if path.exists():
        # one problem a row is enough to say: the first by column
        con.execute(
            f"insert into problem_{name} with problems as ({path.read_text('utf-8')}) "
            "select _seq, _line, column_name, value, reason from (select *, row_number() over "
            "(partition by _seq, _line order by column_name, reason) as position from problems) "
            "where position = 1"
        )


def _winners(
    con: duckdb.DuckDBPyConnection, table: Table, *, several_files: bool
) -> dict[int, tuple[int, int]]:
    """Make `src_T`; returns (known, updated) by batch."""
    name, columns = table.name, _columns(table.column_names)
    accepted = f"select {columns}, _line, _seq from landed_{name}"
    if con.sql(f"select count(*) from problem_{name}").fetchall()[0][0]:
        accepted += f" where (_seq, _line) not in (select (_seq, _line) from problem_{name})"
    con.execute(f"create temp view accepted_{name} as {accepted}")
    key = _columns(table.key)
    if several_files:
        con.execute(
            f"create temp table again_{name} as select hash({key}) as key_hash from accepted_{name} "
            "group by key_hash having count(*) > 1"
        )
    if not several_files or not con.sql(f"select count(*) from again_{name}").fetchall()[0][0]:
        con.execute(f"create temp view src_{name} as select {columns} from accepted_{name}")
        return {}
    stamp = '"updated_at"' if "updated_at" in table.column_names else "cast(null as timestamp)"
    con.execute(
        f"""
        create temp table versions_{name} as
        with versions as (
            select {columns}, _line, _seq, hash({columns}) as content,
                coalesce({stamp}, timestamp '0001-01-01') as stamp
            from accepted_{name}
            where hash({key}) in (select key_hash from again_{name})
        )
        select {columns}, _line, _seq,
            row_number() over (partition by {key} order by stamp desc, _seq desc, _line desc) as position,
            stamp < max(stamp) over before as is_older,
            content = arg_max(content, (stamp, _seq, _line)) over before as is_same,
            row_number() over (partition by {key} order by _seq, _line) > 1 as is_later
        from versions
        window before as (
            partition by {key} order by _seq, _line rows between unbounded preceding and 1 preceding
        )
        """
    )
    con.execute(
        f"create temp view src_{name} as select {columns} from accepted_{name} "
        f"where hash({key}) not in (select key_hash from again_{name}) "
        f"union all select {columns} from versions_{name} where position = 1"
    )
    counts = con.sql(
        f"select _seq, count(*) filter (where is_older or is_same), "
        f"count(*) filter (where is_later and not is_older and not is_same) "
        f"from versions_{name} group by _seq"
    ).fetchall()
    return {seq: (known, updated) for seq, known, updated in counts}


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"


def sql_list(paths: Iterable[Path]) -> str:
    """Paths as a list literal of SQL."""
    return "[" + ", ".join(_text(path) for path in paths) + "]"
