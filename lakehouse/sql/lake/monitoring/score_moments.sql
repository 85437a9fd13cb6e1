-- Question: where does the score stand, by period? Grain: one row a period of `grain`; PDs 0 to 1,
-- amounts in USD. `pd_spread` is the mean of PD (1 - PD): how far a PD moves with its log-odds.
select
    date_trunc($grain, applied_on)::date as period,
    count(*) as decisions,
    avg(points) as mean_points,
    avg(pd) as mean_pd,
    avg(pd * (1 - pd)) as pd_spread,
    sum(amount_usd) as amount_usd,
    sum(pd * amount_usd) as expected_usd
from chosen($filters)
group by period
order by period
