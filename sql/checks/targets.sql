-- grain: one row per landed row that cannot be used yet
-- what:  targets of a program nobody has described
-- keeps: the row's place in its file
-- drops: rows that are fine, and targets of all programs
select
    landed_targets._seq,
    landed_targets._line,
    'program_id' as column_name,
    landed_targets.program_id as value,
    'no such program in programs; the row is tried again on every load' as reason
from landed_targets
left join src_programs
    on src_programs.program_id = landed_targets.program_id
where landed_targets.program_id is not null
    and src_programs.program_id is null
