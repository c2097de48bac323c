-- grain: one row per (review_id, criterion_id)
-- what:  scores beside the criterion that they were given on
-- keeps: ratings given at or before as-of
-- drops: ratings given later
select
    src_qa_ratings.review_id,
    src_qa_ratings.contact_id,
    src_qa_ratings.grader_id,
    src_qa_ratings.scorecard_id,
    src_qa_ratings.version,
    src_qa_ratings.criterion_id,
    src_qa_ratings.score,
    src_qa_ratings.reviewed_at,
    coalesce(src_qa_ratings.purpose, 'routine') as purpose,
    src_qa_ratings.session_id,
    src_qa_ratings.comment,
    src_scorecards.min as criterion_min,
    src_scorecards.max as criterion_max,
    src_scorecards.weight as criterion_weight,
    coalesce(src_scorecards.auto_fail, false) as is_auto_fail
from src_qa_ratings
inner join src_scorecards  -- a rating on an unknown criterion is rejected, not lost here
    on src_scorecards.scorecard_id = src_qa_ratings.scorecard_id
    and src_scorecards.version = src_qa_ratings.version
    and src_scorecards.criterion_id = src_qa_ratings.criterion_id
cross join build_settings
where src_qa_ratings.reviewed_at <= build_settings.as_of
