-- grain: one row per landed row that cannot be used yet
-- what:  orders of an unknown program, or in a currency without a rate on or before their local day
-- keeps: the row's place in its file
-- drops: rows that are fine
with

foreign_currency as (
    select
        landed_orders._seq,
        landed_orders._line,
        landed_orders.currency,
        src_programs.currency as program_currency,
        cast(landed_orders.ordered_at at time zone 'UTC' at time zone src_programs.timezone as date) as day
    from landed_orders
    inner join src_programs  -- an unknown program is told below
        on src_programs.program_id = landed_orders.program_id
    where landed_orders.currency <> src_programs.currency
)

select
    landed_orders._seq,
    landed_orders._line,
    'program_id' as column_name,
    landed_orders.program_id as value,
    'no such program in programs; the row is tried again on every load' as reason
from landed_orders
left join src_programs
    on src_programs.program_id = landed_orders.program_id
where src_programs.program_id is null

union all

select
    foreign_currency._seq,
    foreign_currency._line,
    'currency' as column_name,
    foreign_currency.currency as value,
    'no rate to ' || foreign_currency.program_currency || ' in fx_rates on or before '
        || cast(foreign_currency.day as varchar) || '; the row is tried again on every load' as reason
from foreign_currency
left join fx_spans
    on fx_spans.currency = foreign_currency.currency
    and fx_spans.to_currency = foreign_currency.program_currency
    and fx_spans.valid_from <= foreign_currency.day
    and fx_spans.valid_until > foreign_currency.day
where fx_spans.rate is null
