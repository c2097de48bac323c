"""A database's error as one sentence for a person; imports `errors` only."""

from __future__ import annotations

import difflib  # noqa: F401 - what `did_you_mean` imports late could not be read any more inside the cage
import re

from pipelines.errors import did_you_mean

_PREFIX = re.compile(r"^(?:[A-Z][A-Za-z]* ){0,3}Error: ?")
_LINE = re.compile(r"\n+LINE (\d+):.*", re.DOTALL)
_GUESS = re.compile(r"\s*Did you mean \"[^\"]*\"\?|\s*Did you mean '[^']*'\?")
_NO_TABLE = re.compile(r"^Table with name (\S+) does not exist\b")
_PATH = re.compile(r"(?<![\w/.])(?:/[\w.@+~-]+){2,}/?")
LONGEST = 600


def sentence(error: Exception, sql: str, tables: list[str]) -> str:
    """What the database said, on one line, with the line of the query and without paths of this machine.

    Args:
        error: What was raised.
        sql: The query; paths that stand in it may stand in the sentence.
        tables: Names of the tables, to offer the nearest one.
    """
    text = str(error).strip()
    line = _LINE.search(text)
    text = _PREFIX.sub("", _LINE.sub("", text))
    missing = _NO_TABLE.match(text)
    if missing:
        name = missing.group(1).strip('"')
        nearest = did_you_mean(name.rpartition(".")[2], tables)
        text = f"there is no table '{name}'.{nearest or ' SHOW TABLES lists them.'}"
    else:
        text = _PATH.sub(lambda path: path.group() if path.group() in sql else "…", text)
    text = re.sub(r"\s+", " ", text).strip() or type(error).__name__
    if len(text) > LONGEST:
        text = text[:LONGEST].rstrip() + "…"
    if line and int(line.group(1)) > 1:
        text = f"line {line.group(1)}: {text}"
    return text if text.endswith((".", "!", "?", "…")) else text + "."


def is_memory(error: Exception) -> bool:
    """Whether an error says that memory ran out, which comes under many names inside a cage."""
    said = str(error).lower()
    return any(
        phrase in said
        for phrase in (
            "bad_alloc",
            "bad allocation",
            "out of memory",
            "failed to allocate",
            "cannot allocate",
        )
    )
