-- grain: one row per contact_id whose order saw a chargeback later
-- what:  the first chargeback on the contact's order after the contact opened
-- keeps: handled contacts on an order of their own program
-- drops: contacts without a later chargeback
with

chargebacks as (
    select
        int_contacts.contact_id,
        min(order_outcomes.occurred_at) as chargeback_at
    from order_outcomes
    inner join int_contacts  -- only contacts about that order
        on int_contacts.order_id = order_outcomes.order_id
        and int_contacts.program_id = order_outcomes.program_id
        and int_contacts.opened_at < order_outcomes.occurred_at
    where order_outcomes.kind = 'chargeback'
        and int_contacts.is_handled
    group by int_contacts.contact_id
)

select
    contact_id,
    chargeback_at
from chargebacks
