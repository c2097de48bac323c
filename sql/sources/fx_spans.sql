-- grain: one row per (currency, to_currency, valid_from)
-- what:  rates with the days they hold: from their own day until the next rate's
-- keeps: every rate
-- drops: nothing
select
    currency,
    to_currency,
    rate,
    day as valid_from,
    lead(day, 1, date '9999-12-31') over (
        partition by currency, to_currency
        order by day
    ) as valid_until
from src_fx_rates
