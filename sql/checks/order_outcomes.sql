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
        landed_order_outcomes.currency,
        landed_order_outcomes.occurred_at,
        src_orders.program_id
    from landed_order_outcomes
    left join src_orders
        on src_orders.order_id = landed_order_outcomes.order_id
),

foreign_currency as (
    select
        ordered._seq,
        ordered._line,
        ordered.currency,
        src_programs.currency as program_currency,
        local_date(ordered.occurred_at, src_programs.timezone, utc_offsets.utc_offset) as day
    from ordered
    inner join src_programs  -- an unknown order is told below
        on src_programs.program_id = ordered.program_id
    left join utc_offsets  -- the one span of the clock that the moment falls into
        on utc_offsets.timezone = src_programs.timezone
        and utc_offsets.year = year(ordered.occurred_at)
        and utc_offsets.starts_at <= ordered.occurred_at
        and utc_offsets.ends_at > ordered.occurred_at
    where ordered.currency <> src_programs.currency
)

select
    _seq,
    _line,
    'order_id' as column_name,
    order_id as value,
    'no such order in orders; the row is tried again on every load' as reason
from ordered
where program_id is null

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
