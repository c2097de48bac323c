-- grain: one row per program_id
-- what:  programs with the local date that as-of falls on
-- keeps: every program
-- drops: nothing
select
    src_programs.program_id,
    src_programs.program_name,
    src_programs.client_name,
    src_programs.operating_model,
    src_programs.partner,
    src_programs.timezone,
    src_programs.currency,
    cast(build_settings.as_of at time zone 'UTC' at time zone src_programs.timezone as date) as as_of_date
from src_programs
cross join build_settings
