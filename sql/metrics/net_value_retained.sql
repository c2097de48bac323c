-- grain: one row per contact_id
-- what:  stakes with the money retained after what was conceded for it
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
    retained - concessions as value
from stakes
