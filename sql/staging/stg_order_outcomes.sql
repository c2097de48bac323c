-- grain: one row per outcome_id
-- what:  outcomes with their amount in the currency of the order's program
-- keeps: outcomes that occurred at or before as-of, of orders placed at or before as-of
-- drops: outcomes that occurred later
select
    src_order_outcomes.outcome_id,
    src_order_outcomes.order_id,
    src_order_outcomes.kind,
    coalesce(src_order_outcomes.amount, 0) as amount,
    coalesce(src_order_outcomes.currency, stg_orders.program_currency) as currency,
    src_order_outcomes.occurred_at,
    src_order_outcomes.reason,
    stg_orders.program_id,
    -- converted row by row, half-up to the cent, before anything is added
    case when coalesce(src_order_outcomes.currency, stg_orders.program_currency) = stg_orders.program_currency
        then coalesce(src_order_outcomes.amount, 0)
        else cast(round(coalesce(src_order_outcomes.amount, 0) * fx_spans.rate, 2) as decimal(18, 4)) end
        as program_amount,
    stg_orders.program_currency,
    src_order_outcomes.kind in ('refund', 'chargeback') as is_refund,
    src_order_outcomes.kind in ('store_credit', 'discount', 'replacement', 'reship', 'exchange') as is_concession
from src_order_outcomes
inner join stg_orders  -- an outcome of an unknown order is rejected, not lost here
    on stg_orders.order_id = src_order_outcomes.order_id
inner join src_programs
    on src_programs.program_id = stg_orders.program_id
left join fx_spans
    on fx_spans.currency = src_order_outcomes.currency
    and fx_spans.to_currency = src_programs.currency
    and fx_spans.valid_from
        <= cast(src_order_outcomes.occurred_at at time zone 'UTC' at time zone src_programs.timezone as date)
    and fx_spans.valid_until
        > cast(src_order_outcomes.occurred_at at time zone 'UTC' at time zone src_programs.timezone as date)
cross join build_settings
where src_order_outcomes.occurred_at <= build_settings.as_of
