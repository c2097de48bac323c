-- grain: one row per review_id
-- what:  one grader's scoring of one contact, as a score from 0 to 100
-- keeps: reviews of every purpose; raw_score is empty where nothing applicable carries weight
-- drops: nothing
with

scored as (
    select
        review_id,
        contact_id,
        grader_id,
        scorecard_id,
        version,
        criterion_id,
        purpose,
        session_id,
        reviewed_at,
        score,
        case when score is not null then criterion_weight end as applicable_weight,
        criterion_weight * (score - criterion_min) / nullif(criterion_max - criterion_min, 0) as earned,
        is_auto_fail and score = criterion_min as is_failed
    from stg_qa_ratings
),

reviews as (
    select
        review_id,
        max(contact_id) as contact_id,
        max(grader_id) as grader_id,
        max(scorecard_id) as scorecard_id,
        max(version) as version,
        max(purpose) as purpose,
        max(session_id) as session_id,
        max(reviewed_at) as reviewed_at,
        count(*) as n_criteria,
        count(score) as n_applicable,
        coalesce(bool_or(is_failed), false) as auto_failed,
        -- summed in a fixed order, so that two builds of the same rows agree to the last bit
        sum(applicable_weight order by criterion_id) as weight,
        sum(earned order by criterion_id) as earned
    from scored
    group by review_id
)

select
    reviews.review_id,
    reviews.contact_id,
    contacts.program_id,
    contacts.agent_id,
    contacts.channel,
    contacts.issue,
    reviews.grader_id,
    reviews.scorecard_id,
    reviews.version,
    reviews.purpose,
    reviews.session_id,
    reviews.reviewed_at,
    local_date(reviews.reviewed_at, programs.timezone, utc_offsets.utc_offset) as reviewed_date,
    reviews.n_criteria,
    reviews.n_applicable,
    case when reviews.auto_failed then 0 else 100 * reviews.earned / nullif(reviews.weight, 0) end as raw_score,
    reviews.auto_failed
from reviews
inner join contacts  -- a review of an unknown contact is rejected, not lost here
    on contacts.contact_id = reviews.contact_id
inner join programs
    on programs.program_id = contacts.program_id
left join utc_offsets  -- the one span of the clock that the moment falls into
    on utc_offsets.timezone = programs.timezone
    and utc_offsets.year = year(reviews.reviewed_at)
    and utc_offsets.starts_at <= reviews.reviewed_at
    and utc_offsets.ends_at > reviews.reviewed_at
