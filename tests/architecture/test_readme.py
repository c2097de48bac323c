"""The README names what there is."""

from __future__ import annotations

import re
from pathlib import Path

from pipelines.alert_settings import ALERT_DEFAULTS, ALERT_HELP, MAIL_DEFAULTS, MAIL_HELP
from pipelines.cli import COMMANDS
from pipelines.settings import Settings, StorePlace

README = (Path(__file__).parents[2] / "README.md").read_text("utf-8")


def test_every_setting_is_documented_with_its_default_and_meaning() -> None:
    rows = {
        name: (default, meaning)
        for name, default, meaning in re.findall(r"^\| `(\w+)` \| (.+?) \| (.+?) \|$", README, re.MULTILINE)
    }
    defaults = Settings()
    for name, help_text in Settings.HELP.items():
        default, meaning = rows[name]
        assert meaning == help_text
        value = getattr(defaults, name)
        if isinstance(value, tuple):
            shown = ", ".join(str(edge) for edge in value)
        elif isinstance(value, int | float):
            shown = str(value)
        else:
            shown = ", ".join(f"{key} {limit}" for key, limit in value.items())
        assert default == shown, name


def test_every_key_of_the_store_is_documented_with_its_meaning() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|$", README, re.MULTILINE))
    for name, help_text in StorePlace.HELP.items():
        assert rows[name] == help_text


def test_every_key_of_alerts_and_mail_is_documented() -> None:
    for title, meanings, defaults in (
        ("[[alert]]", ALERT_HELP, ALERT_DEFAULTS),
        ("[smtp]", MAIL_HELP, MAIL_DEFAULTS),
    ):
        table = README[README.index(f"| key of `{title}`") :].split("\n\n")[0]
        rows = re.findall(r"^\| `(\w+)` \| ?(.*?) ?\| (.+?) \|$", table, re.MULTILINE)
        assert {name: meaning for name, _, meaning in rows} == meanings
        assert {name: default for name, default, _ in rows if default} == {
            name: str(default) for name, default in defaults.items()
        }


def test_every_command_is_documented() -> None:
    for name, summary in COMMANDS.items():
        module = Path(__file__).parents[2] / "pipelines" / "cli" / f"{name}.py"
        assert module.exists(), f"'plumbline {name}' is promised and not there"
        assert f"| `plumbline {name}` |" in README, f"{name}: {summary}"


def test_every_make_target_that_is_named_exists() -> None:
    makefile = (Path(__file__).parents[2] / "Makefile").read_text("utf-8")
    for target in set(re.findall(r"`make (\w+)`", README)) | {"demo", "test"}:
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target
