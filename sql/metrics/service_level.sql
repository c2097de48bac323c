-- grain: one row per contact_id
-- what:  inbound contacts with a known wait, those within their channel's limit counted
-- keeps: inbound contacts, handled or abandoned, on channels with a limit
-- drops: channels without a limit and contacts whose wait is unknown
select
    contacts.contact_id,
    contacts.program_id,
    contacts.agent_id,
    contacts.channel,
    contacts.issue,
    contacts.opened_date as event_date,
    true as in_denominator,
    contacts.wait_seconds <= service_levels.max_wait_seconds as in_numerator,
    false as is_pending
from contacts
inner join internal.service_levels as service_levels  -- only channels with a limit
    on service_levels.channel = contacts.channel
where contacts.is_inbound
    and contacts.wait_seconds is not null
