-- grain: one row per (scorecard_id, version, criterion_id)
-- what:  the criteria that reviews are scored on
-- keeps: every version
-- drops: nothing
select
    scorecard_id,
    version,
    criterion_id,
    label,
    section,
    min,
    max,
    weight,
    coalesce(auto_fail, false) as auto_fail,
    scale
from src_scorecards
