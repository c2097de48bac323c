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
        local_date(landed_orders.ordered_at, src_programs.timezone, utc_offsets.utc_offset) as day
    from landed_orders
    inner join src_programs  -- an unknown program is told below
        on src_programs.program_id = landed_orders.program_id
    left join utc_offsets  -- the one span of the clock that the moment falls into
        on utc_offsets.timezone = src_programs.timezone
        and utc_offsets.year = year(landed_orders.ordered_at)
        and utc_offsets.starts_at <= landed_orders.ordered_at
        and utc_offsets.ends_at > landed_orders.ordered_at
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
