"""What we promise of the mart order_outcomes."""

import great_expectations as gx
from great_expectations import expectations as gxe
from great_expectations.expectations.metadata_types import FailureSeverity

HELPERS = {"order_is_known": "order_id in (select order_id from orders)"}

SUITE = gx.ExpectationSuite(
    name="marts.order_outcomes",
    expectations=[
        gxe.ExpectColumnValuesToBeUnique(
            column="outcome_id",
            severity=FailureSeverity.CRITICAL,
            notes="A second row of a key would count its unit twice; joins fan out this way.",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="amount",
            min_value=0,
            severity=FailureSeverity.CRITICAL,
            notes="Refunds and concessions are subtracted; a negative one would add.",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="order_is_known",
            value_set=[True],
            severity=FailureSeverity.WARNING,
            notes="An outcome may be known before its order is; it counts once both are.",
        ),
    ],
)
