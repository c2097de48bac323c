"""Alerts as `plumbline.toml` writes them: `[[alert]]` rules and the `[smtp]` server; imports errors only.

What is wrong is said in one sentence each. Whether a metric or a dimension exists is not known here; the room
of alerts asks the catalogue.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from pipelines.errors import did_you_mean

WHEN = ("signal", "above", "below", "misses_target")
OVER = ("week", "month", "quarter")
SPLITS = ("program_id", "operating_model", "site", "region", "team", "channel", "issue")
"""Dimensions of alerts: none that names a person."""

ALERT_HELP = {
    "name": "What the alert is called in a message; made of the rest when it is not set.",
    "metric": "Key of the metric that is watched; required.",
    "when": "signal (the control chart says rise or fall), above or below `value`, misses_target; required.",
    "value": "The limit of above and below, in the metric's unit (a share of 80 % is 0.8).",
    "over": "Length of the period whose newest final value is judged: week, month or quarter.",
    "by": "Dimension whose groups are watched each for itself; never a person.",
    "program_id": "The program that is watched; a list watches several together.",
    "operating_model": "Values of the dimension that are watched, one or a list; so are the next ones.",
    "site": "As above.",
    "region": "As above.",
    "team": "As above.",
    "channel": "As above.",
    "issue": "As above.",
    "to": "A file, a webhook (https, or http on this machine) or mailto:address; one or a list; required.",
}
ALERT_DEFAULTS = {"over": "week"}
MAIL_HELP = {
    "host": "Mail server; required.",
    "port": "Its port; STARTTLS is used when it is offered.",
    "from": "Address that alerts come from; required.",
    "user": "Name to log in with, if it asks for one.",
    "password_env": "Environment variable that holds the password; it never stands in the file.",
}
MAIL_DEFAULTS = {"port": 587}
LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class AlertRule:
    """One `[[alert]]`.

    Attributes:
        only: Values to keep by dimension, the program included.
        to: Where it goes: paths, webhook addresses, mailto addresses.
    """

    name: str
    metric: str
    when: str
    to: tuple[str, ...]
    value: float | None = None
    over: str = "week"
    by: str | None = None
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class MailServer:
    """The `[smtp]` table."""

    host: str
    sender: str
    port: int = 587
    user: str | None = None
    password_env: str | None = None


def kind_of(to: str) -> str:
    """What a place is: file, webhook or mail."""
    if to.startswith("mailto:"):
        return "mail"
    return "webhook" if "://" in to else "file"


def alert_rules(written: Any, mail: MailServer | None, problems: list[str]) -> tuple[AlertRule, ...]:
    """The rules; what is wrong with them is added to `problems`."""
    rules = []
    for number, table in enumerate(written if isinstance(written, list) else (), start=1):
        own: list[str] = []
        rule = _rule(table, mail, own)
        where = f"[[alert]] {number}"
        problems += [f"{where}: {problem}" for problem in own]
        if rule is not None:
            rules.append(rule)
    names = [rule.name for rule in rules]
    for name in sorted({name for name in names if names.count(name) > 1}):
        problems.append(f"two alerts are called '{name}'; give each its own 'name'.")
    return tuple(rules)


def mail_server(written: Any, problems: list[str]) -> MailServer | None:
    """The mail server, or None where none is written."""
    if written is None:
        return None
    if not isinstance(written, Mapping):
        problems.append("'smtp' must be written as [smtp].")
        return None
    before = len(problems)
    for key in written:
        if key == "password":
            problems.append(
                "[smtp] holds a password; put it into an environment variable and name that as password_env."
            )
        elif key not in MAIL_HELP:
            problems.append(f"unknown key 'smtp.{key}'.{did_you_mean(key, list(MAIL_HELP))}")
    for key in ("host", "from"):
        if not _is_text(written.get(key)):
            problems.append(f"[smtp] needs '{key}' as text.")
    for key in ("host", "from"):
        if _is_text(written.get(key)) and any(letter.isspace() for letter in written[key]):
            problems.append(f"'smtp.{key}' must be one word.")
    for key in ("user", "password_env"):
        if key in written and not _is_text(written[key]):
            problems.append(f"'smtp.{key}' must be text.")
    port = written.get("port", MAIL_DEFAULTS["port"])
    if not isinstance(port, int) or isinstance(port, bool) or not 0 < port < 65_536:
        problems.append(f"'smtp.port' is {port!r}, but it must be a number from 1 to 65535.")
    if len(problems) > before:
        return None
    return MailServer(
        host=written["host"],
        sender=written["from"],
        port=port,
        user=written.get("user"),
        password_env=written.get("password_env"),
    )


def _rule(table: Any, mail: MailServer | None, problems: list[str]) -> AlertRule | None:
    if not isinstance(table, Mapping):
        problems.append("it must be a table.")
        return None
    for key in table:
        if key not in ALERT_HELP:
            problems.append(f"unknown key '{key}'.{did_you_mean(key, list(ALERT_HELP))}")
    for key in ("metric", "when"):
        if not _is_text(table.get(key)):
            problems.append(f"it needs '{key}' as text.")
    when, value = table.get("when"), table.get("value")
    if _is_text(when) and when not in WHEN:
        problems.append(f"'when' is '{when}', but it is one of {', '.join(WHEN)}.")
    is_limit = isinstance(value, int | float) and not isinstance(value, bool)
    if when in ("above", "below") and not is_limit:
        problems.append(f"'{when}' needs a 'value' to compare with, as a number.")
    if when in ("signal", "misses_target") and value is not None:
        problems.append(f"'value' means nothing to '{when}'; leave it out.")
    over = table.get("over", ALERT_DEFAULTS["over"])
    if over not in OVER:
        problems.append(f"'over' is {over!r}, but it is one of {', '.join(OVER)}.")
    if when == "signal" and over != "week":
        problems.append("a control chart is read by week; leave 'over' out.")
    by = table.get("by")
    if by is not None and by not in SPLITS:
        problems.append(f"'by' is {by!r}, but an alert is split by one of {', '.join(SPLITS)}.")
    if "name" in table and not _is_text(table["name"]):
        problems.append("'name' must be text.")
    only = {}
    for key in SPLITS:
        if key in table:
            only[key] = _texts(table[key], key, problems)
    to = _texts(table.get("to"), "to", problems)
    for place in to:
        problems += _place_problems(place, mail)
    if problems:
        return None
    made = AlertRule(
        name="",
        metric=table["metric"],
        when=table["when"],
        to=to,
        value=None if value is None else float(value),
        over=over,
        by=by,
        only=only,
    )
    return AlertRule(**{**vars(made), "name": table.get("name") or _name(made)})


def _place_problems(place: str, mail: MailServer | None) -> list[str]:
    kind = kind_of(place)
    if kind == "mail":
        if mail is None:
            return ["mail needs the server's [smtp] table with host and from."]
        is_address = "@" in place and not any(letter.isspace() for letter in place)
        return [] if is_address else [f"'{place}' has no address after mailto:."]
    if kind == "file":
        return []
    parts = urlsplit(place)
    # an address may hold a secret, so only its beginning is ever said
    said = f"{parts.scheme}://{parts.hostname or ''}"
    if parts.scheme == "https" and parts.hostname:
        return []
    if parts.scheme == "http" and parts.hostname in LOOPBACK:
        return []
    return [f"'{said}' is no webhook; it must be https, or http on this machine."]


def _texts(value: Any, key: str, problems: list[str]) -> tuple[str, ...]:
    many = value if isinstance(value, list) else [value]
    if value is None or not many or not all(_is_text(one) for one in many):
        problems.append(f"'{key}' must be a text or a list of texts.")
        return ()
    return tuple(many)


def _name(rule: AlertRule) -> str:
    kept = [", ".join(values) for values in rule.only.values()]
    limit = "" if rule.value is None else f" {rule.value:g}"
    split = f" by {rule.by}" if rule.by else ""
    return " · ".join([f"{rule.metric} {rule.when}{limit}{split}", *kept])


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())
