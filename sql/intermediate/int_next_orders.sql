-- grain: one row per contact_id of a known customer who ordered again
-- what:  the customer's first order in the program after the contact opened
-- keeps: handled contacts
-- drops: contacts without a later order
with

customers as (
    select distinct
        program_id,
        customer_id
    from stg_contacts
    where is_handled
        and customer_id is not null
),

-- two orders in one instant leave an empty span, which no opening falls into
spans as (
    select
        orders.program_id,
        orders.customer_id,
        orders.ordered_at,
        lag(orders.ordered_at, 1, timestamp '0001-01-01 00:00:00') over (
            partition by orders.program_id, orders.customer_id
            order by orders.ordered_at
        ) as previous_at
    from orders
    inner join customers  -- customers without a contact are not asked about
        on customers.program_id = orders.program_id
        and customers.customer_id = orders.customer_id
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
