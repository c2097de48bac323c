-- grain: one row per contact_id
-- what:  contacts as they were known at as-of, with the contract's defaults in place of empty cells
-- keeps: contacts opened at or before as-of
-- drops: contacts opened later; what happened to a kept contact after as-of is emptied
select
    src_contacts.contact_id,
    src_contacts.program_id,
    src_contacts.customer_id,
    src_contacts.order_id,
    src_contacts.agent_id,
    src_contacts.channel,
    coalesce(src_contacts.direction, 'inbound') as direction,
    src_contacts.issue,
    src_contacts.opened_at,
    src_contacts.first_response_at,
    case when src_contacts.closed_at <= build_settings.as_of then src_contacts.closed_at end as closed_at,
    src_contacts.wait_seconds,
    src_contacts.handle_seconds,
    coalesce(src_contacts.abandoned, false) as abandoned,
    coalesce(src_contacts.transfers, 0) as transfers,
    coalesce(src_contacts.reopens, 0) as reopens,
    coalesce(src_contacts.escalation, 'none') as escalation,
    src_contacts.resolution,
    src_contacts.refund_requested,
    -- a rating without a time of its own counts from the opening
    case when coalesce(src_contacts.csat_at, src_contacts.opened_at) <= build_settings.as_of
        then src_contacts.csat_score end as csat_score,
    coalesce(src_contacts.csat_min, 1) as csat_min,
    coalesce(src_contacts.csat_max, 5) as csat_max,
    src_contacts.csat_sent,
    case when src_contacts.csat_at <= build_settings.as_of then src_contacts.csat_at end as csat_at,
    src_contacts.updated_at,
    coalesce(src_contacts.direction, 'inbound') = 'inbound' as is_inbound,
    coalesce(src_contacts.direction, 'inbound') = 'inbound'
        and not coalesce(src_contacts.abandoned, false) as is_handled,
    coalesce(src_contacts.refund_requested, src_contacts.issue in ('refund', 'return')) as is_refund_asked
from src_contacts
cross join build_settings
where src_contacts.opened_at <= build_settings.as_of
