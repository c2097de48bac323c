"""What we believe of order outcomes, beyond the shape of the table."""

import great_expectations as gx
from great_expectations import expectations as gxe
from great_expectations.expectations.metadata_types import FailureSeverity
from great_expectations.expectations.row_conditions import Column

SUITE = gx.ExpectationSuite(
    name="order_outcomes",
    expectations=[
        gxe.ExpectColumnValuesToNotBeNull(
            column="amount",
            row_condition=Column("kind").is_in(["refund", "chargeback"]),
            severity=FailureSeverity.CRITICAL,
            notes="Value retained is what was not refunded; an unknown refund would pass as money kept.",
            meta={"reason": "a refund or chargeback needs an amount, but the cell is empty"},
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="amount",
            min_value=0,
            strict_min=True,
            row_condition=Column("kind").is_in(["refund", "chargeback"]),
            severity=FailureSeverity.WARNING,
            notes="A refund of nothing changes no number; many of them hint at a wrong amount column.",
        ),
    ],
)
