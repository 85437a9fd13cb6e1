-- Question: how many applications, at what risk, month by month? Grain: one row a month of
-- application and tier; sums of PD (0 to 1) and its square, of USD asked for and of PD times USD.
select
    date_trunc('month', applied_on)::date as month,
    tier,
    count(*) as applications,
    sum(pd) as pd_sum,
    sum(pd * pd) as pd_square_sum,
    sum(amount_usd) as amount_usd,
    sum(pd * amount_usd) as expected_usd
from chosen($filters)
group by month, tier
order by month, tier
