-- grain: one row per contact_id
-- what:  rated contacts, satisfied when the normalised rating is in the top two boxes
-- keeps: every contact with a rating, outbound and abandoned ones too
-- drops: contacts without a rating
select
    contact_id,
    program_id,
    agent_id,
    channel,
    issue,
    opened_date as event_date,
    true as in_denominator,
    csat >= 4 as in_numerator,
    false as is_pending
from contacts
where csat is not null
