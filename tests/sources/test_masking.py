"""What is blanked out of texts and of shown values."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.sources.masking import MASKED, scrubbed, scrubbed_column, shown


def apply(expression: object, text: str) -> str:
    return str(pl.select(expression(pl.lit(text))).item())  # type: ignore[operator]


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("mail ann.lee+x@mail.example.co.uk now", "mail [e-mail] now"),
        ("<Ann@EXAMPLE.com>, please", "<[e-mail]>, please"),
        ("call +1 (555) 123-4567 today", "call [phone] today"),
        ("call 555-123-4567.", "call [phone]."),
        ("tel 0049/30/1234567", "tel [phone]"),
        ("+442071234567", "[phone]"),
        ("room 12, 3 of 4 at 10:15", "room 12, 3 of 4 at 10:15"),
        (
            "on 2024-01-05 10:11:12 and 05/01/2024 and 5.1.2024",
            "on 2024-01-05 10:11:12 and 05/01/2024 and 5.1.2024",
        ),
        ("2024-01-05 called 555 123 4567", "2024-01-05 called [phone]"),
    ],
)
def test_free_text(text: str, kept: str) -> None:
    assert apply(scrubbed, text) == kept


@given(
    st.lists(
        st.none() | st.text(st.sampled_from("abé @.+-/:()<>0123456789٣\ue000\ue001\ue003"), max_size=25),
        max_size=6,
    )
)
def test_a_column_is_scrubbed_like_each_of_its_texts(texts: list[str | None]) -> None:
    column = scrubbed_column(pl.Series(texts, dtype=pl.String))
    assert column.to_list() == [text if text is None else apply(scrubbed, text) for text in texts]


def test_shown_values_are_masked_cut_and_on_one_line() -> None:
    assert apply(shown, "ann@example.com") == MASKED
    assert apply(shown, "2024-13-45 10:00:00") == "2024-13-45 10:00:00"
    assert apply(shown, "a\nb\tc") == "a b c"
    assert apply(shown, "x" * 100) == "x" * 60 + "…"


def test_a_moment_with_a_fraction_of_a_second_is_no_phone_number() -> None:
    moments = ["2026-03-01 09:59:59.999999", "2026-03-01T09:59:59.999999Z", "2026-03-01T09:59:59.5+02:00"]
    assert pl.Series(moments).to_frame("value").select(shown(pl.col("value")))["value"].to_list() == moments
    number = pl.Series(["tel:12.345678"]).to_frame("value").select(shown(pl.col("value")))
    assert number["value"].to_list() == [f"tel:{MASKED}"]
