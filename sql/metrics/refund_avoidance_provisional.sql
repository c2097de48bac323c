-- grain: one row per contact_id
-- what:  stakes with the time from opening to the first refund, or to the end of what is known
-- keeps: every stake, mature and pending
-- drops: nothing
with

first_refunds as (
    select
        stakes.contact_id,
        min(order_outcomes.occurred_at) as refunded_at
    from stakes
    inner join order_outcomes  -- stakes without an outcome have no refund
        on order_outcomes.order_id = stakes.order_id
        and order_outcomes.occurred_at > stakes.opened_at
        and order_outcomes.occurred_at <= stakes.window_ends_at
    where order_outcomes.is_refund
        and order_outcomes.program_amount > 0
    group by stakes.contact_id
)

select
    stakes.contact_id,
    stakes.program_id,
    stakes.agent_id,
    stakes.channel,
    stakes.issue,
    stakes.opened_date as event_date,
    true as in_denominator,
    not stakes.is_mature as is_pending,
    first_refunds.contact_id is not null as is_failure,
    -- microseconds
    case
        when first_refunds.contact_id is not null
            then date_diff('microsecond', stakes.opened_at, first_refunds.refunded_at)
        when stakes.is_mature then date_diff('microsecond', stakes.opened_at, stakes.window_ends_at)
        else date_diff('microsecond', stakes.opened_at, build.as_of)
    end as observed_for
from stakes
left join first_refunds
    on first_refunds.contact_id = stakes.contact_id
cross join internal.build as build
