-- grain: one row per contact_id
-- what:  what links a contact to others, to orders and to events, kept narrow since many models read it
-- keeps: every contact known at as-of
-- drops: nothing
select
    contact_id,
    program_id,
    customer_id,
    hash(program_id, customer_id) as customer_key,  -- joined and put in order faster than the two names
    order_id,
    issue,
    opened_at,
    closed_at,
    abandoned,
    is_inbound,
    is_handled,
    is_refund_asked
from stg_contacts
