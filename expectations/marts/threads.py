"""What we promise of the mart threads."""

import great_expectations as gx
from great_expectations import expectations as gxe
from great_expectations.expectations.metadata_types import FailureSeverity

HELPERS = {"contact_is_first": "thread_id in (select contact_id from contacts where is_first_contact)"}

SUITE = gx.ExpectationSuite(
    name="marts.threads",
    expectations=[
        gxe.ExpectColumnValuesToBeUnique(
            column="thread_id",
            severity=FailureSeverity.CRITICAL,
            notes="A second row of a key would count its unit twice; joins fan out this way.",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="contact_is_first",
            value_set=[True],
            severity=FailureSeverity.CRITICAL,
            notes="A thread bears the id of its first contact.",
        ),
    ],
)
