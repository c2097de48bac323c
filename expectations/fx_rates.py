"""What we believe of exchange rates, beyond the shape of the table."""

import great_expectations as gx
from great_expectations import expectations as gxe
from great_expectations.expectations.metadata_types import FailureSeverity

_CODE = "Rates are found by the three-letter code that amounts carry."
_NOT_A_CODE = {"reason": "not a three-letter ISO 4217 code such as USD"}

SUITE = gx.ExpectationSuite(
    name="fx_rates",
    expectations=[
        gxe.ExpectColumnValuesToMatchRegex(
            column="currency",
            regex="^[A-Z]{3}$",
            severity=FailureSeverity.CRITICAL,
            notes=_CODE,
            meta=_NOT_A_CODE,
        ),
        gxe.ExpectColumnValuesToMatchRegex(
            column="to_currency",
            regex="^[A-Z]{3}$",
            severity=FailureSeverity.CRITICAL,
            notes=_CODE,
            meta=_NOT_A_CODE,
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="rate",
            min_value=0,
            strict_min=True,
            severity=FailureSeverity.CRITICAL,
            notes="A rate of 0 would turn money into nothing.",
        ),
    ],
)
