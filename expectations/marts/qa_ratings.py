"""What we promise of the mart qa_ratings."""

import great_expectations as gx
from great_expectations import expectations as gxe
from great_expectations.expectations.metadata_types import FailureSeverity

HELPERS = {
    "review_is_known": "review_id in (select review_id from qa_reviews)",
    "criterion_is_known": (
        "exists (select 1 from scorecards where scorecards.scorecard_id = qa_ratings.scorecard_id"
        " and scorecards.version = qa_ratings.version and scorecards.criterion_id = qa_ratings.criterion_id)"
    ),
}

SUITE = gx.ExpectationSuite(
    name="marts.qa_ratings",
    expectations=[
        gxe.ExpectCompoundColumnsToBeUnique(
            column_list=["review_id", "criterion_id"],
            severity=FailureSeverity.CRITICAL,
            notes="A second row of a key would count its unit twice; joins fan out this way.",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="criterion_is_known",
            value_set=[True],
            severity=FailureSeverity.CRITICAL,
            notes="A score means nothing without its criterion's scale and weight.",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="review_is_known",
            value_set=[True],
            severity=FailureSeverity.WARNING,
            notes="Ratings of contacts that as-of does not know yet wait; many hint at a wrong contact id.",
        ),
    ],
)
