-- grain: one row per contact_id
-- what:  handled contacts with the time from opening to the customer's next order, or to the end of what is known
-- keeps: handled contacts with a known customer, mature and pending
-- drops: unknown customers
select
    contacts.contact_id,
    contacts.program_id,
    contacts.agent_id,
    contacts.channel,
    contacts.issue,
    contacts.opened_date as event_date,
    contacts.customer_id,
    contacts.opened_at,
    true as in_denominator,
    not contacts.is_reorder_mature as is_pending,
    contacts.has_reordered as is_failure,
    -- microseconds
    case
        when contacts.has_reordered then date_diff('microsecond', contacts.opened_at, contacts.next_ordered_at)
        when contacts.is_reorder_mature
            then date_diff('microsecond', contacts.opened_at, contacts.opened_at + build.repeat_purchase_window)
        else date_diff('microsecond', contacts.opened_at, build.as_of)
    end as observed_for
from contacts
cross join internal.build as build
where contacts.is_handled
    and contacts.customer_id is not null
