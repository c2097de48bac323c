"""What we promise of the mart qa_reviews."""

import great_expectations as gx
from great_expectations import expectations as gxe
from great_expectations.expectations.metadata_types import FailureSeverity
from great_expectations.expectations.row_conditions import Column

HELPERS = {"contact_is_known": "contact_id in (select contact_id from contacts)"}

SUITE = gx.ExpectationSuite(
    name="marts.qa_reviews",
    expectations=[
        gxe.ExpectColumnValuesToBeUnique(
            column="review_id",
            severity=FailureSeverity.CRITICAL,
            notes="A second row of a key would count its unit twice; joins fan out this way.",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="contact_is_known",
            value_set=[True],
            severity=FailureSeverity.CRITICAL,
            notes="A review is counted by its contact's agent, channel and issue.",
        ),
        gxe.ExpectColumnValuesToBeBetween(
            column="raw_score",
            min_value=0,
            max_value=100,
            severity=FailureSeverity.CRITICAL,
            notes="A review's score is a share of the points possible, in percent.",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="raw_score",
            value_set=[0.0],
            row_condition=Column("auto_failed") == True,  # noqa: E712  GX builds the condition from `==`
            severity=FailureSeverity.CRITICAL,
            notes="An auto-fail makes the whole review 0.",
        ),
    ],
)
