"""The load: land what is new, build beside, check, publish."""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pipelines import landing
from pipelines.errors import DataRefusedError, ModelError, StateError
from pipelines.landing import Batch, erased
from pipelines.metrics.rolled import DaySums
from pipelines.quality.results import ExpectationResult
from pipelines.settings import Workspace
from pipelines.warehouse.build import build_tables, connect, describe
from pipelines.warehouse.history import (
    FileAccount,
    attach_previous,
    file_account,
    published_waiting,
    write_expectations,
    write_history,
    write_run,
)
from pipelines.warehouse.periods import freeze_periods
from pipelines.warehouse.publish import Published, only_load, publish, read_pointer, remove_leftovers
from pipelines.warehouse.refusal import remembered
from pipelines.warehouse.restate import freeze


@dataclass(frozen=True)
class LoadSummary:
    """What a load did.

    Attributes:
        as_of: Aware, UTC.
        files: One account a file and canonical table.
        warnings: Expectations that failed without stopping the load, in words.
    """

    build_id: str
    as_of: datetime
    seconds: float
    files: tuple[FileAccount, ...]
    warnings: tuple[str, ...]


def load(
    workspace: Workspace,
    *,
    as_of: datetime | None = None,
    progress: Callable[[str], None] | None = None,
) -> LoadSummary:
    """Land what is new in a workspace, build its warehouse and publish it.

    Args:
        workspace: The workspace.
        as_of: Moment to compute for, aware; None takes the newest in the data.
        progress: Told each step in words.

    Raises:
        DataRefusedError: If a file breaks an expectation of the whole file, or a mart a critical one;
            the published warehouse stays as it was.
        StateError: If another load runs, or nothing has a time.
    """
    say = progress or (lambda _: None)
    began, started = time.monotonic(), _now()
    with only_load(workspace), remembered(workspace.state):
        workspace.warehouse.mkdir(parents=True, exist_ok=True)
        remove_leftovers(workspace.warehouse)
        report = landing.land(workspace, progress=progress)
        if report.refused:
            raise DataRefusedError(
                "nothing was published: "
                + " ".join(f"{refused.file}: {refused.reason}" for refused in report.refused)
            )
        batches = landing.current_batches(workspace)
        if not batches:
            raise StateError("no rows to load: the sources of plumbline.toml match no file with rows.")
        build_id = f"{started:%Y%m%dT%H%M%S}-{secrets.token_hex(3)}"
        built = workspace.warehouse / f".build-{os.getpid()}.duckdb"
        accounts, moment, warnings = _build(
            workspace, built, batches, report.batches, as_of, build_id=build_id, started=started, say=say
        )
        say("publishing")
        publish(
            built,
            Published(
                build_id=build_id,
                as_of=moment.replace(tzinfo=UTC),
                published_at=datetime.now(UTC),
                workspace=workspace.name,
                path=workspace.warehouse / f"warehouse-{build_id}.duckdb",
            ),
            keep=workspace.settings.keep_builds,
        )
        if erased.is_under_way(workspace):
            erased.complete(workspace, keep=workspace.warehouse / f"warehouse-{build_id}.duckdb")
    return LoadSummary(
        build_id=build_id,
        as_of=moment.replace(tzinfo=UTC),
        seconds=time.monotonic() - began,
        files=tuple(account for account, _ in accounts),
        warnings=warnings,
    )


def _build(
    workspace: Workspace,
    path: Path,
    batches: tuple[Batch, ...],
    matched: tuple[Batch, ...],
    as_of: datetime | None,
    *,
    build_id: str,
    started: datetime,
    say: Callable[[str], None],
) -> tuple[list[tuple[FileAccount, Batch]], datetime, tuple[str, ...]]:
    previous = _previous(workspace)
    spill = workspace.state / "spill"
    con = connect(path, temporary=spill)
    try:
        is_continued = attach_previous(con, previous)
        con.begin()
        say("building the models")
        built, moment = build_tables(
            con,
            batches,
            workspace.settings,
            as_of=as_of.astimezone(UTC).replace(tzinfo=None) if as_of else None,
            build_id=build_id,
        )
        waited = published_waiting(con, is_continued=is_continued)
        now_matched = {batch.batch_id for batch in matched}
        accounts = [
            (file_account(batch, built[batch.seq], published_waiting=waited.get(batch.batch_id)), batch)
            for batch in batches
            # a batch whose file is gone is told of once, and again when rows of it stop waiting
            if batch.batch_id in now_matched or waited.get(batch.batch_id) != built[batch.seq].waiting
        ]
        write_history(con, is_continued=is_continued, batches=batches, built=built)
        say("freezing what is final")
        days = DaySums()  # read once for weeks, months and quarters
        freeze(con, build_id=build_id, as_of=moment, is_continued=is_continued, days=days)
        freeze_periods(con, build_id=build_id, as_of=moment, is_continued=is_continued, days=days)
        say("checking the marts")
        from pipelines.quality import check_marts  # Great Expectations takes seconds to import

        results = check_marts(con)
        broken = [result for result in results if not result.success and result.severity == "critical"]
        if broken:
            raise ModelError(
                "nothing was published, since the built tables broke what is promised of them: "
                + "; ".join(f"{r.suite}.{r.column or ''} {r.expectation}: {r.failed} rows" for r in broken)
                + "."
            )
        write_expectations(con, batches, results)
        write_run(con, build_id=build_id, as_of=moment, started=started, finished=_now(), accounts=accounts)
        describe(con)
        con.commit()
        con.execute("checkpoint")
    except BaseException:
        con.close()
        path.unlink(missing_ok=True)
        path.with_name(path.name + ".wal").unlink(missing_ok=True)
        raise
    con.close()
    return accounts, moment, tuple(_warnings([batch for _, batch in accounts], results))


def _warnings(batches: Sequence[Batch], marts: Sequence[ExpectationResult]) -> Iterator[str]:
    """What stopped no row and is worth knowing, in words."""
    for batch in batches:
        yield from (f"{batch.file}: {said.note} ({said.count:,})" for said in batch.warnings)
        yield from (_in_words(batch.file, result) for result in batch.expectations if not result.success)
    yield from (
        _in_words(result.suite.removeprefix("marts."), result) for result in marts if not result.success
    )


def _in_words(where: str, result: ExpectationResult) -> str:
    column = (result.column or "").replace("_is_known", "_id")
    return f"{where}: {column} broken by {result.failed:,} of {result.checked:,} rows. {result.note}"


def _previous(workspace: Workspace) -> Path | None:
    try:
        return read_pointer(workspace.warehouse).path
    except StateError:
        return None


def _now() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)
