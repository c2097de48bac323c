"""What people typed in, as rows of `qa_ratings` to land; imports the store, and that only where there is one.

Sessions that are still blind are not among them, or a grader could read the others' scores in the warehouse.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import polars as pl

from pipelines.canonical import tables
from pipelines.sources.reading import LINE

APP = "app"
"""Stands for a file's and a source's name in the accounts of what was typed in."""

TABLE = "qa_ratings"
_STORE_FILE = "app.db"
_URL_VARIABLE = "PLUMBLINE_STORE_URL"
# A correction is a later submission under the same review, so the moment tells it from what it corrects.
_IDENTITY = ("review_id", "criterion_id", "reviewed_at")


def new_ratings(state: Path, landed: Iterable[Path]) -> pl.DataFrame:
    """Ratings of the app store that were not landed yet, as text in the canonical columns, with `_line`.

    Args:
        state: The workspace's state folder.
        landed: Parquet files of the batches that were landed from the store before.

    Returns:
        No rows where nothing is new, or where the workspace has no app store.
    """
    names = tables()[TABLE].column_names
    empty = pl.DataFrame(schema={LINE: pl.Int64, **dict.fromkeys(names, pl.String)})
    if not (state / _STORE_FILE).exists() and not os.environ.get(_URL_VARIABLE):
        return empty
    from pipelines.store import open_workspace_store, ratings  # SQLAlchemy, which most loads do not need

    store = open_workspace_store(state)
    try:
        typed_in = ratings(store)
    finally:
        store.close()
    known = [pl.read_parquet(path, columns=list(_IDENTITY)) for path in landed]
    if known:
        typed_in = typed_in.join(pl.concat(known), on=_IDENTITY, how="anti", maintain_order="left")
    if typed_in.is_empty():
        return empty
    return (
        typed_in.with_columns(pl.col("reviewed_at").dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ"))
        .with_row_index(LINE, offset=1)
        .select(pl.col(LINE).cast(pl.Int64), pl.col(names).cast(pl.String))
    )
