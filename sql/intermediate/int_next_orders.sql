-- grain: one row per contact_id after which its customer ordered again
-- what:  the first order of the same customer and program after the contact opened
-- keeps: handled contacts of known customers
-- drops: contacts without a later order
with

placed as (
    select
        hash(program_id, customer_id) as customer_key,
        ordered_at
    from orders
    where customer_id is not null
),

asked as (
    select
        contact_id,
        customer_key,
        opened_at
    from int_contacts
    where is_handled
        and customer_id is not null
)

select
    asked.contact_id,
    placed.ordered_at
from asked
asof inner join placed  -- the first order after the opening; no order, no row
    on placed.customer_key = asked.customer_key
    and placed.ordered_at > asked.opened_at
