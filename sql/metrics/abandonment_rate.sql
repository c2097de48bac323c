-- grain: one row per contact_id
-- what:  inbound contacts that were handled or given up after a real wait
-- keeps: handled contacts, and those abandoned after the shortest wait that counts
-- drops: those abandoned sooner or after an unknown wait
select
    contact_id,
    program_id,
    agent_id,
    channel,
    issue,
    opened_date as event_date,
    true as in_denominator,
    abandoned as in_numerator,
    false as is_pending
from contacts
where is_inbound
    and (not abandoned or wait_seconds >= (select abandonment_min_wait_seconds from internal.build))
