-- grain: one row per contact_id
-- what:  stakes with the money that was at stake and not refunded
-- keeps: every stake
-- drops: nothing
select
    contact_id,
    program_id,
    agent_id,
    channel,
    issue,
    opened_date as event_date,
    currency,
    is_mature as in_denominator,
    not is_mature as is_pending,
    retained as value
from stakes
