-- grain: one row per contact_id
-- what:  handled contacts, those escalated outside the company counted
-- keeps: inbound contacts that were not abandoned
-- drops: outbound and abandoned contacts
select
    contact_id,
    program_id,
    agent_id,
    channel,
    issue,
    opened_date as event_date,
    true as in_denominator,
    escalation = 'external' as in_numerator,
    false as is_pending
from contacts
where is_handled
