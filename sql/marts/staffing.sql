-- grain: one row per (agent_id, logged_in_at)
-- what:  times during which agents were logged in
-- keeps: every row
-- drops: nothing
select
    program_id,
    agent_id,
    site,
    logged_in_at,
    logged_out_at
from src_staffing
