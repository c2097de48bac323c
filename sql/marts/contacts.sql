-- grain: one row per contact_id
-- what:  contacts with their place in a thread and what came of them
-- keeps: every contact known at as-of
-- drops: nothing
with

joined as (
    select
        stg_contacts.contact_id,
        stg_contacts.program_id,
        stg_contacts.customer_id,
        stg_contacts.order_id,
        stg_contacts.agent_id,
        stg_contacts.channel,
        stg_contacts.direction,
        stg_contacts.issue,
        stg_contacts.opened_at,
        stg_contacts.first_response_at,
        stg_contacts.closed_at,
        stg_contacts.wait_seconds,
        stg_contacts.handle_seconds,
        stg_contacts.abandoned,
        stg_contacts.transfers,
        stg_contacts.reopens,
        stg_contacts.escalation,
        stg_contacts.resolution,
        stg_contacts.refund_requested,
        stg_contacts.csat_score,
        stg_contacts.csat_min,
        stg_contacts.csat_max,
        stg_contacts.csat_sent,
        stg_contacts.csat_at,
        stg_contacts.updated_at,
        local_date(stg_contacts.opened_at, src_programs.timezone, utc_offsets.utc_offset) as opened_date,
        stg_contacts.is_inbound,
        stg_contacts.is_handled,
        stg_contacts.is_refund_asked,
        int_thread_members.contact_id is not null as is_repeat,
        int_thread_members.earlier_contact_id as repeats_contact_id,
        coalesce(int_thread_members.shares_only_other, false) as is_repeat_by_other_only,
        stg_contacts.is_handled
            and stg_contacts.closed_at is not null
            and stg_contacts.customer_id is not null
            and int_thread_members.contact_id is null as is_first_contact,
        int_contacts__repeated.repeat_contact_id,
        int_contacts__repeated.repeat_opened_at,
        stg_contacts.closed_at + build_settings.fcr_window as fcr_window_ends_at,
        stg_contacts.closed_at + build_settings.fcr_window <= build_settings.as_of as is_fcr_mature,
        orders.order_id is not null as has_own_order,
        orders.program_amount as order_amount,
        int_next_chargebacks.chargeback_at,
        stg_contacts.opened_at + build_settings.chargeback_window <= build_settings.as_of
            as is_chargeback_mature,
        coalesce(
            int_next_chargebacks.chargeback_at <= stg_contacts.opened_at + build_settings.chargeback_window,
            false
        ) as has_chargeback,
        int_next_orders.ordered_at as next_ordered_at,
        stg_contacts.opened_at + build_settings.repeat_purchase_window <= build_settings.as_of
            as is_reorder_mature,
        coalesce(
            int_next_orders.ordered_at <= stg_contacts.opened_at + build_settings.repeat_purchase_window,
            false
        ) as has_reordered,
        -- rounded, so that a rating on the line of a box is on it on every scale
        round(
            1 + 4 * (stg_contacts.csat_score - stg_contacts.csat_min)
                / nullif(stg_contacts.csat_max - stg_contacts.csat_min, 0),
            12
        ) as csat,
        int_thread_members.thread_id as repeated_thread_id
    from stg_contacts
    inner join src_programs  -- a contact of an unknown program is rejected, not lost here
        on src_programs.program_id = stg_contacts.program_id
    left join utc_offsets  -- the one span of the clock that the moment falls into
        on utc_offsets.timezone = src_programs.timezone
        and utc_offsets.year = year(stg_contacts.opened_at)
        and utc_offsets.starts_at <= stg_contacts.opened_at
        and utc_offsets.ends_at > stg_contacts.opened_at
    left join int_contacts__repeated
        on int_contacts__repeated.contact_id = stg_contacts.contact_id
    left join int_thread_members
        on int_thread_members.contact_id = stg_contacts.contact_id
    left join int_next_orders
        on int_next_orders.contact_id = stg_contacts.contact_id
    left join int_next_chargebacks
        on int_next_chargebacks.contact_id = stg_contacts.contact_id
    left join orders
        on orders.order_id = stg_contacts.order_id
        and orders.program_id = stg_contacts.program_id
    cross join build_settings
)

select
    contact_id,
    program_id,
    customer_id,
    order_id,
    agent_id,
    channel,
    direction,
    issue,
    opened_at,
    first_response_at,
    closed_at,
    wait_seconds,
    handle_seconds,
    abandoned,
    transfers,
    reopens,
    escalation,
    resolution,
    refund_requested,
    csat_score,
    csat_min,
    csat_max,
    csat_sent,
    csat_at,
    updated_at,
    case when is_first_contact then contact_id else repeated_thread_id end as thread_id,
    is_first_contact,
    repeat_contact_id,
    repeat_opened_at,
    case
        when not is_first_contact then null
        -- a failure seen early waits like a success, or a recent week would look worse than it is
        when not is_fcr_mature then 'pending'
        when repeat_contact_id is not null then 'repeated'
        when reopens > 0 or resolution = 'unresolved' then 'unresolved'
        else 'resolved'
    end as fcr_state,
    repeats_contact_id,
    csat,
    order_amount,
    is_inbound,
    is_handled,
    is_refund_asked,
    is_repeat,
    is_repeat_by_other_only,
    has_own_order,
    has_chargeback,
    is_chargeback_mature,
    has_reordered,
    is_reorder_mature,
    opened_date,
    fcr_window_ends_at,
    chargeback_at,
    next_ordered_at
from joined
