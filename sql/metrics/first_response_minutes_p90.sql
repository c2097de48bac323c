-- grain: one row per contact_id
-- what:  handled contacts with the minutes to their first response
-- keeps: handled contacts with a first response
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
    date_diff('microsecond', opened_at, first_response_at) / 60000000 as value
from contacts
where is_handled
    and first_response_at is not null
