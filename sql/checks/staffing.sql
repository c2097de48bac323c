-- grain: one row per landed row that cannot be used yet
-- what:  rows of staffing that name a program nobody has described
-- keeps: the row's place in its file
-- drops: rows that are fine
select
    landed_staffing._seq,
    landed_staffing._line,
    'program_id' as column_name,
    landed_staffing.program_id as value,
    'no such program in programs; the row is tried again on every load' as reason
from landed_staffing
left join src_programs
    on src_programs.program_id = landed_staffing.program_id
where src_programs.program_id is null
