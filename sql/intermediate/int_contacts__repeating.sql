-- grain: one row per contact_id that repeats an earlier contact
-- what:  the newest earlier contact it repeats, whose thread it joins
-- keeps: latest opening of the earlier contact, then smallest contact_id
-- drops: nothing
with

ranked as (
    select
        contact_id,
        earlier_contact_id,
        row_number() over (
            partition by contact_id
            order by earlier_opened_at desc, earlier_contact_id asc
        ) as position,
        bool_and(shares_only_other) over (partition by contact_id) as shares_only_other
    from int_repeats
)

select
    contact_id,
    earlier_contact_id,
    shares_only_other
from ranked
where position = 1
