-- grain: one row per contact_id
-- what:  handled contacts of known customers; each customer counts once in a row, at the first contact there
-- keeps: handled contacts with a known customer
-- drops: unknown customers
select
    contact_id,
    program_id,
    agent_id,
    channel,
    issue,
    opened_date as event_date,
    customer_id,
    opened_at,
    is_reorder_mature as in_denominator,
    is_reorder_mature and has_reordered as in_numerator,
    not is_reorder_mature as is_pending
from contacts
where is_handled
    and customer_id is not null
