-- grain: one row per review_id
-- what:  routine reviews with their score
-- keeps: routine reviews with a score
-- drops: calibration and reference reviews, and reviews with nothing applicable
select
    contact_id,
    program_id,
    agent_id,
    channel,
    issue,
    reviewed_date as event_date,
    review_id,
    true as in_denominator,
    false as is_pending,
    raw_score as value
from qa_reviews
where purpose = 'routine'
    and raw_score is not null
