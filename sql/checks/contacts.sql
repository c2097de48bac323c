-- grain: one row per landed row that cannot be used yet
-- what:  contacts of an unknown program, or whose times run backwards once their zones are known
-- keeps: the row's place in its file
-- drops: rows that are fine
select
    landed_contacts._seq,
    landed_contacts._line,
    'program_id' as column_name,
    landed_contacts.program_id as value,
    'no such program in programs; the row is tried again on every load' as reason
from landed_contacts
left join src_programs
    on src_programs.program_id = landed_contacts.program_id
where src_programs.program_id is null

union all

select
    _seq,
    _line,
    'closed_at' as column_name,
    cast(closed_at as varchar) as value,
    'closed before it opened' as reason
from landed_contacts
where closed_at < opened_at

union all

select
    _seq,
    _line,
    'first_response_at' as column_name,
    cast(first_response_at as varchar) as value,
    'first response before it opened' as reason
from landed_contacts
where first_response_at < opened_at
