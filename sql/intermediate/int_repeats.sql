-- grain: one row per (earlier_contact_id, contact_id)
-- what:  which contact repeats which earlier one: same customer and program, same issue or same order
-- keeps: repeats opened after the earlier contact opened and no later than the window after it closed
-- drops: earlier contacts that were abandoned, outbound, still open or of an unknown customer
with

earlier as (
    select
        int_contacts.contact_id,
        int_contacts.customer_key,
        int_contacts.issue,
        int_contacts.order_id,
        int_contacts.opened_at,
        int_contacts.closed_at + build_settings.fcr_window as window_ends_at
    from int_contacts
    cross join build_settings
    where int_contacts.is_handled
        and int_contacts.closed_at is not null
        and int_contacts.customer_id is not null
),

-- abandoned contacts repeat a problem too: the customer tried again
later as (
    select
        contact_id,
        customer_key,
        issue,
        order_id,
        opened_at
    from int_contacts
    where is_inbound
        and customer_id is not null
),

same_issue as (
    select
        earlier.contact_id as earlier_contact_id,
        earlier.opened_at as earlier_opened_at,
        later.contact_id,
        later.opened_at,
        earlier.issue = 'other'
            and coalesce(earlier.order_id <> later.order_id, true) as shares_only_other
    from earlier
    inner join later  -- only pairs are wanted
        on later.customer_key = earlier.customer_key
        and later.issue = earlier.issue
        and later.opened_at > earlier.opened_at
        and later.opened_at <= earlier.window_ends_at
),

same_order as (
    select
        earlier.contact_id as earlier_contact_id,
        earlier.opened_at as earlier_opened_at,
        later.contact_id,
        later.opened_at,
        false as shares_only_other
    from earlier
    inner join later  -- only pairs are wanted; those of one issue are above
        on later.customer_key = earlier.customer_key
        and later.order_id = earlier.order_id
        and later.issue <> earlier.issue
        and later.opened_at > earlier.opened_at
        and later.opened_at <= earlier.window_ends_at
)

select earlier_contact_id, earlier_opened_at, contact_id, opened_at, shares_only_other from same_issue
union all
select earlier_contact_id, earlier_opened_at, contact_id, opened_at, shares_only_other from same_order
