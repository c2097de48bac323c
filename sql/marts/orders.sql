-- grain: one row per order_id
-- what:  orders as they were known at as-of, with their amount as stated and in the program's currency
-- keeps: orders placed at or before as-of, cancelled ones too
-- drops: orders placed later; deliveries and cancellations after as-of are emptied
with

dated as (
    select
        src_orders.order_id,
        src_orders.program_id,
        src_orders.customer_id,
        src_orders.ordered_at,
        src_orders.amount,
        coalesce(src_orders.currency, src_programs.currency) as currency,
        src_orders.promised_at,
        case when src_orders.delivered_at <= build_settings.as_of then src_orders.delivered_at end
            as delivered_at,
        case when src_orders.cancelled_at <= build_settings.as_of then src_orders.cancelled_at end
            as cancelled_at,
        src_orders.node,
        src_orders.updated_at,
        src_programs.currency as program_currency,
        local_date(src_orders.ordered_at, src_programs.timezone, utc_offsets.utc_offset) as ordered_date
    from src_orders
    inner join src_programs  -- an order of an unknown program is rejected, not lost here
        on src_programs.program_id = src_orders.program_id
    left join utc_offsets  -- the one span of the clock that the moment falls into
        on utc_offsets.timezone = src_programs.timezone
        and utc_offsets.year = year(src_orders.ordered_at)
        and utc_offsets.starts_at <= src_orders.ordered_at
        and utc_offsets.ends_at > src_orders.ordered_at
    cross join build_settings
    where src_orders.ordered_at <= build_settings.as_of
)

select
    dated.order_id,
    dated.program_id,
    dated.customer_id,
    dated.ordered_at,
    dated.amount,
    dated.currency,
    dated.promised_at,
    dated.delivered_at,
    dated.cancelled_at,
    dated.node,
    dated.updated_at,
    -- converted row by row, half-up to the cent, before anything is added
    case when dated.currency = dated.program_currency then dated.amount
        else cast(round(dated.amount * fx_spans.rate, 2) as decimal(18, 4)) end as program_amount,
    dated.program_currency,
    dated.ordered_date
from dated
left join fx_spans  -- a missing rate has the row rejected
    on fx_spans.currency = dated.currency
    and fx_spans.to_currency = dated.program_currency
    and fx_spans.valid_from <= dated.ordered_date
    and fx_spans.valid_until > dated.ordered_date
