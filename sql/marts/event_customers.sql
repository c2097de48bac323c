-- grain: one row per (event_id, customer_id)
-- what:  customers with an open order when an event began, and whether they were told in time
-- keeps: orders placed at or before the start, neither delivered nor cancelled by then
-- drops: nothing
with

customers as (
    select distinct
        events.event_id,
        events.program_id,
        events.started_at,
        events.started_date,
        orders.customer_id
    from events
    inner join orders  -- only customers with an order open at the start
        on orders.program_id = events.program_id
        and orders.ordered_at <= events.started_at
        and (orders.delivered_at is null or orders.delivered_at > events.started_at)
        and (orders.cancelled_at is null or orders.cancelled_at > events.started_at)
),

informed as (
    select
        events.event_id,
        int_contacts.customer_id,
        min(int_contacts.opened_at) as informed_at
    from events
    cross join build_settings
    inner join int_contacts  -- only messages within the window
        on int_contacts.program_id = events.program_id
        and int_contacts.opened_at >= events.started_at
        and int_contacts.opened_at <= events.started_at + build_settings.informed_window
    where not int_contacts.is_inbound
        and not int_contacts.abandoned
        and int_contacts.customer_id is not null
    group by events.event_id, int_contacts.customer_id
)

select
    customers.event_id,
    customers.program_id,
    customers.customer_id,
    customers.started_at,
    customers.started_date,
    informed.informed_at,
    informed.informed_at is not null as is_informed,
    customers.started_at + build_settings.informed_window <= build_settings.as_of as is_mature
from customers
left join informed
    on informed.event_id = customers.event_id
    and informed.customer_id = customers.customer_id
cross join build_settings
