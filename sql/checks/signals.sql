-- grain: one row per landed row that cannot be used yet
-- what:  rows of signals that name a program nobody has described
-- keeps: the row's place in its file
-- drops: rows that are fine
select
    landed_signals._seq,
    landed_signals._line,
    'program_id' as column_name,
    landed_signals.program_id as value,
    'no such program in programs; the row is tried again on every load' as reason
from landed_signals
left join src_programs
    on src_programs.program_id = landed_signals.program_id
where src_programs.program_id is null
