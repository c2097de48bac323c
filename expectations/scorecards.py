"""What we believe of scorecards, beyond the shape of the table."""

import great_expectations as gx
from great_expectations import expectations as gxe
from great_expectations.expectations.metadata_types import FailureSeverity

SUITE = gx.ExpectationSuite(
    name="scorecards",
    expectations=[
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="max",
            column_B="min",
            severity=FailureSeverity.CRITICAL,
            ignore_row_if="either_value_is_missing",
            notes="A score is placed between min and max; with equal or swapped ends it has no place.",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="weight",
            min_value=0,
            strict_min=True,
            severity=FailureSeverity.WARNING,
            notes="A criterion of weight 0 is scored and then counts for nothing.",
        ),
    ],
)
