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
    local_date(build_settings.as_of, src_programs.timezone, utc_offsets.utc_offset) as as_of_date
from src_programs
cross join build_settings
left join utc_offsets  -- the one span of the clock that the moment falls into
    on utc_offsets.timezone = src_programs.timezone
    and utc_offsets.year = year(build_settings.as_of)
    and utc_offsets.starts_at <= build_settings.as_of
    and utc_offsets.ends_at > build_settings.as_of
