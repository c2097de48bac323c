-- grain: one row per contact_id that put an order's money at stake
-- what:  what was at stake, refunded, retained and conceded, and whether avoiding the refund was healthy
-- keeps: asks with money left and no other ask on the order in the window before
-- drops: blocked asks, and asks on orders that were refunded already
with

valued as (
    select
        int_asks.contact_id,
        int_asks.order_id,
        int_asks.opened_at,
        int_asks.order_amount,
        int_asks.currency,
        int_asks.window_ends_at,
        int_asks.order_amount - coalesce(int_ask_money.refunded_before, 0) as at_stake,
        coalesce(int_ask_money.refunded_within, 0) as refunded_within,
        coalesce(int_ask_money.refunded_after, 0) as refunded_after,
        coalesce(int_ask_money.concessions, 0) as concessions
    from int_asks
    left join int_ask_money
        on int_ask_money.contact_id = int_asks.contact_id
    where not int_asks.is_blocked
),

judged as (
    select
        valued.contact_id,
        contacts.program_id,
        contacts.customer_id,
        valued.order_id,
        contacts.agent_id,
        contacts.channel,
        contacts.issue,
        valued.currency,
        valued.opened_at,
        contacts.opened_date,
        valued.window_ends_at,
        valued.order_amount,
        valued.at_stake,
        -- never more than was at stake
        case when valued.refunded_within > valued.at_stake then valued.at_stake
            else valued.refunded_within end as refunded,
        valued.refunded_after as clawed_back,
        valued.concessions,
        valued.refunded_within = 0 as is_avoided,
        valued.window_ends_at <= build_settings.as_of as is_mature,
        contacts.repeat_contact_id is not null as has_repeat,
        contacts.has_chargeback,
        coalesce(contacts.csat <= 2, false) as is_csat_low,
        coalesce(
            valued.window_ends_at <= build_settings.as_of
                and contacts.is_chargeback_mature
                and contacts.fcr_window_ends_at <= build_settings.as_of,
            false
        ) as is_healthy_mature
    from valued
    inner join contacts  -- every ask is a contact
        on contacts.contact_id = valued.contact_id
    cross join build_settings
    where valued.at_stake > 0
)

select
    contact_id,
    program_id,
    customer_id,
    order_id,
    agent_id,
    channel,
    issue,
    currency,
    opened_at,
    opened_date,
    window_ends_at,
    order_amount,
    at_stake,
    refunded,
    at_stake - refunded as retained,
    concessions,
    clawed_back,
    is_mature,
    is_avoided,
    is_healthy_mature,
    is_avoided and not has_repeat and not has_chargeback and not is_csat_low as is_healthy,
    has_repeat,
    has_chargeback,
    is_csat_low
from judged
