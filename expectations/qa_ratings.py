"""What we believe of ratings, beyond the shape of the table.

That a score lies within its criterion's range is checked when the warehouse is built: the scorecard may
arrive in another file.
"""

import great_expectations as gx
from great_expectations import expectations as gxe
from great_expectations.expectations.metadata_types import FailureSeverity
from great_expectations.expectations.row_conditions import Column

SUITE = gx.ExpectationSuite(
    name="qa_ratings",
    expectations=[
        gxe.ExpectColumnValuesToNotBeNull(
            column="session_id",
            row_condition=Column("purpose") == "calibration",
            severity=FailureSeverity.WARNING,
            notes="Calibration is compared session by session; without one it counts over time only.",
        ),
    ],
)
