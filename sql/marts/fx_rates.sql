-- grain: one row per (currency, to_currency, day)
-- what:  daily rates of exchange
-- keeps: every row
-- drops: nothing
select
    currency,
    day,
    to_currency,
    rate
from src_fx_rates
