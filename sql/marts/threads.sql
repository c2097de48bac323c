-- grain: one row per thread_id
-- what:  a first contact and every repeat of the same problem by the same customer
-- keeps: threads of one contact too
-- drops: contacts that are neither first contacts nor repeats
with

members as (
    select
        thread_id,
        count(*) as n_contacts,
        count(distinct agent_id) as n_agents,
        max(opened_at) as last_opened_at
    from contacts
    where thread_id is not null
    group by thread_id
)

select
    members.thread_id,
    contacts.program_id,
    contacts.customer_id,
    contacts.agent_id,
    contacts.channel,
    contacts.issue,
    contacts.opened_at,
    members.last_opened_at,
    members.n_contacts,
    members.n_agents,
    contacts.fcr_state
from members
inner join contacts  -- a thread bears its first contact's id
    on contacts.contact_id = members.thread_id
