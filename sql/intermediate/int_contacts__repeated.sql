-- grain: one row per contact_id that was repeated
-- what:  the earliest repeat in its window
-- keeps: earliest opening of the repeat, then smallest contact_id
-- drops: nothing
with

ranked as (
    select
        earlier_contact_id as contact_id,
        contact_id as repeat_contact_id,
        opened_at as repeat_opened_at,
        row_number() over (
            partition by earlier_contact_id
            order by opened_at asc, contact_id asc
        ) as position
    from int_repeats
)

select
    contact_id,
    repeat_contact_id,
    repeat_opened_at
from ranked
where position = 1
