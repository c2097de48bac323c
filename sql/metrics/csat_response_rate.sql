-- grain: one row per contact_id
-- what:  contacts that were sent a survey, those answered counted
-- keeps: contacts whose source says that a survey was sent
-- drops: contacts whose source does not say so
select
    contact_id,
    program_id,
    agent_id,
    channel,
    issue,
    opened_date as event_date,
    true as in_denominator,
    csat is not null as in_numerator,
    false as is_pending
from contacts
where csat_sent
