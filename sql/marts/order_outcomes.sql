-- grain: one row per outcome_id
-- what:  refunds, chargebacks, returns and concessions, as stated and in the program's currency
-- keeps: outcomes that occurred at or before as-of, of orders placed at or before as-of
-- drops: outcomes that occurred later
with

dated as (
    select
        src_order_outcomes.outcome_id,
        src_order_outcomes.order_id,
        src_order_outcomes.kind,
        coalesce(src_order_outcomes.amount, 0) as amount,
        coalesce(src_order_outcomes.currency, orders.program_currency) as currency,
        src_order_outcomes.occurred_at,
        src_order_outcomes.reason,
        orders.program_id,
        orders.program_currency,
        local_date(src_order_outcomes.occurred_at, src_programs.timezone, utc_offsets.utc_offset) as occurred_date
    from src_order_outcomes
    inner join orders  -- an outcome of an unknown order is rejected, not lost here
        on orders.order_id = src_order_outcomes.order_id
    inner join src_programs
        on src_programs.program_id = orders.program_id
    left join utc_offsets  -- the one span of the clock that the moment falls into
        on utc_offsets.timezone = src_programs.timezone
        and utc_offsets.year = year(src_order_outcomes.occurred_at)
        and utc_offsets.starts_at <= src_order_outcomes.occurred_at
        and utc_offsets.ends_at > src_order_outcomes.occurred_at
    cross join build_settings
    where src_order_outcomes.occurred_at <= build_settings.as_of
)

select
    dated.outcome_id,
    dated.order_id,
    dated.kind,
    dated.amount,
    dated.currency,
    dated.occurred_at,
    dated.reason,
    dated.program_id,
    -- converted row by row, half-up to the cent, before anything is added
    case when dated.currency = dated.program_currency then dated.amount
        else cast(round(dated.amount * fx_spans.rate, 2) as decimal(18, 4)) end as program_amount,
    dated.program_currency,
    dated.kind in ('refund', 'chargeback') as is_refund,
    dated.kind in ('store_credit', 'discount', 'replacement', 'reship', 'exchange') as is_concession
from dated
left join fx_spans  -- a missing rate has the row rejected
    on fx_spans.currency = dated.currency
    and fx_spans.to_currency = dated.program_currency
    and fx_spans.valid_from <= dated.occurred_date
    and fx_spans.valid_until > dated.occurred_date
