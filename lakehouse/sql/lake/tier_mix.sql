-- Question: how do the decisions fall into tiers? Grain: one row a tier, riskiest first; `share` is
-- of all decisions, 0 to 1, `mean_pd` 0 to 1, `amount_usd` the sum asked for.
select
    tier,
    count(*) as decisions,
    count(*) / sum(count(*)) over () as share,
    avg(pd) as mean_pd,
    sum(amount_usd) as amount_usd
from decisions
group by tier
order by
    case tier
        when 'Watchlist' then 1
        when 'Elevated' then 2
        else 3
    end
