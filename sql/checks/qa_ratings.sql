-- grain: one row per landed row that cannot be used yet
-- what:  ratings of an unknown contact or criterion, or outside their criterion's scale
-- keeps: the row's place in its file
-- drops: rows that are fine
with

referred as (
    select
        landed_qa_ratings._seq,
        landed_qa_ratings._line,
        landed_qa_ratings.contact_id,
        landed_qa_ratings.criterion_id,
        landed_qa_ratings.score,
        src_contacts.contact_id is not null as is_contact_known,
        src_scorecards.criterion_id is not null as is_criterion_known,
        src_scorecards.min as criterion_min,
        src_scorecards.max as criterion_max
    from landed_qa_ratings
    left join src_contacts
        on src_contacts.contact_id = landed_qa_ratings.contact_id
    left join src_scorecards
        on src_scorecards.scorecard_id = landed_qa_ratings.scorecard_id
        and src_scorecards.version = landed_qa_ratings.version
        and src_scorecards.criterion_id = landed_qa_ratings.criterion_id
)

select
    _seq,
    _line,
    'contact_id' as column_name,
    contact_id as value,
    'no such contact in contacts; the row is tried again on every load' as reason
from referred
where not is_contact_known

union all

select
    _seq,
    _line,
    'criterion_id' as column_name,
    criterion_id as value,
    'no such criterion in this version of the scorecard; the row is tried again on every load' as reason
from referred
where not is_criterion_known

union all

select
    _seq,
    _line,
    'score' as column_name,
    cast(score as varchar) as value,
    'score outside its criterion''s ' || cast(criterion_min as varchar) || ' to '
        || cast(criterion_max as varchar) as reason
from referred
where score < criterion_min
    or score > criterion_max
