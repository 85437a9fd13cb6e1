-- Question: how large and how risky is the book, by period? Grain: one row a period of `grain`, in
-- order; amounts in USD, PDs and shares 0 to 1. `expected_usd` is the sum of PD times amount.
select
    date_trunc($grain, applied_on)::date as period,
    count(*) as decisions,
    count(*) filter (where tier = 'Watchlist') as watchlisted,
    count(*) filter (where tier = 'Watchlist') / count(*) as watchlist_share,
    sum(amount_usd) as amount_usd,
    sum(pd * amount_usd) as expected_usd,
    avg(pd) as mean_pd,
    avg(points) as mean_points
from chosen($filters)
group by period
order by period
