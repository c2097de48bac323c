-- grain: one row per contact_id
-- what:  first contacts, resolved when no repeat, no reopening and no unresolved ending followed
-- keeps: first contacts: handled, closed, customer known, no repeat themselves
-- drops: contacts that are no first contact
select
    contact_id,
    program_id,
    agent_id,
    channel,
    issue,
    opened_date as event_date,
    fcr_state in ('resolved', 'repeated', 'unresolved') as in_denominator,
    fcr_state = 'resolved' as in_numerator,
    fcr_state = 'pending' as is_pending
from contacts
where is_first_contact
