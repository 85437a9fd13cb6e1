-- Question: how are points spread? Grain: one row a band of `width` points, lowest first, from
-- `from_points` up to, not including, `to_points`; PDs and shares 0 to 1, amounts in USD.
select
    floor(points / $width) * $width as from_points,
    (floor(points / $width) + 1) * $width as to_points,
    count(*) as decisions,
    count(*) / sum(count(*)) over () as share,
    avg(pd) as mean_pd,
    sum(amount_usd) as amount_usd
from chosen($filters)
group by floor(points / $width)
order by from_points
