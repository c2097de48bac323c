-- grain: one row per contact_id
-- what:  stakes, healthy when the refund was avoided and the customer neither came back, charged back nor rated 1-2
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
    is_healthy_mature and is_healthy as in_numerator,
    not is_healthy_mature as is_pending
from stakes
