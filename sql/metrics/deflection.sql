-- grain: one row per contact_id
-- what:  stakes, deflected when the refund was avoided and the customer came back, charged back or rated 1-2
-- keeps: every stake
-- drops: nothing
select
    contact_id,
    program_id,
    agent_id,
    channel,
    issue,
    opened_date as event_date,
    is_healthy_mature as in_denominator,
    is_healthy_mature and is_avoided and not is_healthy as in_numerator,
    not is_healthy_mature as is_pending
from stakes
