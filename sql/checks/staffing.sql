-- grain: one row per landed row that cannot be used yet
-- what:  rows of staffing that name a program nobody has described, or whose times run backwards
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

union all

select
    _seq,
    _line,
    'logged_out_at' as column_name,
    cast(logged_out_at as varchar) as value,
    'logged out before logging in' as reason
from landed_staffing
where logged_out_at < logged_in_at
