"""The errors that Plumbline raises on purpose; imports nothing of ours.

A message is one sentence or two: what was asked, what was found, what to do. It never holds a person's row.
"""


class PlumblineError(Exception):
    """Base of every error meant for a person to read; `exit_code` is what the command ends with."""

    exit_code = 1


class UsageError(PlumblineError):
    """The question itself is wrong: an unknown metric, dimension, option or setting."""

    exit_code = 2


class DataRefusedError(PlumblineError):
    """A file broke an expectation of the whole file; nothing was published."""

    exit_code = 3


class SourceError(PlumblineError):
    """A source file or its mapping cannot be read as described."""


class ModelError(PlumblineError):
    """A model cannot be built from what was landed."""


class StateError(PlumblineError):
    """The workspace, warehouse or app store is not in the state that was asked for."""


def did_you_mean(word: str, known: "list[str] | tuple[str, ...]") -> str:
    """A closing sentence that offers the nearest known word, or an empty string."""
    import difflib

    close = difflib.get_close_matches(word, known, n=1, cutoff=0.6)
    return f" Did you mean '{close[0]}'?" if close else ""
