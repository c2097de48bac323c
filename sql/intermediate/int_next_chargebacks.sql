-- grain: one row per contact_id whose order saw a chargeback later
-- what:  the first chargeback on the contact's order after the contact opened
-- keeps: handled contacts on an order of their own program
-- drops: contacts without a later chargeback
with

chargebacks as (
    select
        stg_contacts.contact_id,
        min(order_outcomes.occurred_at) as chargeback_at
    from order_outcomes
    inner join stg_contacts  -- only contacts about that order
        on stg_contacts.order_id = order_outcomes.order_id
        and stg_contacts.program_id = order_outcomes.program_id
        and stg_contacts.opened_at < order_outcomes.occurred_at
    where order_outcomes.kind = 'chargeback'
        and stg_contacts.is_handled
    group by stg_contacts.contact_id
)

select
    contact_id,
    chargeback_at
from chargebacks
