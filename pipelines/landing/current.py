"""Which of the landed batches count now; imports batch and sources."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pipelines.canonical import tables
from pipelines.landing.batch import Batch, read_batches
from pipelines.settings import WORKSPACE_FILE, Workspace
from pipelines.sources.config import constant_text
from pipelines.sources.written import read_sources


def current_batches(workspace: Workspace) -> tuple[Batch, ...]:
    """The batches that a build reads, in the order of landing.

    Of one file and table those of the mappings that the workspace has now; of a file whose source is no
    longer there, the newest mapping's. Rows of plumbline.toml count as it says now.
    """
    sources = read_sources(workspace)
    names = tables()
    live = {
        (source.mapping_hash(part, name), name)
        for source in sources
        for part in source.parts
        for name in ([part.table] if part.table else names)
    }
    written = {(rows_hash(rows), name) for name, rows in written_rows(workspace).items() if rows}
    found: dict[tuple[str, str], list[Batch]] = {}
    chosen: list[Batch] = []
    for batch in read_batches(workspace.landing):
        if batch.file == WORKSPACE_FILE:
            if (batch.file_hash, batch.table) in written:
                chosen.append(batch)
        else:
            found.setdefault((batch.file_hash, batch.table), []).append(batch)
    for group in found.values():
        now = [batch for batch in group if (batch.mapping_hash, batch.table) in live]
        if not now:
            newest = max(group, key=lambda batch: (batch.landed_at, batch.seq))
            parts = {
                batch.part: batch
                for batch in sorted(group, key=lambda b: b.landed_at)
                if batch.source == newest.source
            }
            now = list(parts.values())
        chosen += now
    return tuple(sorted(chosen, key=lambda batch: (batch.seq, batch.landed_at, batch.batch_id)))


def written_rows(workspace: Workspace) -> dict[str, tuple[Mapping[str, Any], ...]]:
    """The canonical tables of which plumbline.toml itself may hold rows."""
    return {"programs": workspace.programs, "targets": workspace.targets}


def rows_hash(rows: tuple[Mapping[str, Any], ...]) -> str:
    """Hash of rows of plumbline.toml, as a file's hash is of its bytes."""
    text = json.dumps([{k: constant_text(v) for k, v in row.items()} for row in rows], sort_keys=True)
    return hashlib.blake2b(text.encode("utf-8"), digest_size=16).hexdigest()
