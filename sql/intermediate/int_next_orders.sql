-- grain: one row per contact_id of a known customer who ordered again
-- what:  the customer's first order in the program after the contact opened
-- keeps: handled contacts
-- drops: contacts without a later order
with

order_times as (
    select distinct
        program_id,
        customer_id,
        ordered_at
    from stg_orders
),

spans as (
    select
        program_id,
        customer_id,
        ordered_at,
        lag(ordered_at, 1, timestamp '0001-01-01 00:00:00') over (
            partition by program_id, customer_id
            order by ordered_at
        ) as previous_at
    from order_times
)

select
    stg_contacts.contact_id,
    spans.ordered_at as next_ordered_at
from stg_contacts
inner join spans  -- the one span that the opening falls into
    on spans.program_id = stg_contacts.program_id
    and spans.customer_id = stg_contacts.customer_id
    and stg_contacts.opened_at >= spans.previous_at
    and stg_contacts.opened_at < spans.ordered_at
where stg_contacts.is_handled
