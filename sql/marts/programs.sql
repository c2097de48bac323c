-- grain: one row per program_id
-- what:  programs, with the local date that as-of falls on
-- keeps: every program
-- drops: nothing
select
    program_id,
    program_name,
    client_name,
    operating_model,
    partner,
    timezone,
    currency,
    as_of_date
from stg_programs
