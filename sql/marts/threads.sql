-- grain: one row per thread_id
-- what:  a first contact and every repeat of the same problem by the same customer
-- keeps: threads of one contact too
-- drops: contacts that are neither first contacts nor repeats
with

repeats as (
    select
        thread_id,
        count(*) as n_repeats,
        max(opened_at) as last_opened_at
    from contacts
    where is_repeat
    group by thread_id
)

select
    contacts.contact_id as thread_id,
    contacts.program_id,
    contacts.customer_id,
    contacts.agent_id,
    contacts.channel,
    contacts.issue,
    contacts.opened_at,
    coalesce(repeats.last_opened_at, contacts.opened_at) as last_opened_at,
    1 + coalesce(repeats.n_repeats, 0) as n_contacts,
    contacts.fcr_state
from contacts
left join repeats
    on repeats.thread_id = contacts.contact_id
where contacts.is_first_contact
