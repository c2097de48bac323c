"""What we believe of staffing, beyond the shape of the table."""

import great_expectations as gx
from great_expectations import expectations as gxe
from great_expectations.expectations.metadata_types import FailureSeverity

SUITE = gx.ExpectationSuite(
    name="staffing",
    expectations=[
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="logged_out_at",
            column_B="logged_in_at",
            or_equal=True,
            ignore_row_if="either_value_is_missing",
            severity=FailureSeverity.CRITICAL,
            notes="A shift of negative length would subtract from the staff that was there.",
        ),
    ],
)
