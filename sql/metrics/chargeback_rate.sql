-- grain: one row per contact_id
-- what:  handled contacts about an order of their program; each order counts once in a row, at its first contact there
-- keeps: handled contacts on an order of their own program
-- drops: contacts on no order, an unknown one or another program's
select
    contact_id,
    program_id,
    agent_id,
    channel,
    issue,
    opened_date as event_date,
    order_id,
    opened_at,
    is_chargeback_mature as in_denominator,
    is_chargeback_mature and has_chargeback as in_numerator,
    not is_chargeback_mature as is_pending
from contacts
where is_handled
    and has_own_order
