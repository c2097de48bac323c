"""Landing what is new: which files, in which order, refused or landed; imports the rest of the room."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.canonical import Table, tables
from pipelines.errors import DataRefusedError, StateError, UsageError, did_you_mean
from pipelines.landing import batch as batches
from pipelines.landing import erased
from pipelines.landing.batch import Batch, batch_id, publish, read_batches, write_account
from pipelines.landing.current import rows_hash, written_rows
from pipelines.landing.erased import Erased
from pipelines.landing.found import files_of, table_of
from pipelines.landing.shortened import shorten
from pipelines.landing.volume import refuse_volume
from pipelines.landing.writer import Written, write_batch, write_rows
from pipelines.settings import WORKSPACE_FILE, Workspace
from pipelines.sources import app_state, mapping
from pipelines.sources.app_state import APP
from pipelines.sources.config import Part, Source, constant_text
from pipelines.sources.files import hash_file
from pipelines.sources.pseudonyms import new_key, workspace_key
from pipelines.sources.reading import LINE, Chunk, Header, read_header
from pipelines.sources.written import read_sources

Progress = Callable[[str], None]
WRITTEN = Part(
    name="", table=None, columns={}, values={}, formats={}, constants={}, expressions={}, prefix={}
)


@dataclass(frozen=True)
class RefusedFile:
    """A file that was not landed, and why: the reason completes "<file> is refused: …"."""

    file: str
    source: str
    reason: str


@dataclass(frozen=True)
class LandingReport:
    """What came of one run.

    Attributes:
        batches: One a file and table that the sources match now, newly landed or known; and what was typed
            in since the last run, if anything.
        refused: The files that broke an expectation of the whole file.
    """

    batches: tuple[Batch, ...]
    refused: tuple[RefusedFile, ...]


def land(workspace: Workspace, *, progress: Progress | None = None) -> LandingReport:
    """Land what is new in a workspace's sources; doing it again changes nothing.

    A crash at any moment loses nothing: a batch exists when its account does, and what a crash left
    unfinished is cleared away and done again by the next run.

    Raises:
        UsageError: If a source or a row of plumbline.toml is not right.
        StateError: If another load is at work, or the key is gone.
    """
    sources = read_sources(workspace)
    workspace.landing.mkdir(parents=True, exist_ok=True)
    with _alone(workspace.landing):
        _clear_unfinished(workspace.landing)
        shorten(workspace)
        if erased.is_under_way(workspace):
            erased.sweep(workspace)
        known = read_batches(workspace.landing)
        key = workspace_key(workspace.state / "key", landed=bool(known))
        run = _Run(workspace, sources, workspace.landing, key, known, progress)
        run.erased = Erased.read(workspace.state, key)
        with _said_when_full():
            return run.all(typed_in=True)


def check(workspace: Workspace, *, progress: Progress | None = None) -> LandingReport:
    """Read and check every file as `land` would, keep nothing.

    The batches' `data` and `rejects` are gone when this returns.
    """
    sources = read_sources(workspace)
    known = read_batches(workspace.landing)
    with tempfile.TemporaryDirectory(prefix="plumbline-") as folder:
        landing = Path(folder) / "landing"
        run = _Run(workspace, sources, landing, new_key(), (), progress)
        run.history = known
        return run.all()


@contextmanager
def _alone(landing: Path) -> Iterator[None]:
    """Hold the landing zone; the operating system lets go of it when the process ends, however it ends."""
    with (landing / ".lock").open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StateError("another load is at work in this workspace; wait for it to end.") from None
        yield


@contextmanager
def _said_when_full() -> Iterator[None]:
    """Say that the disk is full in words; what was written so far is kept or cleared by the next run."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise
        raise StateError(
            "the disk is full, so not everything could be landed; make room and load again."
        ) from None


def _clear_unfinished(landing: Path) -> None:
    """Remove the files of batches that have no account."""
    for path in landing.glob("*/*"):
        identity = path.name.split(".", 1)[0]
        whole = batches.account_path(landing, path.parent.name, identity).exists()
        if not whole or path.name.endswith((".part", ".typed")):
            path.unlink()


class _Run:
    """One run over the sources of a workspace."""

    def __init__(
        self,
        workspace: Workspace,
        sources: tuple[Source, ...],
        landing: Path,
        key: bytes,
        known: tuple[Batch, ...],
        progress: Progress | None,
    ) -> None:
        self.workspace = workspace
        self.sources = sources
        self.landing = landing
        self.key = key
        self.known = list(known)
        self.history = known
        self.progress = progress or (lambda _: None)
        self.refused: list[RefusedFile] = []
        self.erased = Erased.nobody()

    def all(self, *, typed_in: bool = False) -> LandingReport:
        """Do everything; `typed_in`: what people typed into the app, too."""
        found: dict[str, Batch] = {}
        for name, rows in written_rows(self.workspace).items():
            if rows:
                batch = self._land_written(tables()[name], rows)
                found[batch.batch_id] = batch
        for source in self.sources:
            for path in files_of(source, self.workspace.root):
                file = self._name(path)
                try:
                    for batch in self._land_file(path, file, source):
                        found.setdefault(batch.batch_id, batch)
                except DataRefusedError as error:
                    self.refused.append(RefusedFile(file, source.name, str(error)))
                    self.progress(f"{file}: refused")
                except OSError as error:
                    if error.filename is None or Path(error.filename) != path:
                        raise
                    said = f"it cannot be read: {error.strerror}"
                    self.refused.append(RefusedFile(file, source.name, said))
        if typed_in and (batch_of_app := self._land_typed_in()) is not None:
            found[batch_of_app.batch_id] = batch_of_app
        return LandingReport(tuple(found.values()), tuple(self.refused))

    def _name(self, path: Path) -> str:
        try:
            return path.relative_to(self.workspace.root).as_posix()
        except ValueError:
            return path.as_posix()

    def _find(self, identity: str) -> Batch | None:
        return next((batch for batch in self.known if batch.batch_id == identity), None)

    def _land_file(self, path: Path, file: str, source: Source) -> list[Batch]:
        before = path.stat()
        file_hash, size = hash_file(path)
        parts = [(part, table_of(part, path)) for part in source.parts]
        identities = [
            batch_id(
                file_hash=file_hash, mapping_hash=source.mapping_hash(part, table.name), table=table.name
            )
            for part, table in parts
        ]
        ready = [self._find(identity) for identity in identities]
        if all(ready):
            return [batch for batch in ready if batch is not None]
        self.progress(f"{file}: reading")
        header = read_header(path, source)
        written: list[tuple[Batch, Written]] = []
        done: list[Batch] = []
        try:
            for (part, table), identity, old in zip(parts, identities, ready, strict=True):
                if old is not None:
                    done.append(old)
                    continue
                made = write_batch(
                    path,
                    file,
                    source,
                    part,
                    table,
                    header,
                    identity=identity,
                    landing=self.landing,
                    key=self.key,
                    settings=self.workspace.settings,
                    erased=self.erased,
                )
                batch = self._batch(made, identity, table, file, source.name, part.name)
                batch = replace(
                    batch, bytes=size, file_hash=file_hash, mapping_hash=source.mapping_hash(part, table.name)
                )
                written.append((batch, made))
                refuse_volume(batch, self.history, self.workspace.settings)
            after = path.stat()
            if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                raise DataRefusedError("it was written to while it was read; load again once it is complete")
        except BaseException:
            for _, made in written:
                made.data.unlink(missing_ok=True)
                made.rejects.unlink(missing_ok=True)
            raise
        return done + [self._keep(batch, made) for batch, made in written]

    def _land_written(self, table: Table, rows: tuple[Mapping[str, Any], ...]) -> Batch:
        """Land rows that plumbline.toml itself holds; what is wrong with them is a wrong setting."""
        file_hash, plain = rows_hash(rows), _plain_source(WORKSPACE_FILE, table)
        ready = self._find(_plain_identity(plain, table, file_hash))
        if ready is not None:
            return ready
        where = f"{self.workspace.root / WORKSPACE_FILE}: [[{table.name.removesuffix('s')}]]"
        names = table.column_names
        problems = [
            f"unknown key '{key}'.{did_you_mean(key, names)}"
            for key in dict.fromkeys(key for row in rows for key in row if key not in names)
        ]
        if problems:
            raise UsageError(f"{where} {' '.join(problems)}")
        frame = pl.DataFrame(
            {
                LINE: list(range(1, len(rows) + 1)),
                **{
                    name: [constant_text(row[name]) if name in row else None for row in rows]
                    for name in names
                },
            },
            schema={LINE: pl.Int64, **dict.fromkeys(names, pl.String)},
        )
        batch, made = self._write_plain(plain, table, frame, file_hash)
        if made.rows_rejected:
            said = " ".join(
                f"number {line}: {column or 'row'}{f' {value!r}' if value else ''}: {reason}."
                for line, column, value, reason in pl.read_parquet(made.rejects)
                .select("line", "column", "value", "reason")
                .iter_rows()
            )
            made.data.unlink()
            made.rejects.unlink()
            raise UsageError(f"{where} {said}")
        return self._keep(batch, made)

    def _land_typed_in(self) -> Batch | None:
        """Land what people typed into the app since the last run, as a batch of its own; None: nothing new.

        Only what is new, not a snapshot: else every load would land all of it again.
        """
        ratings = [known for known in self.known if known.table == app_state.TABLE]
        before = [known.data for known in ratings if (known.file, known.source) == (APP, APP)]
        rows = app_state.new_ratings(
            self.workspace.state,
            before,
            [known.data for known in sorted(ratings, key=lambda one: one.seq)],
            url=self.workspace.store.address(),
        )
        if rows.is_empty():
            return None
        table, plain = tables()[app_state.TABLE], _plain_source(APP, tables()[app_state.TABLE])
        file_hash = hashlib.blake2b(rows.write_ndjson().encode("utf-8"), digest_size=16).hexdigest()
        ready = self._find(_plain_identity(plain, table, file_hash))
        if ready is not None:
            return ready
        return self._keep(*self._write_plain(plain, table, rows, file_hash))

    def _write_plain(
        self, source: Source, table: Table, frame: pl.DataFrame, file_hash: str
    ) -> tuple[Batch, Written]:
        """Write rows that are in canonical columns already, as text, beside their final names."""
        (part,) = source.parts
        identity = _plain_identity(source, table, file_hash)
        made = write_rows(
            iter([Chunk(frame)]),
            mapping.plan(part, table, Header(kind="toml", names=table.column_names)),
            source.name,
            identity=identity,
            landing=self.landing,
            key=self.key,
            settings=replace(self.workspace.settings, max_reject_share=1.0),
            erased=self.erased,
        )
        batch = self._batch(made, identity, table, source.name, source.name, part.name)
        batch = replace(batch, file_hash=file_hash, mapping_hash=source.mapping_hash(part, table.name))
        return batch, made

    def _batch(self, made: Written, identity: str, table: Table, file: str, source: str, part: str) -> Batch:
        return Batch(
            batch_id=identity,
            table=table.name,
            file=file,
            source=source,
            part=part,
            seq=0,
            landed_at=datetime.now(UTC).isoformat(timespec="microseconds"),
            bytes=0,
            file_hash="",
            mapping_hash="",
            rows_read=made.rows_read,
            rows_landed=made.rows_landed,
            rows_rejected=made.rows_rejected,
            rows_duplicate=made.rows_duplicate,
            reasons=made.reasons,
            warnings=made.warnings,
            expectations=made.expectations,
            data=batches.data_path(self.landing, table.name, identity),
            rejects=batches.rejects_path(self.landing, table.name, identity),
            is_new=True,
        )

    def _place(self, batch: Batch) -> int:
        """The next place in the order; a file landed again under a changed mapping keeps the one it had."""
        earlier = [
            known.seq
            for known in self.known
            if (known.file_hash, known.table, known.part) == (batch.file_hash, batch.table, batch.part)
            and known.source == batch.source
        ]
        return max(earlier, default=1 + max((known.seq for known in self.known), default=0))

    def _keep(self, batch: Batch, made: Written) -> Batch:
        batch = replace(batch, seq=self._place(batch))
        publish(made.data, batch.data)
        publish(made.rejects, batch.rejects)
        write_account(batch, self.landing)
        self.known.append(batch)
        self.history = (*self.history, batch)
        self.progress(f"{batch.file}: {batch.rows_landed:,} rows of {batch.table} landed")
        return batch


def _plain_source(name: str, table: Table) -> Source:
    """A source whose rows are canonical as they come: plumbline.toml's own, and the app's."""
    return Source(name=name, files=(name,), parts=(replace(WRITTEN, table=table.name),))


def _plain_identity(source: Source, table: Table, file_hash: str) -> str:
    (part,) = source.parts
    mapping_hash = source.mapping_hash(part, table.name)
    return batch_id(file_hash=file_hash, mapping_hash=mapping_hash, table=table.name)
