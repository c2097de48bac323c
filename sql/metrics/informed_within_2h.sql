-- grain: one row per (event_id, customer_id)
-- what:  customers with an open order when an event began, those told in time counted
-- keeps: every kind of event
-- drops: nothing
select
    event_id,
    customer_id,
    program_id,
    started_date as event_date,
    is_mature as in_denominator,
    is_mature and is_informed as in_numerator,
    not is_mature as is_pending
from internal.event_customers
