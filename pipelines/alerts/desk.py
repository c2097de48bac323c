"""The desk that tells each change of state once, and keeps what could not be delivered.

What was found and what is still to be told stand in one file beside the warehouse. It is written before a
message goes out and after each that went: a crash in between sends that one again with the same id, and
loses none.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipelines.alerts.evaluate import ALARMS, Finding, evaluate
from pipelines.alerts.sinks import PAUSE, Message, SinkError, deliver, name_of_sink
from pipelines.errors import StateError
from pipelines.settings import Workspace

if TYPE_CHECKING:
    from pipelines.reader import Reader

FILE = "alerts.json"


@dataclass(frozen=True)
class Waiting:
    """Messages that a sink did not take."""

    sink: str
    messages: int
    why: str


@dataclass(frozen=True)
class Outcome:
    """What a run of the rules did.

    Attributes:
        watched: Groups that were judged.
        told: Messages made now: what fired, and what is over.
        delivered: Messages that a sink took now, earlier ones included.
        waiting: What is tried again next time.
        dropped: Messages to sinks that no rule names any more.
    """

    watched: int
    told: tuple[Message, ...]
    delivered: int
    waiting: tuple[Waiting, ...]
    dropped: int

    def count(self, event: str) -> int:
        """How many messages of an event, fired or over, were made."""
        return sum(message["event"] == event for message in self.told)


@dataclass
class _Desk:
    """States by finding, and messages still to be delivered by sink."""

    path: Path
    states: dict[str, str] = field(default_factory=dict)
    outbox: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def read(cls, path: Path) -> _Desk:
        try:
            written = json.loads(path.read_text("utf-8"))
            return cls(path, dict(written["states"]), list(written["outbox"]))
        except FileNotFoundError:
            return cls(path)
        except (ValueError, KeyError, TypeError):
            raise StateError(
                f"{path} cannot be read as the state of alerts; remove it, and each alert is told once more."
            ) from None

    def save(self) -> None:
        beside = self.path.with_name(f".{self.path.name}.tmp")
        with beside.open("w", encoding="utf-8") as stream:
            json.dump({"states": self.states, "outbox": self.outbox}, stream, indent=1)
            stream.flush()
            os.fsync(stream.fileno())
        beside.chmod(0o600)
        beside.replace(self.path)


def run_alerts(workspace: Workspace, reader: Reader, *, pause: float = PAUSE) -> Outcome:
    """Judge the rules, tell what changed, and try again what was not delivered before.

    Args:
        workspace: With its rules.
        reader: On its published warehouse.
        pause: Seconds before a webhook is asked again.

    Raises:
        UsageError: If a rule names what there is not.
        StateError: If another run is at it, or the state cannot be read or written.
    """
    try:
        return _run(workspace, reader, pause)
    except OSError as error:
        raise StateError(
            f"the state of alerts in {workspace.state} cannot be kept: {error.strerror}; make it writable "
            "and run the same command again, which tells what this run did not."
        ) from None


def _run(workspace: Workspace, reader: Reader, pause: float) -> Outcome:
    with _alone(workspace.state):
        desk = _Desk.read(workspace.state / FILE)
        findings = evaluate(reader, workspace.alerts)
        told = _changes(desk, findings, reader)
        sinks = {_mark(to): to for rule in workspace.alerts for to in rule.to}
        kept = [entry for entry in desk.outbox if entry["sink"] in sinks]
        dropped = len(desk.outbox) - len(kept)
        desk.outbox = kept
        desk.save()
        delivered, waiting = _deliver(desk, sinks, workspace, pause)
    return Outcome(len(findings), tuple(told), delivered, waiting, dropped)


def _changes(desk: _Desk, findings: Sequence[Finding], reader: Reader) -> list[Message]:
    """Messages for findings whose state is another than before; they are put into the outbox."""
    told = []
    for finding in findings:
        if finding.state is None:
            continue  # nothing can be said: what was told before stands
        before = desk.states.get(finding.key)
        desk.states[finding.key] = finding.state
        if before == finding.state or not (finding.is_alarm or before in ALARMS):
            continue
        message = _message(finding, reader, "fired" if finding.is_alarm else "over")
        told.append(message)
        desk.outbox += [{"sink": _mark(to), "message": message} for to in finding.rule.to]
    known = {finding.key for finding in findings}
    desk.states = {key: state for key, state in desk.states.items() if key in known}
    return told


def _message(finding: Finding, reader: Reader, event: str) -> Message:
    rule, build = finding.rule, reader.build
    text = f"{finding.key} {finding.state} {build.build_id}"
    return {
        "id": hashlib.blake2b(text.encode(), digest_size=12).hexdigest(),
        "event": event,
        "alert": rule.name,
        "sentence": finding.sentence,
        "state": finding.state,
        **finding.facts,
        "by": rule.by,
        "group": finding.group,
        "only": {name: list(values) for name, values in rule.only.items()},
        "workspace": build.workspace,
        "build_id": build.build_id,
        "as_of": build.as_of.isoformat(),
    }


def _deliver(
    desk: _Desk, sinks: dict[str, str], workspace: Workspace, pause: float
) -> tuple[int, tuple[Waiting, ...]]:
    delivered = 0
    down: dict[str, str] = {}
    for entry in list(desk.outbox):
        mark = entry["sink"]
        if mark in down:
            continue  # one refusal is enough to know; the order of messages is kept
        try:
            deliver(sinks[mark], entry["message"], root=workspace.root, mail=workspace.mail, pause=pause)
        except SinkError as error:
            down[mark] = str(error)
            continue
        desk.outbox.remove(entry)
        desk.save()
        delivered += 1
    waiting = tuple(
        Waiting(name_of_sink(sinks[mark]), sum(entry["sink"] == mark for entry in desk.outbox), why)
        for mark, why in down.items()
    )
    return delivered, waiting


def _mark(to: str) -> str:
    """A sink in the state's file: its address may be secret, and stands in plumbline.toml already."""
    return hashlib.blake2b(to.encode(), digest_size=12).hexdigest()


@contextmanager
def _alone(state: Path) -> Iterator[None]:
    """One run at a time; the operating system lets go of the lock when the process ends, however it ends."""
    with (state / "alerts.lock").open("w") as stream:
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StateError(
                "another run of the alerts is under way; run this one when it has ended."
            ) from None
        yield
