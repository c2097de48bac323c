"""What we promise of the mart programs."""

import great_expectations as gx
from great_expectations import expectations as gxe
from great_expectations.expectations.metadata_types import FailureSeverity

SUITE = gx.ExpectationSuite(
    name="marts.programs",
    expectations=[
        gxe.ExpectColumnValuesToBeUnique(
            column="program_id",
            severity=FailureSeverity.CRITICAL,
            notes="A second row of a key would count its unit twice; joins fan out this way.",
        ),
        gxe.ExpectColumnValuesToNotBeNull(
            column="timezone", severity=FailureSeverity.CRITICAL, notes="Days are cut in it."
        ),
        gxe.ExpectColumnValuesToNotBeNull(
            column="currency", severity=FailureSeverity.CRITICAL, notes="Amounts are stated in it."
        ),
    ],
)
