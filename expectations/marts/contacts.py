"""What we promise of the mart contacts."""

import great_expectations as gx
from great_expectations import expectations as gxe
from great_expectations.expectations.metadata_types import FailureSeverity
from great_expectations.expectations.row_conditions import Column

HELPERS = {
    "program_is_known": "program_id in (select program_id from programs)",
    # of most it is known already, and only the others are looked for
    "order_is_known": """
        order_id is null or has_own_order
        or order_id in (
            select order_id from orders
            where order_id in (select order_id from contacts where not has_own_order)
        )
    """,
    "agent_is_known": "agent_id is null or agent_id in (select agent_id from agents)",
    "repeat_is_named": "(repeat_contact_id is null) = (repeat_opened_at is null)",
}

SUITE = gx.ExpectationSuite(
    name="marts.contacts",
    expectations=[
        gxe.ExpectColumnValuesToNotBeNull(
            column="contact_id",
            severity=FailureSeverity.CRITICAL,
            notes="A contact without a key cannot be joined.",
        ),
        gxe.ExpectColumnValuesToBeUnique(
            column="contact_id",
            severity=FailureSeverity.CRITICAL,
            notes="A second row of a key would count its unit twice; joins fan out this way.",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="program_is_known",
            value_set=[True],
            severity=FailureSeverity.CRITICAL,
            notes="Without its program a row has no timezone, no currency and nobody who may see it.",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="fcr_state",
            value_set=["resolved", "repeated", "unresolved", "pending"],
            severity=FailureSeverity.CRITICAL,
            notes="fcr is a count of these four words.",
        ),
        gxe.ExpectColumnValuesToNotBeNull(
            column="fcr_state",
            row_condition=Column("is_first_contact") == True,  # noqa: E712  GX builds the condition from `==`
            severity=FailureSeverity.CRITICAL,
            notes="Every first contact is resolved, repeated, unresolved or pending.",
        ),
        gxe.ExpectColumnValuesToBeNull(
            column="fcr_state",
            row_condition=Column("is_first_contact") == False,  # noqa: E712
            severity=FailureSeverity.CRITICAL,
            notes="Only first contacts are counted by fcr.",
        ),
        gxe.ExpectColumnValuesToNotBeNull(
            column="is_first_contact",
            severity=FailureSeverity.CRITICAL,
            notes="A contact is a first contact or it is not.",
        ),
        gxe.ExpectColumnValuesToNotBeNull(
            column="thread_id",
            row_condition=Column("is_first_contact") == True,  # noqa: E712
            severity=FailureSeverity.CRITICAL,
            notes="A first contact begins a thread.",
        ),
        gxe.ExpectColumnValuesToNotBeNull(
            column="repeat_opened_at",
            row_condition=Column("fcr_state") == "repeated",
            severity=FailureSeverity.CRITICAL,
            notes="What was repeated names its repeat.",
        ),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="repeat_opened_at",
            column_B="opened_at",
            ignore_row_if="either_value_is_missing",
            severity=FailureSeverity.CRITICAL,
            notes="A repeat opens strictly after the contact that it repeats.",
        ),
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A="closed_at",
            column_B="opened_at",
            or_equal=True,
            ignore_row_if="either_value_is_missing",
            severity=FailureSeverity.CRITICAL,
            notes="Windows begin at closing, whatever zone the file spoke in.",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="repeat_is_named",
            value_set=[True],
            severity=FailureSeverity.CRITICAL,
            notes="A repeat has both an id and a time, or neither.",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="order_is_known",
            value_set=[True],
            severity=FailureSeverity.WARNING,
            notes="Takes effect when the order arrives; until then the contact has no money at risk.",
        ),
        gxe.ExpectColumnValuesToBeInSet(
            column="agent_is_known",
            value_set=[True],
            severity=FailureSeverity.WARNING,
            notes="Takes effect when the agent arrives; until then site, team and region are unknown.",
        ),
    ],
)
