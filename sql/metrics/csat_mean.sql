-- grain: one row per contact_id
-- what:  rated contacts with their rating on 1-5
-- keeps: every contact with a rating
-- drops: contacts without a rating
select
    contact_id,
    program_id,
    agent_id,
    channel,
    issue,
    opened_date as event_date,
    true as in_denominator,
    false as is_pending,
    csat as value
from contacts
where csat is not null
