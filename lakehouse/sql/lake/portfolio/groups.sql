-- Question: how many decisions has each group, and how risky is it? Grain: one row a value of
-- `dimension`, the largest first; a null value is one the application does not state. Shares and
-- PDs 0 to 1, amounts in USD.
select
    case $dimension
        when 'purpose' then purpose
        when 'purpose_group' then purpose_group
        when 'state' then state
        when 'region' then region
        when 'term' then term_months::integer::varchar
        when 'tier' then tier
        when 'model' then model_version
        when 'policy' then policy_version
        when 'home_ownership' then home_ownership
        when 'application_type' then if(is_joint, 'joint', 'individual')
        when 'vintage' then date_trunc('month', applied_on)::date::varchar
    end as value,
    count(*) as decisions,
    count(*) / sum(count(*)) over () as share,
    count(*) filter (where tier = 'Watchlist') / count(*) as watchlist_share,
    avg(pd) as mean_pd,
    sum(amount_usd) as amount_usd,
    sum(pd * amount_usd) as expected_usd
from chosen($filters)
group by value
order by decisions desc, value asc
