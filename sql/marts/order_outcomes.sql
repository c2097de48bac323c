-- grain: one row per outcome_id
-- what:  refunds, chargebacks, returns and concessions, as stated and in the program's currency
-- keeps: every outcome that occurred at or before as-of
-- drops: nothing
select
    outcome_id,
    order_id,
    kind,
    amount,
    currency,
    occurred_at,
    reason,
    program_id,
    program_amount,
    program_currency
from stg_order_outcomes
