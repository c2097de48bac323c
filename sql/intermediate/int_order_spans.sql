-- grain: one row per order of a customer with a contact
-- what:  the time since the customer's order before it, in which this one is the next
-- keeps: orders of customers whose contact was handled
-- drops: orders of customers without a contact, who are not asked about
with

customers as (
    select distinct
        program_id,
        customer_id
    from int_contacts
    where is_handled
        and customer_id is not null
)

-- two orders in one instant leave an empty span, which no opening falls into
select
    orders.program_id,
    orders.customer_id,
    orders.ordered_at,
    lag(orders.ordered_at, 1, timestamp '0001-01-01 00:00:00') over (
        partition by orders.program_id, orders.customer_id
        order by orders.ordered_at
    ) as previous_at
from orders
inner join customers
    on customers.program_id = orders.program_id
    and customers.customer_id = orders.customer_id
