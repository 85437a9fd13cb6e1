-- Question: how do the decisions of each period fall into tiers? Grain: one row a period of `grain`
-- and tier, riskiest first; `share` is of the period's decisions, 0 to 1, amounts in USD.
select
    date_trunc($grain, applied_on)::date as period,
    tier,
    count(*) as decisions,
    count(*) / sum(count(*)) over (partition by date_trunc($grain, applied_on)) as share,
    avg(pd) as mean_pd,
    sum(amount_usd) as amount_usd
from chosen($filters)
group by date_trunc($grain, applied_on), tier
order by
    period,
    case tier
        when 'Watchlist' then 1
        when 'Elevated' then 2
        else 3
    end
