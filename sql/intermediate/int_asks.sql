-- grain: one row per contact_id that asks for a refund on an order of its own program and customer
-- what:  asks with the money left on the order when they were opened
-- keeps: every such ask, with the opening of the ask before it on that order
-- drops: abandoned and outbound contacts; asks on unknown or foreign orders
with

asks as (
    select
        int_contacts.contact_id,
        int_contacts.order_id,
        int_contacts.opened_at,
        orders.program_amount as order_amount,
        orders.program_currency as currency,
        lag(int_contacts.opened_at) over (
            partition by int_contacts.order_id
            order by int_contacts.opened_at, int_contacts.contact_id
        ) as previous_ask_at
    from int_contacts
    inner join orders  -- only orders of the same program and customer are at stake
        on orders.order_id = int_contacts.order_id
        and orders.program_id = int_contacts.program_id
        and orders.customer_id = int_contacts.customer_id
    where int_contacts.is_handled
        and int_contacts.is_refund_asked
)

select
    asks.contact_id,
    asks.order_id,
    asks.opened_at,
    asks.order_amount,
    asks.currency,
    asks.previous_ask_at,
    asks.opened_at + build_settings.refund_window as window_ends_at,
    -- exactly one window before still counts as before
    coalesce(asks.previous_ask_at + build_settings.refund_window >= asks.opened_at, false) as is_blocked
from asks
cross join build_settings
