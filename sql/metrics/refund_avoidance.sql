-- grain: one row per contact_id
-- what:  stakes, avoided when nothing was refunded in the window
-- keeps: every stake
-- drops: nothing
select
    contact_id,
    program_id,
    agent_id,
    channel,
    issue,
    opened_date as event_date,
    is_mature as in_denominator,
    is_mature and is_avoided as in_numerator,
    not is_mature as is_pending
from stakes
