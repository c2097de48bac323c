-- grain: one row per contact_id of int_asks whose order had any outcome
-- what:  what was refunded before, within and after the window, and what was conceded within it
-- keeps: refunds, chargebacks and concessions in the program's currency
-- drops: returns, which move goods and no money
select
    int_asks.contact_id,
    sum(case when order_outcomes.is_refund
        and order_outcomes.occurred_at <= int_asks.opened_at
        then order_outcomes.program_amount else 0 end) as refunded_before,
    sum(case when order_outcomes.is_refund
        and order_outcomes.occurred_at > int_asks.opened_at
        and order_outcomes.occurred_at <= int_asks.window_ends_at
        then order_outcomes.program_amount else 0 end) as refunded_within,
    sum(case when order_outcomes.is_refund
        and order_outcomes.occurred_at > int_asks.window_ends_at
        then order_outcomes.program_amount else 0 end) as refunded_after,
    sum(case when order_outcomes.is_concession
        and order_outcomes.occurred_at > int_asks.opened_at
        and order_outcomes.occurred_at <= int_asks.window_ends_at
        then order_outcomes.program_amount else 0 end) as concessions
from int_asks
inner join order_outcomes  -- asks on orders without outcomes get zeros in stakes
    on order_outcomes.order_id = int_asks.order_id
group by int_asks.contact_id
