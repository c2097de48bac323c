-- grain: one row per contact_id
-- what:  inbound contacts of known customers, those that repeat an earlier one counted
-- keeps: inbound contacts with a known customer, abandoned ones too
-- drops: outbound contacts and unknown customers
select
    contact_id,
    program_id,
    agent_id,
    channel,
    issue,
    opened_date as event_date,
    true as in_denominator,
    is_repeat as in_numerator,
    false as is_pending
from contacts
where is_inbound
    and customer_id is not null
