"""The workspace file `plumbline.toml` as a frozen object; imports errors only.

All bad keys of a file are reported at once. Sources are kept as they were written, since the room
that reads files (`pipelines.sources`) knows what a source may say.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar

from pipelines.errors import UsageError, did_you_mean

WORKSPACE_FILE = "plumbline.toml"
STATE_FOLDER = ".plumbline"


@dataclass(frozen=True)
class Settings:
    """What a workspace may set; every field has a default that the contract states."""

    fcr_window_days: float = 7
    refund_window_days: float = 30
    chargeback_window_days: float = 120
    repeat_purchase_window_days: float = 90
    informed_window_hours: float = 2
    abandonment_min_wait_seconds: float = 5
    value_bands: tuple[float, ...] = (25, 50, 100, 250)
    service_level_seconds: Mapping[str, float] = field(default_factory=lambda: {"voice": 20, "chat": 60})
    max_reject_share: float = 0.5
    max_reject_share_min_rows: int = 20
    volume_history_files: int = 5
    volume_low_share: float = 0.1
    volume_high_share: float = 10.0
    keep_builds: int = 4

    HELP: ClassVar[Mapping[str, str]] = {
        "fcr_window_days": "Days after closing in which another contact counts as a repeat.",
        "refund_window_days": "Days after a stake's contact in which a refund counts against it.",
        "chargeback_window_days": "Days after a contact in which a chargeback counts.",
        "repeat_purchase_window_days": "Days after a contact in which the customer may order again.",
        "informed_window_hours": "Hours after an event's start in which customers must have been told.",
        "abandonment_min_wait_seconds": "Shortest wait that makes giving up an abandonment.",
        "value_bands": "Lower edges of the order-value bands above the first, in the program's currency.",
        "service_level_seconds": "Longest wait that meets the service level, by channel.",
        "max_reject_share": "Share of rejected rows above which a file is refused whole.",
        "max_reject_share_min_rows": "Rows a file must have before that share is looked at.",
        "volume_history_files": "Earlier files of a source needed before its volume is judged.",
        "volume_low_share": "A file with fewer rows than this share of the usual is refused.",
        "volume_high_share": "A file with more rows than this multiple of the usual is refused.",
        "keep_builds": "Warehouses kept, the published one included.",
    }


@dataclass(frozen=True)
class Workspace:
    """A folder with a plumbline.toml, from which everything else can be rebuilt.

    Attributes:
        root: The folder.
        name: Name shown on pages.
        settings: Windows, bands and limits.
        sources: One mapping a `[[source]]`, as written; `pipelines.sources.config` reads them.
        programs: One mapping a `[[program]]`, canonical columns of `programs`.
        targets: One mapping a `[[target]]`, canonical columns of `targets`.
    """

    root: Path
    name: str
    settings: Settings
    sources: tuple[Mapping[str, Any], ...]
    programs: tuple[Mapping[str, Any], ...] = ()
    targets: tuple[Mapping[str, Any], ...] = ()

    @property
    def state(self) -> Path:
        """Folder of everything generated: key, landing, warehouses, app store."""
        return self.root / STATE_FOLDER

    @property
    def landing(self) -> Path:
        """Folder of landed batches."""
        return self.state / "landing"

    @property
    def warehouse(self) -> Path:
        """Folder of the warehouses and the pointer to the published one."""
        return self.state / "warehouse"


def read_workspace(root: Path) -> Workspace:
    """The workspace in a folder.

    Raises:
        UsageError: If there is no plumbline.toml, it is not TOML, or it says something unknown.
    """
    path = root / WORKSPACE_FILE
    try:
        text = path.read_text("utf-8-sig")
    except FileNotFoundError:
        raise UsageError(
            f"no {WORKSPACE_FILE} in {root}; run 'plumbline init --workspace {root}' to write one."
        ) from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not UTF-8 text; save it as UTF-8.") from None
    try:
        written = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path} is not valid TOML: {error}.") from None
    return _workspace(root, written)


def _workspace(root: Path, written: Mapping[str, Any]) -> Workspace:
    problems: list[str] = []
    top = ["workspace", "settings", "source", "program", "target"]
    for key in written:
        if key not in top:
            problems.append(f"unknown table '{key}'.{did_you_mean(key, top)}")
    about = written.get("workspace", {})
    for key in about:
        if key != "name":
            problems.append(f"unknown key 'workspace.{key}'; it has: name.")
    settings = _settings(written.get("settings", {}), problems)
    for table in ("source", "program", "target"):
        if not isinstance(written.get(table, []), list):
            problems.append(f"'{table}' must be written as [[{table}]].")
    if problems:
        raise UsageError(f"{root / WORKSPACE_FILE}: " + " ".join(problems))
    return Workspace(
        root=root,
        name=str(about.get("name", root.resolve().name)),
        settings=settings,
        sources=tuple(written.get("source", [])),
        programs=tuple(written.get("program", [])),
        targets=tuple(written.get("target", [])),
    )


def _settings(written: Mapping[str, Any], problems: list[str]) -> Settings:
    defaults = Settings()
    known = [item.name for item in fields(Settings)]
    values: dict[str, Any] = {}
    for key, value in written.items():
        if key not in known:
            problems.append(f"unknown setting '{key}'.{did_you_mean(key, known)}")
            continue
        default = getattr(defaults, key)
        if isinstance(default, Mapping):
            good = isinstance(value, Mapping) and all(_is_size(number) for number in value.values())
        elif isinstance(default, tuple):
            good = (
                isinstance(value, list) and all(_is_size(edge) for edge in value) and value == sorted(value)
            )
            value = tuple(value) if good else value
        else:
            good = _is_size(value)
        if good:
            values[key] = value
        else:
            problems.append(f"setting '{key}' is {value!r}, but it must look like {default!r}.")
    return Settings(**values)


def _is_size(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
