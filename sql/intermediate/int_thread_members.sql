-- grain: one row per contact_id in a thread
-- what:  the thread of each repeat and what it repeats, found by walking from first contacts
-- keeps: repeats; a first contact is its own thread and needs no walk
-- drops: contacts that are neither
with recursive members as (
    select
        int_contacts__repeating.contact_id,
        int_contacts__repeating.earlier_contact_id,
        int_contacts__repeating.shares_only_other,
        int_contacts__repeating.earlier_contact_id as thread_id
    from int_contacts__repeating
    left join int_contacts__repeating as above
        on above.contact_id = int_contacts__repeating.earlier_contact_id
    where above.contact_id is null

    union all

    select
        int_contacts__repeating.contact_id,
        int_contacts__repeating.earlier_contact_id,
        int_contacts__repeating.shares_only_other,
        members.thread_id
    from members
    inner join int_contacts__repeating  -- one step down the tree
        on int_contacts__repeating.earlier_contact_id = members.contact_id
)

select
    contact_id,
    earlier_contact_id,
    shares_only_other,
    thread_id
from members
