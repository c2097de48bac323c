"""What we promise of the mart stakes."""

import great_expectations as gx
from great_expectations import expectations as gxe
from great_expectations.expectations.metadata_types import FailureSeverity

HELPERS = {
    "contact_asks": "contact_id in (select contact_id from contacts where is_handled and is_refund_asked)",
    "order_is_known": "order_id in (select order_id from orders)",
}

SUITE = gx.ExpectationSuite(
    name="marts.stakes",
    expectations=[
        gxe.ExpectColumnValuesToBeUnique(
            column="contact_id",
            severity=FailureSeverity.CRITICAL,
            notes="A second row of a key would count its unit twice; joins fan out this way.",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="contact_asks",
            value_set=[True],
            severity=FailureSeverity.CRITICAL,
            notes="A stake is a contact that asks for a refund.",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="order_is_known",
            value_set=[True],
            severity=FailureSeverity.CRITICAL,
            notes="A stake is the money of an order.",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="at_stake",
            min_value=0,
            strict_min=True,
            severity=FailureSeverity.CRITICAL,
            notes="Where nothing is left to lose there is no stake.",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="refunded",
            min_value=0,
            severity=FailureSeverity.CRITICAL,
            notes="Refunds are never negative.",
        ),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="at_stake",
            column_B="refunded",
            or_equal=True,
            ignore_row_if="either_value_is_missing",
            severity=FailureSeverity.CRITICAL,
            notes="No more can be lost than was at stake, or value_retained would turn negative.",
        ),
    ],
)
