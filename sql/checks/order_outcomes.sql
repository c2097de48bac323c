-- grain: one row per landed row that cannot be used yet
-- what:  outcomes of an unknown order, or in a currency without a rate on or before their local day
-- keeps: the row's place in its file
-- drops: rows that are fine
with

ordered as (
    select
        landed_order_outcomes._seq,
        landed_order_outcomes._line,
        landed_order_outcomes.order_id,
        coalesce(landed_order_outcomes.currency, src_programs.currency) as currency,
        src_orders.order_id is not null as is_known,
        src_programs.currency as program_currency,
        cast(
            landed_order_outcomes.occurred_at at time zone 'UTC' at time zone src_programs.timezone as date
        ) as day
    from landed_order_outcomes
    left join src_orders
        on src_orders.order_id = landed_order_outcomes.order_id
    left join src_programs
        on src_programs.program_id = src_orders.program_id
)

select
    _seq,
    _line,
    'order_id' as column_name,
    order_id as value,
    'no such order in orders; the row is tried again on every load' as reason
from ordered
where not is_known

union all

select
    ordered._seq,
    ordered._line,
    'currency' as column_name,
    ordered.currency as value,
    'no rate to ' || ordered.program_currency || ' in fx_rates on or before '
        || cast(ordered.day as varchar) || '; the row is tried again on every load' as reason
from ordered
left join fx_spans
    on fx_spans.currency = ordered.currency
    and fx_spans.to_currency = ordered.program_currency
    and fx_spans.valid_from <= ordered.day
    and fx_spans.valid_until > ordered.day
where ordered.is_known
    and ordered.currency <> ordered.program_currency
    and fx_spans.rate is null
