"""What we promise of the mart events."""

import great_expectations as gx
from great_expectations import expectations as gxe
from great_expectations.expectations.metadata_types import FailureSeverity

HELPERS = {"program_is_known": "program_id in (select program_id from programs)"}

SUITE = gx.ExpectationSuite(
    name="marts.events",
    expectations=[
        gxe.ExpectColumnValuesToBeUnique(
            column="event_id",
            severity=FailureSeverity.CRITICAL,
            notes="A second row of a key would count its unit twice; joins fan out this way.",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="program_is_known",
            value_set=[True],
            severity=FailureSeverity.CRITICAL,
            notes="Without its program a row has no timezone, no currency and nobody who may see it.",
        ),
    ],
)
