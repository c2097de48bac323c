-- grain: one row per review_id that can be compared with a reference review of the same contact
-- what:  reviews with their agreement with the expert's review, criterion by criterion, weighted
-- keeps: reviews that are not reference_scores, on criteria that both scored
-- drops: reviews of contacts without a reference review on the same scorecard version
with

-- several reference_scores of one contact are averaged
reference_scores as (
    select
        qa_ratings.contact_id,
        qa_ratings.scorecard_id,
        qa_ratings.version,
        qa_ratings.criterion_id,
        avg(qa_ratings.score) as score
    from qa_ratings
    where qa_ratings.purpose = 'reference'
        and qa_ratings.score is not null
    group by
        qa_ratings.contact_id, qa_ratings.scorecard_id, qa_ratings.version, qa_ratings.criterion_id
),

aligned as (
    select
        qa_ratings.review_id,
        sum(
            scorecards.weight
            * (1 - abs(qa_ratings.score - reference_scores.score) / nullif(scorecards.max - scorecards.min, 0))
            order by qa_ratings.criterion_id
        ) as earned,
        sum(scorecards.weight order by qa_ratings.criterion_id) as weight
    from qa_ratings
    inner join reference_scores  -- only criteria that the expert scored
        on reference_scores.contact_id = qa_ratings.contact_id
        and reference_scores.scorecard_id = qa_ratings.scorecard_id
        and reference_scores.version = qa_ratings.version
        and reference_scores.criterion_id = qa_ratings.criterion_id
    inner join scorecards
        on scorecards.scorecard_id = qa_ratings.scorecard_id
        and scorecards.version = qa_ratings.version
        and scorecards.criterion_id = qa_ratings.criterion_id
    where qa_ratings.purpose <> 'reference'
        and qa_ratings.score is not null
    group by qa_ratings.review_id
)

select
    qa_reviews.contact_id,
    qa_reviews.program_id,
    qa_reviews.agent_id,
    qa_reviews.channel,
    qa_reviews.issue,
    qa_reviews.reviewed_date as event_date,
    qa_reviews.review_id,
    true as in_denominator,
    false as is_pending,
    aligned.earned / aligned.weight as value
from aligned
inner join qa_reviews  -- every aligned rating belongs to a review
    on qa_reviews.review_id = aligned.review_id
where aligned.weight > 0
