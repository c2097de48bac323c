-- grain: one row per contact_id
-- what:  closed handled contacts, those reopened counted
-- keeps: handled contacts that were closed
-- drops: open contacts
select
    contact_id,
    program_id,
    agent_id,
    channel,
    issue,
    opened_date as event_date,
    true as in_denominator,
    reopens > 0 as in_numerator,
    false as is_pending
from contacts
where is_handled
    and closed_at is not null
