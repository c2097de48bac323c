-- grain: one row per contact_id
-- what:  contacts whose answer can be compared with other agents' answers to the same kind of problem
-- keeps: handled, closed contacts with agent and resolution known
-- drops: the others
select
    contact_id,
    program_id,
    agent_id,
    channel,
    issue,
    opened_date as event_date,
    resolution,
    -- contacts that name no known order of their program are a band of their own, -1
    case when has_own_order
        then len(list_filter((select value_bands from internal.build), lambda edge: edge <= order_amount))
        else -1 end as value_band,
    false as is_pending
from contacts
where is_handled
    and closed_at is not null
    and agent_id is not null
    and resolution is not null
