-- grain: one row per landed row that cannot be used yet
-- what:  orders of an unknown program, or in a currency without a rate on or before their local day
-- keeps: the row's place in its file
-- drops: rows that are fine
with

programmed as (
    select
        landed_orders._seq,
        landed_orders._line,
        landed_orders.program_id,
        coalesce(landed_orders.currency, src_programs.currency) as currency,
        src_programs.program_id is not null as is_known,
        src_programs.currency as program_currency,
        cast(landed_orders.ordered_at at time zone 'UTC' at time zone src_programs.timezone as date) as day
    from landed_orders
    left join src_programs
        on src_programs.program_id = landed_orders.program_id
)

select
    _seq,
    _line,
    'program_id' as column_name,
    program_id as value,
    'no such program in programs; the row is tried again on every load' as reason
from programmed
where not is_known

union all

select
    programmed._seq,
    programmed._line,
    'currency' as column_name,
    programmed.currency as value,
    'no rate to ' || programmed.program_currency || ' in fx_rates on or before '
        || cast(programmed.day as varchar) || '; the row is tried again on every load' as reason
from programmed
left join fx_spans
    on fx_spans.currency = programmed.currency
    and fx_spans.to_currency = programmed.program_currency
    and fx_spans.valid_from <= programmed.day
    and fx_spans.valid_until > programmed.day
where programmed.is_known
    and programmed.currency <> programmed.program_currency
    and fx_spans.rate is null
