-- grain: one row per contact_id
-- what:  handled contacts about an order with the time from opening to its chargeback, or to the end of what is known
-- keeps: handled contacts on an order of their own program, mature and pending
-- drops: contacts on no order, an unknown one or another program's
select
    contacts.contact_id,
    contacts.program_id,
    contacts.agent_id,
    contacts.channel,
    contacts.issue,
    contacts.opened_date as event_date,
    contacts.order_id,
    contacts.opened_at,
    true as in_denominator,
    not contacts.is_chargeback_mature as is_pending,
    contacts.has_chargeback as is_failure,
    -- microseconds
    case
        when contacts.has_chargeback then date_diff('microsecond', contacts.opened_at, contacts.chargeback_at)
        when contacts.is_chargeback_mature
            then date_diff('microsecond', contacts.opened_at, contacts.opened_at + build.chargeback_window)
        else date_diff('microsecond', contacts.opened_at, build.as_of)
    end as observed_for
from contacts
cross join internal.build as build
where contacts.is_handled
    and contacts.has_own_order
