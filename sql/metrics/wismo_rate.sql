-- grain: one row per contact_id
-- what:  inbound contacts that ask where an order is, to be set against the orders of their period
-- keeps: inbound contacts with issue wismo, abandoned ones too
-- drops: other issues and outbound contacts
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
    and issue = 'wismo'
