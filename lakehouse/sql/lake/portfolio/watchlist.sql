-- Question: which applications are on the watchlist? Grain: one row a decision, sorted by
-- `sorted_by` and then by position; `rows_in_all` of them, of which `limit` from `first` on.
-- `expected_usd` is PD times amount, USD.
with listed as (
    select * -- noqa: AM04
    from chosen($filters)
    where tier = 'Watchlist'
),

counted as (
    select count(*) as decisions
    from listed
)

select
    application_id,
    event_id,
    applied_on,
    decided_at,
    pd,
    points,
    amount_usd,
    pd * amount_usd as expected_usd,
    dti_pct,
    utilisation_pct,
    term_months,
    purpose,
    state,
    reasons,
    model_reasons,
    model_version,
    policy_version,
    (select counted.decisions from counted) as rows_in_all
from listed
order by
    if($is_falling, -1, 1) * case $sorted_by
        when 'applied_on' then epoch(applied_on)
        when 'decided_at' then epoch(decided_at)
        when 'pd' then pd
        when 'points' then points
        when 'amount_usd' then amount_usd
        when 'expected_usd' then pd * amount_usd
        when 'dti_pct' then dti_pct
        when 'utilisation_pct' then utilisation_pct
        when 'term_months' then term_months
    end nulls last,
    topic,
    part,
    off
limit $limit -- noqa: PRS
offset $first
