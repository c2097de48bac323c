-- grain: one row per contact_id
-- what:  handled contacts with their handling time in minutes
-- keeps: handled contacts with a known handling time
-- drops: contacts without one
select
    contact_id,
    program_id,
    agent_id,
    channel,
    issue,
    opened_date as event_date,
    true as in_denominator,
    false as is_pending,
    handle_seconds / 60 as value
from contacts
where is_handled
    and handle_seconds is not null
