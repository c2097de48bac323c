-- grain: one row per (metric, program_id, valid_from)
-- what:  what a metric should reach, from a day on
-- keeps: every row
-- drops: nothing
select
    metric,
    program_id,
    valid_from,
    target
from src_targets
