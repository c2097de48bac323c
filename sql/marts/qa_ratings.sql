-- grain: one row per (review_id, criterion_id)
-- what:  one score of one criterion in one review
-- keeps: every rating given at or before as-of of a contact known at as-of
-- drops: ratings of contacts that as-of does not know
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
inner join int_contacts  -- a review belongs to a contact that as-of knows
    on int_contacts.contact_id = stg_qa_ratings.contact_id
