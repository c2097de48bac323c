"""The gate: says in friendly words why a text is no query for the fence; imports nothing of ours.

It runs in the caged worker. Safety does not rest on it, yet it fails closed: what it does not know it
refuses.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import duckdb

from pipelines.fence.limits import MAX_SQL_CHARACTERS

SAFE_TABLE_FUNCTIONS = frozenset(
    {
        "range", "generate_series", "unnest", "repeat", "repeat_row", "json_each", "json_tree",
        "duckdb_columns", "duckdb_tables", "duckdb_views", "duckdb_schemas", "duckdb_functions",
        "duckdb_types", "duckdb_keywords", "duckdb_constraints", "duckdb_indexes",
        "pragma_version", "pg_timezone_names", "icu_calendar_names",
    }
)  # fmt: skip
"""Functions that may stand after FROM: they read the query's own values or the catalogue of this file."""

REFUSED_FUNCTIONS = {
    "query": "runs a text as SQL",
    "query_table": "takes a table's name from a text",
    "json_execute_serialized_sql": "runs a text as SQL",
    "json_serialize_plan": "plans a text as SQL",
    "histogram_values": "takes a table's name from a text",
    "current_setting": "shows settings of the machine",
    "getenv": "shows settings of the machine",
    "sleep_ms": "only waits",
    "write_log": "writes",
    "nextval": "writes",
    "setval": "writes",
    "which_secret": "shows settings of the machine",
}

_READ_NODES = frozenset({"SELECT_NODE", "SET_OPERATION_NODE", "RECURSIVE_CTE_NODE", "CTE_NODE"})
_FILE_ENDINGS = (
    ".csv", ".tsv", ".txt", ".parquet", ".json", ".ndjson", ".jsonl", ".xlsx", ".db", ".duckdb", ".sqlite",
    ".gz", ".zst", ".arrow", ".feather", ".ipc",
)  # fmt: skip
_ONLY_READS = "write one SELECT (or WITH, VALUES, DESCRIBE, SUMMARIZE, SHOW TABLES)"


class RefusedError(Exception):
    """The text is not a query that the fence runs; the message says why and what to write instead."""


def admit(connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.Statement:
    """The one statement of a text, ready to run.

    Args:
        connection: The caged connection, which also parses.
        sql: What was typed.

    Raises:
        RefusedError: If it is too long, empty, several statements, no reading, or reaches for files.
        duckdb.Error: If it cannot be parsed.
    """
    refuse_length(sql)
    statements = connection.extract_statements(sql)
    if not statements:
        raise RefusedError(f"there is no query in the text; {_ONLY_READS}.")
    if len(statements) > 1:
        raise RefusedError(f"the text holds {len(statements)} statements; run one at a time.")
    if statements[0].type != duckdb.StatementType.SELECT:
        kind = statements[0].type.name.replace("_", " ")
        if kind == "MULTI":
            raise RefusedError(
                "PIVOT needs its values named here; write 'PIVOT … ON column IN (value, …) USING …'."
            )
        raise RefusedError(f"the fence only reads, and this is {kind}; {_ONLY_READS}.")
    _refuse_reaching(_tree(connection, sql))
    return statements[0]


def refuse_length(sql: str) -> None:
    """Refuse a text that is too long to be parsed without blocking others."""
    if len(sql) > MAX_SQL_CHARACTERS:
        raise RefusedError(
            f"the text has {len(sql):,} characters and the fence takes {MAX_SQL_CHARACTERS:,}; "
            "join to a table instead of listing values."
        )
    if "\0" in sql:
        raise RefusedError("the text holds a NUL character; remove it.")


def _tree(connection: duckdb.DuckDBPyConnection, sql: str) -> Mapping[str, Any]:
    """The parsed query as DuckDB writes it down; nothing is bound or run."""
    rows = connection.execute("select json_serialize_sql($sql)", {"sql": sql}).fetchall()
    try:
        tree = json.loads(rows[0][0])
    except RecursionError:
        raise RefusedError("the query is nested too deeply; split it with WITH.") from None
    if not isinstance(tree, dict) or tree.get("error", True) or len(tree.get("statements", ())) != 1:
        raise RefusedError(f"this kind of query is not one that the fence knows; {_ONLY_READS}.")
    return tree


def _nodes(tree: Any) -> Iterator[Mapping[str, Any]]:
    """Every object of the tree, without recursion."""
    left = [tree]
    while left:
        node = left.pop()
        if isinstance(node, dict):
            yield node
            left.extend(node.values())
        elif isinstance(node, list):
            left.extend(node)


def _refuse_reaching(tree: Mapping[str, Any]) -> None:
    for node in _nodes(tree):
        kind = str(node.get("type", ""))
        if kind.endswith("_NODE") and kind not in _READ_NODES:
            what = kind.removesuffix("_NODE").removesuffix("_QUERY").replace("_", " ")
            raise RefusedError(f"the fence only reads, and a part of this is {what}; {_ONLY_READS}.")
        if kind == "TABLE_FUNCTION":
            _refuse_table_function(_function_name(node.get("function")))
        elif kind == "BASE_TABLE":
            _refuse_table(str(node.get("schema_name", "")), str(node.get("table_name", "")))
        elif "function_name" in node:
            _refuse_function(_function_name(node))


def _function_name(node: Any) -> str:
    return str(node.get("function_name", "")).lower() if isinstance(node, dict) else ""


def _refuse_table_function(name: str) -> None:
    if name in SAFE_TABLE_FUNCTIONS:
        return
    _refuse_function(name)
    raise RefusedError(
        f"{name or 'this function'}() cannot stand after FROM here: the fence reads only the tables of this "
        "warehouse (SHOW TABLES lists them)."
    )


def _refuse_function(name: str) -> None:
    reason = REFUSED_FUNCTIONS.get(name)
    if name.startswith("read_") or name in ("glob", "sniff_csv", "parquet_scan"):
        reason = "reads files"
    if reason:
        raise RefusedError(
            f"{name}() {reason}, which the fence does not allow; read the tables of this warehouse "
            "(SHOW TABLES lists them)."
        )


def _refuse_table(schema: str, table: str) -> None:
    name = table.lower()
    if "/" in name or "\\" in name or name.endswith(_FILE_ENDINGS):
        raise RefusedError(
            "files cannot be read here; read the tables of this warehouse (SHOW TABLES lists them)."
        )
    is_system = name.startswith(("duckdb_", "pragma_")) and name not in SAFE_TABLE_FUNCTIONS
    if is_system or (schema.lower() in ("", "pg_catalog") and name in ("pg_settings", "pg_database")):
        raise RefusedError(
            f"{name} shows settings of the machine, which the fence does not allow; read the tables of this "
            "warehouse (SHOW TABLES lists them)."
        )
