-- grain: one row per event_id
-- what:  sales, outages and other happenings
-- keeps: events that started at or before as-of
-- drops: events that start later
select
    src_events.event_id,
    src_events.program_id,
    src_events.kind,
    src_events.label,
    src_events.started_at,
    src_events.ended_at,
    src_events.forecast_orders,
    local_date(src_events.started_at, src_programs.timezone, utc_offsets.utc_offset) as started_date
from src_events
inner join src_programs  -- an event of an unknown program is rejected, not lost here
    on src_programs.program_id = src_events.program_id
left join utc_offsets  -- the one span of the clock that the moment falls into
    on utc_offsets.timezone = src_programs.timezone
    and utc_offsets.year = year(src_events.started_at)
    and utc_offsets.starts_at <= src_events.started_at
    and utc_offsets.ends_at > src_events.started_at
cross join build_settings
where src_events.started_at <= build_settings.as_of
