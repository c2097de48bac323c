-- grain: one row per contact_id
-- what:  inbound contacts, to be set against the orders of their period
-- keeps: inbound contacts, abandoned ones too
-- drops: outbound contacts
select
    contact_id,
    program_id,
    agent_id,
    channel,
    issue,
    opened_date as event_date,
    false as is_pending
from contacts
where is_inbound
