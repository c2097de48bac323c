"""What we believe of contacts, beyond the shape of the table."""

import great_expectations as gx
from great_expectations import expectations as gxe
from great_expectations.expectations.metadata_types import FailureSeverity
from great_expectations.expectations.row_conditions import Column

_SCALE = "A rating outside its own scale has no place on the normalised 1 to 5, so it cannot be counted."
_EMPTY_SCALE = f"{_SCALE} An empty end of the scale means 1 or 5."
_UPSIDE_DOWN = "A scale whose ends are equal or swapped cannot be normalised."

SUITE = gx.ExpectationSuite(
    name="contacts",
    expectations=[
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="first_response_at",
            column_B="opened_at",
            or_equal=True,
            ignore_row_if="either_value_is_missing",
            severity=FailureSeverity.CRITICAL,
            notes="An answer before the question would make a negative response time.",
        ),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="closed_at",
            column_B="opened_at",
            or_equal=True,
            ignore_row_if="either_value_is_missing",
            severity=FailureSeverity.CRITICAL,
            notes="The window for repeats begins at closing, which cannot come before the contact.",
        ),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="csat_score",
            column_B="csat_min",
            or_equal=True,
            ignore_row_if="either_value_is_missing",
            severity=FailureSeverity.CRITICAL,
            notes=_SCALE,
        ),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="csat_max",
            column_B="csat_score",
            or_equal=True,
            ignore_row_if="either_value_is_missing",
            severity=FailureSeverity.CRITICAL,
            notes=_SCALE,
            meta={"column": "csat_score", "reason": "above csat_max"},
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="csat_score",
            min_value=1,
            row_condition=Column("csat_min").is_null(),
            severity=FailureSeverity.CRITICAL,
            notes=_EMPTY_SCALE,
            meta={"reason": "below 1, which an empty csat_min means"},
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="csat_score",
            max_value=5,
            row_condition=Column("csat_max").is_null(),
            severity=FailureSeverity.CRITICAL,
            notes=_EMPTY_SCALE,
            meta={"reason": "above 5, which an empty csat_max means"},
        ),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="csat_max",
            column_B="csat_min",
            row_condition=Column("csat_score").is_not_null(),
            ignore_row_if="either_value_is_missing",
            severity=FailureSeverity.CRITICAL,
            notes=_UPSIDE_DOWN,
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="csat_max",
            min_value=1,
            strict_min=True,
            row_condition=Column("csat_score").is_not_null() & Column("csat_min").is_null(),
            severity=FailureSeverity.CRITICAL,
            notes=_UPSIDE_DOWN,
            meta={"reason": "not above 1, which an empty csat_min means"},
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="csat_min",
            max_value=5,
            strict_max=True,
            row_condition=Column("csat_score").is_not_null() & Column("csat_max").is_null(),
            severity=FailureSeverity.CRITICAL,
            notes=_UPSIDE_DOWN,
            meta={"reason": "not below 5, which an empty csat_max means"},
        ),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="csat_at",
            column_B="opened_at",
            or_equal=True,
            ignore_row_if="either_value_is_missing",
            severity=FailureSeverity.WARNING,
            notes="A rating given before its contact opened belongs to another contact, or a clock is off.",
        ),
        gxe.ExpectColumnValuesToBeNull(
            column="csat_score",
            row_condition=Column("csat_sent") == False,  # noqa: E712  GX builds the condition from `==`
            severity=FailureSeverity.WARNING,
            notes="A rating without a survey is missing from csat_response_rate; csat_sent is likely wrong.",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="handle_seconds",
            max_value=86_400,
            severity=FailureSeverity.WARNING,
            notes="More than a day of work on one contact is mostly milliseconds read as seconds.",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="wait_seconds",
            max_value=86_400,
            row_condition=Column("channel") == "voice",
            severity=FailureSeverity.WARNING,
            notes="Nobody waits on the telephone for more than a day; the unit is mostly milliseconds.",
        ),
    ],
)
