-- grain: one row per order_id
-- what:  orders with their amount as stated and in the program's currency
-- keeps: every order placed at or before as-of, cancelled ones too
-- drops: nothing
select
    order_id,
    program_id,
    customer_id,
    ordered_at,
    amount,
    currency,
    promised_at,
    delivered_at,
    cancelled_at,
    node,
    updated_at,
    program_amount,
    program_currency,
    ordered_date
from stg_orders
