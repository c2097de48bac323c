-- grain: one row per landed row that cannot be used yet
-- what:  rows of events that name a program nobody has described, or whose times run backwards
-- keeps: the row's place in its file
-- drops: rows that are fine
select
    landed_events._seq,
    landed_events._line,
    'program_id' as column_name,
    landed_events.program_id as value,
    'no such program in programs; the row is tried again on every load' as reason
from landed_events
left join src_programs
    on src_programs.program_id = landed_events.program_id
where src_programs.program_id is null

union all

select
    _seq,
    _line,
    'ended_at' as column_name,
    cast(ended_at as varchar) as value,
    'ended before it started' as reason
from landed_events
where ended_at < started_at
