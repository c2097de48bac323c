"""Limits that both sides of the fence know; imports nothing, so that the parent needs no DuckDB for them."""

MAX_SQL_CHARACTERS = 100_000
