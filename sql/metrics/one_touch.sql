-- grain: one row per contact_id
-- what:  first contacts resolved without a transfer or an escalation
-- keeps: first contacts
-- drops: contacts that are no first contact
select
    contact_id,
    program_id,
    agent_id,
    channel,
    issue,
    opened_date as event_date,
    fcr_state in ('resolved', 'repeated', 'unresolved') as in_denominator,
    fcr_state = 'resolved' and transfers = 0 and escalation = 'none' as in_numerator,
    fcr_state = 'pending' as is_pending
from contacts
where is_first_contact
