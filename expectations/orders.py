"""What we believe of orders, beyond the shape of the table."""

import great_expectations as gx
from great_expectations import expectations as gxe
from great_expectations.expectations.metadata_types import FailureSeverity


def _not_before_the_order(column: str, why: str) -> gxe.Expectation:
    return gxe.ExpectColumnPairValuesAToBeGreaterThanB(
        column_A=column,
        column_B="ordered_at",
        or_equal=True,
        ignore_row_if="either_value_is_missing",
        severity=FailureSeverity.WARNING,
        notes=why,
    )


SUITE = gx.ExpectationSuite(
    name="orders",
    expectations=[
        _not_before_the_order("promised_at", "A promise older than its order was copied from elsewhere."),
        _not_before_the_order(
            "delivered_at", "Shops that enter orders late have these; the order still counts."
        ),
        _not_before_the_order(
            "cancelled_at", "Shops that enter orders late have these; the order still counts."
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="amount",
            min_value=0,
            strict_min=True,
            severity=FailureSeverity.WARNING,
            notes="Orders of no value put nothing at risk; many of them hint at a wrong amount column.",
        ),
    ],
)
