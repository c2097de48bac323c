"""What of a value may be kept: e-mail addresses and phone numbers never are; imports nothing of ours."""

from __future__ import annotations

import polars as pl

MASKED = "•••"
SHOWN_CHARACTERS = 60
_EMAIL = r"(?i)[^\s@<>()\[\],;:\"']+@[^\s@<>()\[\],;:\"']+"
_PHONE = r"\+?\(?\d(?:[\s().\-/]{0,3}\d){6,}"
# A date would look like a phone number: its marks are swapped for others while numbers are blanked.
_DATES = (
    (r"\b(\d{4})-(\d{1,2})-(\d{1,2})", "$1\ue000$2\ue000$3\ue001"),
    (r"\b(\d{1,4})/(\d{1,2})/(\d{1,4})\b", "$1\ue002$2\ue002$3\ue001"),
    (r"\b(\d{1,2})\.(\d{1,2})\.(\d{4})\b", "$1\ue003$2\ue003$3\ue001"),
    (r"(\d:\d{2}:\d{2})\.(\d{1,6})(\D|$)", "$1\ue003$2\ue001$3"),  # seconds with a fraction
)
_BACK = {"\ue000": "-", "\ue001": "", "\ue002": "/", "\ue003": "."}
_SUSPECT = r"[\d@\x{e000}-\x{e003}]"  # no pattern above finds anything in a text without one of these


def scrubbed(text: pl.Expr) -> pl.Expr:
    """Free text with `[e-mail]` and `[phone]` for what would tell who a customer is.

    Over-careful on purpose: seven digits and more in a row, with or without separators, count as a phone
    number; dates do not.
    """
    for pattern, kept in _DATES:
        text = text.str.replace_all(pattern, kept)
    text = text.str.replace_all(_EMAIL, "[e-mail]").str.replace_all(_PHONE, "[phone]")
    return text.str.replace_many(list(_BACK), list(_BACK.values()))


def scrubbed_column(text: pl.Series) -> pl.Series:
    """The same of a column; only texts that could hold an address or a number are gone through."""
    suspects = text.str.contains(_SUSPECT).fill_null(False).arg_true()
    if suspects.is_empty():
        return text
    return text.scatter(suspects, pl.select(scrubbed(pl.lit(text.gather(suspects)))).to_series())


def shown(value: pl.Expr) -> pl.Expr:
    """An offending value as it may be kept beside a reject: masked where personal, and cut when long."""
    text = scrubbed(value).str.replace_many(["[e-mail]", "[phone]"], [MASKED, MASKED])
    text = text.str.replace_all(r"\p{Cc}", " ")
    return (
        pl.when(text.str.len_chars() > SHOWN_CHARACTERS)
        .then(text.str.head(SHOWN_CHARACTERS) + "…")
        .otherwise(text)
    )
