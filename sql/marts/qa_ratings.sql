-- grain: one row per (review_id, criterion_id)
-- what:  one score of one criterion in one review
-- keeps: every rating given at or before as-of of a contact known at as-of
-- drops: ratings of contacts that as-of does not know
with

-- far fewer than the contacts that as-of knows, and a rating of neither is rejected
unknown_contacts as (
    select src_contacts.contact_id
    from src_contacts
    cross join build_settings
    where src_contacts.opened_at > build_settings.as_of
)

select
    stg_qa_ratings.review_id,
    stg_qa_ratings.contact_id,
    stg_qa_ratings.grader_id,
    stg_qa_ratings.scorecard_id,
    stg_qa_ratings.version,
    stg_qa_ratings.criterion_id,
    stg_qa_ratings.score,
    stg_qa_ratings.reviewed_at,
    stg_qa_ratings.purpose,
    stg_qa_ratings.session_id,
    stg_qa_ratings.comment
from stg_qa_ratings
where not exists (
    select 1
    from unknown_contacts
    where unknown_contacts.contact_id = stg_qa_ratings.contact_id
)
