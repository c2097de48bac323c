"""What we believe of targets, beyond the shape of the table."""

import great_expectations as gx
from great_expectations import expectations as gxe
from great_expectations.expectations.metadata_types import FailureSeverity

SUITE = gx.ExpectationSuite(
    name="targets",
    expectations=[
        gxe.ExpectColumnValuesToMatchRegex(
            column="metric",
            regex="^[a-z][a-z0-9_]*$",
            severity=FailureSeverity.WARNING,
            notes="A target is found by its metric's key, such as fcr; another spelling is never shown.",
        ),
    ],
)
