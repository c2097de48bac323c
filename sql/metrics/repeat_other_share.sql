-- grain: one row per contact_id
-- what:  repeats, those resting on nothing but the issue other counted
-- keeps: repeats
-- drops: contacts that repeat nothing
select
    contact_id,
    program_id,
    agent_id,
    channel,
    issue,
    opened_date as event_date,
    true as in_denominator,
    is_repeat_by_other_only as in_numerator,
    false as is_pending
from contacts
where is_repeat
