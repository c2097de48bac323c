-- grain: one row per contact_id
-- what:  first contacts with the time from closing to their failure, or to the end of what is known
-- keeps: first contacts, mature and pending
-- drops: contacts that are no first contact
select
    contacts.contact_id,
    contacts.program_id,
    contacts.agent_id,
    contacts.channel,
    contacts.issue,
    contacts.opened_date as event_date,
    true as in_denominator,
    contacts.fcr_state = 'pending' as is_pending,
    contacts.repeat_contact_id is not null
        or contacts.reopens > 0
        or coalesce(contacts.resolution = 'unresolved', false) as is_failure,
    -- microseconds; a reopening or an unresolved ending fails at once
    case
        when contacts.reopens > 0 or contacts.resolution = 'unresolved' then 0
        when contacts.repeat_opened_at <= contacts.closed_at then 0
        when contacts.repeat_opened_at is not null
            then date_diff('microsecond', contacts.closed_at, contacts.repeat_opened_at)
        when contacts.fcr_window_ends_at <= build.as_of
            then date_diff('microsecond', contacts.closed_at, contacts.fcr_window_ends_at)
        else date_diff('microsecond', contacts.closed_at, build.as_of)
    end as observed_for
from contacts
cross join internal.build as build
where contacts.is_first_contact
