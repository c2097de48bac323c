"""What we believe of programs, beyond the shape of the table."""

from zoneinfo import available_timezones

import great_expectations as gx
from great_expectations import expectations as gxe
from great_expectations.expectations.metadata_types import FailureSeverity

SUITE = gx.ExpectationSuite(
    name="programs",
    expectations=[
        gxe.ExpectColumnValuesToBeInSet(
            column="timezone",
            value_set=sorted(available_timezones()),
            severity=FailureSeverity.CRITICAL,
            notes="Days and weeks are cut in this zone; without it no day of the program can be told.",
            meta={"reason": "not an IANA time zone such as America/New_York"},
        ),
        gxe.ExpectColumnValuesToMatchRegex(
            column="currency",
            regex="^[A-Z]{3}$",
            severity=FailureSeverity.CRITICAL,
            notes="Money is never added over currencies, so the code must be comparable.",
            meta={"reason": "not a three-letter ISO 4217 code such as USD"},
        ),
    ],
)
