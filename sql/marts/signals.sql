-- grain: one row per (program_id, name, at)
-- what:  leading signals of demand, such as cart velocity or social mentions
-- keeps: every row
-- drops: nothing
select
    program_id,
    "at",
    name,
    value
from src_signals
