-- grain: one row per agent_id
-- what:  agents as their newest row describes them
-- keeps: every agent
-- drops: nothing
select
    agent_id,
    agent_name,
    program_id,
    site,
    region,
    team,
    hired_on,
    left_on,
    updated_at
from src_agents
