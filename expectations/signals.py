"""What we believe of signals, beyond the shape of the table."""

import great_expectations as gx
from great_expectations import expectations as gxe
from great_expectations.expectations.metadata_types import FailureSeverity

SUITE = gx.ExpectationSuite(
    name="signals",
    expectations=[
        gxe.ExpectColumnValuesToMatchRegex(
            column="name",
            regex="^[a-z][a-z0-9_]*$",
            severity=FailureSeverity.WARNING,
            notes="One spelling a signal, lower case with underscores, or its series falls apart.",
        ),
    ],
)
