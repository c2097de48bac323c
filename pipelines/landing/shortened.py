"""Pseudonyms of earlier versions, written anew in what was landed, so that customers stay the same.

Earlier versions wrote the whole hash in hex. Imports batch, erased and the sources' pseudonyms.
"""

from __future__ import annotations

from contextlib import suppress

import polars as pl

from pipelines.canonical import tables
from pipelines.landing.batch import read_batches, replace_rows, replace_text
from pipelines.landing.erased import LIST
from pipelines.settings import Workspace
from pipelines.sources.pseudonyms import SIZE, shortened

MARK = ".pseudonyms"


def shorten(workspace: Workspace) -> None:
    """Shorten every pseudonym in a workspace's landing zone, once; to be called under the landing's lock.

    Can be cut short at any point and run again: what is short already stays.
    """
    mark = workspace.landing / MARK
    if mark.exists():
        return
    for batch in read_batches(workspace.landing):
        names = [column.name for column in tables()[batch.table].columns if column.personal == "pseudonym"]
        if names:
            rows = pl.read_parquet(batch.data)
            replace_rows(rows.with_columns(shortened(rows[name]) for name in names), batch.data)
    with suppress(FileNotFoundError):
        words = pl.Series((workspace.state / LIST).read_text("ascii").split(), dtype=pl.String)
        replace_text(workspace.state / LIST, "".join(f"{word}\n" for word in shortened(words)))
    replace_text(mark, f"{SIZE}\n")
