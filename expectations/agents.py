"""What we believe of agents, beyond the shape of the table."""

import great_expectations as gx
from great_expectations import expectations as gxe
from great_expectations.expectations.metadata_types import FailureSeverity

SUITE = gx.ExpectationSuite(
    name="agents",
    expectations=[
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="left_on",
            column_B="hired_on",
            or_equal=True,
            ignore_row_if="either_value_is_missing",
            severity=FailureSeverity.WARNING,
            notes="Leaving before being hired is a slip in the personnel file; no metric rests on it.",
        ),
    ],
)
