"""What we promise of the mart scorecards."""

import great_expectations as gx
from great_expectations import expectations as gxe
from great_expectations.expectations.metadata_types import FailureSeverity

SUITE = gx.ExpectationSuite(
    name="marts.scorecards",
    expectations=[
        gxe.ExpectCompoundColumnsToBeUnique(
            column_list=["scorecard_id", "version", "criterion_id"],
            severity=FailureSeverity.CRITICAL,
            notes="A second row of a key would count its unit twice; joins fan out this way.",
        ),
    ],
)
