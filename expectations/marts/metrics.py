"""What we promise of the mart metrics."""

import great_expectations as gx
from great_expectations import expectations as gxe
from great_expectations.expectations.metadata_types import FailureSeverity

SUITE = gx.ExpectationSuite(
    name="marts.metrics",
    expectations=[
        gxe.ExpectColumnValuesToBeUnique(
            column="key", severity=FailureSeverity.CRITICAL, notes="A metric is defined once."
        ),
        gxe.ExpectColumnValuesToNotBeNull(
            column="label", severity=FailureSeverity.CRITICAL, notes="Every surface shows it."
        ),
        gxe.ExpectColumnValuesToNotBeNull(
            column="definition", severity=FailureSeverity.CRITICAL, notes="Every tile can say what it counts."
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="better",
            value_set=["higher", "lower", "neither"],
            severity=FailureSeverity.CRITICAL,
            notes="Decides which way a change is coloured.",
        ),
    ],
)
