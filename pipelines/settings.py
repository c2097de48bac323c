"""The workspace file `plumbline.toml` as a frozen object; imports errors and what alerts may say only.

All bad keys of a file are reported at once. Sources are kept as they were written, since the room
that reads files (`pipelines.sources`) knows what a source may say.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, quote, urlsplit

from pipelines.alert_settings import AlertRule, MailServer, alert_rules, mail_server
from pipelines.errors import UsageError, did_you_mean

WORKSPACE_FILE = "plumbline.toml"
STATE_FOLDER = ".plumbline"
STORE_VARIABLE = "PLUMBLINE_STORE_URL"
"""Environment variable that says where the app store is, whatever the workspace says."""


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
class StorePlace:
    """Where what people type in is kept: SQLite in the workspace's folder, unless `url` says otherwise."""

    url: str | None = None
    password_env: str | None = None

    HELP: ClassVar[Mapping[str, str]] = {
        "url": "Database that keeps what people type in, such as "
        "postgresql://plumbline@db.example/plumbline; never with a password.",
        "password_env": "Name of the environment variable that holds its password.",
    }

    def address(self) -> str | None:
        """The database's address with its password; None is SQLite in the state folder.

        Raises:
            UsageError: If the variable that holds the password is not set.
        """
        if os.environ.get(STORE_VARIABLE):
            return os.environ[STORE_VARIABLE]
        if self.url is None or self.password_env is None:
            return self.url
        password = os.environ.get(self.password_env)
        if not password:
            raise UsageError(
                f"the environment variable {self.password_env}, which store.password_env of {WORKSPACE_FILE} "
                "names, is not set; set it to the database's password."
            )
        parts = urlsplit(self.url)
        user, _, host = parts.netloc.rpartition("@")
        return parts._replace(netloc=f"{user}:{quote(password, safe='')}@{host}").geturl()


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
        store: Where what people type in is kept.
        alerts: The `[[alert]]` rules.
        mail: The `[smtp]` server, or None.
    """

    root: Path
    name: str
    settings: Settings
    sources: tuple[Mapping[str, Any], ...]
    programs: tuple[Mapping[str, Any], ...] = ()
    targets: tuple[Mapping[str, Any], ...] = ()
    store: StorePlace = StorePlace()
    alerts: tuple[AlertRule, ...] = ()
    mail: MailServer | None = None

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
    top = ["workspace", "settings", "store", "source", "program", "target", "alert", "smtp"]
    for key in written:
        if key not in top:
            problems.append(f"unknown table '{key}'.{did_you_mean(key, top)}")
    about = written.get("workspace", {})
    for key in about:
        if key != "name":
            problems.append(f"unknown key 'workspace.{key}'; it has: name.")
    settings = _settings(written.get("settings", {}), problems)
    store = _store(written.get("store", {}), problems)
    mail = mail_server(written.get("smtp"), problems)
    alerts = alert_rules(written.get("alert", []), mail, problems)
    for table in ("source", "program", "target", "alert"):
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
        store=store,
        alerts=alerts,
        mail=mail,
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


def _store(written: object, problems: list[str]) -> StorePlace:
    """Where the app store is; what is wrong is told without repeating it, since it may hold a secret."""
    if not isinstance(written, Mapping):
        problems.append("'store' must be written as [store].")
        return StorePlace()
    for key in written:
        if key not in StorePlace.HELP:
            problems.append(f"unknown key 'store.{key}'.{did_you_mean(str(key), list(StorePlace.HELP))}")
    url, variable = written.get("url"), written.get("password_env")
    if url is not None and not _is_address(url):
        problems.append("'store.url' must be postgresql://user@host/database or sqlite:///file.")
        url = None
    if url is not None and _has_password(url):
        problems.append(
            f"'store.url' holds a password, and {WORKSPACE_FILE} is no place for one: take it out, and name "
            "the environment variable that holds it in 'store.password_env'."
        )
    if variable is not None:
        if not isinstance(variable, str) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", variable):
            problems.append(
                "'store.password_env' must be the name of an environment variable, not a password."
            )
        elif url is None or "@" not in urlsplit(url).netloc:
            problems.append(
                "'store.password_env' needs a 'store.url' with a user, postgresql://user@host/database."
            )
    return StorePlace(url, variable)


def _is_address(url: object) -> bool:
    return isinstance(url, str) and urlsplit(url).scheme.split("+")[0] in ("postgresql", "sqlite")


def _has_password(url: str) -> bool:
    parts = urlsplit(url)
    return bool(parts.password) or "password" in parse_qs(parts.query, keep_blank_values=True)


def _is_size(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
