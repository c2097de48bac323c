"""The definitions of first-contact resolution that companies use: window, match rule, exclusions, in words.

The contract's own is one of them: the workspace's window, issue or order, nothing excluded.
"""

from __future__ import annotations

from dataclasses import dataclass

from pipelines.errors import UsageError, did_you_mean

DAY = 86_400_000_000
"""A day of a window in microseconds: 24 hours of elapsed time (contract, fine print 3)."""

LISTED_DAYS = (1, 3, 5, 7, 14, 30)


@dataclass(frozen=True)
class Choice:
    """One way to decide one aspect of the definition.

    Attributes:
        key: As in the URL.
        label: As a heading says it.
        clause: As it stands in the sentence of a definition; empty where it adds nothing.
        meaning: What it does, in one sentence.
    """

    key: str
    label: str
    clause: str
    meaning: str


RULES = (
    Choice(
        "issue",
        "Same issue",
        "another contact of the customer about the same issue",
        "A repeat shares the issue; the order is not looked at.",
    ),
    Choice(
        "order",
        "Same order",
        "another contact of the customer about the same order",
        "A repeat names the same order; contacts without an order repeat nothing.",
    ),
    Choice(
        "issue_or_order",
        "Issue or order",
        "another contact of the customer about the same issue or the same order",
        "A repeat shares the issue or the order: the contract's rule.",
    ),
    Choice(
        "any",
        "Any contact",
        "any other contact of the customer",
        "A repeat is any contact of the customer, whatever it is about.",
    ),
)
EXCLUSIONS = (
    Choice("none", "Nothing excluded", "", "The contract: abandoned attempts repeat, reopening fails."),
    Choice(
        "not_other",
        "Without issue “other”",
        "two contacts that share only the issue “other” do not match",
        "The issue “other” is no issue to share; it changes nothing where the issue is not looked at.",
    ),
    Choice(
        "not_abandoned",
        "Without abandoned repeats",
        "an abandoned attempt is no repeat",
        "A customer who gave up waiting did not come back.",
    ),
    Choice(
        "repeats_only",
        "Repeats alone fail",
        "a reopened or unresolved contact fails only if it is repeated",
        "What the agent recorded is not believed; only a repeat fails.",
    ),
    Choice(
        "transfers_fail",
        "Transfers fail too",
        "a transferred contact fails too",
        "First contact is read as first agent.",
    ),
    Choice(
        "with_outbound",
        "Outbound repeats count",
        "a contact that we make ourselves is a repeat too",
        "A call back within the window says that the first contact did not end it.",
    ),
)
CONTRACT_RULE, CONTRACT_EXCLUSION = "issue_or_order", "none"


@dataclass(frozen=True)
class Definition:
    """One definition of first-contact resolution.

    Attributes:
        window: Microseconds after closing in which a repeat counts, the last instant included.
        rule: Key of `RULES`.
        exclusion: Key of `EXCLUSIONS`.
    """

    window: int
    rule: str = CONTRACT_RULE
    exclusion: str = CONTRACT_EXCLUSION

    @property
    def key(self) -> str:
        """As in the URL: window, rule and exclusion."""
        return f"{window_key(self.window)}.{self.rule}.{self.exclusion}"

    @property
    def sentence(self) -> str:
        """The definition in words."""
        clause = _choice(EXCLUSIONS, self.exclusion).clause
        if self.exclusion == "repeats_only":
            failing = f"{_choice(RULES, self.rule).clause} follows"
        else:
            failing = f"it is reopened, ends unresolved, or {_choice(RULES, self.rule).clause} follows"
        more = f"; {clause}" if clause else ""
        return f"A first contact fails if {failing} within {window_words(self.window)} of its closing{more}."


def windows(own: int) -> tuple[int, ...]:
    """The windows on offer in microseconds, shortest first: the listed ones and the workspace's own."""
    return tuple(sorted({*(days * DAY for days in LISTED_DAYS), own}))


def window_key(window: int) -> str:
    """A window as in the URL.

    >>> window_key(DAY), window_key(DAY * 5 // 2)
    ('1d', '2.5d')
    """
    return f"{window / DAY:.12g}d"


def window_words(window: int) -> str:
    """A window in words.

    >>> window_words(DAY), window_words(7 * DAY), window_words(DAY * 5 // 2)
    ('24 hours', '7 days', '2.5 days')
    """
    return "24 hours" if window == DAY else f"{window / DAY:.12g} days"


def rule(key: str) -> Choice:
    """A match rule; UsageError where there is none of that key."""
    return _choice(RULES, key)


def exclusion(key: str) -> Choice:
    """An exclusion; UsageError where there is none of that key."""
    return _choice(EXCLUSIONS, key)


def parsed(key: str, own: int) -> Definition:
    """The definition of a key.

    Args:
        key: As `Definition.key` writes it.
        own: The workspace's window.

    Raises:
        UsageError: If it names a window, rule or exclusion that there is not.
    """
    parts = key.rsplit(".", 2)
    by_key = {window_key(window): window for window in windows(own)}
    if len(parts) != 3 or parts[0] not in by_key:
        raise UsageError(f"'{key[:60]}' is no definition of fcr; the windows are {', '.join(by_key)}.")
    return Definition(by_key[parts[0]], rule(parts[1]).key, exclusion(parts[2]).key)


def _choice(choices: tuple[Choice, ...], key: str) -> Choice:
    keys = [choice.key for choice in choices]
    if key not in keys:
        raise UsageError(f"'{key[:60]}' is not one of {', '.join(keys)}.{did_you_mean(key, keys)}")
    return choices[keys.index(key)]
